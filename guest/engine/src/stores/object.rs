//! Reading stored objects together with what is computed for them, and the properties of stores and folders,
//! whose changes are immediate (`stores` 1, `properties` 4).

use crate::backend::{Change, Expected, ObjectHead, ObjectId, ObjectKind, Store, StoredValue, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::Values;
use crate::mime::ORIGINAL;
use crate::properties::copy::{Copied, Copyable};
use crate::properties::interface::IID_IMAPITABLE;
use crate::properties::tags::{self, Settable};
use crate::properties::{
    Numbered, OpenRequest, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, SaveMode, StreamOn,
    StreamSource, StreamTarget, Value,
};
use crate::stores::computed::{self, Subject, private};
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, CommitMode, Folder, receive};
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;

/// How often a name is claimed anew when others change its siblings meanwhile.
const ATTEMPTS: u32 = 8;
/// Characters a folder name has at most (`properties` 4.4).
const FOLDER_NAME_LIMIT: usize = 255;

impl StoreReference {
    /// Reads properties of a stored object, computed ones included; engine-private ones are left out.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_DELETED` when the object is gone, the backend's own.
    pub(crate) fn read_object(
        &self,
        object: &ObjectId,
        kind: ObjectKind,
        want: Want<'_>,
        limit: u32,
    ) -> Result<(ObjectHead, Vec<Property>)> {
        let own: Vec<PropTag> = computed::tags_of(kind).collect();
        let is_own = |tag: PropTag| own.iter().any(|have| have.id() == tag.id());
        let mut stored_tags: Vec<PropTag> = Vec::new();
        let asked: Vec<PropTag> = match want {
            Want::All => own.clone(),
            Want::Tags(tags) => {
                for tag in tags {
                    if is_own(*tag) {
                        stored_tags.extend(computed::inputs_of(standard(&own, *tag)));
                    } else if !private::is_private(*tag) {
                        stored_tags.push(*tag);
                    }
                }
                tags.iter().copied().filter(|tag| is_own(*tag)).collect()
            }
        };
        let want_stored = if matches!(want, Want::All) { Want::All } else { Want::Tags(&stored_tags) };
        let (head, stored) = self.connection.backend().read(object, want_stored, limit).map_err(gone)?;
        let subject = Subject { id: Some(object), kind: head.kind, parent: head.parent.as_ref(), deleted: head.deleted };
        let find = |tag: PropTag| stored.iter().find(|have| have.tag.id() == tag.id()).map(|have| have.value.clone());
        let mut values: Vec<Property> = asked
            .iter()
            .filter_map(|tag| {
                let own = standard(&own, *tag);
                let value = computed::compute(self, &subject, own, &find)?;
                Some(Property { tag: own, value })
            })
            .collect();
        let wanted = |tag: PropTag| match want {
            Want::All => true,
            Want::Tags(tags) => tags.iter().any(|asked| asked.id() == tag.id()),
        };
        values.extend(stored.into_iter().filter(|have| !is_own(have.tag) && !private::is_private(have.tag) && wanted(have.tag)));
        Ok((head, values))
    }

    /// All tags of a stored object.
    ///
    /// # Errors
    /// As [`StoreReference::read_object`].
    pub(crate) fn list_object(&self, object: &ObjectId, kind: ObjectKind) -> Result<Vec<PropTag>> {
        let stored = self.connection.backend().list_tags(object).map_err(gone)?;
        let stored = stored.into_iter().map(|tag| tag.tag).filter(|tag| !private::is_private(*tag));
        Ok(stored.chain(computed::tags_of(kind)).chain([tags::ACCESS_LEVEL]).collect())
    }

    /// A stored value as the source of a stream, with its type.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn stream_source(&self, object: &ObjectId, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        if private::is_private(tag) {
            return Ok(None);
        }
        let backend = self.connection.backend();
        let stored = backend.list_tags(object).map_err(gone)?.into_iter().find(|have| have.tag.id() == tag.id());
        Ok(stored.map(|have| {
            let source =
                StreamSource::Stored { objects: backend.clone(), object: object.clone(), tag: have.tag, size: have.size };
            (source, have.tag.kind())
        }))
    }
}

/// An operation through an older handle tells that the object was deleted.
pub(crate) fn gone(failure: Failure) -> Failure {
    if failure.code() == Code::NotFound {
        return Failure::new(Code::ObjectDeleted, "The object was deleted after it was opened.");
    }
    failure
}

/// The computed tag with that identifier.
fn standard(own: &[PropTag], tag: PropTag) -> PropTag {
    own.iter().copied().find(|have| have.id() == tag.id()).unwrap_or(tag)
}

/// The properties of a store or folder.
pub(crate) struct ImmediateObject {
    pub(crate) store: Rc<StoreReference>,
    pub(crate) object: ObjectId,
    pub(crate) kind: ObjectKind,
    /// The handle was opened for writing.
    pub(crate) writable: bool,
}

impl ImmediateObject {
    fn is_folder(&self) -> bool {
        self.kind != ObjectKind::Store
    }

    /// Writes values at once. Why the name among them cannot be had, if it cannot; nothing is written then.
    fn write(&self, mut values: Values, delete: &[PropTag]) -> Result<Option<Code>> {
        let connection = &self.store.connection;
        if self.is_folder() {
            values.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(connection.environment().clock.now()));
        }
        for _ in 0..ATTEMPTS {
            let mut changes = ChangeSet::new(connection);
            if self.is_folder()
                && let Some(name) = values.text(tags::DISPLAY_NAME)
                && let Some(code) = self.refuse_name(name, &mut changes)?
            {
                return Ok(Some(code));
            }
            let renames = !changes.is_empty();
            changes.set(&self.object, Expected::Exists, values.clone(), delete.to_vec())?;
            match changes.commit(CommitMode::default()) {
                Ok(_) => return Ok(None),
                Err(failure) if failure.code() == Code::ObjectChanged && renames => {}
                Err(failure) if failure.code() == Code::NotEnoughDisk => {
                    return Err(Failure::new(
                        Code::NotEnoughMemory,
                        "The store has no room for these values; delete something first.",
                    ));
                }
                Err(failure) => return Err(gone(failure)),
            }
        }
        Err(crate::stores::copy_folder::busy())
    }

    /// Why a folder cannot get that name; if it can, the name is claimed among its siblings.
    fn refuse_name(&self, name: &str, changes: &mut ChangeSet<'_>) -> Result<Option<Code>> {
        if name.chars().count() > FOLDER_NAME_LIMIT {
            return Ok(Some(Code::TooBig));
        }
        if self.store.is_root(&self.object) {
            return Ok(Some(Code::NoAccess));
        }
        let (head, _) = self.store.read(&self.object, &[]).map_err(gone)?;
        let Some(parent) = head.parent else { return Ok(None) };
        let taken = self.store.claim_name(changes, &parent, name, Some(&self.object))?;
        Ok(taken.map(|_| Code::Collision))
    }
}

impl PropertyHolder for ImmediateObject {
    fn check(&self) -> Result<()> {
        self.store.opening.alive.check()
    }

    fn is_writable(&self) -> bool {
        self.writable && self.store.is_writable()
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let (_, mut values) = self.store.read_object(&self.object, self.kind, want, limit)?;
        add_access_level(&mut values, want, self.is_writable());
        Ok(values)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        self.store.list_object(&self.object, self.kind)
    }

    fn settable(&self, tag: PropTag) -> Settable {
        match tag.id() {
            id if id == tags::SEARCH_KEY.id() => Settable::Computed,
            _ if private::is_private(tag) => Settable::Computed,
            _ => tags::by_id(tag.id()).map_or(Settable::Free, |entry| entry.settable),
        }
    }

    fn check_values(&self, set: &[Property]) -> Result<()> {
        let empty = |property: &&Property| {
            property.tag.id() == tags::DISPLAY_NAME.id()
                && match &property.value {
                    Value::Unicode(text) => text.is_empty() || text.starts_with('\0'),
                    Value::String8(text) => text.is_empty() || text.starts_with(b"\0"),
                    _ => false,
                }
        };
        match set.iter().find(empty) {
            Some(property) if self.is_folder() => {
                Err(Failure::invalid("values", "A folder needs a name that is not empty.").with_tag(property.tag))
            }
            _ => Ok(()),
        }
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let mut values = Values::new();
        let mut name = None;
        for numbered in set {
            if self.is_folder() && numbered.tag.id() == tags::DISPLAY_NAME.id() {
                name = Some((numbered.index, numbered.tag));
            }
            values.set(numbered.item);
        }
        let mut gone = Vec::new();
        for numbered in delete {
            if self.is_folder() && numbered.tag.id() == tags::DISPLAY_NAME.id() {
                problems.push(numbered.problem(Code::NoAccess));
            } else {
                gone.push(numbered.tag);
            }
        }
        if values.is_empty() && gone.is_empty() {
            return Ok(problems);
        }
        if let (Some(code), Some((index, tag))) = (self.write(values.clone(), &gone)?, name) {
            problems.push(Problem { index, tag, code });
            values.remove(tags::DISPLAY_NAME);
            if !values.is_empty() || !gone.is_empty() {
                self.write(values, &gone)?;
            }
        }
        Ok(problems)
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Ok(())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        let table_tag = [
            tags::CONTAINER_CONTENTS,
            tags::CONTAINER_HIERARCHY,
            tags::FOLDER_ASSOCIATED_CONTENTS,
            tags::RECEIVE_FOLDER_SETTINGS,
        ]
        .into_iter()
        .find(|tag| *tag == request.tag && (*tag == tags::RECEIVE_FOLDER_SETTINGS) != self.is_folder());
        let Some(tag) = table_tag else {
            let existing = self.store.stream_source(&self.object, request.tag)?;
            let target = Rc::new(Self { store: self.store.clone(), object: self.object.clone(), ..*self });
            let may_write = if self.settable(request.tag) == Settable::Computed || !self.is_writable() {
                Err(Failure::new(Code::NoAccess, "The property cannot be changed through this handle.").with_tag(request.tag))
            } else {
                Ok(())
            };
            let on = StreamOn {
                alive: self.store.opening.alive.clone(),
                log: self.store.connection.environment().log.clone(),
                objects: Some(self.store.connection.backend().clone()),
                existing,
                target,
                may_write,
            };
            return Ok(OpenedProperty::Stream(on.open(request)?));
        };
        check_table_request(request)?;
        let flags = request.options & MAPI_UNICODE;
        if tag == tags::RECEIVE_FOLDER_SETTINGS {
            return Ok(OpenedProperty::Table(receive::table(&self.store, flags)?));
        }
        let folder = Folder::of(self.store.clone(), self.object.clone(), self.kind, self.writable);
        Ok(OpenedProperty::Table(match tag {
            tags::CONTAINER_HIERARCHY => folder.get_hierarchy_table(flags)?,
            tags::FOLDER_ASSOCIATED_CONTENTS => folder.get_contents_table(flags | crate::stores::MAPI_ASSOCIATED)?,
            _ => folder.get_contents_table(flags)?,
        }))
    }

    fn copyable(self: Rc<Self>) -> Copyable {
        Copyable(if self.is_folder() { Copied::Folder(self) } else { Copied::Store })
    }

    fn names(&self) -> Option<(Rc<dyn Store>, bool)> {
        Some((self.store.connection.backend().clone(), self.store.is_writable()))
    }
}

impl StreamTarget for ImmediateObject {
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()> {
        let mut values = Values::new();
        match value {
            StoredValue::Inline(value) => values.put(tag, value),
            StoredValue::Staged(staged) => {
                let kind = if tag.kind().is_string() { PropType::UNICODE } else { PropType::BINARY };
                values.set_staged(tag.with_kind(kind), staged);
            }
        }
        match self.write(values, &[])? {
            None => Ok(()),
            Some(code) => Err(Failure::new(code, "The folder cannot get that name.").with_tag(tag)),
        }
    }
}

/// Checks the arguments of a property opened as a table.
///
/// # Errors
/// `MAPI_E_INTERFACE_NOT_SUPPORTED`, `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`.
pub(crate) fn check_table_request(request: &OpenRequest) -> Result<()> {
    if request.create {
        return Err(Failure::invalid("flags", "A table cannot be created; leave MAPI_CREATE out.").with_tag(request.tag));
    }
    crate::error::check_flags(request.options, MAPI_UNICODE)?;
    if request.interface != IID_IMAPITABLE {
        return Err(Failure::new(Code::InterfaceNotSupported, "This property opens as a table only (IID_IMAPITable).")
            .with_tag(request.tag));
    }
    Ok(())
}

/// Adds `PR_ACCESS_LEVEL`, the mode of the handle.
pub(crate) fn add_access_level(values: &mut Vec<Property>, want: Want<'_>, writable: bool) {
    let wanted = match want {
        Want::All => true,
        Want::Tags(asked) => asked.iter().any(|tag| tag.id() == tags::ACCESS_LEVEL.id()),
    };
    if wanted {
        values.retain(|have| have.tag.id() != tags::ACCESS_LEVEL.id());
        values.push(Property { tag: tags::ACCESS_LEVEL, value: Value::Long(i32::from(writable)) });
    }
}

impl ChangeSet<'_> {
    /// Sets and deletes values of an object.
    pub(crate) fn set(&mut self, object: &ObjectId, expected: Expected, values: Values, delete: Vec<PropTag>) -> Result<()> {
        // A message that says something else now is no longer the one it was read from.
        let changed = values.iter().map(|(tag, _)| tag).chain(delete.iter().copied()).any(crate::messages::has_form);
        let mut delete = delete;
        if changed && !delete.contains(&ORIGINAL) && !values.contains(ORIGINAL) {
            delete.push(ORIGINAL);
        }
        let set = self.stored(values)?;
        self.push(Change::Set { object: object.clone(), expected, set, delete, quiet: false });
        Ok(())
    }
}
