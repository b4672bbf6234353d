//! Recipients written out as text: `display name[type:address]` and Internet addresses
//! (`address-book` 4.1, 4.2).

use crate::entry_id::OneOff;
use crate::properties::code_page;

/// The recipient a display name spells out, `None` if it is a name to be looked up.
pub(crate) fn spelled_out(name: &str) -> Option<OneOff> {
    bracketed(name).or_else(|| internet(name))
}

/// Whether text is an Internet address: `X@Y.Z` without white space and brackets.
pub(crate) fn is_internet_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    !local.is_empty()
        && !host.is_empty()
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '<' | '>' | ','))
        && !domain.contains('@')
}

/// An Internet address, alone or as `Name <address>`.
fn internet(name: &str) -> Option<OneOff> {
    if is_internet_address(name) {
        return Some(OneOff::new(name, "SMTP", name));
    }
    let (name, address) = name.trim().strip_suffix('>')?.rsplit_once('<')?;
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    (is_internet_address(address) && !name.contains(['<', '>']))
        .then(|| OneOff::new(if name.is_empty() { address } else { name }, "SMTP", address))
}

/// One character of the bracketed form, and whether it was quoted and so is no delimiter.
#[derive(Clone, Copy)]
struct Char {
    value: char,
    quoted: bool,
}

/// `display name[type:address]`.
fn bracketed(text: &str) -> Option<OneOff> {
    let chars = unquote(text);
    let find = |from: usize, wanted: char| {
        let rest = chars.get(from..)?;
        rest.iter().position(|c| c.value == wanted && !c.quoted).map(|place| from + place)
    };
    let open = find(0, '[')?;
    let colon = find(open + 1, ':')?;
    let close = find(colon + 1, ']')?;
    let text = |from: usize, to: usize| chars[from..to].iter().map(|c| c.value).collect::<String>();
    if !text(close + 1, chars.len()).trim().is_empty() {
        return None;
    }
    let (name, kind, address) = (text(0, open), text(open + 1, colon), text(colon + 1, close));
    let (name, kind) = (name.trim(), kind.trim());
    if kind.is_empty() || kind.contains(['[', ']', ':']) {
        return None;
    }
    let one_off = OneOff::new(if name.is_empty() { &address } else { name }, kind, &address);
    (!one_off.address.is_empty() && !one_off.address_type.is_empty()).then_some(one_off)
}

/// Resolves the quoting with `\`.
fn unquote(text: &str) -> Vec<Char> {
    let mut chars = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(value) = rest.chars().next() {
        rest = &rest[value.len_utf8()..];
        if value != '\\' {
            chars.push(Char { value, quoted: false });
            continue;
        }
        match rest.chars().next() {
            Some(value @ ('\\' | '[' | ']' | ':' | ',' | ';')) => {
                chars.push(Char { value, quoted: true });
                rest = &rest[1..];
            }
            Some('x') if hex_byte(rest).is_some() => {
                let byte = hex_byte(rest).unwrap_or_default();
                chars.extend(code_page::decode(&[byte]).chars().map(|value| Char { value, quoted: true }));
                rest = &rest[3..];
            }
            // Any other character behind the backslash: both stay.
            _ => chars.push(Char { value: '\\', quoted: true }),
        }
    }
    chars
}

/// The byte `xHH` at the beginning stands for.
fn hex_byte(text: &str) -> Option<u8> {
    let digits = text.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Option<(String, String, String)> {
        let one_off = spelled_out(text)?;
        Some((one_off.display_name, one_off.address_type, one_off.address))
    }

    fn is(text: &str, name: &str, kind: &str, address: &str) {
        assert_eq!(parts(text), Some((name.to_owned(), kind.to_owned(), address.to_owned())), "{text}");
    }

    #[test]
    fn the_bracketed_form_names_type_and_address() {
        is(r"Bill Lee[MSPEER:\\\\billl\in]", "Bill Lee", "MSPEER", r"\\billl\in");
        is(r"Fax[fax:a\x0db]", "Fax", "fax", "a\rb");
        is("[SMTP:a@b.c]", "a@b.c", "SMTP", "a@b.c");
        is(r"a\[b\] [ SMTP : x\]y\:z ] ", "a[b]", "SMTP", " x]y:z ");
        is(r"q\xzz[T:\x4]", r"q\xzz", "T", r"\x4");
    }

    #[test]
    fn what_is_no_bracketed_form_is_looked_up() {
        for text in ["x[SMTP:a@b] y", "x[SMTP:a", "x[SMTP]", "x[:a]", "x[ :a]", "x[a]b:c]", "x[T:]", "x[T:\\x00]", "[", "\\"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn an_internet_address_is_its_own_name() {
        is("x@y.z", "x@y.z", "SMTP", "x@y.z");
        is("x.y@a.b.c", "x.y@a.b.c", "SMTP", "x.y@a.b.c");
        is("Ann Lee <a@b.c>", "Ann Lee", "SMTP", "a@b.c");
        is("\"Lee, Ann\" <a@b.c>", "Lee, Ann", "SMTP", "a@b.c");
        is("<a@b.c>", "a@b.c", "SMTP", "a@b.c");
        for text in ["x@y", "@y.z", "x@y.", "x@.z", "x@y@z.a", "x y@z.a", "a@b.c,", "a@b.c <", "A <B> <a@b.c>"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_left(text in r"[a\[\]:x0<>@. ,\\é]{0,24}") {
            if let Some(one_off) = spelled_out(&text) {
                prop_assert!(!one_off.address.is_empty() && !one_off.address_type.is_empty());
                prop_assert_eq!(crate::entry_id::OneOff::parse(&one_off.to_bytes()).unwrap(), one_off);
            }
        }
    }
}
