//! The formats of a body: which one is the master, and those generated from it when they are read
//! (`messages` 5).

use crate::backend::Want;
use crate::error::Code;
use crate::messages::html;
use crate::properties::{PropTag, PropType, Property, Value, tags};

/// Text above this many bytes is not turned into another format.
pub(crate) const GENERATE_LIMIT: u64 = 16 << 20;

/// Properties that follow from the body as a whole.
pub(crate) const BODY_TAGS: [PropTag; 5] =
    [tags::BODY, tags::HTML, tags::RTF_COMPRESSED, tags::RTF_IN_SYNC, tags::NATIVE_BODY_INFO];

/// Whether a tag is one of the three formats.
pub(crate) fn is_format(tag: PropTag) -> bool {
    [tags::BODY, tags::HTML, tags::RTF_COMPRESSED].iter().any(|format| format.id() == tag.id())
}

/// Whether any of the tags depends on the body as a whole.
pub(crate) fn concerns_body(want: Want<'_>) -> bool {
    match want {
        Want::All => true,
        Want::Tags(asked) => asked.iter().any(|tag| BODY_TAGS.iter().any(|own| own.id() == tag.id())),
    }
}

/// A format generated from the plain text.
pub(crate) fn generate(tag: PropTag, text: &str, code_page: Option<i32>) -> Option<Value> {
    if tag.id() == tags::HTML.id() {
        let generated = html::text_to_html(text);
        return Some(Value::Binary(match code_page.and_then(html::encoding_of_code_page) {
            // UTF-16 is no output encoding; the `<meta>` in the text says UTF-8 then.
            Some(encoding) if encoding.output_encoding() == encoding => encoding.encode(&generated).0.into_owned(),
            _ => generated.into_bytes(),
        }));
    }
    (tag.id() == tags::RTF_COMPRESSED.id()).then(|| Value::Binary(raw_container(text_to_rtf(text).as_bytes())))
}

/// The reply for a generated value, which is cut off at the limit like a stored one.
pub(crate) fn limited(tag: PropTag, value: Value, limit: u32) -> Property {
    if value.size() > u64::from(limit) {
        return Property { tag, value: Value::Error(Code::NotEnoughMemory.raw()) };
    }
    Property { tag, value }
}

/// The type a format is generated in.
pub(crate) fn generated_kind(tag: PropTag) -> PropType {
    if tag.id() == tags::BODY.id() { PropType::UNICODE } else { PropType::BINARY }
}

/// RTF that shows a plain text.
fn text_to_rtf(text: &str) -> String {
    let mut rtf =
        String::from("{\\rtf1\\ansi\\ansicpg1252\\fromtext1\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\r\n\\pard\\plain\\f0\\fs20 ");
    for character in text.chars() {
        match character {
            '\\' | '{' | '}' => {
                rtf.push('\\');
                rtf.push(character);
            }
            '\n' => rtf.push_str("\\par\r\n"),
            '\r' => {}
            '\t' => rtf.push_str("\\tab "),
            ' '..='~' => rtf.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    rtf.push_str(&format!("\\u{}?", unit.cast_signed()));
                }
            }
        }
    }
    rtf.push_str("\\par\r\n}");
    rtf
}

/// The container of `PR_RTF_COMPRESSED` with its content as it is (`MELA`).
fn raw_container(rtf: &[u8]) -> Vec<u8> {
    let size = u32::try_from(rtf.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(rtf.len() + 16);
    for word in [size.saturating_add(12), size, 0x414C_454D, 0] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(rtf);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_rtf_is_a_raw_container_of_its_stated_size() {
        let Some(Value::Binary(bytes)) = generate(tags::RTF_COMPRESSED, "a{b}\né", None) else { panic!("no value") };
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((word(0), word(4), word(8), word(12)), (bytes.len() - 4, bytes.len() - 16, 0x414C_454D, 0));
        let rtf = core::str::from_utf8(&bytes[16..]).unwrap();
        assert!(rtf.contains("a\\{b\\}\\par"));
        assert!(rtf.contains("\\u233?"));
    }

    #[test]
    fn generated_html_is_in_the_code_page_of_the_message() {
        let value = |code_page| match generate(tags::HTML, "é", code_page) {
            Some(Value::Binary(bytes)) => bytes,
            _ => panic!("no value"),
        };
        assert!(value(Some(1252)).contains(&0xE9));
        assert!(html::decode_html(&value(None), None).contains('é'));
    }
}
