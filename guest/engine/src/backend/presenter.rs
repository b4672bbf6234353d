//! User interface, supplied by the host (`session` 0, 9.3): each prompt is one call that returns data.
//!
//! A host has the prompts it overrides; the others are `MAPI_E_NO_SUPPORT`. A person who cancels is
//! `MAPI_E_USER_CANCEL`. While a prompt is open nothing can be asked of the session, so everything it needs is
//! given by value.

use crate::backend::OptionData;
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Property};

/// Where forms are registered (`session` 9.4), in the order in which they are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormLibrary {
    /// Of this machine; kept by the host.
    Local,
    /// Of a folder; kept as its associated messages.
    Folder,
    /// Of the user; kept as associated messages of the default store's root folder.
    Personal,
    /// Of the organisation; kept by the host, read-only.
    Organisation,
}

/// A form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormDefinition {
    /// The message class it shows.
    pub message_class: String,
    /// Where it is registered.
    pub library: FormLibrary,
    /// Its definition: `PR_FORM_*`, `PR_DISPLAY_NAME`.
    pub properties: Vec<Property>,
}

/// A message by value. Of a long value there is the beginning, followed by a `PT_I8` property with the same
/// identifier that says how many bytes the whole has.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MessageValues {
    /// Entry identifier of the message; empty for one that was never saved.
    pub entry_id: Vec<u8>,
    /// The folder it lies in or goes to.
    pub folder_id: Vec<u8>,
    /// Its properties.
    pub properties: Vec<Property>,
    /// Its recipient rows.
    pub recipients: Vec<Vec<Property>>,
    /// Its attachment rows.
    pub attachments: Vec<Vec<Property>>,
}

/// What is to become of a message a form has shown.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MessageChanges {
    /// Values to set.
    pub set: Vec<Property>,
    /// Identifiers to delete.
    pub delete: Vec<PropTag>,
    /// The full list of recipient rows, if it changed.
    pub recipients: Option<Vec<Vec<Property>>>,
    /// Attachments to add, `PR_ATTACH_DATA_BIN` included.
    pub attachments_added: Vec<Vec<Property>>,
    /// `PR_ATTACH_NUM` of attachments to remove.
    pub attachments_removed: Vec<u32>,
}

impl MessageChanges {
    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A form to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FormRequest {
    /// `MAPI_POST_MESSAGE`, `MAPI_NEW_MESSAGE`.
    pub flags: u32,
    /// The message.
    pub message: MessageValues,
    /// Entry identifier of the store it lies in.
    pub store_id: Vec<u8>,
    /// The class it is to be shown as.
    pub message_class: String,
    /// The form found for the class.
    pub form: FormDefinition,
    /// `PR_MSG_STATUS` as given by the caller.
    pub message_status: u32,
    /// `PR_MESSAGE_FLAGS` as given by the caller.
    pub message_flags: u32,
    /// `PR_ACCESS` as given by the caller.
    pub access: u32,
    /// `VCSTATUS_*`: what the viewer allows.
    pub viewer: u32,
}

impl FormRequest {
    /// Whether the message may be changed.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.access & 1 != 0
    }
}

/// How a form ended.
#[derive(Clone, Debug, PartialEq)]
pub enum FormOutcome {
    /// Closed; the changes are saved, and the message sent if that was asked for.
    Closed(MessageChanges),
    /// Cancelled; nothing is saved.
    Cancelled,
}

/// Which profile to log on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePrompt {
    /// The names to choose from.
    pub profiles: Vec<String>,
    /// The one chosen beforehand.
    pub preselected: Option<String>,
}

/// What a yes-or-no question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Log off although messages wait to be sent.
    LogoffWithPendingMail,
    /// A change takes effect after the next logon only.
    RestartNeeded,
    /// Delete a service that holds the default store.
    DeleteDefaultStoreService,
    /// Anything else; the text says it.
    Other,
}

fn no_prompt<T>(what: &str) -> Result<T> {
    Err(Failure::new(Code::NoSupport, format!("This host has no user interface for {what}.")))
}

/// User interface.
pub trait Presenter {
    /// Whether there is any user interface.
    fn offers_ui(&self) -> bool;

    /// Shows a form and returns when it has closed. A program that shows nothing may be one too.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` without forms; any code of the form.
    fn show(&self, ui: u64, request: &FormRequest) -> Result<FormOutcome> {
        let _ = (ui, request);
        no_prompt("forms")
    }

    /// The forms of a library the host keeps ([`FormLibrary::Local`], [`FormLibrary::Organisation`]).
    ///
    /// # Errors
    /// The host's own.
    fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>> {
        let _ = library;
        Ok(Vec::new())
    }

    /// Asks which profile to log on to.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn choose_profile(&self, ui: u64, prompt: &ProfilePrompt) -> Result<String> {
        let _ = (ui, prompt);
        no_prompt("a choice of profiles")
    }

    /// Asks a yes-or-no question.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn ask(&self, ui: u64, question: Question, text: &str) -> Result<bool> {
        let _ = (ui, question, text);
        no_prompt("questions")
    }

    /// Asks for options of a message; the values changed. `present` are those the message has.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn edit_options(&self, ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let _ = (ui, options, present);
        no_prompt("options")
    }
}
