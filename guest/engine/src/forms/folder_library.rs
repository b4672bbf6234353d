//! The library of a folder (`session` 9.4): form definitions are associated messages of it.

use super::class::is_class;
use super::definition::{DEFINITION, is_of_form, is_published, platforms};
use crate::backend::{FormDefinition, FormLibrary};
use crate::error::{Code, Failure, Result};
use crate::properties::{MAPI_MODIFY, PropTag, Property, Value, tags};
use crate::stores::{Folder, MAPI_ASSOCIATED, OpenedEntry};
use crate::tables::{MAPI_UNICODE, TBL_ALL_COLUMNS, Table};

/// Rows read at once.
const PAGE: i32 = 200;

/// The forms of a folder, the oldest first.
///
/// # Errors
/// The backend's own.
pub(super) fn forms_in(folder: &Folder, library: FormLibrary) -> Result<Vec<FormDefinition>> {
    let table = folder.get_contents_table(MAPI_ASSOCIATED | MAPI_UNICODE)?;
    let published = table.query_columns(TBL_ALL_COLUMNS)?.into_iter().filter(|tag| is_published(*tag));
    let columns: Vec<PropTag> = [tags::MESSAGE_CLASS].into_iter().chain(DEFINITION).chain(published).collect();
    let rows = all_rows(&table, &columns)?;
    Ok(rows.into_iter().filter_map(|row| definition(row, library)).collect())
}

fn all_rows(table: &Table, columns: &[PropTag]) -> Result<Vec<Vec<Property>>> {
    table.set_columns(columns, 0)?;
    let mut all = Vec::new();
    loop {
        let rows = table.query_rows(PAGE, 0)?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows);
    }
}

/// The definition an associated message holds; views and other settings have none of the properties of a form.
fn definition(row: Vec<Property>, library: FormLibrary) -> Option<FormDefinition> {
    let mut properties = row;
    properties.retain(|property| !matches!(property.value, Value::Error(_)));
    let place = properties.iter().position(|property| property.tag.id() == tags::MESSAGE_CLASS.id())?;
    let Value::Unicode(message_class) = properties.remove(place).value else { return None };
    properties.iter().any(is_of_form).then_some(FormDefinition { message_class, library, properties })
}

/// The messages that define the form of a class, by their entry identifiers.
fn definitions_of(folder: &Folder, class: &str) -> Result<Vec<(Vec<u8>, FormDefinition)>> {
    let table = folder.get_contents_table(MAPI_ASSOCIATED | MAPI_UNICODE)?;
    let columns: Vec<PropTag> = [tags::ENTRYID, tags::MESSAGE_CLASS].into_iter().chain(DEFINITION).collect();
    let of_class = |row: Vec<Property>| {
        let mut row = row;
        let Value::Binary(entry_id) = row.remove(0).value else { return None };
        definition(row, FormLibrary::Folder).filter(|form| is_class(&form.message_class, class)).map(|form| (entry_id, form))
    };
    Ok(all_rows(&table, &columns)?.into_iter().filter(|row| !row.is_empty()).filter_map(of_class).collect())
}

/// Whether the folder has a form of that class.
///
/// # Errors
/// The backend's own.
pub(crate) fn has_form(folder: &Folder, class: &str) -> Result<bool> {
    Ok(!definitions_of(folder, class)?.is_empty())
}

/// Registers a form: one of the class that is there already is replaced, or else learns of further platforms only.
///
/// # Errors
/// The backend's own.
pub(crate) fn install(folder: &Folder, class: &str, properties: &[Property], overwrite: bool) -> Result<()> {
    let existing = definitions_of(folder, class)?;
    if let (false, Some((entry_id, known))) = (overwrite, existing.first()) {
        return add_platforms(folder, entry_id, known, properties);
    }
    let message = folder.create_message(None, MAPI_ASSOCIATED)?.properties();
    let class = Property::new(tags::MESSAGE_CLASS, Value::Unicode(class.to_owned()));
    message.set_props([class].into_iter().chain(properties.iter().cloned()).collect())?;
    message.save_changes(0)?;
    // Last, so that a class that had a form never is without one.
    remove_all(folder, &existing)
}

fn add_platforms(folder: &Folder, entry_id: &[u8], known: &FormDefinition, properties: &[Property]) -> Result<()> {
    let had = platforms(&known.properties);
    let mut all = had.clone();
    for platform in platforms(properties) {
        if !all.contains(&platform) {
            all.push(platform);
        }
    }
    if all == had {
        return Ok(());
    }
    let OpenedEntry::Message(message) = folder.open_entry(Some(entry_id), None, MAPI_MODIFY)? else {
        return Err(Failure::not_found("The definition of the form has gone meanwhile."));
    };
    message.properties().set_props(vec![Property::new(tags::FORM_HOST_MAP, Value::MvLong(all))])?;
    message.properties().save_changes(0)
}

/// Removes the form of a class.
///
/// # Errors
/// `MAPI_E_NOT_FOUND`; the backend's own.
pub(crate) fn remove(folder: &Folder, class: &str) -> Result<()> {
    let existing = definitions_of(folder, class)?;
    if existing.is_empty() {
        let text = format!("The library has no form for the message class \"{class}\".");
        return Err(Failure::not_found(text).with_argument("message-class"));
    }
    remove_all(folder, &existing)
}

fn remove_all(folder: &Folder, definitions: &[(Vec<u8>, FormDefinition)]) -> Result<()> {
    if definitions.is_empty() {
        return Ok(());
    }
    let ids: Vec<Vec<u8>> = definitions.iter().map(|(entry_id, _)| entry_id.clone()).collect();
    let deleted = folder.delete_messages(&ids, 0)?;
    match deleted.warning {
        None => Ok(()),
        Some(_) => Err(Failure::new(Code::CallFailed, "Some definitions of the form could not be deleted.")),
    }
}
