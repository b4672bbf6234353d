//! The shapes of the world in JSON: those of jco, with bytes as `{"bytes": HEX}`, 64-bit numbers as
//! `{"big": DECIMAL}`, floating-point numbers as `{"float": BITS}` and what is absent as null.

use mapi_engine::backend::{
    AddressBookIdentity, Batch, CheckFinding, CheckReport, Column, ColumnData, Committed, FeedCursor, FeedPage, FeedRecord,
    FeedVerb, GroupBatch, IndexPlan, NamedProperty, ObjectHead, ObjectId, ObjectKind, Plan, PropertyName, Quota, Resolution,
    RowKey, ScanKind, ScanPage, StoreCapabilities, StoreIdentity, Support, TagSize, TextMatch,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{FileTime, Guid, PropTag, Property, Value};
use mapi_engine::restriction::{BitRelation, Relop};
use serde_json::{Map, Value as Json, json};

/// What crosses to the other process and back.
pub trait Wire: Sized {
    /// As JSON.
    fn to_json(&self) -> Json;
    /// From JSON.
    ///
    /// # Errors
    /// `MAPI_E_CALL_FAILED` for another shape.
    fn of_json(json: &Json) -> Result<Self>;
}

fn malformed(json: &Json) -> Failure {
    Failure::new(Code::CallFailed, format!("The store answered with another shape than it must: {json}."))
}

fn field<T: Wire>(json: &Json, name: &str) -> Result<T> {
    // An absent field is an absent value.
    T::of_json(json.get(name).unwrap_or(&Json::Null))
}

pub(super) fn case(tag: &str, value: Json) -> Json {
    let mut variant = Map::new();
    variant.insert("tag".into(), tag.into());
    if !value.is_null() {
        variant.insert("val".into(), value);
    }
    Json::Object(variant)
}

fn parts(json: &Json) -> Result<(&str, &Json)> {
    let tag = json.get("tag").and_then(Json::as_str).ok_or_else(|| malformed(json))?;
    Ok((tag, json.get("val").unwrap_or(&Json::Null)))
}

/// The failure that was answered.
#[must_use]
pub fn failure(json: &Json) -> Failure {
    let raw = json.pointer("/code/raw").and_then(Json::as_u64).and_then(|raw| u32::try_from(raw).ok());
    let message = json.get("message").and_then(Json::as_str).unwrap_or("a failure without a sentence");
    Failure::new(Code::from_raw(raw.unwrap_or(Code::CallFailed.raw())), message.to_owned())
}

macro_rules! small {
    ($($number:ty),*) => { $(impl Wire for $number {
        fn to_json(&self) -> Json {
            json!(self)
        }
        fn of_json(json: &Json) -> Result<Self> {
            json.as_i64().and_then(|number| Self::try_from(number).ok()).ok_or_else(|| malformed(json))
        }
    })* };
}
small!(i16, i32, u16, u32, u8);

macro_rules! big {
    ($($number:ty),*) => { $(impl Wire for $number {
        fn to_json(&self) -> Json {
            json!({ "big": self.to_string() })
        }
        fn of_json(json: &Json) -> Result<Self> {
            json.get("big").and_then(Json::as_str).and_then(|number| number.parse().ok()).ok_or_else(|| malformed(json))
        }
    })* };
}
big!(i64, u64);

impl Wire for f64 {
    fn to_json(&self) -> Json {
        json!({ "float": self.to_bits().to_string() })
    }
    fn of_json(json: &Json) -> Result<Self> {
        let bits = json.get("float").and_then(Json::as_str).and_then(|bits| bits.parse().ok());
        bits.map(Self::from_bits).ok_or_else(|| malformed(json))
    }
}

impl Wire for f32 {
    fn to_json(&self) -> Json {
        f64::from(*self).to_json()
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was one before")]
    fn of_json(json: &Json) -> Result<Self> {
        Ok(f64::of_json(json)? as Self)
    }
}

impl Wire for bool {
    fn to_json(&self) -> Json {
        json!(self)
    }
    fn of_json(json: &Json) -> Result<Self> {
        // A flag that is not set may be left out.
        if json.is_null() { Ok(false) } else { json.as_bool().ok_or_else(|| malformed(json)) }
    }
}

impl Wire for () {
    fn to_json(&self) -> Json {
        Json::Null
    }
    fn of_json(_: &Json) -> Result<Self> {
        Ok(())
    }
}

impl Wire for String {
    fn to_json(&self) -> Json {
        json!(self)
    }
    fn of_json(json: &Json) -> Result<Self> {
        json.as_str().map(str::to_owned).ok_or_else(|| malformed(json))
    }
}

impl Wire for Vec<u8> {
    fn to_json(&self) -> Json {
        json!({ "bytes": self.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
    }
    fn of_json(json: &Json) -> Result<Self> {
        let hex = json.get("bytes").and_then(Json::as_str).ok_or_else(|| malformed(json))?;
        let digit = |place: usize| hex.get(place..place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        (0..hex.len()).step_by(2).map(|place| digit(place).ok_or_else(|| malformed(json))).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, Wire::to_json)
    }
    fn of_json(json: &Json) -> Result<Self> {
        if json.is_null() { Ok(None) } else { T::of_json(json).map(Some) }
    }
}

/// Lists; one of bytes is a byte string and no list.
macro_rules! lists {
    ($($item:ty),* $(,)?) => { $(impl Wire for Vec<$item> {
        fn to_json(&self) -> Json {
            self.iter().map(Wire::to_json).collect()
        }
        fn of_json(json: &Json) -> Result<Self> {
            json.as_array().ok_or_else(|| malformed(json))?.iter().map(Wire::of_json).collect()
        }
    })* };
}
lists!(
    i16,
    i32,
    u32,
    i64,
    u64,
    f32,
    f64,
    String,
    Guid,
    FileTime,
    PropTag,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<u16>,
    Option<Value>,
    Value,
    Property,
    ObjectId,
    ObjectKind,
    TagSize,
    Column,
    Support,
    NamedProperty,
    Option<NamedProperty>,
    FeedRecord,
    CheckFinding,
    (u16, NamedProperty),
    (u64, u64),
    Resolution,
);

macro_rules! names {
    ($($kind:ty { $($variant:ident = $name:literal),* $(,)? })*) => { $(impl Wire for $kind {
        fn to_json(&self) -> Json {
            json!(match self { $(Self::$variant => $name,)* })
        }
        fn of_json(json: &Json) -> Result<Self> {
            match json.as_str() { $(Some($name) => Ok(Self::$variant),)* _ => Err(malformed(json)) }
        }
    })* };
}
names! {
    ObjectKind {
        Store = "store", Folder = "folder", SearchFolder = "search-folder", Message = "message", Associated = "associated",
        Recipient = "recipient", Attachment = "attachment", EmbeddedMessage = "embedded-message",
        DistributionList = "distribution-list",
    }
    ScanKind {
        Subfolders = "subfolders", Contents = "contents", Associated = "associated", Recipients = "recipients",
        Attachments = "attachments", DeletedContents = "deleted-contents", DeletedAssociated = "deleted-associated",
        DeletedSubfolders = "deleted-subfolders", Queue = "queue",
    }
    Support { Exact = "exact", Inexact = "inexact", Unsupported = "unsupported" }
    TextMatch { Full = "full", Prefix = "prefix", Substring = "substring" }
    BitRelation { Eqz = "eqz", Nez = "nez" }
    Relop {
        Lt = "lt", Le = "le", Gt = "gt", Ge = "ge", Eq = "eq", Ne = "ne", Re = "re", MemberOfDl = "member-of-dl",
    }
}

impl Wire for PropTag {
    fn to_json(&self) -> Json {
        json!(self.0)
    }
    fn of_json(json: &Json) -> Result<Self> {
        u32::of_json(json).map(Self)
    }
}

impl Wire for FileTime {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }
    fn of_json(json: &Json) -> Result<Self> {
        u64::of_json(json).map(Self)
    }
}

impl Wire for Guid {
    fn to_json(&self) -> Json {
        let whole = u128::from_be_bytes(self.0);
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        json!({ "hi": half(whole >> 64).to_json(), "lo": half(whole).to_json() })
    }
    fn of_json(json: &Json) -> Result<Self> {
        let (hi, lo): (u64, u64) = (field(json, "hi")?, field(json, "lo")?);
        Ok(Self((u128::from(hi) << 64 | u128::from(lo)).to_be_bytes()))
    }
}

impl Wire for ObjectId {
    fn to_json(&self) -> Json {
        self.as_bytes().to_vec().to_json()
    }
    fn of_json(json: &Json) -> Result<Self> {
        Self::new(&Vec::<u8>::of_json(json)?).ok_or_else(|| malformed(json))
    }
}

/// Values that hold what the wire knows; restrictions are left out.
macro_rules! values {
    ($($name:literal = $variant:ident),* $(,)?) => { impl Wire for Value {
        fn to_json(&self) -> Json {
            match self {
                Self::Null => case("null", Json::Null),
                Self::Object => case("object", Json::Null),
                $(Self::$variant(value) => case($name, value.to_json()),)*
                Self::Restriction(_) => case("srestriction", Json::Null),
            }
        }
        fn of_json(json: &Json) -> Result<Self> {
            let (tag, value) = parts(json)?;
            Ok(match tag {
                "null" => Self::Null,
                "object" => Self::Object,
                $($name => Self::$variant(Wire::of_json(value)?),)*
                _ => return Err(malformed(json)),
            })
        }
    } };
}
values! {
    "i2" = I2, "long" = Long, "r4" = R4, "double" = Double, "currency" = Currency, "apptime" = AppTime, "error" = Error,
    "boolean" = Boolean, "i8" = I8, "string8" = String8, "unicode" = Unicode, "systime" = SysTime, "clsid" = Clsid,
    "svreid" = SvrEid, "actions" = Actions, "binary" = Binary, "mv-i2" = MvI2, "mv-long" = MvLong, "mv-r4" = MvR4,
    "mv-double" = MvDouble, "mv-currency" = MvCurrency, "mv-apptime" = MvAppTime, "mv-i8" = MvI8, "mv-string8" = MvString8,
    "mv-unicode" = MvUnicode, "mv-systime" = MvSysTime, "mv-clsid" = MvClsid, "mv-binary" = MvBinary,
}

/// Records of named fields.
macro_rules! records {
    ($($record:ident { $($field:ident = $name:literal),* $(,)? })*) => { $(impl Wire for $record {
        fn to_json(&self) -> Json {
            json!({ $($name: self.$field.to_json()),* })
        }
        fn of_json(json: &Json) -> Result<Self> {
            Ok(Self { $($field: field(json, $name)?),* })
        }
    })* };
}
records! {
    Property { tag = "tag", value = "value" }
    TagSize { tag = "tag", size = "size" }
    ObjectHead { kind = "kind", parent = "parent", version = "version", arrival = "arrival", deleted = "deleted" }
    RowKey { keys = "keys", arrival = "arrival" }
    Plan { filters = "filters", order = "order", counts = "counts", positions = "positions", groups = "groups" }
    Column { tag = "tag", present = "present", data = "data" }
    ScanPage { batch = "batch", last = "last", more = "more" }
    Committed { objects = "objects", cursor = "cursor" }
    FeedRecord {
        commit = "commit", token = "token", object = "object", kind = "kind", parent = "parent", verb = "verb", tags = "tags",
        delivery = "delivery",
    }
    FeedPage { records = "records", cursor = "cursor", gap = "gap", more = "more" }
    StoreCapabilities {
        read_only = "readOnly", feed = "feed", submit = "submit", attachments = "attachments", soft_delete = "softDelete",
        public_folders = "publicFolders", plain_scans_only = "plainScansOnly",
    }
    IndexPlan { ordered = "ordered", searched = "searched", key_version = "keyVersion" }
    StoreIdentity {
        uid = "uid", kind = "kind", mapping_signature = "mappingSignature", store = "store", root = "root",
        private_entry = "privateEntry", writable = "writable", capabilities = "capabilities", index = "index",
    }
    AddressBookIdentity {
        uid = "uid", kind = "kind", root = "root", writable = "writable", feed = "feed", index = "index",
    }
    NamedProperty { set = "set", name = "name" }
    Quota { used = "used", limit = "limit" }
    CheckFinding { object = "object", message = "message", repaired = "repaired" }
    CheckReport { objects = "objects", findings = "findings" }
}

impl Wire for FeedCursor {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }
    fn of_json(json: &Json) -> Result<Self> {
        Vec::of_json(json).map(Self)
    }
}

impl Wire for Resolution {
    fn to_json(&self) -> Json {
        match self {
            Self::Unresolved => case("unresolved", Json::Null),
            Self::Ambiguous => case("ambiguous", Json::Null),
            Self::Resolved(object, properties) => {
                case("resolved", json!({ "object": object.to_json(), "properties": properties.to_json() }))
            }
        }
    }
    fn of_json(json: &Json) -> Result<Self> {
        Ok(match parts(json)? {
            ("unresolved", _) => Self::Unresolved,
            ("ambiguous", _) => Self::Ambiguous,
            ("resolved", entry) => Self::Resolved(field(entry, "object")?, field(entry, "properties")?),
            _ => return Err(malformed(json)),
        })
    }
}

impl Wire for PropertyName {
    fn to_json(&self) -> Json {
        match self {
            Self::Number(number) => case("number", json!(number)),
            Self::Text(text) => case("text", json!(text)),
        }
    }
    fn of_json(json: &Json) -> Result<Self> {
        match parts(json)? {
            ("number", number) => Wire::of_json(number).map(Self::Number),
            ("text", text) => Wire::of_json(text).map(Self::Text),
            _ => Err(malformed(json)),
        }
    }
}

/// Pairs are records of the world with these fields.
macro_rules! pairs {
    ($(($first:ty = $one:literal, $second:ty = $two:literal)),*) => { $(impl Wire for ($first, $second) {
        fn to_json(&self) -> Json {
            json!({ $one: self.0.to_json(), $two: self.1.to_json() })
        }
        fn of_json(json: &Json) -> Result<Self> {
            Ok((field(json, $one)?, field(json, $two)?))
        }
    })* };
}
pairs!((u16 = "id", NamedProperty = "name"), (u64 = "version", u64 = "arrival"), (ObjectHead = "head", Vec<Property> = "properties"));

fn cut<T>(arena: &[T], ends: &[u32]) -> Vec<std::ops::Range<usize>> {
    let mut start = 0;
    ends.iter()
        .map(|end| std::mem::replace(&mut start, *end as usize)..*end as usize)
        .filter(|range| range.end <= arena.len())
        .collect()
}

fn arena(json: &Json) -> Result<(Vec<u8>, Vec<u32>)> {
    Ok((field(json, "bytes")?, field(json, "ends")?))
}

fn ids(json: &Json) -> Result<Vec<ObjectId>> {
    let (bytes, ends) = arena(json)?;
    cut(&bytes, &ends).into_iter().map(|range| bytes.get(range).and_then(ObjectId::new).ok_or_else(|| malformed(json))).collect()
}

impl Wire for ColumnData {
    fn to_json(&self) -> Json {
        match self {
            Self::Longs(cells) => case("longs", cells.to_json()),
            Self::I64s(cells) => case("i64s", cells.to_json()),
            Self::Text(text, ends) => case("text", json!({ "text": text, "ends": ends })),
            Self::Bytes(bytes, ends) => case("bytes", json!({ "bytes": bytes.to_json(), "ends": ends })),
            Self::Mixed(cells) => case("mixed", cells.to_json()),
        }
    }
    fn of_json(json: &Json) -> Result<Self> {
        Ok(match parts(json)? {
            ("longs", cells) => Self::Longs(Wire::of_json(cells)?),
            ("i64s", cells) => Self::I64s(Wire::of_json(cells)?),
            ("text", texts) => Self::Text(field(texts, "text")?, field(texts, "ends")?),
            ("bytes", bytes) => arena(bytes).map(|(bytes, ends)| Self::Bytes(bytes, ends))?,
            ("mixed", cells) => Self::Mixed(Wire::of_json(cells)?),
            _ => return Err(malformed(json)),
        })
    }
}

impl Wire for Batch {
    fn to_json(&self) -> Json {
        let flat = |ids: &[ObjectId]| {
            let mut end = 0;
            let ends: Vec<usize> = ids
                .iter()
                .map(|id| {
                    end += id.as_bytes().len();
                    end
                })
                .collect();
            json!({ "bytes": ids.iter().flat_map(|id| id.as_bytes().to_vec()).collect::<Vec<u8>>().to_json(), "ends": ends })
        };
        json!({
            "ids": flat(&self.ids), "arrivals": self.arrivals.to_json(), "parents": flat(&self.parents),
            "kinds": self.kinds.to_json(), "columns": self.columns.to_json(),
        })
    }
    fn of_json(json: &Json) -> Result<Self> {
        Ok(Self {
            ids: ids(json.get("ids").unwrap_or(&Json::Null))?,
            arrivals: field(json, "arrivals")?,
            parents: ids(json.get("parents").unwrap_or(&Json::Null))?,
            kinds: field(json, "kinds")?,
            columns: field(json, "columns")?,
        })
    }
}

impl Wire for FeedVerb {
    fn to_json(&self) -> Json {
        match self {
            Self::Created => case("created", Json::Null),
            Self::Modified => case("modified", Json::Null),
            Self::Deleted { soft } => case("deleted", json!(soft)),
            Self::Moved { from } => case("moved", from.to_json()),
            Self::Copied { source, source_parent } => {
                case("copied", json!({ "source": source.to_json(), "sourceParent": source_parent.to_json() }))
            }
        }
    }
    fn of_json(json: &Json) -> Result<Self> {
        Ok(match parts(json)? {
            ("created", _) => Self::Created,
            ("modified", _) => Self::Modified,
            ("deleted", soft) => Self::Deleted { soft: Wire::of_json(soft)? },
            ("moved", from) => Self::Moved { from: Wire::of_json(from)? },
            ("copied", copy) => Self::Copied { source: field(copy, "source")?, source_parent: field(copy, "sourceParent")? },
            _ => return Err(malformed(json)),
        })
    }
}

impl Wire for GroupBatch {
    fn to_json(&self) -> Json {
        let groups: Vec<Json> = self
            .keys
            .iter()
            .zip(&self.values)
            .zip(self.counts.iter().zip(&self.unread))
            .map(|((keys, values), (count, unread))| {
                json!({ "keys": keys.to_json(), "values": values.to_json(), "count": count.to_json(), "unread": unread.to_json() })
            })
            .collect();
        json!({ "groups": groups, "more": self.more })
    }
    fn of_json(json: &Json) -> Result<Self> {
        let mut batch = Self { more: field(json, "more")?, ..Self::default() };
        for group in json.get("groups").and_then(Json::as_array).ok_or_else(|| malformed(json))? {
            batch.keys.push(field(group, "keys")?);
            batch.values.push(field(group, "values")?);
            batch.counts.push(field(group, "count")?);
            batch.unread.push(field(group, "unread")?);
        }
        Ok(batch)
    }
}
