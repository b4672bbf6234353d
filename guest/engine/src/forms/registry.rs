//! Which form shows a message class (`session` 9.4): the libraries, searched in their order.

use crate::backend::{FormDefinition, FormLibrary, Presenter};
use crate::error::{Failure, Result};
use crate::forms::class::{is_class, with_superclasses};
use crate::forms::folder_library::forms_in;
use crate::stores::Folder;

/// `MAPIFORM_EXACTMATCH`: superclasses are not tried.
pub const MAPIFORM_EXACTMATCH: u32 = 0x20;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

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
    fn of_two_forms_of_a_class_that_of_the_first_library_is_taken() {
        let known = libraries(&[("IPM.Note", FormLibrary::Folder), ("IPM.Note", FormLibrary::Personal)]);
        assert_eq!(resolve(&known, "IPM.NOTE", 0).unwrap().library, FormLibrary::Folder);
    }
}
