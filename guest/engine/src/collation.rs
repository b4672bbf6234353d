//! The one comparator of `tables` 6, as order keys (`tables` 6.1): byte strings whose bytewise order is
//! the order of the values. Relational operators, sort keys, category equality and extremes all use it,
//! and a backend stores and compares the same bytes.

use crate::properties::Value;
use icu_casemap::CaseMapper;
use std::borrow::Cow;

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
    Some(match value {
        Value::I2(v) => flip(i64::from(*v), 2),
        Value::Long(v) => flip(i64::from(*v), 4),
        Value::I8(v) | Value::Currency(v) => flip(*v, 8),
        Value::Boolean(v) => vec![u8::from(*v)],
        Value::SysTime(v) => v.0.to_be_bytes().to_vec(),
        Value::R4(v) => double(f64::from(*v)),
        Value::Double(v) | Value::AppTime(v) => double(*v),
        Value::Unicode(text) => bounded(&fold(text)).as_bytes().to_vec(),
        Value::Binary(bytes) | Value::SvrEid(bytes) => bytes[..bytes.len().min(BINARY_KEY_BOUND)].to_vec(),
        Value::Clsid(guid) => guid.as_bytes().to_vec(),
        _ => return None,
    })
}

/// Big-endian with the sign bit flipped, in `width` bytes.
fn flip(value: i64, width: usize) -> Vec<u8> {
    let mut bytes = value.to_be_bytes()[8 - width..].to_vec();
    bytes[0] ^= 0x80;
    bytes
}

/// NaN below every number, -0.0 equal to +0.0.
fn double(value: f64) -> Vec<u8> {
    let value = if value == 0.0 { 0.0 } else { value };
    let bits = value.to_bits();
    let key = if value.is_nan() {
        0
    } else if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    };
    key.to_be_bytes().to_vec()
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
