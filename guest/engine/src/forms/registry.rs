//! Which form shows a message class (`session` 9.4): the libraries, searched in their order.

use crate::backend::{FormDefinition, FormLibrary, FormScope, Presenter};
use crate::error::{Code, Failure, Result};
use crate::forms::class::{is_class, with_superclasses};
use crate::forms::definition::{is_hidden, is_published};
use crate::forms::folder_library::forms_in;
use crate::properties::PropTag;
use crate::stores::Folder;
use std::collections::BTreeSet;

/// `MAPIFORM_EXACTMATCH`: superclasses are not tried.
pub const MAPIFORM_EXACTMATCH: u32 = 0x20;

/// `MAPI_DIALOG` of InstallForm: a person is asked, and the other flag is void.
pub const MAPIFORM_INSTALL_DIALOG: u32 = 0x8;
/// Of InstallForm: a form of the class that is there already is replaced.
pub const MAPIFORM_INSTALL_OVERWRITEONCONFLICT: u32 = 0x10;
/// `FORMPROPSET_UNION`: what any of the forms publishes.
pub const FORMPROPSET_UNION: u32 = 0;
/// `FORMPROPSET_INTERSECTION`: what all of the forms publish.
pub const FORMPROPSET_INTERSECTION: u32 = 1;

/// The forms of all libraries that are searched, in the order of the search.
pub(crate) struct Libraries(Vec<FormDefinition>);

impl Libraries {
    /// Reads the libraries: that of a folder and the personal one only where there is a folder for it.
    ///
    /// # Errors
    /// The host's and the stores' own.
    pub(crate) fn read(presenter: &dyn Presenter, folder: Option<&Folder>, personal: Option<&Folder>) -> Result<Self> {
        let mut forms = presenter.forms(FormLibrary::Local)?;
        if let Some(folder) = folder {
            forms.extend(forms_in(folder, FormLibrary::Folder)?);
        }
        if let Some(root) = personal {
            forms.extend(forms_in(root, FormLibrary::Personal)?);
        }
        forms.extend(presenter.forms(FormLibrary::Organisation)?);
        Ok(Self(forms))
    }

    /// The forms a person may choose from.
    pub(crate) fn offered(self, scope: FormScope) -> Vec<FormDefinition> {
        let is_covered = |form: &FormDefinition| match scope {
            FormScope::All => true,
            FormScope::FolderOnly => form.library == FormLibrary::Folder,
            FormScope::NotFolder => form.library != FormLibrary::Folder,
        };
        self.0.into_iter().filter(|form| is_covered(form) && !is_hidden(form)).collect()
    }

    /// Every form.
    pub(crate) fn into_forms(self) -> Vec<FormDefinition> {
        self.0
    }
}

/// The form of a class: of all libraries the class itself, and only then what is above it.
///
/// # Errors
/// `MAPI_E_NOT_FOUND`.
pub(crate) fn resolve<'a>(libraries: &'a Libraries, class: &str, flags: u32) -> Result<&'a FormDefinition> {
    let depth = if flags & MAPIFORM_EXACTMATCH == 0 { usize::MAX } else { 1 };
    let of = |class: &str| libraries.0.iter().find(|form| is_class(&form.message_class, class));
    with_superclasses(class).take(depth).find_map(of).ok_or_else(|| {
        Failure::not_found(format!("No form is registered for the message class \"{class}\".")).with_argument("message-class")
    })
}

/// CalcFormPropSet: the properties that forms publish.
///
/// # Errors
/// `MAPI_E_UNKNOWN_FLAGS` for anything but one of the two values.
pub(crate) fn property_set(forms: &[FormDefinition], flags: u32) -> Result<Vec<PropTag>> {
    let mut published = forms.iter().map(|form| {
        let tags = form.properties.iter().map(|property| property.tag).filter(|tag| is_published(*tag));
        tags.collect::<BTreeSet<PropTag>>()
    });
    let set = match flags {
        FORMPROPSET_UNION => published.flatten().collect(),
        FORMPROPSET_INTERSECTION => {
            let first = published.next().unwrap_or_default();
            published.fold(first, |all, next| all.intersection(&next).copied().collect())
        }
        _ => {
            let text = "A set of form properties is the union (0) or the intersection (1).";
            return Err(Failure::new(Code::UnknownFlags, text).with_argument("flags"));
        }
    };
    Ok(set.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::{Property, Value};

    fn libraries(forms: &[(&str, FormLibrary)]) -> Libraries {
        let form = |(class, library): &(&str, FormLibrary)| FormDefinition {
            message_class: (*class).to_owned(),
            library: *library,
            properties: Vec::new(),
        };
        Libraries(forms.iter().map(form).collect())
    }

    #[test]
    fn a_class_is_looked_for_in_all_libraries_before_what_is_above_it() {
        let known = libraries(&[("IPM.Note", FormLibrary::Local), ("ipm.note.ours", FormLibrary::Organisation)]);
        assert_eq!(resolve(&known, "IPM.Note.Ours", 0).unwrap().library, FormLibrary::Organisation);
        assert_eq!(resolve(&known, "IPM.Note.Theirs", 0).unwrap().library, FormLibrary::Local);
        assert_eq!(resolve(&known, "IPM.Note.Theirs", MAPIFORM_EXACTMATCH).unwrap_err().code(), Code::NotFound);
        assert_eq!(resolve(&known, "IPM", 0).unwrap_err().code(), Code::NotFound);
    }

    #[test]
    fn what_forms_publish_is_joined_or_intersected() {
        let publishes = |tags: &[u32]| FormDefinition {
            message_class: "IPM.Task".to_owned(),
            library: FormLibrary::Local,
            properties: tags.iter().map(|tag| Property::new(PropTag(*tag), Value::Long(0))).collect(),
        };
        let forms = [publishes(&[0x6801_0003, 0x8005_0003, 0x330A_0003]), publishes(&[0x6802_0003, 0x8005_0003])];
        let set = |flags| property_set(&forms, flags).map(|set| set.into_iter().map(|tag| tag.0).collect::<Vec<_>>());
        assert_eq!(set(FORMPROPSET_UNION), Ok(vec![0x6801_0003, 0x6802_0003, 0x8005_0003]));
        assert_eq!(set(FORMPROPSET_INTERSECTION), Ok(vec![0x8005_0003]));
        assert_eq!(property_set(&[], FORMPROPSET_INTERSECTION), Ok(vec![]), "none published");
        assert_eq!(set(2).unwrap_err().code(), Code::UnknownFlags);
    }

    #[test]
    fn of_two_forms_of_a_class_that_of_the_first_library_is_taken() {
        let known = libraries(&[("IPM.Note", FormLibrary::Folder), ("IPM.Note", FormLibrary::Personal)]);
        assert_eq!(resolve(&known, "IPM.NOTE", 0).unwrap().library, FormLibrary::Folder);
    }
}
