//! The library of a folder (`session` 9.4): form definitions are associated messages of it.

use crate::backend::{FormDefinition, FormLibrary};
use crate::error::Result;
use crate::properties::{PropTag, Property, Value, tags};
use crate::stores::{Folder, MAPI_ASSOCIATED};
use crate::tables::MAPI_UNICODE;

/// What a definition says beside its class.
const DEFINITION: [PropTag; 11] = [
    tags::DISPLAY_NAME,
    tags::FORM_VERSION,
    tags::FORM_CLSID,
    tags::FORM_CONTACT_NAME,
    tags::FORM_CATEGORY,
    tags::FORM_CATEGORY_SUB,
    tags::FORM_HOST_MAP,
    tags::FORM_HIDDEN,
    tags::FORM_DESIGNER_NAME,
    tags::FORM_DESIGNER_GUID,
    tags::FORM_MESSAGE_BEHAVIOR,
];

/// Rows read at once.
const PAGE: i32 = 200;

/// The forms of a folder, the oldest first.
///
/// # Errors
/// The backend's own.
pub(super) fn forms_in(folder: &Folder, library: FormLibrary) -> Result<Vec<FormDefinition>> {
    let table = folder.get_contents_table(MAPI_ASSOCIATED | MAPI_UNICODE)?;
    let columns: Vec<PropTag> = [tags::MESSAGE_CLASS].into_iter().chain(DEFINITION).collect();
    table.set_columns(&columns, 0)?;
    let mut forms = Vec::new();
    loop {
        let rows = table.query_rows(PAGE, 0)?;
        if rows.is_empty() {
            return Ok(forms);
        }
        forms.extend(rows.into_iter().filter_map(|row| definition(row, library)));
    }
}

/// The definition an associated message holds; views and other settings have none of the properties of a form.
fn definition(row: Vec<Property>, library: FormLibrary) -> Option<FormDefinition> {
    let mut properties = row;
    properties.retain(|property| !matches!(property.value, Value::Error(_)));
    let place = properties.iter().position(|property| property.tag.id() == tags::MESSAGE_CLASS.id())?;
    let Value::Unicode(message_class) = properties.remove(place).value else { return None };
    let of_form = |property: &Property| (tags::FORM_VERSION.id()..=tags::FORM_MESSAGE_BEHAVIOR.id()).contains(&property.tag.id());
    properties.iter().any(of_form).then_some(FormDefinition { message_class, library, properties })
}
