//! The values of a change on their way into the file: large ones beside their object, folded texts into the
//! text index.

use crate::backends::sqlite::bag::{NewBody, NewEntry};
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::encoding::{Large, encode_value};
use crate::backends::sqlite::plan::SEARCHED;
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{StoredProperty, StoredValue};
use mapi_engine::properties::{PropTag, PropType};

/// The texts to be searched, folded.
type Folded = Vec<(PropTag, String)>;

impl Writer<'_> {
    /// Stores the values and splits off the folded texts.
    pub(super) fn take_in(&mut self, properties: Vec<StoredProperty>) -> Outcome<(Vec<NewEntry>, Folded)> {
        let mut entries = Vec::with_capacity(properties.len());
        let mut folded = Vec::new();
        for property in properties {
            let searched = SEARCHED.iter().any(|tag| tag.id() == property.tag.id());
            let (tag, body) = match property.value {
                StoredValue::Inline(value) => {
                    let bytes = encode_value(&value);
                    let tag = property.tag.with_kind(value.kind());
                    if bytes.len() > large::INLINE {
                        let number = self.next_value();
                        large::store(self.connection, number, &bytes)?;
                        (tag, NewBody::Large(Large { number, bytes: bytes.len() as u64, size: value.size() }))
                    } else {
                        (tag, NewBody::Inline(bytes))
                    }
                }
                StoredValue::Staged(staged) => {
                    let value = self.staging.find(staged.number)?;
                    let number = self.next_value();
                    let bytes = value.store(self.connection, number)?;
                    self.staged.push(staged.number);
                    (property.tag, NewBody::Large(Large { number, bytes, size: staged.size }))
                }
            };
            let unsearched = searched && property.folded.is_none() && tag.kind() == PropType::UNICODE;
            entries.push(NewEntry { tag, body, key: property.order_key, unsearched });
            if let Some(text) = property.folded.filter(|_| searched) {
                folded.push((tag, text));
            }
        }
        Ok((entries, folded))
    }

    pub(super) fn append_texts(&mut self, object: i64, folded: &[(u16, &[u8])]) -> Outcome<i64> {
        let serial = self.state.next_text;
        self.state.next_text += 1;
        texts::append(self.connection, serial, object, folded)?;
        Ok(serial)
    }

    /// Replaces the searched texts of an object.
    pub(super) fn retext(&mut self, id: i64, old: Option<i64>, now: &[(u16, &[u8])]) -> Outcome<Option<i64>> {
        let serial = if now.is_empty() { None } else { Some(self.append_texts(id, now)?) };
        if let Some(old) = old {
            texts::withdraw(self.connection, old, id, serial.unwrap_or(self.state.next_text))?;
        }
        Ok(serial)
    }

    pub(super) fn mark_unsearched(&self, row: &Row) -> Outcome<()> {
        for entry in row.bag.entries().filter(|entry| entry.unsearched) {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO unsearched(tag, object) VALUES (?1, ?2)")?
                .execute((entry.tag.id(), row.id))?;
        }
        Ok(())
    }
}
