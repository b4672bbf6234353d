//! PrepareForm and ShowForm: tokens, the form of the host, and what becomes of the message (`session` 9.1 to 9.3).

use super::handle::Handle;
use crate::backend::{FormOutcome, FormRequest, MessageChanges};
use crate::error::{Code, Failure, Result, check_flags};
use crate::forms;
use crate::messages::{MESSAGE_HANDED_ON, Message};
use crate::properties::interface::IID_IMESSAGE;
use crate::properties::{Guid, KEEP_OPEN_READWRITE};
use crate::stores::{Folder, MESSAGE_MOVE, StoreObject};

/// `MAPI_POST_MESSAGE`: the message is saved where it lies, and not sent.
pub const MAPI_POST_MESSAGE: u32 = 0x1;
/// `MAPI_NEW_MESSAGE`: the message was never saved.
pub const MAPI_NEW_MESSAGE: u32 = 0x2;

/// What the viewer of a form allows.
mod viewer {
    pub(super) const MODAL: u32 = 0x4;
    pub(super) const INTERACTIVE: u32 = 0x8;
    pub(super) const READONLY: u32 = 0x10;
    pub(super) const SUBMIT: u32 = 0x8_0000;
    pub(super) const SAVE: u32 = 0x20_0000;
    pub(super) const NEW_MESSAGE: u32 = 0x40_0000;
}

/// The arguments of `ShowForm`.
pub struct ShowForm<'a> {
    /// Token of the parent window.
    pub ui: u64,
    /// The store of the message.
    pub store: &'a StoreObject,
    /// The folder the message lies in, or was created in.
    pub folder: &'a Folder,
    /// The interface of the message; `None` or that of IMessage.
    pub interface: Option<Guid>,
    /// What PrepareForm returned.
    pub token: u64,
    /// Must be absent.
    pub message_sent: Option<&'a Message>,
    /// [`MAPI_POST_MESSAGE`], [`MAPI_NEW_MESSAGE`].
    pub flags: u32,
    /// `PR_MSG_STATUS`. These four are used as they are given, and not read again.
    pub message_status: u32,
    /// `PR_MESSAGE_FLAGS`.
    pub message_flags: u32,
    /// `PR_ACCESS`; without its bit 1 the form is read-only.
    pub access: u32,
    /// `PR_MESSAGE_CLASS`.
    pub message_class: &'a str,
}

impl ShowForm<'_> {
    const fn is_new(&self) -> bool {
        self.flags & MAPI_NEW_MESSAGE != 0
    }

    const fn is_post(&self) -> bool {
        self.flags & MAPI_POST_MESSAGE != 0
    }

    const fn viewer(&self) -> u32 {
        let mut status = viewer::MODAL | viewer::INTERACTIVE;
        if self.access & 1 == 0 {
            status |= viewer::READONLY;
        } else if self.is_post() {
            status |= viewer::SAVE;
        } else {
            status |= viewer::SUBMIT;
        }
        if self.is_new() { status | viewer::NEW_MESSAGE } else { status }
    }
}

/// # Errors
/// `MAPI_E_INTERFACE_NOT_SUPPORTED` for anything but a message.
fn check_message_interface(interface: Option<Guid>) -> Result<()> {
    match interface {
        None | Some(IID_IMESSAGE) => Ok(()),
        Some(other) => Err(Failure::new(
            Code::InterfaceNotSupported,
            format!("A form shows a message, not the interface {other}; leave the interface out."),
        )
        .with_argument("interface")),
    }
}

impl Handle {
    pub(super) fn prepare_form(&self, interface: Option<Guid>, message: &Message) -> Result<u64> {
        self.alive.check()?;
        check_message_interface(interface)?;
        message.check()?;
        let token = self.parts.next_token();
        self.prepared.borrow_mut().insert(token, message.clone());
        Ok(token)
    }

    pub(super) fn show_form(&self, showing: ShowForm<'_>) -> Result<()> {
        self.alive.check()?;
        showing.store.alive().check()?;
        showing.folder.alive().check()?;
        if showing.message_sent.is_some() {
            return Err(Failure::invalid("message-sent", "The reserved argument of ShowForm must be absent."));
        }
        forms::check_class(showing.message_class)?;
        let prepared = self.prepared.borrow().get(&showing.token).cloned();
        let message = prepared.ok_or_else(|| {
            Failure::invalid("token", "No message is prepared under this token; call PrepareForm on the same session first.")
        })?;
        check_flags(showing.flags, MAPI_POST_MESSAGE | MAPI_NEW_MESSAGE)?;
        check_message_interface(showing.interface)?;
        message.check()?;
        if !message.lies_in(showing.folder) || !showing.store.is_of(showing.folder) {
            let text = "The message does not lie in this folder of this store; name those it was opened or created in.";
            return Err(Failure::invalid("folder", text));
        }
        // From here on the token is used up, whatever comes of it; the message goes with it.
        let prepared = self.prepared.borrow_mut().remove(&showing.token);
        drop(prepared);
        match self.present(&showing, &message)? {
            FormOutcome::Cancelled => Err(Failure::new(Code::UserCancel, "The form was cancelled; nothing was saved.")),
            FormOutcome::Closed(changes) => self.complete_form(&showing, &message, changes),
        }
    }

    fn present(&self, showing: &ShowForm<'_>, message: &Message) -> Result<FormOutcome> {
        if !self.offers_ui() {
            return Err(Failure::new(Code::NoSupport, "This host has nobody to show a form to."));
        }
        let libraries = self.libraries(Some(showing.folder))?;
        let form = forms::resolve(&libraries, showing.message_class, 0)?.clone();
        let request = FormRequest {
            flags: showing.flags,
            message: message.by_value()?,
            store_id: showing.store.entry_id(),
            message_class: showing.message_class.to_owned(),
            form,
            message_status: showing.message_status,
            message_flags: showing.message_flags,
            access: showing.access,
            viewer: showing.viewer(),
        };
        self.presenter().show(showing.ui, &request).map_err(Failure::passed_on)
    }

    /// What follows when the form was closed: the changes, and then the message is saved, or sent.
    fn complete_form(&self, showing: &ShowForm<'_>, message: &Message, changes: MessageChanges) -> Result<()> {
        if showing.access & 1 == 0 {
            if changes.is_empty() {
                return Ok(());
            }
            return Err(Failure::new(Code::NoAccess, "The form was shown read-only and changed the message all the same."));
        }
        message.apply(changes)?;
        if showing.is_post() {
            return message.properties().save_changes(KEEP_OPEN_READWRITE);
        }
        let outbox = self.outbox(showing.store)?;
        if showing.is_new() && outbox.same_store(showing.folder) {
            return send_new(message, showing.folder, &outbox);
        }
        let copy = outbox.create_message(None, 0)?;
        let copied = message.properties().copy_to(&[], Some(&MESSAGE_HANDED_ON), Some(IID_IMESSAGE), &copy.properties(), 0)?;
        if let Some(problem) = copied.value.first() {
            return Err(Failure::new(problem.code, "The message could not be copied to the Outbox.").with_tag(problem.tag));
        }
        if copied.warning.is_some() {
            return Err(Failure::new(
                Code::CallFailed,
                "Parts of the message could not be copied to the Outbox; it was not sent.",
            ));
        }
        copy.submit_message(0)
    }

    /// The Outbox of the message's store; of the default store, if that one sends nothing.
    fn outbox(&self, store: &StoreObject) -> Result<Folder> {
        if let Some(outbox) = store.outbox()? {
            return Ok(outbox);
        }
        let outbox = self.open_default_store().map_or(Ok(None), |store| store.outbox())?;
        outbox.ok_or_else(|| {
            Failure::new(
                Code::NoSupport,
                "Neither the store of the message nor the default store can send; open the default store.",
            )
        })
    }

    /// The default store, if it is open.
    pub(super) fn open_default_store(&self) -> Option<StoreObject> {
        let default = self.shared.default_store.get();
        let open = self.shared.open_stores().into_iter().find(|open| Some(open.section) == default)?;
        Some(self.reference(&open))
    }
}

/// Saves a new message and sends it from the Outbox. What was written is kept also when it cannot be sent.
fn send_new(message: &Message, folder: &Folder, outbox: &Folder) -> Result<()> {
    message.properties().save_changes(KEEP_OPEN_READWRITE)?;
    message.check_recipients()?;
    if folder.object() != outbox.object() {
        let moved = folder.copy_messages(&message.entry_ids(), None, outbox, MESSAGE_MOVE)?;
        if moved.warning.is_some() {
            return Err(Failure::new(Code::CallFailed, "The message was saved, but could not be moved to the Outbox."));
        }
    }
    message.submit_message(0)
}
