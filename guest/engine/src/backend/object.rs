//! Objects, and the columnar batches their properties cross the border in.

use crate::backend::{
    Commit, Committed, FeedCursor, FeedPage, Filter, OrderKey, Plan, PlanRequest, RowKey, ScanKind, ScanPage, ScanRequest, Scope,
};
use crate::error::Result;
use crate::properties::{FileTime, Guid, PropTag, PropType, Property, Value, ValueRef};

/// Bytes of an identifier that are held without an allocation.
const SHORT: usize = 22;

/// A backend's name for one of its objects: 1 to 255 opaque bytes, never reused. Short ones are held without an
/// allocation: pages of rows are made of them.
#[derive(Clone)]
pub struct ObjectId(Held);

#[derive(Clone)]
enum Held {
    /// So many of the bytes.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl ObjectId {
    /// The identifier with these bytes, `None` unless there are 1 to 255.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        // A copy of known length takes an instruction, one of any length a call out of the component.
        if let Some(number) = bytes.as_array::<8>() {
            return Some(Self::of_eight(*number));
        }
        let length = u8::try_from(bytes.len()).ok().filter(|length| *length > 0)?;
        let mut short = [0; SHORT];
        Some(Self(match short.get_mut(..bytes.len()) {
            Some(held) => {
                held.copy_from_slice(bytes);
                Held::Short(length, short)
            }
            None => Held::Long(bytes.into()),
        }))
    }

    fn of_eight(number: [u8; 8]) -> Self {
        let mut short = [0; SHORT];
        if let Some(first) = short.first_chunk_mut() {
            *first = number;
        }
        Self(Held::Short(8, short))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Held::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or(bytes),
            Held::Long(bytes) => bytes,
        }
    }
}

impl From<u64> for ObjectId {
    /// The number's eight bytes, highest first: their order is that of the numbers.
    fn from(number: u64) -> Self {
        Self::of_eight(number.to_be_bytes())
    }
}

impl PartialEq for ObjectId {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // Behind the bytes there are zeros: a comparison of known length does.
            (Held::Short(length, bytes), Held::Short(other_length, others)) => length == other_length && bytes == others,
            _ => self.as_bytes() == other.as_bytes(),
        }
    }
}

impl Eq for ObjectId {}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ObjectId {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl core::hash::Hash for ObjectId {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl core::fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What kind of object it is; fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// The object that carries the store's (or address book's) own properties. Exactly one, without a parent.
    Store,
    /// A folder, or an address book container. The root folder's parent is itself.
    Folder,
    /// A search folder: a folder without contents of its own.
    SearchFolder,
    /// A standard message, or an address book user.
    Message,
    /// An associated (hidden) message.
    Associated,
    /// A recipient row of a message.
    Recipient,
    /// An attachment of a message.
    Attachment,
    /// The message embedded in an attachment; at most one below each.
    EmbeddedMessage,
    /// An address book distribution list.
    DistributionList,
}

/// What is known of an object besides its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// Its kind.
    pub kind: ObjectKind,
    /// The container it lies in; the store object has none.
    pub parent: Option<ObjectId>,
    /// Raised by every content change; conflict detection compares it. Changes marked quiet keep it.
    pub version: u64,
    /// The arrival number (`stores` 1.1).
    pub arrival: u64,
    /// Whether it is soft-deleted.
    pub deleted: bool,
}

/// Which properties to read.
#[derive(Clone, Copy, Debug)]
pub enum Want<'a> {
    /// All of them.
    All,
    /// Those with these identifiers; types are ignored.
    Tags(&'a [PropTag]),
}

/// A stored property without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagSize {
    /// The tag with the stored type.
    pub tag: PropTag,
    /// Bytes of the value as counted by `RES_SIZE` (`tables` 6).
    pub size: u64,
}

/// The cells of one column. Absence is in [`Column::present`]; data slots of absent cells hold a zero or empty value.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// `PT_LONG`, and `PT_BOOLEAN` as 0 or 1.
    Longs(Vec<i32>),
    /// `PT_I8` and `PT_CURRENCY`; `PT_SYSTIME` as its bits.
    I64s(Vec<i64>),
    /// `PT_UNICODE`: one arena, and the end of each cell in it in bytes.
    Text(String, Vec<u32>),
    /// `PT_BINARY`: one arena, and the end of each cell in it.
    Bytes(Vec<u8>, Vec<u32>),
    /// Any other type, and columns whose rows differ in type. [`Value::Error`] cells say why a value is missing.
    Mixed(Vec<Value>),
}

/// One column of a [`Batch`].
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The tag with the type of the cells; the tag asked for when the cells are mixed.
    pub tag: PropTag,
    /// One bit a row, lowest bit first: whether the row has a value. Empty means every row has one.
    pub present: Vec<u8>,
    /// The cells, one a row.
    pub data: ColumnData,
}

/// Rows of a container in columnar form. Columns are in the order asked for.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Batch {
    /// The objects, one a row.
    pub ids: Vec<ObjectId>,
    /// Their arrival numbers.
    pub arrivals: Vec<u64>,
    /// The containers they lie in, empty if all lie in the one container scanned.
    pub parents: Vec<ObjectId>,
    /// Their kinds.
    pub kinds: Vec<ObjectKind>,
    /// The cells.
    pub columns: Vec<Column>,
}

impl Batch {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        self.ids.truncate(rows);
        self.arrivals.truncate(rows);
        self.parents.truncate(rows);
        self.kinds.truncate(rows);
        for column in &mut self.columns {
            column.truncate(rows);
        }
    }
}

/// One bit a row: whether there is a cell; empty when there is one everywhere.
fn presence(cells: &[Option<ValueRef<'_>>]) -> Vec<u8> {
    if cells.iter().all(Option::is_some) {
        return Vec::new();
    }
    let mut bits = vec![0; cells.len().div_ceil(8)];
    for (row, _) in cells.iter().enumerate().filter(|(_, cell)| cell.is_some()) {
        bits[row / 8] |= 1 << (row % 8);
    }
    bits
}

impl ColumnData {
    /// The cells in the form of their one type; `None`: there are several types, or it has no such form.
    fn compact(tag: PropTag, cells: &[Option<ValueRef<'_>>]) -> Option<(PropType, Self)> {
        let mut kinds = cells.iter().flatten().map(ValueRef::kind);
        let kind = kinds.next().unwrap_or(tag.kind());
        if !kinds.all(|other| other == kind) {
            return None;
        }
        let plain = |cell: &Option<ValueRef<'_>>| cell.as_ref().and_then(ValueRef::plain).cloned();
        let data = match kind {
            PropType::LONG | PropType::BOOLEAN => {
                let number = |cell: &Option<ValueRef<'_>>| match plain(cell) {
                    Some(Value::Long(value)) => value,
                    Some(Value::Boolean(value)) => i32::from(value),
                    _ => 0,
                };
                Self::Longs(cells.iter().map(number).collect())
            }
            PropType::I8 | PropType::CURRENCY | PropType::SYSTIME => {
                let number = |cell: &Option<ValueRef<'_>>| match plain(cell) {
                    Some(Value::I8(value) | Value::Currency(value)) => value,
                    Some(Value::SysTime(value)) => value.0.cast_signed(),
                    _ => 0,
                };
                Self::I64s(cells.iter().map(number).collect())
            }
            PropType::UNICODE => {
                let texts = || cells.iter().map(|cell| if let Some(ValueRef::Text(text)) = cell { *text } else { "" });
                let ends = ends(texts().map(str::len))?;
                let mut arena = String::with_capacity(ends.last().map_or(0, |end| *end as usize));
                arena.extend(texts());
                Self::Text(arena, ends)
            }
            PropType::BINARY => {
                let values = || cells.iter().map(|cell| if let Some(ValueRef::Bytes(bytes)) = cell { *bytes } else { &[] });
                let ends = ends(values().map(<[u8]>::len))?;
                let mut arena = Vec::with_capacity(ends.last().map_or(0, |end| *end as usize));
                values().for_each(|bytes| arena.extend_from_slice(bytes));
                Self::Bytes(arena, ends)
            }
            _ => return None,
        };
        Some((kind, data))
    }

    /// Bytes it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Longs(cells) => 4 * cells.len(),
            Self::I64s(cells) => 8 * cells.len(),
            Self::Text(arena, ends) => arena.len() + 4 * ends.len(),
            Self::Bytes(arena, ends) => arena.len() + 4 * ends.len(),
            Self::Mixed(cells) => cells.iter().map(|cell| size_of::<Value>() + usize::try_from(cell.size()).unwrap_or(0)).sum(),
        }
    }
}

/// Where each of them ends when they lie one behind the other; `None`: beyond 4 GiB.
fn ends(lengths: impl Iterator<Item = usize>) -> Option<Vec<u32>> {
    let mut end = 0_u32;
    lengths
        .map(|length| {
            end = end.checked_add(u32::try_from(length).ok()?)?;
            Some(end)
        })
        .collect()
}

impl Column {
    /// The column with these cells, in the most compact form their types allow; `tag` is the one asked for.
    #[must_use]
    pub fn of(tag: PropTag, cells: Vec<Option<Value>>) -> Self {
        let borrowed: Vec<_> = cells.iter().map(|cell| cell.as_ref().map(ValueRef::from)).collect();
        let present = presence(&borrowed);
        match ColumnData::compact(tag, &borrowed) {
            Some((kind, data)) => Self { tag: tag.with_kind(kind), present, data },
            None => Self {
                tag,
                present,
                data: ColumnData::Mixed(cells.into_iter().map(|cell| cell.unwrap_or(Value::Null)).collect()),
            },
        }
    }

    /// As [`Column::of`], of cells that lie elsewhere.
    #[must_use]
    pub fn of_refs(tag: PropTag, cells: &[Option<ValueRef<'_>>]) -> Self {
        let present = presence(cells);
        match ColumnData::compact(tag, cells) {
            Some((kind, data)) => Self { tag: tag.with_kind(kind), present, data },
            None => {
                let value = |cell: &Option<ValueRef<'_>>| cell.as_ref().map_or(Value::Null, ValueRef::to_value);
                Self { tag, present, data: ColumnData::Mixed(cells.iter().map(value).collect()) }
            }
        }
    }

    /// Whether that row has a value.
    #[must_use]
    pub fn has(&self, row: usize) -> bool {
        self.present.is_empty() || self.present.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        fn arena_end(ends: &mut Vec<u32>, rows: usize) -> usize {
            ends.truncate(rows);
            ends.last().map_or(0, |end| *end as usize)
        }
        self.present.truncate(rows.div_ceil(8));
        match &mut self.data {
            ColumnData::Longs(cells) => cells.truncate(rows),
            ColumnData::I64s(cells) => cells.truncate(rows),
            ColumnData::Text(arena, ends) => {
                let end = arena_end(ends, rows);
                // An end inside a character is a backend's lie; the cells there read as absent anyway.
                if arena.is_char_boundary(end) {
                    arena.truncate(end);
                }
            }
            ColumnData::Bytes(arena, ends) => arena.truncate(arena_end(ends, rows)),
            ColumnData::Mixed(cells) => cells.truncate(rows),
        }
    }

    /// The value of that row, `None` if it has none. A batch whose columns are shorter than its rows (a
    /// lying backend) reads as absent.
    #[must_use]
    pub fn value(&self, row: usize) -> Option<Value> {
        self.value_ref(row).map(|value| value.to_value())
    }

    /// As [`Column::value`], in place.
    #[must_use]
    pub fn value_ref(&self, row: usize) -> Option<ValueRef<'_>> {
        if !self.has(row) {
            return None;
        }
        let span = |ends: &[u32]| -> Option<(usize, usize)> {
            let end = *ends.get(row)? as usize;
            let start = if row == 0 { 0 } else { *ends.get(row - 1)? as usize };
            Some((start, end))
        };
        match &self.data {
            ColumnData::Longs(cells) => {
                let cell = *cells.get(row)?;
                let boolean = self.tag.kind() == PropType::BOOLEAN;
                Some(ValueRef::Fixed(if boolean { Value::Boolean(cell != 0) } else { Value::Long(cell) }))
            }
            ColumnData::I64s(cells) => {
                let cell = *cells.get(row)?;
                Some(ValueRef::Fixed(match self.tag.kind() {
                    PropType::SYSTIME => Value::SysTime(FileTime(cell.cast_unsigned())),
                    PropType::CURRENCY => Value::Currency(cell),
                    _ => Value::I8(cell),
                }))
            }
            ColumnData::Text(arena, ends) => {
                let (start, end) = span(ends)?;
                Some(ValueRef::Text(arena.get(start..end)?))
            }
            ColumnData::Bytes(arena, ends) => {
                let (start, end) = span(ends)?;
                Some(ValueRef::Bytes(arena.get(start..end)?))
            }
            ColumnData::Mixed(cells) => cells.get(row).map(ValueRef::from),
        }
    }
}

/// What store and address book backends have in common: objects in containers, read, scanned and changed.
pub trait Objects {
    /// Reads one object. Strings come as `PT_UNICODE`. A value of more than `inline_limit` bytes comes as
    /// [`Value::Error`] with `MAPI_E_NOT_ENOUGH_MEMORY`; absent properties are left out.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when there is no such object. A soft-deleted one is found, and says so.
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)>;

    /// Lists the stored properties of an object with their sizes, ascending by tag.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>>;

    /// Reads rows by identifier, in the order given; vanished objects are left out. Cells are cut at
    /// `cell_limit` UTF-16 units (strings) and twice as many bytes (binary); 0 means no cut.
    ///
    /// # Errors
    /// The backend's own.
    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<crate::backend::Batch>;

    /// Says what the backend can evaluate itself (`tables` 5.5, 7 "Push-down").
    ///
    /// # Errors
    /// The backend's own.
    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;

    /// Reads a page of rows. Filters and order are only ones the plan accepted. A filter answered
    /// *inexact* may let through rows that do not match, never hold back one that does.
    ///
    /// # Errors
    /// The backend's own.
    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage>;

    /// Counts rows, exactly. Only asked when the plan said `counts`.
    ///
    /// # Errors
    /// The backend's own.
    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64>;

    /// How many rows stand before that key in that order. Only asked when the plan said `positions`.
    ///
    /// # Errors
    /// The backend's own.
    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64>;

    /// Every tag ever stored on rows of that container; may name tags of rows gone since.
    ///
    /// # Errors
    /// The backend's own.
    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>>;

    /// Reads bytes `offset..offset + length` of a value, fewer at its end. `PT_UNICODE` values are read as UTF-8.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when the object or the property is not there.
    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>>;

    /// Allots identifiers for objects to be created: an entry identifier is known before the first save.
    ///
    /// # Errors
    /// The backend's own.
    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>>;

    /// Begins a large value; it is filled by [`Objects::append`], used by one commit, and vanishes when
    /// that never comes.
    ///
    /// # Errors
    /// The backend's own.
    fn stage(&self) -> Result<u64>;

    /// Appends to a value begun by [`Objects::stage`].
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for an unknown number.
    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()>;

    /// Forgets a staged value.
    fn discard(&self, staged: u64);

    /// Applies changes, all or none, durably.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when an expected version no longer holds, `MAPI_E_OBJECT_DELETED` when the
    /// object is gone, `MAPI_E_COLLISION` when an identifier exists, `MAPI_E_NOT_ENOUGH_DISK`.
    fn commit(&self, commit: Commit) -> Result<Committed>;

    /// The cursor behind the newest change.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a backend without a feed.
    fn feed_cursor(&self) -> Result<FeedCursor>;

    /// Changes since a cursor, oldest first.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a backend without a feed.
    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage>;

    /// The MAPIUID its entry identifiers carry.
    fn uid(&self) -> Guid;
}
