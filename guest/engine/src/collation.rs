//! The one comparator of `tables` 6, as order keys (`tables` 6.1): byte strings whose bytewise order is
//! the order of the values. Relational operators, sort keys, category equality and extremes all use it,
//! and a backend stores and compares the same bytes.

use crate::properties::{Value, ValueRef};
use icu_casemap::CaseMapper;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Names the folding tables behind string keys (Unicode 17 case folding, no locale). Stored beside an
/// index: keys of another version are not comparable with ours.
pub const KEY_VERSION: u32 = 1;

/// Folded code points an order key of a string holds at most.
pub const STRING_KEY_BOUND: usize = 255;

/// Bytes an order key of a binary holds at most.
pub const BINARY_KEY_BOUND: usize = 510;

/// Full case folding (statuses C and F), no locale, no normalisation, no bound.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(CaseMapper::new().fold_string(text).into_owned())
}

/// The order key of a folded string: its first [`STRING_KEY_BOUND`] code points, as UTF-8.
#[must_use]
pub fn bounded(folded: &str) -> &str {
    if folded.len() <= STRING_KEY_BOUND {
        return folded;
    }
    match folded.char_indices().nth(STRING_KEY_BOUND) {
        Some((end, _)) => &folded[..end],
        None => folded,
    }
}

/// The order key of a value, `None` for types that have none (`tables` 6.1). `PT_STRING8` has none
/// either: it is converted to `PT_UNICODE` first.
#[must_use]
pub fn order_key(value: &Value) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    append_order_key(&ValueRef::from(value), &mut key).then_some(key)
}

/// Appends the order key of a value; `false` and nothing appended for types that have none.
pub fn append_order_key(value: &ValueRef<'_>, key: &mut Vec<u8>) -> bool {
    match value {
        ValueRef::Text(text) => append_folded(text, key),
        ValueRef::Bytes(bytes) => key.extend_from_slice(bounded_bytes(bytes)),
        ValueRef::Fixed(value) => return append_plain(value, key),
        ValueRef::Other(value) => return append_plain(value, key),
    }
    true
}

fn append_plain(value: &Value, key: &mut Vec<u8>) -> bool {
    match value {
        Value::I2(v) => flip(i64::from(*v), 2, key),
        Value::Long(v) => flip(i64::from(*v), 4, key),
        Value::I8(v) | Value::Currency(v) => flip(*v, 8, key),
        Value::Boolean(v) => key.push(u8::from(*v)),
        Value::SysTime(v) => key.extend_from_slice(&v.0.to_be_bytes()),
        Value::R4(v) => key.extend_from_slice(&double(f64::from(*v)).to_be_bytes()),
        Value::Double(v) | Value::AppTime(v) => key.extend_from_slice(&double(*v).to_be_bytes()),
        Value::Unicode(text) => append_folded(text, key),
        Value::Binary(bytes) | Value::SvrEid(bytes) => key.extend_from_slice(bounded_bytes(bytes)),
        Value::Clsid(guid) => key.extend_from_slice(guid.as_bytes()),
        _ => return false,
    }
    true
}

fn bounded_bytes(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(BINARY_KEY_BOUND)]
}

fn append_folded(text: &str, key: &mut Vec<u8>) {
    if text.is_ascii() {
        let bound = text.len().min(STRING_KEY_BOUND);
        key.extend(text.as_bytes()[..bound].iter().map(u8::to_ascii_lowercase));
        return;
    }
    // A character folds to at least one: what lies behind the bound cannot come before it.
    let end = text.char_indices().nth(STRING_KEY_BOUND).map_or(text.len(), |(end, _)| end);
    key.extend_from_slice(bounded(&fold(&text[..end])).as_bytes());
}

/// Big-endian with the sign bit flipped, in `width` bytes.
fn flip(value: i64, width: usize, key: &mut Vec<u8>) {
    let start = key.len();
    key.extend_from_slice(&value.to_be_bytes()[8 - width..]);
    key[start] ^= 0x80;
}

/// NaN below every number, -0.0 equal to +0.0: an unsigned number of the same order.
fn double(value: f64) -> u64 {
    let value = if value == 0.0 { 0.0 } else { value };
    let bits = value.to_bits();
    if value.is_nan() {
        0
    } else if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// Compares a text with an already folded one.
#[must_use]
pub fn compare_to_folded(text: &str, folded: &str) -> Ordering {
    if text.is_ascii() {
        return text.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(folded.bytes());
    }
    fold(text).as_bytes().cmp(folded.as_bytes())
}

/// Compares whole values of one type family (`tables` 6). Values of different types compare by type, so
/// that the result is stable; `PT_STRING8` must have been converted.
#[must_use]
pub fn compare(a: &ValueRef<'_>, b: &ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Text(a), ValueRef::Text(b)) => {
            if a.is_ascii() && b.is_ascii() {
                let lower = |byte: u8| byte.to_ascii_lowercase();
                return a.bytes().map(lower).cmp(b.bytes().map(lower));
            }
            compare_to_folded(a, &fold(b))
        }
        (ValueRef::Bytes(a), ValueRef::Bytes(b)) => a.cmp(b),
        (a, b) => match (a.plain(), b.plain()) {
            (Some(a), Some(b)) => compare_plain(a, b),
            _ => a.kind().cmp(&b.kind()),
        },
    }
}

fn compare_plain(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::I2(a), Value::I2(b)) => a.cmp(b),
        (Value::Long(a), Value::Long(b)) => a.cmp(b),
        (Value::I8(a), Value::I8(b)) | (Value::Currency(a), Value::Currency(b)) => a.cmp(b),
        (Value::R4(a), Value::R4(b)) => double(f64::from(*a)).cmp(&double(f64::from(*b))),
        (Value::Double(a), Value::Double(b)) | (Value::AppTime(a), Value::AppTime(b)) => double(*a).cmp(&double(*b)),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::SysTime(a), Value::SysTime(b)) => a.cmp(b),
        (Value::Clsid(a), Value::Clsid(b)) => a.cmp(b),
        (Value::Error(a), Value::Error(b)) => a.cmp(b),
        (Value::SvrEid(a), Value::SvrEid(b)) | (Value::Actions(a), Value::Actions(b)) => a.cmp(b),
        (a, b) if a.kind() == b.kind() && a.kind().is_multi() => {
            let (a, b) = (ValueRef::Other(a), ValueRef::Other(b));
            let elements = a.elements().min(b.elements());
            (0..elements)
                .filter_map(|at| Some(compare(&a.element(at)?, &b.element(at)?)))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.elements().cmp(&b.elements()))
        }
        (a, b) if a == b => Ordering::Equal,
        // Restrictions have no order, only difference.
        (a, b) => a.kind().cmp(&b.kind()).then(Ordering::Greater),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Vec<u8> {
        order_key(&Value::Unicode(value.into())).unwrap_or_default()
    }

    #[test]
    fn strings_compare_by_folded_code_points() {
        assert_eq!(text("Bob"), text("bob"));
        assert_eq!(text("ß"), text("SS"));
        assert_ne!(text("é"), text("e"));
        assert!(text("ab") < text("abc"));
    }

    #[test]
    fn a_string_key_is_bounded_in_code_points() {
        let long = "é".repeat(300);
        assert_eq!(text(&long).len(), 2 * STRING_KEY_BOUND);
    }

    #[test]
    fn numbers_keep_their_order_as_bytes() {
        let longs = [i32::MIN, -2, -1, 0, 1, i32::MAX];
        let keys: Vec<_> = longs.iter().map(|v| order_key(&Value::Long(*v))).collect();
        assert!(keys.is_sorted());
        let doubles = [f64::NAN, f64::NEG_INFINITY, -1.5, -0.0, 1e-300, 2.0, f64::INFINITY];
        let keys: Vec<_> = doubles.iter().map(|v| order_key(&Value::Double(*v))).collect();
        assert!(keys.is_sorted());
        assert_eq!(order_key(&Value::Double(-0.0)), order_key(&Value::Double(0.0)));
    }
}
