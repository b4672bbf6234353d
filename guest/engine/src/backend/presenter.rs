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

/// Which libraries a choice of forms covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormScope {
    /// `ALL_REGISTRIES`.
    All,
    /// `FOLDER_REGISTRY_ONLY`.
    FolderOnly,
    /// `NON_FOLDER_REGISTRY_ONLY`.
    NotFolder,
}

/// A choice of forms.
#[derive(Clone, Debug, PartialEq)]
pub struct FormsPrompt {
    /// Title of the window.
    pub title: Option<String>,
    /// What is covered.
    pub scope: FormScope,
    /// The forms to choose from.
    pub forms: Vec<FormDefinition>,
    /// Positions of those chosen beforehand.
    pub selected: Vec<u32>,
    /// Whether several may be chosen.
    pub multiple: bool,
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

    /// Registers a form in a library the host keeps, from a definition the host knows by that name.
    ///
    /// # Errors
    /// `MAPI_E_EXTENDED_ERROR` for a definition that is missing or invalid, `MAPI_E_NO_ACCESS` for a library that cannot
    /// be changed, `MAPI_E_USER_CANCEL`.
    fn install_form(&self, ui: u64, flags: u32, library: FormLibrary, definition: &str) -> Result<()> {
        let _ = (ui, flags, library, definition);
        no_prompt("the registration of forms")
    }

    /// Removes the form of a class from a library the host keeps.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS` for a library that cannot be changed.
    fn remove_form(&self, library: FormLibrary, message_class: &str) -> Result<()> {
        let _ = (library, message_class);
        no_prompt("the registration of forms")
    }

    /// Asks for forms; their positions.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn select_forms(&self, ui: u64, prompt: &FormsPrompt) -> Result<Vec<u32>> {
        let _ = (ui, prompt);
        no_prompt("a choice of forms")
    }

    /// Asks for a form library. The folder is given when its library may be chosen.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn select_form_library(&self, ui: u64, scope: FormScope, folder_id: Option<&[u8]>) -> Result<FormLibrary> {
        let _ = (ui, scope, folder_id);
        no_prompt("a choice of form libraries")
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
