//! What an object with properties supplies; the rules of IMAPIProp above it are [`PropertyObject`]'s.
//!
//! [`PropertyObject`]: crate::properties::PropertyObject

use crate::backend::{Store, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::Message;
use crate::properties::copy::{Copied, Copyable};
use crate::properties::tags::{self, Settable};
use crate::properties::{DataStream, Guid, PropTag, Property};
use crate::tables::Table;
use std::rc::Rc;

/// A value or tag with its place in the caller's array.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered<T> {
    /// The place.
    pub index: u32,
    /// The caller's tag, unchanged.
    pub tag: PropTag,
    /// What stands there.
    pub item: T,
}

/// `SPropProblem` (`properties` 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Place in the caller's array.
    pub index: u32,
    /// The caller's tag, unchanged.
    pub tag: PropTag,
    /// Why.
    pub code: Code,
}

impl<T> Numbered<T> {
    /// The problem of this item.
    #[must_use]
    pub const fn problem(&self, code: Code) -> Problem {
        Problem { index: self.index, tag: self.tag, code }
    }
}

/// What a handle may do after `SaveChanges` (`properties` 4.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepOpen {
    /// Only release.
    No,
    /// Reading.
    ReadOnly,
    /// Everything.
    ReadWrite,
}

/// The checked flags of `SaveChanges`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveMode {
    /// `KEEP_OPEN_*`.
    pub keep: KeepOpen,
    /// `FORCE_SAVE`: overwrite a version saved by others meanwhile.
    pub force: bool,
}

/// The checked arguments of `OpenProperty` (`properties` 4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// The property, with the type it is to be read or written as.
    pub tag: PropTag,
    /// The interface wanted.
    pub interface: Guid,
    /// The interface options, raw.
    pub options: u32,
    /// `MAPI_MODIFY`.
    pub modify: bool,
    /// `MAPI_CREATE`.
    pub create: bool,
}

/// What `OpenProperty` opened.
pub enum OpenedProperty {
    /// IStream.
    Stream(DataStream),
    /// IMAPITable.
    Table(Table),
    /// IMessage: the message embedded in an attachment.
    Message(Message),
}

/// An object with properties.
pub trait PropertyHolder {
    /// The check every method makes first.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT` once only release is allowed.
    fn check(&self) -> Result<()>;

    /// Whether the handle may change the object (`MAPI_MODIFY`).
    fn is_writable(&self) -> bool;

    /// Reads stored and computed properties, strings as `PT_UNICODE`, absent ones left out. A value of more
    /// than `limit` bytes is [`Value::Error`](crate::properties::Value::Error) with
    /// `MAPI_E_NOT_ENOUGH_MEMORY`, an object is [`Value::Object`](crate::properties::Value::Object).
    ///
    /// # Errors
    /// The backend's own.
    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>>;

    /// All tags, objects and computed ones included, in any order.
    ///
    /// # Errors
    /// The backend's own.
    fn list(&self) -> Result<Vec<PropTag>>;

    /// Who may set a property.
    fn settable(&self, tag: PropTag) -> Settable {
        let standard = tags::CATALOGUE.iter().find(|entry| entry.tag.id() == tag.id());
        standard.map_or(Settable::Free, |entry| entry.settable)
    }

    /// Whether the object was saved, so that [`Settable::UntilSaved`] properties are computed.
    fn is_saved(&self) -> bool {
        true
    }

    /// Checks arguments that fail the whole call, before anything is set.
    ///
    /// # Errors
    /// As the property demands.
    fn check_values(&self, _set: &[Property]) -> Result<()> {
        Ok(())
    }

    /// Sets and deletes properties that passed the common rules; each identifier occurs once.
    ///
    /// # Errors
    /// The backend's own; nothing is changed then.
    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>>;

    /// Whether changes wait for `SaveChanges`; if not, it has nothing to do, on a read-only handle either.
    fn is_transacted(&self) -> bool {
        true
    }

    /// Makes the changes visible to others. Called on writable handles only.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED`, `MAPI_E_OBJECT_DELETED`, the backend's own. The handle stays as it was then.
    fn save(&self, mode: SaveMode) -> Result<()>;

    /// Opens a property.
    ///
    /// # Errors
    /// As `properties` 4.6.
    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        Err(Failure::new(Code::NoSupport, "Properties of this object cannot be opened one by one; read them with GetProps.")
            .with_tag(request.tag))
    }

    /// The object as the source or the destination of `CopyTo` and `CopyProps`.
    fn copyable(self: Rc<Self>) -> Copyable {
        Copyable(Copied::Other)
    }

    /// The mapping of named properties and whether names may be added; `None`: the object has none.
    fn names(&self) -> Option<(Rc<dyn Store>, bool)> {
        None
    }
}
