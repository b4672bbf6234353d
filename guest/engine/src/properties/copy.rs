//! `IMAPIProp::CopyTo` and `CopyProps`: the checks common to all objects, and which properties are taken
//! (`properties` 4.7, 4.8). How each kind of object is copied stands with it.

use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags};
use crate::messages::{AttachmentState, MessageState};
use crate::profiles::OpenSection;
use crate::properties::interface::{
    IID_IATTACHMENT, IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMAPIPROP, IID_IMESSAGE, IID_IPROFSECT, IID_IUNKNOWN,
    check_interface,
};
use crate::properties::{Guid, Problem, PropTag, PropertyObject};
use crate::stores::object::ImmediateObject;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// `MAPI_MOVE`.
pub const MAPI_MOVE: u32 = 0x1;
/// `MAPI_NOREPLACE`.
pub const MAPI_NOREPLACE: u32 = 0x2;
/// `MAPI_DECLINE_OK`.
const MAPI_DECLINE_OK: u32 = 0x4;
/// `MAPI_DIALOG`.
const MAPI_DIALOG: u32 = 0x8;

/// An object as the source or the destination of a copy.
pub struct Copyable(pub(crate) Copied);

/// The kinds of it.
pub(crate) enum Copied {
    /// A message store, which is not copied.
    Store,
    Folder(Rc<ImmediateObject>),
    Message(Rc<MessageState>),
    Attachment(Rc<AttachmentState>),
    Section(Rc<OpenSection>),
    /// An object of another kind.
    Other,
}

/// Which properties are copied, and how.
pub(crate) struct CopyRules {
    which: Which,
    /// What an object holds besides its properties is copied too.
    parts: bool,
    /// `MAPI_MOVE`.
    pub(crate) moving: bool,
    /// `MAPI_NOREPLACE`.
    pub(crate) keeps_existing: bool,
}

enum Which {
    /// CopyTo: all but those with these identifiers.
    AllBut(BTreeSet<u16>),
    /// CopyProps: those, each with its place in the caller's list.
    Only(BTreeMap<u16, (u32, PropTag)>),
}

impl CopyRules {
    /// Whether a property is asked for.
    pub(crate) fn takes(&self, tag: PropTag) -> bool {
        match &self.which {
            Which::AllBut(excluded) => !excluded.contains(&tag.id()),
            Which::Only(listed) => listed.contains_key(&tag.id()),
        }
    }

    /// Whether a set of parts is asked for, by the `PT_OBJECT` tag that stands for it.
    pub(crate) fn takes_parts(&self, tag: PropTag) -> bool {
        self.parts && self.takes(tag)
    }

    /// The properties asked for by name; `None`: all.
    pub(crate) fn listed(&self) -> Option<Vec<PropTag>> {
        match &self.which {
            Which::AllBut(_) => None,
            Which::Only(listed) => Some(listed.values().map(|(_, tag)| *tag).collect()),
        }
    }

    /// What is said of a property that could not be copied.
    pub(crate) fn problem(&self, tag: PropTag, code: Code) -> Problem {
        match &self.which {
            Which::Only(listed) if listed.contains_key(&tag.id()) => {
                let (index, tag) = listed[&tag.id()];
                Problem { index, tag, code }
            }
            _ => Problem { index: 0, tag, code },
        }
    }
}

/// What became of a copy.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Properties that could not be copied.
    pub(crate) problems: Vec<Problem>,
    /// Why some of the parts could not be copied.
    pub(crate) partial: Option<Failure>,
}

impl Outcome {
    fn finish(mut self, last_error: &LastError) -> Warned<Vec<Problem>> {
        self.problems.sort_by_key(|problem| problem.index);
        match self.partial {
            None => Warned::ok(self.problems),
            Some(failure) => {
                last_error.warn(Code::WPartialCompletion, MapiError::of(&failure));
                Warned::warn(self.problems, Code::WPartialCompletion)
            }
        }
    }
}

impl PropertyObject {
    /// `CopyTo`: copies all properties but those excluded to another object of the same kind, and what a
    /// folder, a message or an attachment holds. What could not be copied is told; `MAPI_W_PARTIAL_COMPLETION`
    /// says that some of the messages, folders, recipients or attachments were not.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_NO_ACCESS` for a read-only destination (or
    /// source, when moving) and for the object itself, `MAPI_E_FOLDER_CYCLE`, `MAPI_E_NO_SUPPORT` for a
    /// store, `MAPI_E_INTERFACE_NOT_SUPPORTED` for objects of different kinds, `MAPI_E_DECLINE_COPY`,
    /// `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn copy_to(
        &self,
        excluded_interfaces: &[Guid],
        excluded: Option<&[PropTag]>,
        interface: Option<Guid>,
        destination: &Self,
        flags: u32,
    ) -> Result<Warned<Vec<Problem>>> {
        self.last_error.keep((|| {
            self.check_both(interface, destination)?;
            if excluded.is_some_and(|tags| tags.is_empty() || tags.contains(&PropTag::NULL)) {
                return Err(Failure::invalid(
                    "excluded",
                    "The list of excluded properties is empty or holds PR_NULL; leave it out.",
                ));
            }
            let which = Which::AllBut(excluded.unwrap_or_default().iter().map(|tag| tag.id()).collect());
            self.copy(which, excluded_interfaces, interface, destination, flags)
        })())
    }

    /// `CopyProps`: copies the properties of a list; messages, folders, recipients and attachments only if
    /// the `PT_OBJECT` property that stands for them is in it.
    ///
    /// # Errors
    /// As [`PropertyObject::copy_to`].
    pub fn copy_props(
        &self,
        tags: &[PropTag],
        interface: Option<Guid>,
        destination: &Self,
        flags: u32,
    ) -> Result<Warned<Vec<Problem>>> {
        self.last_error.keep((|| {
            self.check_both(interface, destination)?;
            if tags.is_empty() || tags.contains(&PropTag::NULL) {
                return Err(Failure::invalid("tags", "The list of properties to copy is empty or holds PR_NULL."));
            }
            let mut listed = BTreeMap::new();
            for (index, tag) in (0..).zip(tags) {
                listed.entry(tag.id()).or_insert((index, *tag));
            }
            self.copy(Which::Only(listed), &[], interface, destination, flags)
        })())
    }

    fn check_both(&self, interface: Option<Guid>, destination: &Self) -> Result<()> {
        self.holder.check()?;
        destination.holder.check()?;
        match interface {
            Some(_) => Ok(()),
            None => Err(Failure::invalid("interface", "The interface of the destination is missing.")),
        }
    }

    fn copy(
        &self,
        which: Which,
        excluded_interfaces: &[Guid],
        interface: Option<Guid>,
        destination: &Self,
        flags: u32,
    ) -> Result<Warned<Vec<Problem>>> {
        check_flags(flags, MAPI_MOVE | MAPI_NOREPLACE | MAPI_DECLINE_OK | MAPI_DIALOG)?;
        let (source, target) = (self.holder.clone().copyable().0, destination.holder.clone().copyable().0);
        if matches!(source, Copied::Store) {
            return Err(Failure::new(Code::NoSupport, "A message store cannot be copied; copy its folders."));
        }
        let own: &[Guid] = match (&source, &target) {
            (Copied::Folder(_), Copied::Folder(_)) => &[IID_IMAPICONTAINER, IID_IMAPIFOLDER],
            (Copied::Message(_), Copied::Message(_)) => &[IID_IMESSAGE],
            (Copied::Attachment(_), Copied::Attachment(_)) => &[IID_IATTACHMENT],
            (Copied::Section(_), Copied::Section(_)) => &[IID_IPROFSECT],
            _ => {
                return Err(Failure::new(
                    Code::InterfaceNotSupported,
                    "Objects are copied to objects of the same kind: folders to folders, messages to messages.",
                ));
            }
        };
        check_interface(interface, own)?;
        if excluded_interfaces.iter().any(|excluded| [IID_IUNKNOWN, IID_IMAPIPROP].contains(excluded)) {
            return Err(Failure::new(Code::InterfaceNotSupported, "Every interface the objects have in common is excluded."));
        }
        let rules = CopyRules {
            which,
            parts: !excluded_interfaces.iter().any(|excluded| own.contains(excluded)),
            moving: flags & MAPI_MOVE != 0,
            keeps_existing: flags & MAPI_NOREPLACE != 0,
        };
        if source.is(&target) {
            return Err(Failure::new(Code::NoAccess, "An object cannot be copied to itself."));
        }
        destination.check_writable()?;
        if rules.moving {
            self.check_writable()?;
        }
        if flags & MAPI_DECLINE_OK != 0 && source.store() != target.store() {
            return Err(Failure::new(Code::DeclineCopy, "The object would have to be copied bit by bit between two stores."));
        }
        let outcome = match (source, target) {
            (Copied::Folder(source), Copied::Folder(target)) => source.copy_to(&target, &rules)?,
            (Copied::Message(source), Copied::Message(target)) => source.copy_to(&target, &rules)?,
            (Copied::Attachment(source), Copied::Attachment(target)) => source.copy_to(&target, &rules)?,
            (Copied::Section(source), Copied::Section(target)) => source.copy_to(&target, &rules)?,
            // Told apart above.
            _ => Outcome::default(),
        };
        Ok(outcome.finish(&self.last_error))
    }
}

impl Copied {
    /// Whether both are one object.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(one), Self::Folder(two)) => self.store() == other.store() && one.object == two.object,
            (Self::Message(one), Self::Message(other)) => one.is_object(other),
            (Self::Attachment(one), Self::Attachment(other)) => one.is_object(other),
            (Self::Section(one), Self::Section(other)) => one.is_section(other),
            _ => false,
        }
    }

    /// The MAPIUID of its store.
    fn store(&self) -> Option<Guid> {
        match self {
            Self::Folder(folder) => Some(folder.store.connection.uid()),
            Self::Message(message) => Some(message.store.connection.uid()),
            Self::Attachment(attachment) => Some(attachment.store.connection.uid()),
            Self::Store | Self::Section(_) | Self::Other => None,
        }
    }
}
