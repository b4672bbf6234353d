//! User interface.

use crate::imports::transport::wire_option_data;
use crate::types::{Bits, properties, tags, wire_properties};
use crate::world::mapi::session::backend_types as backend;
use crate::world::mapi::session::form_presenter as wire;
use crate::world::mapi::session::method_flags::{InstallFormFlags, ShowFormFlags, ViewerStatus};
use mapi_engine::backend::{
    FormDefinition, FormLibrary, FormOutcome, FormRequest, FormScope, FormsPrompt, MessageChanges, MessageValues, OptionData,
    Presenter, ProfilePrompt, Question,
};
use mapi_engine::error::Result;
use mapi_engine::properties::Property;

/// The presenter of the host.
pub(crate) struct ImportedPresenter;

pub(crate) const fn wire_library(library: FormLibrary) -> wire::FormLibrary {
    match library {
        FormLibrary::Local => wire::FormLibrary::Local,
        FormLibrary::Folder => wire::FormLibrary::Folder,
        FormLibrary::Personal => wire::FormLibrary::Personal,
        FormLibrary::Organisation => wire::FormLibrary::Organisation,
    }
}

/// A library of the world.
pub(crate) const fn library(library: wire::FormLibrary) -> FormLibrary {
    match library {
        wire::FormLibrary::Local => FormLibrary::Local,
        wire::FormLibrary::Folder => FormLibrary::Folder,
        wire::FormLibrary::Personal => FormLibrary::Personal,
        wire::FormLibrary::Organisation => FormLibrary::Organisation,
    }
}

const fn wire_scope(scope: FormScope) -> wire::FormScope {
    match scope {
        FormScope::All => wire::FormScope::AllRegistries,
        FormScope::FolderOnly => wire::FormScope::FolderRegistryOnly,
        FormScope::NotFolder => wire::FormScope::NonFolderRegistryOnly,
    }
}

/// A form of the world.
pub(crate) fn form(form: wire::FormDefinition) -> Result<FormDefinition> {
    let library = library(form.library);
    Ok(FormDefinition { message_class: form.message_class, library, properties: properties(form.properties)? })
}

/// A form for the world.
pub(crate) fn wire_form(form: FormDefinition) -> Result<wire::FormDefinition> {
    Ok(wire::FormDefinition {
        message_class: form.message_class,
        library: wire_library(form.library),
        properties: wire_properties(form.properties)?,
    })
}

fn wire_rows(rows: Vec<Vec<Property>>) -> Result<Vec<Vec<crate::world::mapi::session::types::Property>>> {
    rows.into_iter().map(wire_properties).collect()
}

fn wire_message(message: MessageValues) -> Result<backend::MessageValues> {
    Ok(backend::MessageValues {
        entry_id: message.entry_id,
        folder_id: message.folder_id,
        properties: wire_properties(message.properties)?,
        recipients: wire_rows(message.recipients)?,
        attachments: wire_rows(message.attachments)?,
    })
}

fn wire_request(request: FormRequest) -> Result<wire::FormRequest> {
    Ok(wire::FormRequest {
        how: ShowFormFlags::from_raw(request.flags),
        message: wire_message(request.message)?,
        store_id: request.store_id,
        message_class: request.message_class,
        form: wire_form(request.form)?,
        message_status: request.message_status,
        message_flags: request.message_flags,
        access: request.access,
        viewer: ViewerStatus::from_raw(request.viewer),
    })
}

fn changes(changes: backend::MessageChanges) -> Result<MessageChanges> {
    let rows = |rows: Vec<_>| rows.into_iter().map(properties).collect::<Result<Vec<_>>>();
    Ok(MessageChanges {
        set: properties(changes.set)?,
        delete: tags(changes.delete),
        recipients: changes.recipients.map(rows).transpose()?,
        attachments_added: changes
            .attachments_added
            .into_iter()
            .map(|added| properties(added.properties))
            .collect::<Result<_>>()?,
        attachments_removed: changes.attachments_removed,
    })
}

impl Presenter for ImportedPresenter {
    fn offers_ui(&self) -> bool {
        wire::offers_ui()
    }

    fn show(&self, ui: u64, request: &FormRequest) -> Result<FormOutcome> {
        Ok(match wire::show(ui, &wire_request(request.clone())?)? {
            wire::FormOutcome::Closed(made) => FormOutcome::Closed(changes(made)?),
            wire::FormOutcome::Cancelled => FormOutcome::Cancelled,
        })
    }

    fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>> {
        let form = |form: wire::FormDefinition| {
            // Whatever the host says: these are the forms of the library asked for.
            Ok(FormDefinition { message_class: form.message_class, library, properties: properties(form.properties)? })
        };
        wire::forms(wire_library(library))?.into_iter().map(form).collect()
    }

    fn install_form(&self, ui: u64, flags: u32, library: FormLibrary, definition: &str) -> Result<()> {
        Ok(wire::install_form(ui, InstallFormFlags::from_raw(flags), wire_library(library), definition)?)
    }

    fn remove_form(&self, library: FormLibrary, message_class: &str) -> Result<()> {
        Ok(wire::remove_form(wire_library(library), message_class)?)
    }

    fn select_forms(&self, ui: u64, prompt: &FormsPrompt) -> Result<Vec<u32>> {
        let prompt = wire::SelectFormsPrompt {
            title: prompt.title.clone(),
            scope: wire_scope(prompt.scope),
            forms: prompt.forms.iter().cloned().map(wire_form).collect::<Result<_>>()?,
            selected: prompt.selected.clone(),
            multiple: prompt.multiple,
        };
        Ok(wire::select_forms(ui, &prompt)?)
    }

    fn select_form_library(&self, ui: u64, scope: FormScope, folder_id: Option<&[u8]>) -> Result<FormLibrary> {
        Ok(library(wire::select_form_library(ui, wire_scope(scope), folder_id)?))
    }

    fn choose_profile(&self, ui: u64, prompt: &ProfilePrompt) -> Result<String> {
        let prompt = wire::ProfilePrompt { profiles: prompt.profiles.clone(), preselected: prompt.preselected.clone() };
        Ok(wire::choose_profile(ui, &prompt)?)
    }

    fn ask(&self, ui: u64, question: Question, text: &str) -> Result<bool> {
        let question = match question {
            Question::LogoffWithPendingMail => wire::Question::LogoffWithPendingMail,
            Question::RestartNeeded => wire::Question::RestartNeeded,
            Question::DeleteDefaultStoreService => wire::Question::DeleteDefaultStoreService,
            Question::Other => wire::Question::Other,
        };
        Ok(wire::ask(ui, question, text)?)
    }

    fn edit_options(&self, ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let options = options.iter().cloned().map(wire_option_data).collect::<Result<_>>()?;
        let prompt = wire::OptionsPrompt { options, properties: wire_properties(present.to_vec())? };
        properties(wire::edit_options(ui, &prompt)?)
    }
}
