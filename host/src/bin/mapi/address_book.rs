//! What people name in the address book: containers, entries, recipients.

use crate::target::entry_id;
use crate::terminal::harmless;
use anyhow::{anyhow, bail};
use mapi_session::error::Code;
use mapi_session::flags::{
    AddressBookOpenEntryFlags, GetContentsTableFlags, GetHierarchyTableFlags, GetSearchPathFlags, OpenAddressBookFlags,
    QueryRowsFlags, ResolveNameFlags, ResolveNamesFlags, RestrictFlags, SetColumnsFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::{AddressBook, AddressBookContainer, NamedRecipient, Object, Session, Verdict};

/// Entries shown when a name fits several.
const CANDIDATES: i32 = 20;

/// An entry a name may stand for.
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) entry_id: Vec<u8>,
}

/// The address book of the session. Providers that failed are said and cost no more than their entries.
pub(crate) async fn open(session: &Session) -> anyhow::Result<AddressBook> {
    let opened = session.open_address_book(OpenAddressBookFlags::AB_NO_DIALOG).await?;
    if opened.warning.is_some()
        && let Some(error) = session.get_last_error(Code::WErrorsReturned).await?
    {
        anstream::eprintln!("mapi: not every address book is available: {}", harmless(&error.error));
    }
    Ok(opened.value)
}

/// A container by name or entry identifier; without one the personal address book.
pub(crate) async fn container(book: &AddressBook, name: Option<&str>) -> anyhow::Result<AddressBookContainer> {
    let id = match name {
        None => book.get_pab().await?.ok_or_else(|| {
            anyhow!("this profile has no personal address book; `mapi profile create` makes one with the default services")
        })?,
        Some(name) => match entry_id(name) {
            Some(id) => id,
            None => named_container(book, name).await?,
        },
    };
    open_container(book, &id).await
}

async fn open_container(book: &AddressBook, id: &[u8]) -> anyhow::Result<AddressBookContainer> {
    match book.open_entry(Some(id), AddressBookOpenEntryFlags::empty(), None).await?.object {
        Object::Container(container) => Ok(container),
        _ => bail!("this is an entry of the address book, no container"),
    }
}

/// The containers of all address books: the given columns of each.
pub(crate) async fn containers(book: &AddressBook, columns: &[PropTag]) -> anyhow::Result<Vec<Vec<Property>>> {
    let Object::Container(root) = book.open_entry(None, AddressBookOpenEntryFlags::empty(), None).await?.object else {
        bail!("the root of the address book is no container");
    };
    let how = GetHierarchyTableFlags::CONVENIENT_DEPTH | GetHierarchyTableFlags::MAPI_UNICODE;
    let table = root.get_hierarchy_table(how).await?.value;
    table.set_columns(columns, SetColumnsFlags::empty()).await?;
    Ok(table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?)
}

async fn named_container(book: &AddressBook, name: &str) -> anyhow::Result<Vec<u8>> {
    let rows = containers(book, &[tags::DISPLAY_NAME, tags::ENTRYID]).await?;
    let fits = |row: &&Vec<Property>| text(row, tags::DISPLAY_NAME).to_lowercase() == name.to_lowercase();
    let mut fitting = rows.iter().filter(fits).map(|row| bytes(row, tags::ENTRYID));
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("several containers are named {name:?}; name one by its entry identifier"),
        _ => {
            let names: Vec<String> = rows.iter().map(|row| text(row, tags::DISPLAY_NAME)).collect();
            let there = if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
            bail!("there is no container {name:?}; {there}")
        }
    }
}

/// The entry identifier of what a person names: an identifier, or a name looked up in these containers.
pub(crate) async fn find(places: &[AddressBookContainer], name: &str) -> anyhow::Result<Vec<u8>> {
    if let Some(id) = entry_id(name) {
        return Ok(id);
    }
    for place in places {
        let asked = vec![NamedRecipient::named(name)];
        let answer = place.resolve_names(None, ResolveNamesFlags::MAPI_UNICODE, asked).await?;
        match answer.first().map(|found| (found.verdict, &found.properties)) {
            Some((Verdict::Resolved, properties)) => return Ok(bytes(properties, tags::ENTRYID)),
            Some((Verdict::Ambiguous, _)) => {
                let several: Vec<String> = candidates(place, name).await?.iter().map(Candidate::to_string).collect();
                bail!("{name:?} fits several entries: {}; write more of the name, or the address", several.join(", "));
            }
            _ => {}
        }
    }
    bail!("no entry fits {name:?}; `mapi ab list` shows what there is")
}

/// The entries of a container a name may stand for.
pub(crate) async fn candidates(place: &AddressBookContainer, name: &str) -> anyhow::Result<Vec<Candidate>> {
    const COLUMNS: [PropTag; 4] = [tags::DISPLAY_NAME, tags::ADDRTYPE, tags::EMAIL_ADDRESS, tags::ENTRYID];
    let table = place.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    table.restrict(Some(&by_name(name)), RestrictFlags::empty()).await?;
    let rows = table.query_rows(CANDIDATES, QueryRowsFlags::empty()).await?;
    Ok(rows
        .iter()
        .map(|row| Candidate { name: text(row, tags::DISPLAY_NAME), address: address(row), entry_id: bytes(row, tags::ENTRYID) })
        .collect())
}

/// The restriction that looks a name up (PR_ANR).
pub(crate) fn by_name(name: &str) -> Restriction {
    let value = Property::new(tags::ANR, Value::Unicode(name.to_owned()));
    Restriction::Property { relop: Relop::Eq, tag: tags::ANR, value }
}

/// The containers names are looked up in.
pub(crate) async fn search_path(book: &AddressBook) -> anyhow::Result<Vec<AddressBookContainer>> {
    let mut path = Vec::new();
    for row in book.get_search_path(GetSearchPathFlags::MAPI_UNICODE).await? {
        path.push(open_container(book, &bytes(&row, tags::ENTRYID)).await?);
    }
    Ok(path)
}

/// Entry identifiers of recipients: names looked up along the search path, addresses, or spelled out.
pub(crate) async fn recipients(book: &AddressBook, names: &[String]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(match entry_id(name) {
            Some(id) => id,
            None => {
                let list = vec![NamedRecipient::named(name).properties];
                let resolved = book.resolve_name(ResolveNameFlags::MAPI_UNICODE, list).await?;
                if let Some(failure) = resolved.unresolved {
                    return Err(failure.into());
                }
                resolved.recipients.first().map(|found| bytes(&found.properties, tags::ENTRYID)).unwrap_or_default()
            }
        });
    }
    Ok(ids)
}

impl core::fmt::Display for Candidate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} <{}>", self.name, self.address)
    }
}

/// `ann@example.org`, or `FAX:123` for other types; empty for a list without an address.
pub(crate) fn address(row: &[Property]) -> String {
    let (kind, address) = (text(row, tags::ADDRTYPE), text(row, tags::EMAIL_ADDRESS));
    if address.is_empty() || kind.eq_ignore_ascii_case("SMTP") { address } else { format!("{kind}:{address}") }
}

/// The text of a property, empty if there is none.
pub(crate) fn text(row: &[Property], tag: PropTag) -> String {
    match row.iter().find(|cell| cell.tag.id() == tag.id()).map(|cell| &cell.value) {
        Some(Value::Unicode(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The bytes of a property, empty if there is none.
pub(crate) fn bytes(row: &[Property], tag: PropTag) -> Vec<u8> {
    match row.iter().find(|cell| cell.tag.id() == tag.id()).map(|cell| &cell.value) {
        Some(Value::Binary(bytes)) => bytes.clone(),
        _ => Vec::new(),
    }
}
