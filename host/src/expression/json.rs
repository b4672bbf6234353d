//! Restrictions as JSON: the tree itself, for programs.
//!
//! `{"and": [..]}`, `{"or": [..]}`, `{"not": ..}`, `{"content": {"fuzzy": n, "tag": t, "value": v}}`,
//! `{"property": {"relop": "eq", "tag": t, "value": v}}`, `{"compareprops": {"relop", "left", "right"}}`,
//! `{"bitmask": {"relation": "eqz", "tag", "mask"}}`, `{"size": {"relop", "tag", "size"}}`,
//! `{"exist": t}`, `{"sub": {"subobject": t, "child": ..}}`, `{"count": {"count": n, "child": ..}}`,
//! `{"comment": {"child": ..}}`. A tag is a property name or `"0x0037001F"`; a value is a JSON value that
//! fits the tag's type, binary ones as hexadecimal text, times as RFC 3339 text.

use super::{parse_property, property_name};
use mapi_engine::properties::{FileTime, PropTag, PropType, Property, Value};
use mapi_engine::restriction::{BitRelation, Relop, Restriction};
use serde_json::{Value as Json, json};

const RELOPS: [(&str, Relop); 8] = [
    ("lt", Relop::Lt),
    ("le", Relop::Le),
    ("gt", Relop::Gt),
    ("ge", Relop::Ge),
    ("eq", Relop::Eq),
    ("ne", Relop::Ne),
    ("re", Relop::Re),
    ("memberofdl", Relop::MemberOfDl),
];

/// The tree of a restriction in JSON.
///
/// # Errors
/// A sentence naming the member that is missing or wrong.
pub fn restriction_from_json(json: &Json) -> Result<Restriction, String> {
    let Some((kind, body)) = json.as_object().filter(|node| node.len() == 1).and_then(|node| node.iter().next()) else {
        return Err("a restriction is an object with one member, such as {\"and\": […]}".into());
    };
    let children = || -> Result<Vec<Restriction>, String> {
        body.as_array()
            .ok_or_else(|| format!("\"{kind}\" takes a list of restrictions"))?
            .iter()
            .map(restriction_from_json)
            .collect()
    };
    let child = || restriction_from_json(body.get("child").unwrap_or(&Json::Null)).map(Box::new);
    Ok(match kind.as_str() {
        "and" => Restriction::And(children()?),
        "or" => Restriction::Or(children()?),
        "not" => Restriction::Not(Box::new(restriction_from_json(body)?)),
        "content" => {
            let tag = tag(body, "tag")?;
            Restriction::Content { fuzzy: number(body, "fuzzy")?, tag, value: constant(tag, body)? }
        }
        "property" => {
            let tag = tag(body, "tag")?;
            Restriction::Property { relop: relop(body)?, tag, value: constant(tag, body)? }
        }
        "compareprops" => Restriction::CompareProps { relop: relop(body)?, left: tag(body, "left")?, right: tag(body, "right")? },
        "bitmask" => Restriction::Bitmask {
            relation: match body.get("relation").and_then(Json::as_str) {
                Some("eqz") => BitRelation::Eqz,
                Some("nez") => BitRelation::Nez,
                _ => return Err("\"relation\" is \"eqz\" or \"nez\"".into()),
            },
            tag: tag(body, "tag")?,
            mask: number(body, "mask")?,
        },
        "size" => Restriction::Size { relop: relop(body)?, tag: tag(body, "tag")?, size: number(body, "size")? },
        "exist" => Restriction::Exist { tag: named(body)? },
        "sub" => Restriction::SubRestriction { subobject: tag(body, "subobject")?, child: child()? },
        "count" => Restriction::Count { count: number(body, "count")?, child: child()? },
        "comment" => Restriction::Comment {
            properties: Vec::new(),
            child: if body.get("child").is_none_or(Json::is_null) { None } else { Some(child()?) },
        },
        other => return Err(format!("there is no restriction \"{other}\"")),
    })
}

/// A restriction in JSON, in the form [`restriction_from_json`] reads.
#[must_use]
pub fn restriction_to_json(restriction: &Restriction) -> Json {
    let many = |children: &[Restriction]| Json::Array(children.iter().map(restriction_to_json).collect());
    match restriction {
        Restriction::And(children) => json!({ "and": many(children) }),
        Restriction::Or(children) => json!({ "or": many(children) }),
        Restriction::Not(child) => json!({ "not": restriction_to_json(child) }),
        Restriction::Content { fuzzy, tag, value } => {
            json!({ "content": { "fuzzy": fuzzy, "tag": property_name(*tag), "value": value_to_json(&value.value) } })
        }
        Restriction::Property { relop, tag, value } => {
            json!({ "property": { "relop": relop_name(*relop), "tag": property_name(*tag), "value": value_to_json(&value.value) } })
        }
        Restriction::CompareProps { relop, left, right } => {
            json!({ "compareprops": { "relop": relop_name(*relop), "left": property_name(*left), "right": property_name(*right) } })
        }
        Restriction::Bitmask { relation, tag, mask } => {
            let relation = if *relation == BitRelation::Eqz { "eqz" } else { "nez" };
            json!({ "bitmask": { "relation": relation, "tag": property_name(*tag), "mask": mask } })
        }
        Restriction::Size { relop, tag, size } => {
            json!({ "size": { "relop": relop_name(*relop), "tag": property_name(*tag), "size": size } })
        }
        Restriction::Exist { tag } => json!({ "exist": property_name(*tag) }),
        Restriction::SubRestriction { subobject, child } => {
            json!({ "sub": { "subobject": property_name(*subobject), "child": restriction_to_json(child) } })
        }
        Restriction::Count { count, child } => json!({ "count": { "count": count, "child": restriction_to_json(child) } }),
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
            json!({ "comment": { "child": child.as_deref().map(restriction_to_json) } })
        }
    }
}

/// A value as JSON: numbers, booleans and texts as such, times as RFC 3339, bytes as hexadecimal text,
/// an error as `{"error": "MAPI_E_…"}`.
#[must_use]
pub fn value_to_json(value: &Value) -> Json {
    let hex = |bytes: &[u8]| Json::String(hexadecimal(bytes));
    let time = |time: &FileTime| Json::String(timestamp(*time));
    match value {
        Value::Null | Value::Object => Json::Null,
        Value::I2(v) => json!(v),
        Value::Long(v) => json!(v),
        Value::R4(v) => json!(v),
        Value::Double(v) | Value::AppTime(v) => json!(v),
        Value::Currency(v) | Value::I8(v) => json!(v),
        Value::Error(raw) => json!({ "error": mapi_engine::error::Code::from_raw(*raw).to_string() }),
        Value::Boolean(v) => json!(v),
        Value::String8(bytes) => Json::String(String::from_utf8_lossy(bytes).into_owned()),
        Value::Unicode(text) => json!(text),
        Value::SysTime(v) => time(v),
        Value::Clsid(guid) => Json::String(guid.to_string()),
        Value::SvrEid(bytes) | Value::Actions(bytes) | Value::Binary(bytes) => hex(bytes),
        Value::Restriction(tree) => restriction_to_json(tree),
        Value::MvI2(v) => json!(v),
        Value::MvLong(v) => json!(v),
        Value::MvR4(v) => json!(v),
        Value::MvDouble(v) | Value::MvAppTime(v) => json!(v),
        Value::MvCurrency(v) | Value::MvI8(v) => json!(v),
        Value::MvString8(v) => v.iter().map(|bytes| Json::String(String::from_utf8_lossy(bytes).into_owned())).collect(),
        Value::MvUnicode(v) => json!(v),
        Value::MvSysTime(v) => v.iter().map(time).collect(),
        Value::MvClsid(v) => v.iter().map(|guid| Json::String(guid.to_string())).collect(),
        Value::MvBinary(v) => v.iter().map(|bytes| hex(bytes)).collect(),
    }
}

/// The time that [`timestamp`] writes so.
fn time(text: &str) -> Option<FileTime> {
    match text.strip_prefix(TICK) {
        Some(ticks) => ticks.parse().ok().map(FileTime),
        None => super::lexer::date(text),
    }
}

/// What stands before the number of ticks of a time that no calendar reaches.
const TICK: &str = "tick ";

/// A time as RFC 3339 in UTC, to the second when it has no fraction.
#[must_use]
pub fn timestamp(time: FileTime) -> String {
    let ticks = i128::from(time.0) - i128::from(FileTime::UNIX_EPOCH.0);
    match jiff::Timestamp::from_nanosecond(ticks * 100) {
        Ok(stamp) => stamp.to_string(),
        Err(_) => format!("{TICK}{}", time.0),
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use core::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

fn relop_name(relop: Relop) -> &'static str {
    RELOPS.iter().find(|(_, known)| *known == relop).map_or("eq", |(name, _)| name)
}

fn relop(body: &Json) -> Result<Relop, String> {
    let name = body.get("relop").and_then(Json::as_str).unwrap_or_default();
    RELOPS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, relop)| *relop)
        .ok_or_else(|| format!("\"relop\" is one of {}", RELOPS.map(|(name, _)| name).join(", ")))
}

fn number(body: &Json, member: &str) -> Result<u32, String> {
    body.get(member)
        .and_then(Json::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("\"{member}\" is a number from 0 to 4294967295"))
}

fn tag(body: &Json, member: &str) -> Result<PropTag, String> {
    named(body.get(member).unwrap_or(&Json::Null)).map_err(|error| format!("\"{member}\": {error}"))
}

fn named(name: &Json) -> Result<PropTag, String> {
    let name = name.as_str().ok_or("a tag is a property name or \"0x0037001F\"")?;
    parse_property(name).ok_or_else(|| format!("there is no property \"{name}\""))
}

fn constant(tag: PropTag, body: &Json) -> Result<Property, String> {
    let kind = tag.kind().base();
    let json = body.get("value").unwrap_or(&Json::Null);
    let integer = json.as_i64();
    let value = match kind {
        PropType::UNICODE | PropType::STRING8 => json.as_str().map(|text| Value::Unicode(text.into())),
        PropType::BINARY => json.as_str().and_then(super::lexer::hexadecimal).map(Value::Binary),
        PropType::BOOLEAN => json.as_bool().map(Value::Boolean),
        PropType::LONG => {
            integer.and_then(|n| i32::try_from(n).ok().or_else(|| u32::try_from(n).ok().map(u32::cast_signed))).map(Value::Long)
        }
        PropType::I2 => integer.and_then(|n| i16::try_from(n).ok()).map(Value::I2),
        PropType::I8 => integer.map(Value::I8),
        PropType::CURRENCY => integer.map(Value::Currency),
        PropType::DOUBLE => json.as_f64().map(Value::Double),
        PropType::APPTIME => json.as_f64().map(Value::AppTime),
        PropType::R4 => json.as_f64().map(|n| Value::R4(n as f32)),
        PropType::SYSTIME => json.as_str().and_then(time).map(Value::SysTime),
        _ => None,
    };
    value
        .map(|value| Property::new(tag.with_kind(kind), value))
        .ok_or_else(|| format!("\"value\" does not fit the type of {}", property_name(tag)))
}
