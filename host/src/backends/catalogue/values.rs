//! Property entries of the catalogue: names and values as a person writes them (`profiles` 1.6).

use mapi_engine::properties::{FileTime, Guid, PropTag, PropType, Property, Value, tags};
use toml::Value as Toml;

/// The tag of a `PR_` name or of 8 hexadecimal digits.
pub(super) fn tag(name: &str) -> Result<PropTag, String> {
    if let Some(entry) = name.strip_prefix("PR_").and_then(|_| tags::by_name(name)) {
        return Ok(entry.tag);
    }
    if name.len() == 8
        && let Ok(number) = u32::from_str_radix(name, 16)
    {
        return Ok(PropTag(number));
    }
    Err(format!("there is no property {name:?}; write a PR_ name or the 8 hexadecimal digits of a tag"))
}

/// The property with that name and value. Service keys and secrets have no place in a catalogue.
pub(super) fn property(name: &str, value: &Toml) -> Result<Property, String> {
    let tag = tag(name)?;
    if tag.id() == tags::SERVICE_UID.id() || tag.id() == tags::PROVIDER_UID.id() {
        return Err(format!("{name} is made for each profile and cannot be given"));
    }
    if (0x67F0..=0x67FF).contains(&tag.id()) {
        return Err(format!("{name} is a secret; secrets are entered when the service is configured and stored encrypted"));
    }
    if tag.id() == 0 || tag.id() >= 0x8000 {
        return Err(format!("{name} cannot be stored: profile sections hold identifiers 0001 to 7FFF"));
    }
    let kind = tag.kind();
    let value = match value {
        Toml::Array(elements) if kind.is_multi() => multi(kind.base(), elements),
        value if !kind.is_multi() => single(kind, value),
        _ => None,
    };
    value.map(|value| Property::new(tag, value)).ok_or_else(|| format!("{name} needs {}", wanted(kind)))
}

fn single(kind: PropType, value: &Toml) -> Option<Value> {
    Some(match (kind, value) {
        (PropType::UNICODE | PropType::STRING8, Toml::String(text)) => Value::Unicode(text.clone()),
        (PropType::BOOLEAN, Toml::Boolean(value)) => Value::Boolean(*value),
        (PropType::I2, Toml::Integer(number)) => Value::I2(i16::try_from(*number).ok()?),
        (PropType::LONG, Toml::Integer(number)) => Value::Long(long(*number)?),
        (PropType::I8, Toml::Integer(number)) => Value::I8(*number),
        (PropType::CURRENCY, Toml::Integer(number)) => Value::Currency(*number),
        (PropType::DOUBLE, Toml::Float(number)) => Value::Double(*number),
        (PropType::APPTIME, Toml::Float(number)) => Value::AppTime(*number),
        (PropType::BINARY, Toml::String(digits)) => Value::Binary(bytes(digits)?),
        (PropType::CLSID, Toml::String(text)) => Value::Clsid(guid(text)?),
        (PropType::SYSTIME, Toml::Datetime(time)) => {
            let stamp: jiff::Timestamp = time.to_string().parse().ok()?;
            let nanoseconds = u32::try_from(stamp.subsec_nanosecond()).ok()?;
            Value::SysTime(FileTime::from_unix(stamp.as_second(), nanoseconds))
        }
        _ => return None,
    })
}

fn multi(kind: PropType, elements: &[Toml]) -> Option<Value> {
    let texts = || elements.iter().map(Toml::as_str).collect::<Option<Vec<_>>>();
    Some(match kind {
        _ if elements.is_empty() => return None,
        PropType::UNICODE | PropType::STRING8 => Value::MvUnicode(texts()?.into_iter().map(str::to_owned).collect()),
        PropType::BINARY => Value::MvBinary(texts()?.into_iter().map(bytes).collect::<Option<_>>()?),
        PropType::LONG => Value::MvLong(elements.iter().map(|element| long(element.as_integer()?)).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// Flags are written unsigned.
fn long(number: i64) -> Option<i32> {
    i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(u32::cast_signed))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

/// A MAPIUID: `{11111111-2222-3333-4444-555555555555}`, or its 16 bytes as 32 hexadecimal digits.
pub(super) fn guid(text: &str) -> Option<Guid> {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Guid::from_slice(&bytes(text)?);
    };
    let groups: Vec<&str> = inner.split('-').collect();
    let [a, b, c, d, e] = groups[..] else { return None };
    if [a, b, c, d, e].map(str::len) != [8, 4, 4, 4, 12] {
        return None;
    }
    let tail = bytes(&format!("{d}{e}"))?;
    Some(Guid::from_fields(
        u32::from_str_radix(a, 16).ok()?,
        u16::from_str_radix(b, 16).ok()?,
        u16::from_str_radix(c, 16).ok()?,
        tail.try_into().ok()?,
    ))
}

fn wanted(kind: PropType) -> String {
    let base = match kind.base() {
        PropType::UNICODE | PropType::STRING8 => "a text in quotation marks",
        PropType::BOOLEAN => "true or false",
        PropType::I2 => "a whole number from -32768 to 32767",
        PropType::LONG => "a whole number of 32 bits",
        PropType::I8 | PropType::CURRENCY => "a whole number",
        PropType::DOUBLE | PropType::APPTIME => "a number with a decimal point",
        PropType::BINARY => "bytes as hexadecimal digits in quotation marks",
        PropType::CLSID => "an identifier as \"{11111111-2222-3333-4444-555555555555}\"",
        PropType::SYSTIME => "a time as 2026-01-31T12:00:00Z",
        _ => return "a type that can be written in a catalogue; this one cannot".to_owned(),
    };
    if kind.is_multi() { format!("a list in brackets, each element {base}") } else { base.to_owned() }
}
