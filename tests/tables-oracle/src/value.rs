//! Values in order, in size and in cells (`tables` 3, 3.1, 6, 6.1), for the small alphabet of the programs.

use mapi_engine::properties::{PropTag, PropType, Value};
use std::cmp::Ordering;

/// Full case folding. The programs use ASCII, Latin-1 and the sharp s, for which this is all of it.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(|c| if c == 'ß' { vec!['s', 's'] } else { c.to_lowercase().collect() }).collect()
}

/// Text without combining marks.
pub(crate) fn without_marks(text: &str) -> String {
    let bare = |c: char| match c {
        'é' => Some('e'),
        'É' => Some('E'),
        '\u{300}'..='\u{36F}' => None,
        other => Some(other),
    };
    text.chars().filter_map(bare).collect()
}

/// The text of a string of either width.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Unicode(text) => Some(text.clone()),
        // The programs keep to the part of the session code page that Latin-1 shares.
        Value::String8(bytes) => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => None,
    }
}

/// How two values of one type compare; `bounded` as sort, category and extremum keys do.
pub(crate) fn compare(left: &Value, right: &Value, bounded: bool) -> Ordering {
    let texts = |left: &str, right: &str| {
        let limit = if bounded { 255 } else { usize::MAX };
        fold(left).chars().take(limit).cmp(fold(right).chars().take(limit))
    };
    let bytes = |left: &[u8], right: &[u8]| {
        let cut = |bytes: &[u8]| if bounded { bytes[..bytes.len().min(510)].to_vec() } else { bytes.to_vec() };
        cut(left).cmp(&cut(right))
    };
    match (left, right) {
        (Value::I2(a), Value::I2(b)) => a.cmp(b),
        (Value::Long(a), Value::Long(b)) => a.cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::SysTime(a), Value::SysTime(b)) => a.0.cmp(&b.0),
        (Value::Double(a), Value::Double(b)) => match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) if a < b => Ordering::Less,
            (false, false) if a > b => Ordering::Greater,
            (false, false) => Ordering::Equal,
        },
        (Value::Binary(a), Value::Binary(b)) => bytes(a, b),
        (Value::MvLong(a), Value::MvLong(b)) => a.cmp(b),
        (Value::MvUnicode(a), Value::MvUnicode(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| texts(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => match (text_of(a), text_of(b)) {
            (Some(a), Some(b)) => texts(&a, &b),
            _ => unreachable!("values of different types are not compared: {a:?} {b:?}"),
        },
    }
}

/// How two keys of an order compare; absent ones come last in both directions.
pub(crate) fn compare_keys(left: Option<&Value>, right: Option<&Value>, descending: bool) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) if descending => compare(right, left, true),
        (Some(left), Some(right)) => compare(left, right, true),
        (left, right) => right.is_some().cmp(&left.is_some()),
    }
}

/// The size of a value (`tables` 6).
pub(crate) fn size(value: &Value) -> u32 {
    let length = match value {
        Value::I2(_) | Value::Boolean(_) => 2,
        Value::Long(_) => 4,
        Value::Double(_) | Value::SysTime(_) => 8,
        Value::Binary(bytes) | Value::String8(bytes) => bytes.len(),
        Value::Unicode(text) => 2 * text.encode_utf16().count(),
        Value::MvLong(elements) => 4 * elements.len(),
        Value::MvUnicode(elements) => elements.iter().map(|text| 2 * text.encode_utf16().count()).sum(),
        other => unreachable!("no program stores {other:?}"),
    };
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The elements of a multi-value.
pub(crate) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::MvLong(elements) => Some(elements.iter().copied().map(Value::Long).collect()),
        Value::MvUnicode(elements) => Some(elements.iter().cloned().map(Value::Unicode).collect()),
        _ => None,
    }
}

/// Whether a stored value is one of that type: string widths are one, `MV_INSTANCE` is ignored, and an instance
/// tag on a single value is that value (`tables` 3, 9).
pub(crate) fn is_of(value: &Value, kind: PropType) -> bool {
    value.kind().same_family(kind) || (kind.is_instance() && value.kind().same_family(kind.base()))
}

fn cut(text: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= 255
    };
    text.chars().take_while(fits).collect()
}

/// A value as the cell of a host-backed table shows it, in the width of the tag.
pub(crate) fn cell(tag: PropTag, value: &Value) -> Value {
    match value {
        Value::Unicode(text) if tag.kind().base() == PropType::STRING8 => {
            Value::String8(text.chars().take(255).map(|c| u8::try_from(c).unwrap_or(b'?')).collect())
        }
        Value::Unicode(text) => Value::Unicode(cut(text)),
        Value::Binary(bytes) => Value::Binary(bytes[..bytes.len().min(510)].to_vec()),
        Value::MvUnicode(elements) if tag.kind().base() == PropType::STRING8 => Value::MvString8(
            elements.iter().map(|text| text.chars().take(255).map(|c| u8::try_from(c).unwrap_or(b'?')).collect()).collect(),
        ),
        Value::MvUnicode(elements) => Value::MvUnicode(elements.iter().map(|text| cut(text)).collect()),
        other => other.clone(),
    }
}
