//! What a form's definition says (`session` 9.4): its definition properties, and beside them those the form publishes.

use crate::backend::FormDefinition;
use crate::error::{Code, Failure, Result};
use crate::forms::class::check_class;
use crate::properties::{PropTag, Property, Value, tags};

/// What a definition says beside its class.
pub(super) const DEFINITION: [PropTag; 11] = [
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

/// Whether a property is one a form publishes: those of message classes, and named ones.
pub(super) const fn is_published(tag: PropTag) -> bool {
    matches!(tag.id(), 0x6800..=0x7BFF | 0x8000..=0xFFFE)
}

/// Whether a property makes a message the definition of a form.
pub(super) fn is_of_form(property: &Property) -> bool {
    (tags::FORM_VERSION.id()..=tags::FORM_MESSAGE_BEHAVIOR.id()).contains(&property.tag.id())
}

/// `PR_FORM_HIDDEN`: the form is kept out of choosers.
pub(super) fn is_hidden(form: &FormDefinition) -> bool {
    form.properties.iter().any(|property| property.tag == tags::FORM_HIDDEN && property.value == Value::Boolean(true))
}

/// The platforms of a definition.
pub(super) fn platforms(properties: &[Property]) -> Vec<i32> {
    let map = properties.iter().find(|property| property.tag == tags::FORM_HOST_MAP);
    match map.map(|property| &property.value) {
        Some(Value::MvLong(platforms)) => platforms.clone(),
        _ => Vec::new(),
    }
}

/// # Errors
/// `MAPI_E_EXTENDED_ERROR` for what is no definition of a form.
pub(crate) fn check(class: &str, properties: &[Property]) -> Result<()> {
    let invalid = |text: String| Failure::new(Code::ExtendedError, text).with_argument("definition");
    check_class(class).map_err(|failure| invalid(failure.detail().message.to_string()))?;
    for property in properties {
        let known = DEFINITION.contains(&property.tag) || is_published(property.tag);
        if !known || property.value.kind() != property.tag.kind() {
            let text = format!("The definition of the form of \"{class}\" cannot have the property {}.", property.tag);
            return Err(invalid(text).with_tag(property.tag));
        }
    }
    if properties.iter().any(is_of_form) {
        return Ok(());
    }
    Err(invalid(format!("The definition of the form of \"{class}\" has no property of a form, such as PR_FORM_VERSION.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_has_a_class_and_properties_of_a_form_and_nothing_else() {
        let version = Property::new(tags::FORM_VERSION, Value::Unicode("1".into()));
        let own = Property::new(PropTag(0x6801_0003), Value::Long(1));
        assert!(check("IPM.Task", &[version.clone(), own.clone()]).is_ok());
        let subject = Property::new(tags::SUBJECT, Value::Unicode("x".into()));
        let mistyped = Property { tag: tags::FORM_VERSION, value: Value::Long(1) };
        let refused = [
            ("IPM.", vec![version.clone()]),
            ("IPM.Task", vec![]),
            ("IPM.Task", vec![own]),
            ("IPM.Task", vec![version, subject]),
            ("IPM.Task", vec![mistyped]),
        ];
        for (class, properties) in refused {
            assert_eq!(check(class, &properties).unwrap_err().code(), Code::ExtendedError, "{class}, {properties:?}");
        }
    }
}
