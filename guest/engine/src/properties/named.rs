//! Named properties: the store's mapping of names to identifiers (`properties` 5).

use crate::backend::{NamedProperty, PropertyName, Store};
use crate::error::{Code, Failure, Result, Warned, check_flags};
use crate::properties::{Guid, PropTag, PropType};

/// `PS_MAPI`: the names of the identifiers below 0x8000.
pub const PS_MAPI: Guid = Guid::mapi(0x0002_0328);
/// `PS_PUBLIC_STRINGS`.
pub const PS_PUBLIC_STRINGS: Guid = Guid::mapi(0x0002_0329);
/// `PS_INTERNET_HEADERS`: names of header fields, lower case.
pub const PS_INTERNET_HEADERS: Guid = Guid::mapi(0x0002_0386);

/// `MAPI_CREATE`.
const MAPI_CREATE: u32 = 0x2;
/// `MAPI_NO_STRINGS`.
const MAPI_NO_STRINGS: u32 = 0x1;
/// `MAPI_NO_IDS`.
const MAPI_NO_IDS: u32 = 0x2;
/// Characters a name has at most.
const NAME_LIMIT: usize = 254;
/// First identifier of a name.
const FIRST_NAMED: u16 = 0x8000;

/// Tags and their names, in order.
pub type Names = Vec<(PropTag, Option<NamedProperty>)>;

/// The tag of a name that has no identifier: identifier 0, `PT_ERROR`.
const FAILED: PropTag = PropTag::new(0, PropType::ERROR);

/// What can be said of a name without the mapping.
enum Lookup {
    Known(u16),
    Failed,
    Mapped(NamedProperty),
}

fn lookup(name: &NamedProperty) -> Lookup {
    match (&name.name, name.set == PS_MAPI) {
        (PropertyName::Number(number), true) => match u16::try_from(*number) {
            Ok(id) if id < FIRST_NAMED => Lookup::Known(id),
            _ => Lookup::Failed,
        },
        (PropertyName::Text(_), true) => Lookup::Failed,
        (PropertyName::Text(text), false) if text.is_empty() || text.chars().count() > NAME_LIMIT => Lookup::Failed,
        (PropertyName::Text(text), false) if name.set == PS_INTERNET_HEADERS => {
            Lookup::Mapped(NamedProperty { set: name.set, name: PropertyName::Text(text.to_ascii_lowercase()) })
        }
        _ => Lookup::Mapped(name.clone()),
    }
}

/// `GetIDsFromNames` against a store; `writable`: whether new names may be added.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_TOO_BIG` when the mapping is full, the backend's own.
pub fn get_ids_from_names(
    store: &dyn Store,
    writable: bool,
    names: Option<&[NamedProperty]>,
    flags: u32,
) -> Result<Warned<Vec<PropTag>>> {
    check_flags(flags, MAPI_CREATE)?;
    let create = flags & MAPI_CREATE != 0;
    let Some(names) = names else {
        if create {
            return Err(Failure::invalid("names", "MAPI_CREATE needs the names to create."));
        }
        let all = store.all_names()?;
        return Ok(Warned::ok(all.into_iter().map(|(id, _)| PropTag::new(id, PropType::UNSPECIFIED)).collect()));
    };
    if names.is_empty() {
        return Err(Failure::invalid("names", "The list of names is empty; leave it out to get all of them."));
    }
    let lookups: Vec<Lookup> = names.iter().map(lookup).collect();
    let mapped: Vec<NamedProperty> =
        lookups.iter().filter_map(|l| if let Lookup::Mapped(name) = l { Some(name.clone()) } else { None }).collect();
    let mut answers = if mapped.is_empty() { Vec::new() } else { store.ids_of_names(&mapped, false)? }.into_iter();
    let mut ids: Vec<Option<u16>> = lookups
        .iter()
        .map(|l| match l {
            Lookup::Known(id) => Some(*id),
            Lookup::Failed => None,
            Lookup::Mapped(_) => answers.next().flatten(),
        })
        .collect();
    let unknown: Vec<usize> =
        (0..ids.len()).filter(|at| ids[*at].is_none() && matches!(lookups[*at], Lookup::Mapped(_))).collect();
    if create && writable && !unknown.is_empty() {
        let wanted: Vec<NamedProperty> = unknown
            .iter()
            .filter_map(|at| if let Lookup::Mapped(name) = &lookups[*at] { Some(name.clone()) } else { None })
            .collect();
        let created = store.ids_of_names(&wanted, true)?;
        if created.iter().all(Option::is_none) {
            return Err(Failure::new(Code::TooBig, "The store's mapping of named properties is full; no name could be added."));
        }
        for (at, id) in unknown.into_iter().zip(created) {
            ids[at] = id;
        }
    }
    let failed = ids.iter().any(Option::is_none);
    let tags = ids.into_iter().map(|id| id.map_or(FAILED, |id| PropTag::new(id, PropType::UNSPECIFIED))).collect();
    Ok(if failed { Warned::warn(tags, Code::WErrorsReturned) } else { Warned::ok(tags) })
}

/// `GetNamesFromIDs` against a store.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
pub fn get_names_from_ids(store: &dyn Store, tags: Option<&[PropTag]>, set: Option<Guid>, flags: u32) -> Result<Warned<Names>> {
    check_flags(flags, MAPI_NO_STRINGS | MAPI_NO_IDS)?;
    let hidden = |name: &NamedProperty| match name.name {
        PropertyName::Text(_) => flags & MAPI_NO_STRINGS != 0,
        PropertyName::Number(_) => flags & MAPI_NO_IDS != 0,
    };
    let Some(tags) = tags else {
        let all = store.all_names()?;
        let names = all
            .into_iter()
            .filter(|(_, name)| set.is_none_or(|set| set == name.set) && !hidden(name))
            .map(|(id, name)| (PropTag::new(id, PropType::UNSPECIFIED), Some(name)));
        return Ok(Warned::ok(names.collect()));
    };
    if tags.is_empty() {
        return Err(Failure::invalid("tags", "The list of properties is empty; leave it out to get all names."));
    }
    let ids: Vec<u16> = tags.iter().map(|tag| tag.id()).filter(|id| *id >= FIRST_NAMED).collect();
    let mut answers = if ids.is_empty() { Vec::new() } else { store.names_of_ids(&ids)? }.into_iter();
    let mut failed = false;
    let names = tags
        .iter()
        .map(|tag| {
            let name = if tag.id() < FIRST_NAMED {
                Some(NamedProperty { set: PS_MAPI, name: PropertyName::Number(u32::from(tag.id())) })
            } else {
                answers.next().flatten()
            };
            match name {
                None => {
                    failed = true;
                    (tag.with_kind(PropType::ERROR), None)
                }
                Some(name) if hidden(&name) => (*tag, None),
                name => (*tag, name),
            }
        })
        .collect();
    Ok(if failed { Warned::warn(names, Code::WErrorsReturned) } else { Warned::ok(names) })
}
