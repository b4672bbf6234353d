//! Reading objects: whole, as rows of columns, in ranges.

use crate::backends::sqlite::ancestry::lies_in_deleted;
use crate::backends::sqlite::encoding::{Body, Entry, decode_value};
use crate::backends::sqlite::large;
use crate::backends::sqlite::plan::COMPUTED;
use crate::backends::sqlite::schema::{Class, is_folder, keeps_lists, kind_of, name_of, number_of};
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{Batch, Column, ObjectHead, ObjectId, ScanKind, TagSize, Want};
use mapi_engine::error::{Code, Failure};
use mapi_engine::properties::{PropTag, PropType, Property, Value, tags};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;

fn missing(object: &ObjectId) -> Trouble {
    Failure::not_found(format!("The store has no object {object:?}.")).into()
}

/// What a folder counts of its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) subfolders: i64,
    pub(super) contents: i64,
    pub(super) associated: i64,
    pub(super) unread: i64,
    pub(super) deleted_subfolders: i64,
    pub(super) deleted_contents: i64,
    pub(super) deleted_associated: i64,
}

impl Counts {
    /// Those of a folder.
    pub(super) fn of(connection: &Connection, folder: i64) -> Outcome<Self> {
        Ok(connection
            .prepare_cached(
                "SELECT subfolders, contents, associated, unread, deleted_subfolders, deleted_contents, deleted_associated
                 FROM counters WHERE container = ?1",
            )?
            .query_row([folder], |row| {
                Ok(Self {
                    subfolders: row.get(0)?,
                    contents: row.get(1)?,
                    associated: row.get(2)?,
                    unread: row.get(3)?,
                    deleted_subfolders: row.get(4)?,
                    deleted_contents: row.get(5)?,
                    deleted_associated: row.get(6)?,
                })
            })
            .optional()?
            .unwrap_or_default())
    }

    /// The count of one class, if it is counted.
    pub(super) fn class(&self, class: Class) -> Option<i64> {
        class.counter().map(|counter| {
            [
                self.subfolders,
                self.contents,
                self.associated,
                self.unread,
                self.deleted_subfolders,
                self.deleted_contents,
                self.deleted_associated,
            ][counter]
        })
    }

    fn property(&self, id: u16) -> Option<Property> {
        let count = |tag, count| Some(Property::new(tag, Value::Long(i32::try_from(count).unwrap_or(i32::MAX))));
        match id {
            0x3602 => count(tags::CONTENT_COUNT, self.contents),
            0x3603 => count(tags::CONTENT_UNREAD, self.unread),
            0x3617 => count(tags::ASSOC_CONTENT_COUNT, self.associated),
            0x360A => Some(Property::new(tags::SUBFOLDERS, Value::Boolean(self.subfolders > 0))),
            0x6640 => count(tags::DELETED_MSG_COUNT, self.deleted_contents),
            0x6641 => count(tags::DELETED_FOLDER_COUNT, self.deleted_subfolders),
            0x6643 => count(tags::DELETED_ASSOC_MSG_COUNT, self.deleted_associated),
            _ => None,
        }
    }
}

/// The value of a stored property.
fn value(connection: &Connection, entry: &Entry<'_>) -> Outcome<Value> {
    match entry.body {
        Body::Inline(bytes) => decode_value(entry.tag.kind(), bytes),
        Body::Large(large) => {
            let length = usize::try_from(large.bytes).unwrap_or(usize::MAX);
            decode_value(entry.tag.kind(), &large::read(connection, large, 0, length)?)
        }
    }
}

/// Types of a fixed width are never too long.
fn is_long(entry: &Entry<'_>, limit: u32) -> Outcome<bool> {
    let kind = entry.tag.kind();
    let variable = kind.is_multi()
        || matches!(
            kind,
            PropType::UNICODE | PropType::STRING8 | PropType::BINARY | PropType::SVREID | PropType::ACTIONS | PropType::SRESTRICT
        );
    Ok(variable && entry.size()? > u64::from(limit))
}

/// Reads one object.
pub(super) fn read(
    connection: &Connection,
    object: &ObjectId,
    want: Want<'_>,
    inline_limit: u32,
) -> Outcome<(ObjectHead, Vec<Property>)> {
    let id = number_of(object).ok_or_else(|| missing(object))?;
    let mut statement = connection.prepare_cached(
        "SELECT parent, class, arrival, kind, version, props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| missing(object))?;
    let parent: Option<i64> = row.get(0)?;
    let class = Class(row.get(1)?);
    let kind = kind_of(row.get(3)?)?;
    let head = ObjectHead {
        kind,
        parent: parent.map(name_of).transpose()?,
        version: row.get::<_, i64>(4)?.cast_unsigned(),
        arrival: row.get::<_, i64>(2)?.cast_unsigned(),
        deleted: class.is_deleted() || lies_in_deleted(connection, parent.unwrap_or_default())?,
    };
    let wanted = |id: u16| match want {
        Want::All => true,
        Want::Tags(tags) => tags.iter().any(|tag| tag.id() == id),
    };
    let mut properties = Vec::new();
    for entry in Stored::of(row, 5)?.entries() {
        let entry = entry?;
        if !wanted(entry.tag.id()) || (is_folder(kind) && COMPUTED.contains(&entry.tag.id())) {
            continue;
        }
        properties.push(if is_long(&entry, inline_limit)? {
            Property::new(entry.tag, Value::Error(Code::NotEnoughMemory.raw()))
        } else {
            Property { tag: entry.tag, value: value(connection, &entry)? }
        });
    }
    if is_folder(kind) && COMPUTED.iter().any(|id| wanted(*id)) {
        let counts = Counts::of(connection, id)?;
        properties.extend(COMPUTED.iter().filter(|id| wanted(**id)).filter_map(|id| counts.property(*id)));
        properties.sort_by_key(|property| property.tag.id());
    }
    Ok((head, properties))
}

/// The stored properties of an object with their sizes.
pub(super) fn list_tags(connection: &Connection, object: &ObjectId) -> Outcome<Vec<TagSize>> {
    with_stored(connection, object, |stored| {
        stored
            .entries()
            .map(|entry| {
                let entry = entry?;
                Ok(TagSize { tag: entry.tag, size: entry.size()? })
            })
            .collect()
    })
}

fn with_stored<T>(connection: &Connection, object: &ObjectId, work: impl FnOnce(Stored<'_>) -> Outcome<T>) -> Outcome<T> {
    let id = number_of(object).ok_or_else(|| missing(object))?;
    let mut statement = connection.prepare_cached("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| missing(object))?;
    work(Stored::of(row, 0)?)
}

/// Bytes of a value behind which what is read only passes through, and is not kept in the page cache.
const PASSING: u64 = 1 << 20;

/// The value of a property with that identifier and a type of the same family, if the object has one.
pub(super) fn property(connection: &Connection, object: i64, tag: PropTag) -> Outcome<Option<Value>> {
    let mut statement = connection.prepare_cached("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
    let mut rows = statement.query([object])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let found = Stored::of(row, 0)?.find(tag.id())?.filter(|entry| entry.tag.kind().same_family(tag.kind()));
    found.map(|entry| value(connection, &entry)).transpose()
}

/// A range of a value.
pub(super) fn read_range(connection: &Connection, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Outcome<Vec<u8>> {
    with_stored(connection, object, |stored| {
        let entry =
            stored.find(tag.id())?.ok_or_else(|| Failure::not_found("The object does not have this property.").with_tag(tag))?;
        if !matches!(
            entry.tag.kind(),
            PropType::UNICODE | PropType::STRING8 | PropType::BINARY | PropType::SVREID | PropType::ACTIONS
        ) {
            return Err(Failure::new(Code::NoSupport, "Only texts and binaries are read in ranges.").with_tag(tag).into());
        }
        match entry.body {
            Body::Inline(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(length as usize).min(bytes.len());
                Ok(bytes[start..end].to_vec())
            }
            Body::Large(large) => {
                let bytes = large::read(connection, large, offset, length as usize)?;
                if offset > PASSING {
                    connection.release_memory()?;
                }
                Ok(bytes)
            }
        }
    })
}

/// The cell of a row, cut at that many UTF-16 units or twice as many bytes; 0: not cut.
fn cell(connection: &Connection, entry: &Entry<'_>, limit: u32) -> Outcome<Value> {
    let limit = limit as usize;
    let kind = entry.tag.kind();
    // A UTF-16 unit takes at most three bytes of UTF-8; what is cut off never leaves the file.
    let bytes = match entry.body {
        _ if limit == 0 => return value(connection, entry),
        Body::Large(large) if kind == PropType::UNICODE => large::read(connection, large, 0, 3 * limit + 3)?,
        Body::Large(large) if kind == PropType::BINARY => large::read(connection, large, 0, 2 * limit)?,
        Body::Large(_) => return value(connection, entry),
        Body::Inline(bytes) if kind == PropType::BINARY => {
            return Ok(Value::Binary(bytes[..bytes.len().min(2 * limit)].to_vec()));
        }
        Body::Inline(bytes) if kind == PropType::UNICODE && bytes.len() > limit => bytes.to_vec(),
        Body::Inline(bytes) => return decode_value(kind, bytes),
    };
    if kind == PropType::BINARY {
        return Ok(Value::Binary(bytes));
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
    };
    let mut units = 0;
    let length = text
        .chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= limit
        })
        .map(char::len_utf8)
        .sum();
    Ok(Value::Unicode(text.get(..length).unwrap_or_default().to_owned()))
}

/// Reads rows in the order given, leaving out those that are gone.
pub(super) fn batch(
    connection: &Connection,
    objects: &[i64],
    columns: &[PropTag],
    cell_limit: u32,
    parents: bool,
) -> Outcome<Batch> {
    let mut batch = Batch::default();
    let mut cells: Vec<Vec<Option<Value>>> = columns.iter().map(|_| Vec::with_capacity(objects.len())).collect();
    // Several columns may ask for one identifier with different types.
    let mut places: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (place, tag) in columns.iter().enumerate() {
        places.entry(tag.id()).or_default().push(place);
    }
    let counted = COMPUTED.iter().any(|id| places.contains_key(id));
    let mut statement = connection
        .prepare_cached("SELECT parent, kind, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
    for object in objects {
        let mut rows = statement.query([object])?;
        let Some(row) = rows.next()? else { continue };
        let kind = kind_of(row.get(1)?)?;
        batch.ids.push(name_of(*object)?);
        batch.kinds.push(kind);
        batch.arrivals.push(row.get::<_, i64>(2)?.cast_unsigned());
        if parents {
            batch.parents.push(name_of(row.get::<_, Option<i64>>(0)?.unwrap_or(*object))?);
        }
        let row_number = batch.ids.len();
        for entry in Stored::of(row, 3)?.entries() {
            let entry = entry?;
            for place in places.get(&entry.tag.id()).into_iter().flatten() {
                cells[*place].push(Some(cell(connection, &entry, cell_limit)?));
            }
        }
        if counted && is_folder(kind) {
            let counts = Counts::of(connection, *object)?;
            for id in COMPUTED {
                for place in places.get(&id).into_iter().flatten() {
                    cells[*place].truncate(row_number - 1);
                    cells[*place].push(counts.property(id).map(|property| property.value));
                }
            }
        }
        for column in &mut cells {
            column.resize(row_number, None);
        }
    }
    batch.columns = columns.iter().zip(cells).map(|(tag, cells)| Column::of(*tag, cells)).collect();
    Ok(batch)
}

/// Every tag ever stored on rows of a container.
pub(super) fn container_tags(connection: &Connection, container: i64, kind: ScanKind) -> Outcome<Vec<PropTag>> {
    let Some(class) = Class::scanned(kind) else { return Ok(Vec::new()) };
    let holder: Option<i64> = connection
        .prepare_cached("SELECT kind FROM objects WHERE id = ?1")?
        .query_row([container], |row| row.get(0))
        .optional()?;
    let Some(holder) = holder.map(kind_of).transpose()? else { return Ok(Vec::new()) };
    if keeps_lists(holder) {
        let mut statement = connection.prepare_cached("SELECT tag FROM tags WHERE container = ?1 AND class = ?2 ORDER BY tag")?;
        let rows = statement.query_map((container, class.live().0), |row| Ok(PropTag(row.get(0)?)))?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    // A message has few recipients and attachments: no list is kept of their tags.
    let mut found = std::collections::BTreeSet::new();
    let mut statement = connection
        .prepare_cached("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ?1 AND class = ?2")?;
    let mut rows = statement.query((container, class.0))?;
    while let Some(row) = rows.next()? {
        for entry in Stored::of(row, 0)?.entries() {
            found.insert(entry?.tag);
        }
    }
    Ok(found.into_iter().collect())
}
