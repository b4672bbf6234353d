//! Forms and prompts.

use super::{flags, map, wires};
use crate::runtime::world::mapi::session::backend_types as backend;
use crate::runtime::world::mapi::session::form_presenter as wit;
use crate::runtime::world::mapi::session::types;
use mapi_engine::backend::{
    FormDefinition, FormLibrary, FormOutcome, FormRequest, FormScope, FormsPrompt, MessageChanges, MessageValues, ProfilePrompt,
    Question,
};
use mapi_engine::error::Result;
use mapi_engine::properties::Property;

pub(crate) const fn library(library: wit::FormLibrary) -> FormLibrary {
    match library {
        wit::FormLibrary::Local => FormLibrary::Local,
        wit::FormLibrary::Folder => FormLibrary::Folder,
        wit::FormLibrary::Personal => FormLibrary::Personal,
        wit::FormLibrary::Organisation => FormLibrary::Organisation,
    }
}

pub(crate) const fn wire_library(library: FormLibrary) -> wit::FormLibrary {
    match library {
        FormLibrary::Local => wit::FormLibrary::Local,
        FormLibrary::Folder => wit::FormLibrary::Folder,
        FormLibrary::Personal => wit::FormLibrary::Personal,
        FormLibrary::Organisation => wit::FormLibrary::Organisation,
    }
}

pub(crate) const fn scope(scope: wit::FormScope) -> FormScope {
    match scope {
        wit::FormScope::AllRegistries => FormScope::All,
        wit::FormScope::FolderRegistryOnly => FormScope::FolderOnly,
        wit::FormScope::NonFolderRegistryOnly => FormScope::NotFolder,
    }
}

pub(crate) const fn wire_scope(scope: FormScope) -> wit::FormScope {
    match scope {
        FormScope::All => wit::FormScope::AllRegistries,
        FormScope::FolderOnly => wit::FormScope::FolderRegistryOnly,
        FormScope::NotFolder => wit::FormScope::NonFolderRegistryOnly,
    }
}

pub(crate) fn forms_prompt(prompt: wit::SelectFormsPrompt) -> Result<FormsPrompt> {
    Ok(FormsPrompt {
        title: prompt.title,
        scope: scope(prompt.scope),
        forms: prompt.forms.into_iter().map(to_form).collect::<Result<_>>()?,
        selected: prompt.selected,
        multiple: prompt.multiple,
    })
}

pub(crate) fn form(form: FormDefinition) -> wit::FormDefinition {
    wit::FormDefinition {
        message_class: form.message_class,
        library: wire_library(form.library),
        properties: wires(form.properties),
    }
}

pub(crate) fn to_form(form: wit::FormDefinition) -> Result<FormDefinition> {
    Ok(FormDefinition { message_class: form.message_class, library: library(form.library), properties: map(form.properties)? })
}

fn rows(rows: Vec<Vec<types::Property>>) -> Result<Vec<Vec<Property>>> {
    rows.into_iter().map(map).collect()
}

fn message(message: backend::MessageValues) -> Result<MessageValues> {
    Ok(MessageValues {
        entry_id: message.entry_id,
        folder_id: message.folder_id,
        properties: map(message.properties)?,
        recipients: rows(message.recipients)?,
        attachments: rows(message.attachments)?,
    })
}

pub(crate) fn request(request: wit::FormRequest) -> Result<FormRequest> {
    Ok(FormRequest {
        flags: flags::show_form(request.how),
        message: message(request.message)?,
        store_id: request.store_id,
        message_class: request.message_class,
        form: to_form(request.form)?,
        message_status: request.message_status,
        message_flags: request.message_flags,
        access: request.access,
        viewer: flags::viewer_status(request.viewer),
    })
}

fn changes(changes: MessageChanges) -> backend::MessageChanges {
    backend::MessageChanges {
        set: wires(changes.set),
        delete: wires(changes.delete),
        recipients: changes.recipients.map(|rows| rows.into_iter().map(wires).collect()),
        attachments_added: changes
            .attachments_added
            .into_iter()
            .map(|properties| backend::NewAttachment { properties: wires(properties) })
            .collect(),
        attachments_removed: changes.attachments_removed,
    }
}

pub(crate) fn outcome(outcome: FormOutcome) -> wit::FormOutcome {
    match outcome {
        FormOutcome::Closed(made) => wit::FormOutcome::Closed(changes(made)),
        FormOutcome::Cancelled => wit::FormOutcome::Cancelled,
    }
}

pub(crate) fn profile_prompt(prompt: wit::ProfilePrompt) -> ProfilePrompt {
    ProfilePrompt { profiles: prompt.profiles, preselected: prompt.preselected }
}

pub(crate) const fn question(question: wit::Question) -> Question {
    match question {
        wit::Question::LogoffWithPendingMail => Question::LogoffWithPendingMail,
        wit::Question::RestartNeeded => Question::RestartNeeded,
        wit::Question::DeleteDefaultStoreService => Question::DeleteDefaultStoreService,
        wit::Question::Other => Question::Other,
    }
}
