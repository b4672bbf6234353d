//! What a client gets in a cell (`tables` 3, 3.1).

use crate::backend::{Column, ColumnData};
use crate::error::Code;
use crate::properties::{PropTag, PropType, Property, Value, ValueRef, tags};
use crate::tables::TableClass;

/// UTF-16 units of a string cell in a host-backed table; a binary one has twice as many bytes.
pub(super) const CELL_LIMIT: u32 = 255;

/// Bytes of a cell in a table in memory.
const IN_MEMORY_LIMIT: u64 = 8192;

/// A column of the set with what is always true of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellRule {
    /// As the client asked for it.
    pub(super) tag: PropTag,
    /// Its values are keys and identifiers, which are delivered whole.
    pub(super) whole: bool,
}

impl CellRule {
    pub(super) fn new(tag: PropTag) -> Self {
        Self { tag, whole: is_key(tag) }
    }

    /// The placeholder columns: answered without looking at the row.
    pub(super) fn is_placeholder(self) -> bool {
        self.tag.kind() == PropType::NULL
    }

    /// The column of a view: the elements of a multi-value are another one than the array.
    pub(super) fn read_tag(self) -> PropTag {
        self.tag.with_kind(self.tag.kind().with_width(true))
    }

    /// The stored property.
    pub(super) fn source_tag(self) -> PropTag {
        let kind = PropType(self.tag.kind().0 & !PropType::MV_INSTANCE);
        self.tag.with_kind(kind.with_width(true))
    }

    /// The cell of a value.
    pub(super) fn cell(self, value: Option<ValueRef<'_>>, class: TableClass) -> Property {
        if self.is_placeholder() {
            return Property { tag: self.tag, value: Value::Null };
        }
        match self.deliver(value, class) {
            Ok(value) => Property { tag: self.source_tag().with_kind(value.kind()), value },
            Err(code) => Property { tag: self.tag.with_kind(PropType::ERROR), value: Value::Error(code) },
        }
    }

    /// The value as the client gets it, or the code of the cell.
    fn deliver(self, value: Option<ValueRef<'_>>, class: TableClass) -> Result<Value, u32> {
        let Some(value) = value else { return Err(Code::NotFound.raw()) };
        match value.plain() {
            Some(Value::Error(code)) => return Err(*code),
            Some(Value::Null) => return Err(Code::NotFound.raw()),
            Some(Value::Object) => return Err(Code::NotEnoughMemory.raw()),
            Some(plain) if plain.is_empty_multi() => return Err(Code::NotFound.raw()),
            _ => {}
        }
        let asked = PropType(self.tag.kind().0 & !PropType::MV_INSTANCE);
        // An instance tag takes a single value as it is.
        let asked = if self.tag.kind().is_instance() && !value.kind().is_multi() { asked.base() } else { asked };
        if !value.kind().same_family(asked) {
            return Err(Code::NotFound.raw());
        }
        let value = match class {
            _ if self.whole => value.to_value(),
            TableClass::HostBacked => cut(&value),
            TableClass::InMemory if value.size() > IN_MEMORY_LIMIT => return Err(Code::NotEnoughMemory.raw()),
            TableClass::InMemory => value.to_value(),
        };
        match (value.represented(asked), class) {
            // One character may take several bytes of the code page.
            (Some(Value::String8(mut bytes)), TableClass::HostBacked) => {
                bytes.truncate(CELL_LIMIT as usize);
                Ok(Value::String8(bytes))
            }
            (Some(value), _) => Ok(value),
            (None, _) => Err(Code::NotFound.raw()),
        }
    }

    /// The cells of a column. A column that already has the form asked for is passed on.
    pub(super) fn column(self, column: Option<&Column>, rows: usize, class: TableClass) -> Column {
        if let Some(column) = column
            && self.passes(column, class)
        {
            return Column { tag: self.tag, ..column.clone() };
        }
        let mut present = vec![0_u8; rows.div_ceil(8)];
        let kind = self.tag.kind();
        let tag = self.tag.with_kind(if kind.is_instance() { kind.base() } else { kind });
        let cells = (0..rows)
            .map(|row| {
                let cell = self.cell(column.and_then(|column| column.value_ref(row)), class);
                if cell.value != Value::Error(Code::NotFound.raw()) {
                    present[row / 8] |= 1 << (row % 8);
                }
                cell.value
            })
            .collect();
        Column { tag, present, data: ColumnData::Mixed(cells) }
    }

    fn passes(self, column: &Column, class: TableClass) -> bool {
        if column.tag != self.tag {
            return false;
        }
        let bounded = |ends: &[u32], limit: u32| {
            let mut start = 0;
            ends.iter().all(|end| end.saturating_sub(std::mem::replace(&mut start, *end)) <= limit)
        };
        match (&column.data, class) {
            (ColumnData::Longs(_) | ColumnData::I64s(_), _) => true,
            (ColumnData::Text(_, ends), TableClass::HostBacked) => bounded(ends, CELL_LIMIT),
            (ColumnData::Bytes(_, ends), TableClass::HostBacked) => self.whole || bounded(ends, 2 * CELL_LIMIT),
            _ => false,
        }
    }
}

/// The first 255 UTF-16 units of text, 510 bytes of binary, of each element.
fn cut(value: &ValueRef<'_>) -> Value {
    let bytes = |bytes: &[u8]| bytes[..bytes.len().min(2 * CELL_LIMIT as usize)].to_vec();
    match value {
        ValueRef::Text(text) => Value::Unicode(cut_text(text).to_owned()),
        ValueRef::Bytes(value) => Value::Binary(bytes(value)),
        other => match other.plain() {
            Some(Value::MvUnicode(items)) => Value::MvUnicode(items.iter().map(|item| cut_text(item).to_owned()).collect()),
            Some(Value::MvBinary(items)) => Value::MvBinary(items.iter().map(|item| bytes(item)).collect()),
            _ => other.to_value(),
        },
    }
}

fn cut_text(text: &str) -> &str {
    if text.len() <= CELL_LIMIT as usize {
        return text;
    }
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > CELL_LIMIT as usize {
            return &text[..at];
        }
    }
    text
}

/// Whether the catalogue names the tag as a key or an identifier.
fn is_key(tag: PropTag) -> bool {
    if tag.kind().base() != PropType::BINARY {
        return false;
    }
    let Some(entry) = tags::CATALOGUE.iter().find(|entry| entry.tag.id() == tag.id()) else { return false };
    const ENDS: [&str; 7] = ["_ENTRYID", "_ENTRYIDS", "_SEARCH_KEY", "_RECORD_KEY", "_SOURCE_KEY", "_UID", "_UIDS"];
    const NAMES: [&str; 12] = [
        "ENTRYID",
        "RECORD_KEY",
        "SEARCH_KEY",
        "SOURCE_KEY",
        "INSTANCE_KEY",
        "CHANGE_KEY",
        "LONGTERM_ENTRYID_FROM_TABLE",
        "CONVERSATION_INDEX",
        "CONVERSATION_ID",
        "MAPPING_SIGNATURE",
        "PREDECESSOR_CHANGE_LIST",
        "REPLY_RECIPIENT_ENTRIES",
    ];
    NAMES.contains(&entry.name) || ENDS.iter().any(|end| entry.name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(tag: PropTag, value: &Value, class: TableClass) -> Property {
        CellRule::new(tag).cell(Some(ValueRef::from(value)), class)
    }

    const STRING8: PropTag = tags::SUBJECT.with_kind(PropType::STRING8);

    #[test]
    fn strings_come_in_the_width_asked_for_and_other_types_not_at_all() {
        let subject = Value::Unicode("é→".into());
        assert_eq!(cell(STRING8, &subject, TableClass::InMemory).value, Value::String8(b"\xe9?".to_vec()));
        let wrong = cell(tags::SUBJECT.with_kind(PropType::LONG), &subject, TableClass::InMemory);
        assert_eq!(wrong, Property::error(tags::SUBJECT, Code::NotFound));
        assert_eq!(CellRule::new(PropTag::NULL).cell(None, TableClass::InMemory).tag, PropTag::NULL);
    }

    #[test]
    fn host_backed_cells_are_cut_but_keys_are_not() {
        let smiley = Value::Unicode("😀".repeat(200));
        let Value::Unicode(text) = cell(tags::SUBJECT, &smiley, TableClass::HostBacked).value else { panic!("text") };
        assert_eq!(text.encode_utf16().count(), 254);
        let long = Value::Binary(vec![7; 600]);
        assert_eq!(cell(tags::ICON, &long, TableClass::HostBacked).value.size(), 510);
        assert_eq!(cell(tags::SENDER_ENTRYID, &long, TableClass::HostBacked).value.size(), 600);
    }

    #[test]
    fn cells_in_memory_are_whole_or_refused() {
        let refused = cell(tags::SUBJECT, &Value::Unicode("a".repeat(4097)), TableClass::InMemory);
        assert_eq!(refused, Property::error(tags::SUBJECT, Code::NotEnoughMemory));
        assert_eq!(cell(tags::SUBJECT, &Value::Unicode("a".repeat(4096)), TableClass::InMemory).value.size(), 8192);
    }
}
