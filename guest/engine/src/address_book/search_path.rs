//! The containers names are looked up in (`address-book` 3.13).

use super::container_flags::AB_MODIFIABLE;
use super::display_type::DT_GLOBAL;
use super::hierarchy::Listed;
use super::reference::{BookReference, Named};
use super::{bytes_of, computed};
use crate::backend::{ObjectKind, Want};
use crate::entry_id::{EntryId, ProviderEntryId};
use crate::error::{Code, Failure, Result, check_flags, check_reserved};
use crate::properties::{Property, Value, tags};
use crate::tables::{MAPI_UNICODE, Row};
use std::rc::Rc;

impl BookReference {
    /// The containers names are looked up in, in order.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn search_path(&self) -> Result<Vec<Listed>> {
        let stored = self.options()?.into_iter().find(|option| option.tag == tags::AB_SEARCH_PATH);
        match stored.map(|option| option.value) {
            Some(Value::MvBinary(path)) => Ok(path.iter().filter_map(|entry_id| self.listed(entry_id)).collect()),
            _ => self.default_search_path(),
        }
    }

    /// A container by its identifier, `None` if it cannot be opened now.
    fn listed(&self, entry_id: &[u8]) -> Option<Listed> {
        let Ok(Named::Object(book, object)) = self.resolve(entry_id) else { return None };
        let wanted = [tags::DISPLAY_NAME, tags::CONTAINER_FLAGS, tags::DISPLAY_TYPE];
        let read = book.read(&object, Want::Tags(&wanted));
        let (head, values) =
            read.inspect_err(|failure| book.note("a container of the search path cannot be read", failure)).ok()?;
        if head.kind != ObjectKind::Folder {
            return None;
        }
        let long = |tag| match super::value_of(&values, tag) {
            Some(Value::Long(number)) => Some(*number),
            _ => None,
        };
        Some(Listed {
            flags: computed::flags_of(&book, long(tags::CONTAINER_FLAGS)),
            display_type: long(tags::DISPLAY_TYPE).unwrap_or(super::display_type::DT_LOCAL),
            name: super::text_of(&values, tags::DISPLAY_NAME).unwrap_or_default(),
            book: Rc::clone(&book),
            object,
            depth: 0,
        })
    }

    /// The path of a profile that never had one set: the first container that can be changed, every global
    /// one, and without those the default directory.
    fn default_search_path(&self) -> Result<Vec<Listed>> {
        let containers = self.hierarchy(true);
        let mut path: Vec<Listed> = Vec::new();
        let mut add = |container: &Listed| {
            if !path.iter().any(|have| have.is_same(container)) {
                path.push(container.clone());
            }
        };
        let top = |container: &&Listed| container.depth == 0 && container.has(AB_MODIFIABLE);
        let first = containers.iter().find(top).or_else(|| containers.iter().find(|container| container.has(AB_MODIFIABLE)));
        first.into_iter().for_each(&mut add);
        let global: Vec<&Listed> = containers.iter().filter(|container| container.display_type == DT_GLOBAL).collect();
        if global.is_empty() {
            let default = self.default_dir()?;
            containers.iter().filter(|container| container.entry_id() == default).for_each(&mut add);
        }
        global.into_iter().for_each(add);
        Ok(path)
    }

    /// `GetSearchPath`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the profile storage's own.
    pub(super) fn get_search_path(&self, flags: u32) -> Result<Vec<Row>> {
        check_flags(flags, MAPI_UNICODE)?;
        let name = tags::DISPLAY_NAME.kind().with_width(flags & MAPI_UNICODE != 0);
        let row = |container: &Listed| {
            let shown = Value::Unicode(container.name.clone()).represented(name).unwrap_or(Value::Null);
            vec![
                Property::new(tags::ENTRYID, Value::Binary(container.entry_id())),
                Property::new(tags::DISPLAY_NAME, shown),
                Property::new(tags::DISPLAY_TYPE, Value::Long(container.display_type)),
                Property::new(tags::CONTAINER_FLAGS, Value::Long(container.flags)),
                Property::new(tags::OBJECT_TYPE, Value::Long(4)),
            ]
        };
        Ok(self.search_path()?.iter().map(row).collect())
    }

    /// `SetSearchPath`.
    ///
    /// # Errors
    /// As [`super::AddrBook::set_search_path`].
    pub(super) fn set_search_path(&self, flags: u32, rows: &[Row]) -> Result<()> {
        check_reserved(flags)?;
        let mut path = Vec::with_capacity(rows.len());
        for row in rows {
            let first = row.first().filter(|property| property.tag.id() == tags::ENTRYID.id());
            let Some(entry_id) = first.and_then(|first| bytes_of(std::slice::from_ref(first), tags::ENTRYID)) else {
                let text = "The first property of each row of a search path must be PR_ENTRYID.";
                return Err(Failure::new(Code::MissingRequiredColumn, text).with_argument("rows"));
            };
            // Of a provider, active or not; long-term.
            let EntryId::Provider(id) = EntryId::parse(entry_id)? else {
                let text = "A search path is made of address book containers.";
                return Err(Failure::invalid("rows", text));
            };
            path.push(ProviderEntryId::of_object(id.uid, &id.object()?).to_bytes());
        }
        self.set_option(tags::AB_SEARCH_PATH, Some(&Value::MvBinary(path)))
    }
}
