//! The stored form of an object's properties: one byte string, ascending by identifier.
//!
//! Each property is
//! `tag: u32 LE, form: u8, length: varint, body, [key length: varint, key]`, where `form` has bit 0 set when
//! an order key follows, bit 1 when the body is a reference to a large value (`number, bytes, size` as
//! varints) and bit 2 when its folded text was too long to be handed over. Numbers are little-endian,
//! text is UTF-8, the elements of a multi-valued property follow their count, each of variable width behind
//! its length. Varints are LEB128. The decoder takes no byte on trust.

use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::properties::{FileTime, Guid, PropTag, PropType, Property, Value};
use mapi_engine::restriction::{BitRelation, Relop, Restriction};

const HAS_KEY: u8 = 1;
const IS_LARGE: u8 = 2;
const UNSEARCHED: u8 = 4;

/// Restrictions nest at most 64 deep (`tables` 5.2); stored ones deeper than this are damage.
const DEPTH: u32 = 80;

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// Here.
    Inline(&'a [u8]),
    /// In the table of large values.
    Large(Large),
}

/// A reference to a large value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Large {
    /// Its number.
    pub(super) number: i64,
    /// Bytes of its stored form.
    pub(super) bytes: u64,
    /// Its size as `RES_SIZE` counts.
    pub(super) size: u64,
}

/// One stored property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The tag.
    pub(super) tag: PropTag,
    /// The value.
    pub(super) body: Body<'a>,
    /// The order key, if one was handed over.
    pub(super) key: Option<&'a [u8]>,
    /// The tag is searched, but the text was too long to be handed over.
    pub(super) unsearched: bool,
}

impl Entry<'_> {
    /// The value's size as `RES_SIZE` counts.
    pub(super) fn size(&self) -> Outcome<u64> {
        match self.body {
            Body::Large(large) => Ok(large.size),
            Body::Inline(bytes) => match self.tag.kind() {
                PropType::UNICODE => {
                    Ok(std::str::from_utf8(bytes).map(|text| 2 * text.encode_utf16().count() as u64).map_err(|_| damaged())?)
                }
                PropType::BINARY => Ok(bytes.len() as u64),
                kind => Ok(decode_value(kind, bytes)?.size()),
            },
        }
    }

    /// Appends the stored form.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.tag.0.to_le_bytes());
        let mut form = 0;
        if self.key.is_some() {
            form |= HAS_KEY;
        }
        if self.unsearched {
            form |= UNSEARCHED;
        }
        match self.body {
            Body::Inline(bytes) => {
                out.push(form);
                put_bytes(out, bytes);
            }
            Body::Large(large) => {
                out.push(form | IS_LARGE);
                let mut reference = Vec::with_capacity(12);
                put(&mut reference, large.number.cast_unsigned());
                put(&mut reference, large.bytes);
                put(&mut reference, large.size);
                put_bytes(out, &reference);
            }
        }
        if let Some(key) = self.key {
            put_bytes(out, key);
        }
    }
}

fn damaged() -> Trouble {
    Trouble::damaged("an object's properties cannot be decoded")
}

/// Appends a varint.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads stored bytes from their start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Outcome<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| damaged())
    }

    pub(super) fn byte(&mut self) -> Outcome<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn number(&mut self) -> Outcome<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return Err(damaged());
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged())
    }

    pub(super) fn bytes(&mut self) -> Outcome<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| damaged())?;
        self.take(length)
    }

    fn entry(&mut self) -> Outcome<Entry<'a>> {
        let tag = PropTag(u32::from_le_bytes(self.array()?));
        let form = self.byte()?;
        if form & !(HAS_KEY | IS_LARGE | UNSEARCHED) != 0 {
            return Err(damaged());
        }
        let body = self.bytes()?;
        let body = if form & IS_LARGE == 0 {
            Body::Inline(body)
        } else {
            let mut reference = Cursor(body);
            Body::Large(Large {
                number: reference.number()?.cast_signed(),
                bytes: reference.number()?,
                size: reference.number()?,
            })
        };
        let key = if form & HAS_KEY == 0 { None } else { Some(self.bytes()?) };
        Ok(Entry { tag, body, key, unsearched: form & UNSEARCHED != 0 })
    }
}

/// The stored properties, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entries<'a>(Cursor<'a>);

impl<'a> Entries<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor(bytes))
    }

    /// The bytes that were not read yet.
    pub(super) fn left(&self) -> &'a [u8] {
        self.0.0
    }

    /// The property with that identifier.
    pub(super) fn find(self, id: u16) -> Outcome<Option<Entry<'a>>> {
        for entry in self {
            let entry = entry?;
            match entry.tag.id().cmp(&id) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(Some(entry)),
                std::cmp::Ordering::Greater => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Outcome<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.0.is_empty() {
            return None;
        }
        let entry = self.0.entry();
        if entry.is_err() {
            self.0 = Cursor(&[]);
        }
        Some(entry)
    }
}

/// The stored form of a value, without its type.
pub(super) fn encode_value(value: &Value) -> Vec<u8> {
    fn each<T>(values: &[T], put_one: impl Fn(&T, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, values.len() as u64);
        for value in values {
            put_one(value, &mut out);
        }
        out
    }
    match value {
        Value::Null | Value::Object => Vec::new(),
        Value::I2(v) => v.to_le_bytes().to_vec(),
        Value::Long(v) => v.to_le_bytes().to_vec(),
        Value::R4(v) => v.to_le_bytes().to_vec(),
        Value::Double(v) | Value::AppTime(v) => v.to_le_bytes().to_vec(),
        Value::Currency(v) | Value::I8(v) => v.to_le_bytes().to_vec(),
        Value::Error(v) => v.to_le_bytes().to_vec(),
        Value::Boolean(v) => vec![u8::from(*v)],
        Value::Unicode(v) => v.as_bytes().to_vec(),
        Value::SysTime(v) => v.0.to_le_bytes().to_vec(),
        Value::Clsid(v) => v.as_bytes().to_vec(),
        Value::String8(v) | Value::SvrEid(v) | Value::Actions(v) | Value::Binary(v) => v.clone(),
        Value::Restriction(v) => {
            let mut out = Vec::new();
            put_restriction(v, &mut out);
            out
        }
        Value::MvI2(v) => each(v, |v, out| out.extend(v.to_le_bytes())),
        Value::MvLong(v) => each(v, |v, out| out.extend(v.to_le_bytes())),
        Value::MvR4(v) => each(v, |v, out| out.extend(v.to_le_bytes())),
        Value::MvDouble(v) | Value::MvAppTime(v) => each(v, |v, out| out.extend(v.to_le_bytes())),
        Value::MvCurrency(v) | Value::MvI8(v) => each(v, |v, out| out.extend(v.to_le_bytes())),
        Value::MvString8(v) | Value::MvBinary(v) => each(v, |v, out| put_bytes(out, v)),
        Value::MvUnicode(v) => each(v, |v, out| put_bytes(out, v.as_bytes())),
        Value::MvSysTime(v) => each(v, |v, out| out.extend(v.0.to_le_bytes())),
        Value::MvClsid(v) => each(v, |v, out| out.extend(v.as_bytes())),
    }
}

/// The value of that type with that stored form.
pub(super) fn decode_value(kind: PropType, bytes: &[u8]) -> Outcome<Value> {
    decode_at(kind, bytes, 0)
}

fn decode_at(kind: PropType, bytes: &[u8], depth: u32) -> Outcome<Value> {
    fn each<T>(bytes: &[u8], mut one: impl FnMut(&mut Cursor<'_>) -> Outcome<T>) -> Outcome<Vec<T>> {
        let mut cursor = Cursor(bytes);
        let count = cursor.number()?;
        // Every element takes at least a byte.
        if count > bytes.len() as u64 {
            return Err(damaged());
        }
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(one(&mut cursor)?);
        }
        Ok(values)
    }
    fn text(bytes: &[u8]) -> Outcome<String> {
        Ok(std::str::from_utf8(bytes).map_err(|_| damaged())?.to_owned())
    }
    let mut cursor = Cursor(bytes);
    let single = kind.base();
    if !kind.is_multi() {
        return Ok(match single {
            PropType::NULL => Value::Null,
            PropType::OBJECT => Value::Object,
            PropType::I2 => Value::I2(i16::from_le_bytes(cursor.array()?)),
            PropType::LONG => Value::Long(i32::from_le_bytes(cursor.array()?)),
            PropType::R4 => Value::R4(f32::from_le_bytes(cursor.array()?)),
            PropType::DOUBLE => Value::Double(f64::from_le_bytes(cursor.array()?)),
            PropType::APPTIME => Value::AppTime(f64::from_le_bytes(cursor.array()?)),
            PropType::CURRENCY => Value::Currency(i64::from_le_bytes(cursor.array()?)),
            PropType::I8 => Value::I8(i64::from_le_bytes(cursor.array()?)),
            PropType::ERROR => Value::Error(u32::from_le_bytes(cursor.array()?)),
            PropType::BOOLEAN => Value::Boolean(cursor.byte()? != 0),
            PropType::SYSTIME => Value::SysTime(FileTime(u64::from_le_bytes(cursor.array()?))),
            PropType::CLSID => Value::Clsid(Guid(cursor.array()?)),
            PropType::UNICODE => Value::Unicode(text(bytes)?),
            PropType::STRING8 => Value::String8(bytes.to_vec()),
            PropType::SVREID => Value::SvrEid(bytes.to_vec()),
            PropType::ACTIONS => Value::Actions(bytes.to_vec()),
            PropType::BINARY => Value::Binary(bytes.to_vec()),
            PropType::SRESTRICT => Value::Restriction(Box::new(take_restriction(&mut cursor, depth)?)),
            _ => return Err(damaged()),
        });
    }
    Ok(match single {
        PropType::I2 => Value::MvI2(each(bytes, |c| Ok(i16::from_le_bytes(c.array()?)))?),
        PropType::LONG => Value::MvLong(each(bytes, |c| Ok(i32::from_le_bytes(c.array()?)))?),
        PropType::R4 => Value::MvR4(each(bytes, |c| Ok(f32::from_le_bytes(c.array()?)))?),
        PropType::DOUBLE => Value::MvDouble(each(bytes, |c| Ok(f64::from_le_bytes(c.array()?)))?),
        PropType::APPTIME => Value::MvAppTime(each(bytes, |c| Ok(f64::from_le_bytes(c.array()?)))?),
        PropType::CURRENCY => Value::MvCurrency(each(bytes, |c| Ok(i64::from_le_bytes(c.array()?)))?),
        PropType::I8 => Value::MvI8(each(bytes, |c| Ok(i64::from_le_bytes(c.array()?)))?),
        PropType::SYSTIME => Value::MvSysTime(each(bytes, |c| Ok(FileTime(u64::from_le_bytes(c.array()?))))?),
        PropType::CLSID => Value::MvClsid(each(bytes, |c| Ok(Guid(c.array()?)))?),
        PropType::UNICODE => Value::MvUnicode(each(bytes, |c| text(c.bytes()?))?),
        PropType::STRING8 => Value::MvString8(each(bytes, |c| Ok(c.bytes()?.to_vec()))?),
        PropType::BINARY => Value::MvBinary(each(bytes, |c| Ok(c.bytes()?.to_vec()))?),
        _ => return Err(damaged()),
    })
}

fn put_property(property: &Property, out: &mut Vec<u8>) {
    out.extend(property.tag.0.to_le_bytes());
    out.extend(property.value.kind().0.to_le_bytes());
    put_bytes(out, &encode_value(&property.value));
}

fn take_property(cursor: &mut Cursor<'_>, depth: u32) -> Outcome<Property> {
    let tag = PropTag(u32::from_le_bytes(cursor.array()?));
    let kind = PropType(u16::from_le_bytes(cursor.array()?));
    Ok(Property { tag, value: decode_at(kind, cursor.bytes()?, depth)? })
}

const RELOPS: [Relop; 8] = [Relop::Lt, Relop::Le, Relop::Gt, Relop::Ge, Relop::Eq, Relop::Ne, Relop::Re, Relop::MemberOfDl];

fn put_relop(relop: Relop, out: &mut Vec<u8>) {
    let place = RELOPS.iter().position(|known| *known == relop).unwrap_or_default();
    out.push(u8::try_from(place).unwrap_or_default());
}

fn take_relop(cursor: &mut Cursor<'_>) -> Outcome<Relop> {
    RELOPS.get(usize::from(cursor.byte()?)).copied().ok_or_else(damaged)
}

fn put_restriction(restriction: &Restriction, out: &mut Vec<u8>) {
    let many = |code: u8, children: &[Restriction], out: &mut Vec<u8>| {
        out.push(code);
        put(out, children.len() as u64);
        for child in children {
            put_restriction(child, out);
        }
    };
    let noted = |code: u8, properties: &[Property], child: Option<&Restriction>, out: &mut Vec<u8>| {
        out.push(code);
        put(out, properties.len() as u64);
        for property in properties {
            put_property(property, out);
        }
        out.push(u8::from(child.is_some()));
        if let Some(child) = child {
            put_restriction(child, out);
        }
    };
    match restriction {
        Restriction::And(children) => many(0, children, out),
        Restriction::Or(children) => many(1, children, out),
        Restriction::Not(child) => {
            out.push(2);
            put_restriction(child, out);
        }
        Restriction::Content { fuzzy, tag, value } => {
            out.push(3);
            out.extend(fuzzy.to_le_bytes());
            out.extend(tag.0.to_le_bytes());
            put_property(value, out);
        }
        Restriction::Property { relop, tag, value } => {
            out.push(4);
            put_relop(*relop, out);
            out.extend(tag.0.to_le_bytes());
            put_property(value, out);
        }
        Restriction::CompareProps { relop, left, right } => {
            out.push(5);
            put_relop(*relop, out);
            out.extend(left.0.to_le_bytes());
            out.extend(right.0.to_le_bytes());
        }
        Restriction::Bitmask { relation, tag, mask } => {
            out.push(6);
            out.push(u8::from(*relation == BitRelation::Nez));
            out.extend(tag.0.to_le_bytes());
            out.extend(mask.to_le_bytes());
        }
        Restriction::Size { relop, tag, size } => {
            out.push(7);
            put_relop(*relop, out);
            out.extend(tag.0.to_le_bytes());
            out.extend(size.to_le_bytes());
        }
        Restriction::Exist { tag } => {
            out.push(8);
            out.extend(tag.0.to_le_bytes());
        }
        Restriction::SubRestriction { subobject, child } => {
            out.push(9);
            out.extend(subobject.0.to_le_bytes());
            put_restriction(child, out);
        }
        Restriction::Comment { properties, child } => noted(10, properties, child.as_deref(), out),
        Restriction::Count { count, child } => {
            out.push(11);
            out.extend(count.to_le_bytes());
            put_restriction(child, out);
        }
        Restriction::Annotation { properties, child } => noted(12, properties, child.as_deref(), out),
    }
}

fn take_restriction(cursor: &mut Cursor<'_>, depth: u32) -> Outcome<Restriction> {
    if depth > DEPTH {
        return Err(damaged());
    }
    let child = |cursor: &mut Cursor<'_>| Ok::<_, Trouble>(Box::new(take_restriction(cursor, depth + 1)?));
    let tag = |cursor: &mut Cursor<'_>| Ok::<_, Trouble>(PropTag(u32::from_le_bytes(cursor.array()?)));
    let number = |cursor: &mut Cursor<'_>| Ok::<_, Trouble>(u32::from_le_bytes(cursor.array()?));
    let many = |cursor: &mut Cursor<'_>| {
        let count = cursor.number()?;
        if count > cursor.0.len() as u64 {
            return Err(damaged());
        }
        (0..count).map(|_| take_restriction(cursor, depth + 1)).collect::<Outcome<Vec<_>>>()
    };
    let noted = |cursor: &mut Cursor<'_>| {
        let count = cursor.number()?;
        if count > cursor.0.len() as u64 {
            return Err(damaged());
        }
        let properties = (0..count).map(|_| take_property(cursor, depth + 1)).collect::<Outcome<Vec<_>>>()?;
        let child = if cursor.byte()? == 0 { None } else { Some(child(cursor)?) };
        Ok::<_, Trouble>((properties, child))
    };
    Ok(match cursor.byte()? {
        0 => Restriction::And(many(cursor)?),
        1 => Restriction::Or(many(cursor)?),
        2 => Restriction::Not(child(cursor)?),
        3 => Restriction::Content { fuzzy: number(cursor)?, tag: tag(cursor)?, value: take_property(cursor, depth + 1)? },
        4 => Restriction::Property { relop: take_relop(cursor)?, tag: tag(cursor)?, value: take_property(cursor, depth + 1)? },
        5 => Restriction::CompareProps { relop: take_relop(cursor)?, left: tag(cursor)?, right: tag(cursor)? },
        6 => {
            let relation = if cursor.byte()? == 0 { BitRelation::Eqz } else { BitRelation::Nez };
            Restriction::Bitmask { relation, tag: tag(cursor)?, mask: number(cursor)? }
        }
        7 => Restriction::Size { relop: take_relop(cursor)?, tag: tag(cursor)?, size: number(cursor)? },
        8 => Restriction::Exist { tag: tag(cursor)? },
        9 => Restriction::SubRestriction { subobject: tag(cursor)?, child: child(cursor)? },
        10 => {
            let (properties, child) = noted(cursor)?;
            Restriction::Comment { properties, child }
        }
        11 => Restriction::Count { count: number(cursor)?, child: child(cursor)? },
        12 => {
            let (properties, child) = noted(cursor)?;
            Restriction::Annotation { properties, child }
        }
        _ => return Err(damaged()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Vec<Value> {
        vec![
            Value::I2(-3),
            Value::Long(i32::MIN),
            Value::Double(1.5),
            Value::Boolean(true),
            Value::Unicode("Grüße".into()),
            Value::Binary(vec![0, 1, 255]),
            Value::SysTime(FileTime(u64::MAX)),
            Value::Clsid(Guid([7; 16])),
            Value::MvUnicode(vec![String::new(), "b".into()]),
            Value::MvLong(vec![1, 2]),
            Value::MvBinary(vec![vec![1], vec![]]),
            Value::Restriction(Box::new(Restriction::Not(Box::new(Restriction::And(vec![
                Restriction::Exist { tag: PropTag(1) },
                Restriction::Content { fuzzy: 1, tag: PropTag(2), value: Property::new(PropTag(2), Value::Unicode("x".into())) },
            ]))))),
        ]
    }

    #[test]
    fn every_value_survives_storage() {
        for value in values() {
            assert_eq!(decode_value(value.kind(), &encode_value(&value)).unwrap(), value);
        }
    }

    #[test]
    fn entries_survive_storage_and_are_found_by_identifier() {
        let mut stored = Vec::new();
        let entries = [
            Entry { tag: PropTag(0x0037_001F), body: Body::Inline(b"text"), key: Some(b"key"), unsearched: false },
            Entry {
                tag: PropTag(0x1000_001F),
                body: Body::Large(Large { number: 9, bytes: 1 << 40, size: 1 << 41 }),
                key: None,
                unsearched: true,
            },
        ];
        for entry in &entries {
            entry.write(&mut stored);
        }
        let read: Vec<_> = Entries::new(&stored).map(Outcome::unwrap).collect();
        assert_eq!(read, entries);
        assert_eq!(Entries::new(&stored).find(0x1000).unwrap(), Some(entries[1]));
        assert_eq!(Entries::new(&stored).find(0x0FFF).unwrap(), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in any::<u16>()) {
            for entry in Entries::new(&bytes).flatten() {
                let _ = entry.size();
                if let Body::Inline(body) = entry.body {
                    let _ = decode_value(entry.tag.kind(), body);
                }
            }
            let _ = decode_value(PropType(kind), &bytes);
        }
    }
}
