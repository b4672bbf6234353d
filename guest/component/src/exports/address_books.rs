//! `address-books`, and the address book objects of `objects`.

use crate::exports::Component;
use crate::exports::properties::{along, exported as exported_properties};
use crate::exports::tables::{exported as exported_table, row};
use crate::types::{Bits, properties, scode, tags, wire_properties};
use crate::world::exports::mapi::session::address_books as export;
use crate::world::exports::mapi::session::objects;
use crate::world::exports::mapi::session::tables::{Row, Table};
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::address_book::{AbContainer, AddrBook, AdrList, DistList, MailUser, OpenedAbEntry, Verdict};
use mapi_engine::error::Result as EngineResult;

impl export::Guest for Component {
    type AddressBook = ExportedAddressBook;
}

/// The address book.
pub(crate) struct ExportedAddressBook(AddrBook);

/// A container.
pub(crate) struct ExportedContainer(AbContainer);

/// A messaging user.
pub(crate) struct ExportedMailUser(MailUser);

/// A distribution list.
pub(crate) struct ExportedDistList(DistList);

/// The address book for the world.
pub(crate) fn exported(book: AddrBook) -> export::AddressBook {
    export::AddressBook::new(ExportedAddressBook(book))
}

/// A container for the world.
pub(crate) fn exported_container(container: AbContainer) -> objects::Container {
    objects::Container::new(ExportedContainer(container))
}

/// A messaging user for the world.
pub(crate) fn exported_mail_user(user: MailUser) -> objects::MailUser {
    objects::MailUser::new(ExportedMailUser(user))
}

/// A distribution list for the world.
pub(crate) fn exported_dist_list(list: DistList) -> objects::DistList {
    objects::DistList::new(ExportedDistList(list))
}

fn object(entry: OpenedAbEntry) -> objects::Object {
    match entry {
        OpenedAbEntry::Container(container) => objects::Object::Container(exported_container(container)),
        OpenedAbEntry::MailUser(user) => objects::Object::MailUser(exported_mail_user(user)),
        OpenedAbEntry::DistList(list) => objects::Object::DistList(exported_dist_list(list)),
    }
}

fn opened(entry: OpenedAbEntry, wanted: Option<Vec<u32>>) -> Result<objects::OpenedObject, wire::Failure> {
    let values = along(wanted, || entry.properties())?;
    Ok(objects::OpenedObject { object: object(entry), values })
}

/// A recipient list of the world.
fn recipients(list: Vec<Vec<wire::Property>>) -> EngineResult<AdrList> {
    list.into_iter().map(properties).collect()
}

fn named(list: AdrList, verdicts: Vec<Verdict>) -> Result<Vec<objects::NamedRecipient>, wire::Failure> {
    list.into_iter()
        .zip(verdicts)
        .map(|(entry, verdict)| {
            let verdict = match verdict {
                Verdict::Unresolved => objects::NameVerdict::Unresolved,
                Verdict::Ambiguous => objects::NameVerdict::Ambiguous,
                Verdict::Resolved => objects::NameVerdict::Resolved,
            };
            Ok(objects::NamedRecipient { properties: wire_properties(entry)?, verdict })
        })
        .collect()
}

/// Resolves the names of a list of the world by the given call.
fn resolve(
    list: Vec<objects::NamedRecipient>,
    call: impl FnOnce(&mut AdrList, &mut [Verdict]) -> EngineResult<()>,
) -> Result<Vec<objects::NamedRecipient>, wire::Failure> {
    let verdict = |recipient: &objects::NamedRecipient| match recipient.verdict {
        objects::NameVerdict::Unresolved => Verdict::Unresolved,
        objects::NameVerdict::Ambiguous => Verdict::Ambiguous,
        objects::NameVerdict::Resolved => Verdict::Resolved,
    };
    let mut verdicts: Vec<Verdict> = list.iter().map(verdict).collect();
    let mut list = recipients(list.into_iter().map(|recipient| recipient.properties).collect())?;
    call(&mut list, &mut verdicts)?;
    named(list, verdicts)
}

impl export::GuestAddressBook for ExportedAddressBook {
    fn properties(&self) -> objects::Properties {
        exported_properties(self.0.properties())
    }

    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn open_entry(
        &self,
        entry_id: Option<Vec<u8>>,
        how: flags::AddressBookOpenEntryFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<objects::OpenedObject, wire::Failure> {
        opened(self.0.open_entry(entry_id.as_deref(), None, how.raw())?, wanted)
    }

    fn compare_entry_ids(&self, first: Vec<u8>, second: Vec<u8>) -> Result<bool, wire::Failure> {
        Ok(self.0.compare_entry_ids(&first, &second, 0)?)
    }

    fn create_one_off(
        &self,
        name: Option<String>,
        address_type: String,
        address: String,
        how: flags::CreateOneOffFlags,
    ) -> Result<Vec<u8>, wire::Failure> {
        Ok(self.0.create_one_off(name.as_deref(), &address_type, &address, how.raw())?)
    }

    fn resolve_name(
        &self,
        ui: u64,
        how: flags::ResolveNameFlags,
        list: Vec<Vec<wire::Property>>,
    ) -> Result<export::ResolvedNames, wire::Failure> {
        let resolved = self.0.resolve_name(ui, how.raw(), recipients(list)?)?;
        let recipients = named(resolved.list, resolved.verdicts)?;
        Ok(export::ResolvedNames { recipients, unresolved: resolved.failure.map(Into::into) })
    }

    fn get_pab(&self) -> Result<Option<Vec<u8>>, wire::Failure> {
        Ok(Some(self.0.get_pab()?).filter(|id| !id.is_empty()))
    }

    fn set_pab(&self, entry_id: Vec<u8>) -> Result<(), wire::Failure> {
        Ok(self.0.set_pab(&entry_id)?)
    }

    fn get_default_dir(&self) -> Result<Option<Vec<u8>>, wire::Failure> {
        Ok(Some(self.0.get_default_dir()?).filter(|id| !id.is_empty()))
    }

    fn set_default_dir(&self, entry_id: Option<Vec<u8>>) -> Result<(), wire::Failure> {
        Ok(self.0.set_default_dir(entry_id.as_deref())?)
    }

    fn get_search_path(&self, how: flags::GetSearchPathFlags) -> Result<Vec<Row>, wire::Failure> {
        self.0.get_search_path(how.raw())?.into_iter().map(row).collect()
    }

    fn set_search_path(&self, rows: Vec<Row>) -> Result<(), wire::Failure> {
        let rows = rows.into_iter().map(|row| properties(row.cells)).collect::<EngineResult<Vec<_>>>()?;
        Ok(self.0.set_search_path(0, &rows)?)
    }

    fn prepare_recips(
        &self,
        how: flags::PrepareRecipsFlags,
        wanted: Option<Vec<u32>>,
        list: Vec<Vec<wire::Property>>,
    ) -> Result<Vec<Vec<wire::Property>>, wire::Failure> {
        let mut list = recipients(list)?;
        self.0.prepare_recips(how.raw(), wanted.map(tags).as_deref(), &mut list)?;
        list.into_iter().map(|entry| Ok(wire_properties(entry)?)).collect()
    }
}

/// Defines what containers and lists, which are containers too, have in common.
macro_rules! container_methods {
    () => {
        fn properties(&self) -> objects::Properties {
            exported_properties(self.0.properties())
        }

        fn get_contents_table(&self, how: flags::GetContentsTableFlags) -> Result<Table, wire::Failure> {
            Ok(exported_table(self.0.get_contents_table(how.raw())?))
        }

        fn open_entry(
            &self,
            entry_id: Option<Vec<u8>>,
            how: flags::AddressBookOpenEntryFlags,
            wanted: Option<Vec<u32>>,
        ) -> Result<objects::OpenedObject, wire::Failure> {
            opened(self.0.open_entry(entry_id.as_deref(), None, how.raw())?, wanted)
        }

        fn create_entry(
            &self,
            template: Option<Vec<u8>>,
            how: flags::CreateEntryFlags,
        ) -> Result<objects::Object, wire::Failure> {
            Ok(object(self.0.create_entry(template.as_deref(), how.raw())?))
        }

        fn copy_entries(
            &self,
            entries: Vec<Vec<u8>>,
            how: flags::CopyEntriesFlags,
        ) -> Result<Option<wire::Scode>, wire::Failure> {
            Ok(scode(self.0.copy_entries(&entries, how.raw())?.warning))
        }

        fn delete_entries(&self, entries: Vec<Vec<u8>>) -> Result<Option<wire::Scode>, wire::Failure> {
            Ok(scode(self.0.delete_entries(&entries, 0)?.warning))
        }

        fn resolve_names(
            &self,
            wanted: Option<Vec<u32>>,
            how: flags::ResolveNamesFlags,
            list: Vec<objects::NamedRecipient>,
        ) -> Result<Vec<objects::NamedRecipient>, wire::Failure> {
            let wanted = wanted.map(tags);
            resolve(list, |list, verdicts| self.0.resolve_names(wanted.as_deref(), how.raw(), list, verdicts))
        }
    };
}

impl objects::GuestContainer for ExportedContainer {
    container_methods!();

    fn get_hierarchy_table(&self, how: flags::GetHierarchyTableFlags) -> Result<objects::OpenedTable, wire::Failure> {
        let opened = self.0.get_hierarchy_table(how.raw())?;
        Ok(objects::OpenedTable { table: exported_table(opened.value), warning: scode(opened.warning) })
    }
}

impl objects::GuestMailUser for ExportedMailUser {
    fn properties(&self) -> objects::Properties {
        exported_properties(self.0.properties())
    }
}

impl objects::GuestDistList for ExportedDistList {
    container_methods!();
}
