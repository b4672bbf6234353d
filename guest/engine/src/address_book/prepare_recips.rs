//! PrepareRecips: the properties a message needs of its recipients, from their address books
//! (`address-book` 3.5).

use super::connection::BookConnection;
use super::mail_user::one_off_properties;
use super::reference::{BookReference, Named};
use super::resolve_names::MAPI_CACHE_ONLY;
use super::{AdrList, bytes_of};
use crate::backend::ObjectId;
use crate::error::{Code, Failure, Result, check_flags};
use crate::properties::{PropTag, PropType, Property, Value, tags};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Values of a provider's entries, in the order of the tags; a provider that failed has its code instead.
type Columns = Result<BTreeMap<ObjectId, Vec<Option<Value>>>, Code>;

impl BookReference {
    /// Completes the entries of a list.
    ///
    /// # Errors
    /// As [`super::AddrBook::prepare_recips`].
    pub(crate) fn prepare_recips(&self, flags: u32, wanted: Option<&[PropTag]>, list: &mut AdrList) -> Result<()> {
        self.alive.check()?;
        check_flags(flags, MAPI_CACHE_ONLY)?;
        let wanted = wanted.unwrap_or_default();
        if let Some(tag) = wanted.iter().find(|tag| tag.kind() == PropType::UNSPECIFIED) {
            return Err(Failure::invalid("tags", "PrepareRecips needs the type of each property.").with_tag(*tag));
        }
        let named: Vec<Option<Named>> =
            list.iter().map(|entry| bytes_of(entry, tags::ENTRYID).and_then(|entry_id| self.resolve(entry_id).ok())).collect();
        let columns = self.read_all(&named, wanted);
        for (entry, named) in list.iter_mut().zip(&named) {
            match named {
                Some(Named::Object(book, object)) => {
                    let id = Property::new(tags::ENTRYID, Value::Binary(book.entry_id(object)));
                    if let Some(own) = entry.iter_mut().find(|property| property.tag.id() == tags::ENTRYID.id()) {
                        *own = id;
                    }
                    let row = columns.get(&book.uid()).map(|columns| match columns {
                        Ok(rows) => rows.get(object).ok_or(Code::NotFound),
                        Err(code) => Err(*code),
                    });
                    let find = |at: usize, _: PropTag| match row {
                        Some(Ok(row)) => row.get(at).cloned().flatten().ok_or(Code::NotFound),
                        Some(Err(code)) => Err(code),
                        None => Err(Code::NotFound),
                    };
                    complete(entry, wanted, find);
                }
                Some(Named::OneOff(one_off)) => {
                    let have = one_off_properties(one_off);
                    let find = |_: usize, tag: PropTag| {
                        let found = have.iter().find(|property| property.tag.id() == tag.id());
                        found.map(|property| property.value.clone()).ok_or(Code::NotFound)
                    };
                    complete(entry, wanted, find);
                }
                // The root is no recipient, and what nobody owns is left alone.
                Some(Named::Root) | None => {}
            }
        }
        Ok(())
    }

    /// The wanted properties of all entries, one call for each provider.
    fn read_all(&self, named: &[Option<Named>], wanted: &[PropTag]) -> BTreeMap<crate::properties::Guid, Columns> {
        let mut columns = BTreeMap::new();
        if wanted.is_empty() {
            return columns;
        }
        let mut asked: Vec<(Rc<BookConnection>, Vec<ObjectId>)> = Vec::new();
        for named in named.iter().flatten() {
            let Named::Object(book, object) = named else { continue };
            match asked.iter_mut().find(|(have, _)| have.uid() == book.uid()) {
                Some((_, objects)) => objects.push(object.clone()),
                None => asked.push((Rc::clone(book), vec![object.clone()])),
            }
        }
        for (book, mut objects) in asked {
            objects.sort();
            objects.dedup();
            let row = |batch: &crate::backend::Batch, row: usize| {
                (0..wanted.len()).map(|at| batch.columns.get(at).and_then(|column| column.value(row))).collect()
            };
            let read = book.read_columns(&objects, wanted).map_err(|failure| {
                // The list has room for the code alone.
                book.note("recipients cannot be completed", &failure);
                failure.code()
            });
            let read = read.map(|batch| batch.ids.iter().enumerate().map(|(at, id)| (id.clone(), row(&batch, at))).collect());
            columns.insert(book.uid(), read);
        }
        columns
    }
}

/// The wanted properties first, in their order, then what the entry had besides. A value it had wins.
fn complete(entry: &mut Vec<Property>, wanted: &[PropTag], find: impl Fn(usize, PropTag) -> Result<Value, Code>) {
    let mut first: Vec<Property> = Vec::with_capacity(wanted.len() + entry.len());
    for (at, tag) in wanted.iter().enumerate() {
        if first.iter().any(|have| have.tag.id() == tag.id()) {
            continue;
        }
        let own = entry.iter().find(|have| have.tag.id() == tag.id() && !matches!(have.value, Value::Error(_)));
        let value = match own {
            Some(own) => Ok(own.value.clone()),
            None => find(at, *tag),
        };
        first.push(match value {
            Ok(Value::Error(code)) => Property::error(*tag, Code::from_raw(code)),
            Ok(value) => match value.represented(tag.kind()) {
                Some(value) => Property::new(*tag, value),
                None => Property::error(*tag, Code::NotFound),
            },
            Err(code) => Property::error(*tag, code),
        });
    }
    let kept: Vec<Property> = entry.drain(..).filter(|have| !first.iter().any(|tag| tag.tag.id() == have.tag.id())).collect();
    first.extend(kept);
    *entry = first;
}
