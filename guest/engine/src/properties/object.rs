//! IMAPIProp: the rules every object with properties obeys (`properties` 4).

use crate::backend::{NamedProperty, Want};
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags};
use crate::properties::tags::{self, Settable};
use crate::properties::{
    Guid, KeepOpen, Numbered, OpenRequest, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, SaveMode, Value,
    named,
};
use crate::tables::MAPI_UNICODE;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Values above this many bytes are read as a stream (`properties` 4.2).
pub const INLINE_LIMIT: u32 = 8192;
/// One value through `SetProps` holds at most this many bytes (`properties` 3).
pub const SET_LIMIT: u64 = 64 << 20;
/// A multi-value holds at most this many elements (`properties` 3).
pub const ELEMENT_LIMIT: usize = 65_535;

/// `MAPI_MODIFY`.
pub const MAPI_MODIFY: u32 = 0x1;
/// `MAPI_CREATE`.
pub const MAPI_CREATE: u32 = 0x2;
/// `MAPI_DEFERRED_ERRORS`.
pub const MAPI_DEFERRED_ERRORS: u32 = 0x8;
/// `MAPI_BEST_ACCESS`.
pub const MAPI_BEST_ACCESS: u32 = 0x10;
/// `KEEP_OPEN_READONLY`.
pub const KEEP_OPEN_READONLY: u32 = 0x1;
/// `KEEP_OPEN_READWRITE`.
pub const KEEP_OPEN_READWRITE: u32 = 0x2;
/// `FORCE_SAVE`.
pub const FORCE_SAVE: u32 = 0x4;

const SAVE_FLAGS: u32 = KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | MAPI_DEFERRED_ERRORS | 0x80 | 0x1000;

/// Properties with these identifiers are returned only when asked for by tag (`properties` 1.1).
const SECURE: std::ops::RangeInclusive<u16> = 0x67F0..=0x67FF;

/// A handle onto an object's properties. Handles onto one object share its access and its unsaved changes.
#[derive(Clone)]
pub struct PropertyObject {
    pub(super) holder: Rc<dyn PropertyHolder>,
    pub(super) last_error: Rc<LastError>,
}

impl PropertyObject {
    /// A handle onto that object; `last_error` is shared with the object's other methods.
    #[must_use]
    pub fn new(holder: Rc<dyn PropertyHolder>, last_error: Rc<LastError>) -> Self {
        Self { holder, last_error }
    }

    /// `GetLastError` (`errors` 3).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.holder.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `SaveChanges` (`properties` 4.10).
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_OBJECT_CHANGED`, `MAPI_E_OBJECT_DELETED`,
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_PARAMETER`, the backend's own.
    pub fn save_changes(&self, flags: u32) -> Result<()> {
        self.last_error.keep(self.save_inner(flags))
    }

    fn save_inner(&self, flags: u32) -> Result<()> {
        self.holder.check()?;
        check_flags(flags, SAVE_FLAGS)?;
        let keep = match (flags & KEEP_OPEN_READONLY != 0, flags & KEEP_OPEN_READWRITE != 0) {
            (true, true) => {
                return Err(Failure::invalid("flags", "KEEP_OPEN_READONLY and KEEP_OPEN_READWRITE exclude each other."));
            }
            (true, false) => KeepOpen::ReadOnly,
            (false, true) => KeepOpen::ReadWrite,
            (false, false) => KeepOpen::No,
        };
        if !self.holder.is_transacted() {
            return Ok(());
        }
        self.check_writable()?;
        self.holder.save(SaveMode { keep, force: flags & FORCE_SAVE != 0 })
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        if self.holder.is_writable() {
            return Ok(());
        }
        Err(Failure::new(Code::NoAccess, "The object was opened read-only; open it with MAPI_MODIFY to change it."))
    }

    /// `GetProps` (`properties` 4.2): the properties asked for, or all of them. Values that cannot be
    /// delivered are `PT_ERROR` in place, with `MAPI_W_ERRORS_RETURNED`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty list, `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_props(&self, tags: Option<&[PropTag]>, flags: u32) -> Result<Warned<Vec<Property>>> {
        self.last_error.keep(self.get_inner(tags, flags))
    }

    fn get_inner(&self, tags: Option<&[PropTag]>, flags: u32) -> Result<Warned<Vec<Property>>> {
        self.holder.check()?;
        if tags.is_some_and(<[PropTag]>::is_empty) {
            return Err(Failure::invalid("tags", "The list of properties is empty; leave it out to get all of them."));
        }
        check_flags(flags, MAPI_UNICODE)?;
        let unicode = flags & MAPI_UNICODE != 0;
        let values = match tags {
            None => self.all(unicode)?,
            Some(tags) => self.chosen(tags, unicode)?,
        };
        let failed = values.iter().any(|property| matches!(property.value, Value::Error(_)));
        Ok(if failed { Warned::warn(values, Code::WErrorsReturned) } else { Warned::ok(values) })
    }

    fn all(&self, unicode: bool) -> Result<Vec<Property>> {
        let mut stored = self.holder.read(Want::All, INLINE_LIMIT)?;
        self.fetch_identifiers(&mut stored)?;
        stored.retain(|property| property.value != Value::Object && !SECURE.contains(&property.tag.id()));
        stored.sort_by_key(|property| property.tag.id());
        Ok(stored.into_iter().map(|property| deliver(property.tag.with_kind(PropType::UNSPECIFIED), property, unicode)).collect())
    }

    fn chosen(&self, tags: &[PropTag], unicode: bool) -> Result<Vec<Property>> {
        let wanted: Vec<PropTag> = tags
            .iter()
            .copied()
            .filter(|tag| tag.kind() != PropType::NULL)
            .map(|tag| (tag.id(), tag))
            .collect::<BTreeMap<_, _>>()
            .into_values()
            .collect();
        let mut stored = if wanted.is_empty() { Vec::new() } else { self.holder.read(Want::Tags(&wanted), INLINE_LIMIT)? };
        self.fetch_identifiers(&mut stored)?;
        let stored: BTreeMap<u16, Property> = stored.into_iter().map(|property| (property.tag.id(), property)).collect();
        Ok(tags
            .iter()
            .map(|tag| match stored.get(&tag.id()) {
                _ if tag.kind() == PropType::NULL => Property { tag: *tag, value: Value::Null },
                _ if tag.kind().0 & PropType::MV_INSTANCE != 0 => Property::error(*tag, Code::InvalidType),
                Some(property) => deliver(*tag, property.clone(), unicode),
                None => Property::error(*tag, Code::NotFound),
            })
            .collect())
    }

    /// Entry identifiers and keys are never refused for their size.
    fn fetch_identifiers(&self, values: &mut [Property]) -> Result<()> {
        let refused: Vec<PropTag> = values
            .iter()
            .filter(|property| property.value == Value::Error(Code::NotEnoughMemory.raw()) && tags::is_identifier(property.tag))
            .map(|property| property.tag)
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        for full in self.holder.read(Want::Tags(&refused), u32::MAX)? {
            if let Some(slot) = values.iter_mut().find(|property| property.tag.id() == full.tag.id()) {
                *slot = full;
            }
        }
        Ok(())
    }

    /// `GetPropList` (`properties` 4.3): all tags, ascending.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_prop_list(&self, flags: u32) -> Result<Vec<PropTag>> {
        self.last_error.keep(self.list_inner(flags))
    }

    fn list_inner(&self, flags: u32) -> Result<Vec<PropTag>> {
        self.holder.check()?;
        check_flags(flags, MAPI_UNICODE)?;
        let unicode = flags & MAPI_UNICODE != 0;
        let tags: BTreeMap<u16, PropTag> = self
            .holder
            .list()?
            .into_iter()
            .filter(|tag| !SECURE.contains(&tag.id()))
            .map(|tag| (tag.id(), tag.with_kind(tag.kind().with_width(unicode))))
            .collect();
        Ok(tags.into_values().collect())
    }

    /// `SetProps` (`properties` 4.4). Properties that could not be set are in the list of problems; the
    /// others are set.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NO_ACCESS` on a read-only handle, the backend's own; nothing is
    /// set then.
    pub fn set_props(&self, values: Vec<Property>) -> Result<Vec<Problem>> {
        self.last_error.keep(self.set_inner(values))
    }

    fn set_inner(&self, values: Vec<Property>) -> Result<Vec<Problem>> {
        self.holder.check()?;
        if values.is_empty() {
            return Err(Failure::invalid("values", "There is no value to set."));
        }
        if let Some(bad) =
            values.iter().find(|p| p.tag.kind() == PropType::OBJECT || p.value == Value::Object || p.value.is_empty_multi())
        {
            return Err(Failure::invalid(
                "values",
                format!("{} cannot be set: objects are opened with OpenProperty, and a multi-value needs an element.", bad.tag),
            )
            .with_tag(bad.tag));
        }
        self.check_writable()?;
        self.holder.check_values(&values)?;
        let unknown = self.unknown_names(values.iter().map(|property| property.tag.id()))?;
        let mut problems = Vec::new();
        let mut set: BTreeMap<u16, Numbered<Property>> = BTreeMap::new();
        for (index, property) in values.into_iter().enumerate() {
            let tag = property.tag;
            let kind = tag.kind();
            if matches!(kind, PropType::NULL | PropType::ERROR) || matches!(property.value, Value::Null | Value::Error(_)) {
                continue;
            }
            let numbered = Numbered { index: u32::try_from(index).unwrap_or(u32::MAX), tag, item: () };
            match self.refusal(tag, &property.value, &unknown) {
                Some(code) => problems.push(numbered.problem(code)),
                None => {
                    let value = trimmed(property.value.into_unicode());
                    let item = Property { tag: tag.with_kind(value.kind()), value };
                    set.insert(tag.id(), Numbered { index: numbered.index, tag, item });
                }
            }
        }
        if !set.is_empty() {
            problems.extend(self.holder.change(set.into_values().collect(), Vec::new())?);
        }
        problems.sort_by_key(|problem| problem.index);
        Ok(problems)
    }

    /// Why one value cannot be set, by the rules common to all objects.
    fn refusal(&self, tag: PropTag, value: &Value, unknown: &BTreeSet<u16>) -> Option<Code> {
        if matches!(tag.id(), 0 | 0xFFFF) {
            return Some(Code::UnexpectedId);
        }
        if !tag.kind().is_storable() || value.kind() != tag.kind() {
            return Some(Code::InvalidType);
        }
        match self.holder.settable(tag) {
            Settable::Computed => return Some(Code::Computed),
            Settable::UntilSaved if self.holder.is_saved() => return Some(Code::Computed),
            _ => {}
        }
        if unknown.contains(&tag.id()) {
            return Some(Code::UnexpectedId);
        }
        if tag.id() < 0x6000 {
            let mut standard = tags::CATALOGUE.iter().filter(|entry| entry.tag.id() == tag.id()).peekable();
            if standard.peek().is_some() && !standard.any(|entry| entry.tag.kind().same_family(tag.kind())) {
                return Some(Code::UnexpectedType);
            }
        }
        if value.elements() > ELEMENT_LIMIT {
            return Some(Code::TooBig);
        }
        (value.size() > SET_LIMIT).then_some(Code::NotEnoughMemory)
    }

    /// The identifiers above 0x7FFF that were never given to a name.
    fn unknown_names(&self, ids: impl Iterator<Item = u16>) -> Result<BTreeSet<u16>> {
        let ids: Vec<u16> = ids.filter(|id| (0x8000..0xFFFF).contains(id)).collect::<BTreeSet<_>>().into_iter().collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let Some((store, _)) = self.holder.names() else { return Ok(ids.into_iter().collect()) };
        let names = store.names_of_ids(&ids)?;
        Ok(ids.iter().enumerate().filter(|(at, _)| !matches!(names.get(*at), Some(Some(_)))).map(|(_, id)| *id).collect())
    }

    /// `DeleteProps` (`properties` 4.5).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty list, `MAPI_E_NO_ACCESS` on a read-only handle, the backend's own.
    pub fn delete_props(&self, tags: &[PropTag]) -> Result<Vec<Problem>> {
        self.last_error.keep(self.delete_inner(tags))
    }

    fn delete_inner(&self, tags: &[PropTag]) -> Result<Vec<Problem>> {
        self.holder.check()?;
        if tags.is_empty() {
            return Err(Failure::invalid("tags", "The list of properties is empty."));
        }
        self.check_writable()?;
        let mut problems = Vec::new();
        let mut delete: BTreeMap<u16, Numbered<()>> = BTreeMap::new();
        for (index, tag) in tags.iter().enumerate() {
            let numbered = Numbered { index: u32::try_from(index).unwrap_or(u32::MAX), tag: *tag, item: () };
            let emptied = [tags::MESSAGE_RECIPIENTS, tags::MESSAGE_ATTACHMENTS].iter().any(|object| object.id() == tag.id());
            match self.holder.settable(*tag) {
                Settable::Computed if !emptied => problems.push(numbered.problem(Code::Computed)),
                Settable::UntilSaved if self.holder.is_saved() => problems.push(numbered.problem(Code::Computed)),
                _ => {
                    delete.insert(tag.id(), numbered);
                }
            }
        }
        if !delete.is_empty() {
            problems.extend(self.holder.change(Vec::new(), delete.into_values().collect())?);
        }
        problems.sort_by_key(|problem| problem.index);
        Ok(problems)
    }

    /// `OpenProperty` (`properties` 4.6).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`,
    /// `MAPI_E_NO_SUPPORT`, the backend's own.
    pub fn open_property(&self, tag: PropTag, interface: Option<Guid>, options: u32, flags: u32) -> Result<OpenedProperty> {
        self.last_error.keep(self.open_inner(tag, interface, options, flags))
    }

    fn open_inner(&self, tag: PropTag, interface: Option<Guid>, options: u32, flags: u32) -> Result<OpenedProperty> {
        self.holder.check()?;
        let Some(interface) = interface else {
            return Err(Failure::invalid("interface", "OpenProperty needs the interface to open the property with."));
        };
        if tag.kind() == PropType::UNSPECIFIED {
            return Err(Failure::invalid("tag", "OpenProperty needs the type of the property.").with_tag(tag));
        }
        check_flags(flags, MAPI_MODIFY | MAPI_CREATE | MAPI_DEFERRED_ERRORS)?;
        let (modify, create) = (flags & MAPI_MODIFY != 0, flags & MAPI_CREATE != 0);
        if create && !modify {
            return Err(Failure::invalid("flags", "MAPI_CREATE needs MAPI_MODIFY."));
        }
        self.holder.open(&OpenRequest { tag, interface, options, modify, create })
    }

    /// `GetIDsFromNames` (`properties` 5.1).
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for an object without named properties, `MAPI_E_INVALID_PARAMETER`,
    /// `MAPI_E_TOO_BIG` when the mapping is full, the backend's own.
    pub fn get_ids_from_names(&self, names: Option<&[NamedProperty]>, flags: u32) -> Result<Warned<Vec<PropTag>>> {
        self.last_error.keep((|| {
            self.holder.check()?;
            let (store, writable) = self.mapping()?;
            named::get_ids_from_names(&*store, writable, names, flags)
        })())
    }

    /// `GetNamesFromIDs` (`properties` 5.2).
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`, `MAPI_E_INVALID_PARAMETER`, the backend's own.
    pub fn get_names_from_ids(&self, tags: Option<&[PropTag]>, set: Option<Guid>, flags: u32) -> Result<Warned<named::Names>> {
        self.last_error.keep((|| {
            self.holder.check()?;
            let (store, _) = self.mapping()?;
            named::get_names_from_ids(&*store, tags, set, flags)
        })())
    }

    fn mapping(&self) -> Result<(Rc<dyn crate::backend::Store>, bool)> {
        self.holder.names().ok_or_else(|| Failure::new(Code::NoSupport, "This object has no named properties."))
    }
}

/// A string ends at its first NUL (`properties` 2).
fn trimmed(value: Value) -> Value {
    match value {
        Value::Unicode(mut text) => {
            if let Some(end) = text.find('\0') {
                text.truncate(end);
            }
            Value::Unicode(text)
        }
        Value::MvUnicode(texts) => {
            Value::MvUnicode(texts.into_iter().map(|text| crate::properties::code_page::until_nul(&text).into_owned()).collect())
        }
        value => value,
    }
}

/// The reply for one tag asked for.
fn deliver(asked: PropTag, property: Property, unicode: bool) -> Property {
    let (code, object) = match &property.value {
        Value::Error(code) => (Some(Code::from_raw(*code)), false),
        Value::Object => (Some(Code::NotEnoughMemory), true),
        _ => (None, false),
    };
    if let Some(code) = code {
        // A stored value of another type is absent, however large it is; the type of an oversized value is
        // in its tag when the holder knows it.
        let kind = property.tag.kind();
        let fits = object
            || asked.kind() == PropType::UNSPECIFIED
            || kind == PropType::ERROR
            || kind == PropType::UNSPECIFIED
            || kind.same_family(asked.kind());
        return Property::error(asked, if fits { code } else { Code::NotFound });
    }
    let kind = match asked.kind() {
        PropType::UNSPECIFIED => property.value.kind().with_width(unicode),
        kind => kind,
    };
    match property.value.represented(kind) {
        Some(value) => Property { tag: asked.with_kind(value.kind()), value },
        None => Property::error(asked, Code::NotFound),
    }
}
