//! The form registry (`session` 9.4): which form shows a class, and registering, removing and choosing forms.

use super::handle::Handle;
use crate::backend::{FormDefinition, FormLibrary, FormScope, FormsPrompt, Question};
use crate::error::{Code, Failure, Result, check_flags};
use crate::forms::{self, Libraries, MAPIFORM_EXACTMATCH, MAPIFORM_INSTALL_DIALOG, MAPIFORM_INSTALL_OVERWRITEONCONFLICT};
use crate::properties::{PropTag, Property};
use crate::stores::Folder;

/// `ALL_REGISTRIES`.
const ALL_REGISTRIES: u32 = 0;
/// `FOLDER_REGISTRY_ONLY`.
const FOLDER_REGISTRY_ONLY: u32 = 1;
/// `NON_FOLDER_REGISTRY_ONLY`.
const NON_FOLDER_REGISTRY_ONLY: u32 = 2;

/// A library as an argument: that of a folder comes with the folder, the others without one.
#[derive(Clone, Copy)]
pub struct FormContainer<'a> {
    /// Which.
    pub library: FormLibrary,
    /// The folder, for [`FormLibrary::Folder`] and for no other.
    pub folder: Option<&'a Folder>,
}

/// The definition of a form to be registered.
#[derive(Clone, Debug, PartialEq)]
pub enum FormSource {
    /// One the host knows by that name: for the libraries the host keeps.
    Named(String),
    /// Itself: for the libraries that are folders.
    Given {
        /// The message class.
        message_class: String,
        /// Its definition properties and those it publishes.
        properties: Vec<Property>,
    },
}

/// Where a library is.
enum Place {
    /// With the host.
    Host,
    /// Among the hidden messages of a folder.
    Folder(Folder),
}

impl Handle {
    /// The libraries as a search from that folder sees them.
    pub(super) fn libraries(&self, folder: Option<&Folder>) -> Result<Libraries> {
        let personal = self.open_default_store().map(|store| store.root_folder()).transpose()?;
        Libraries::read(self.presenter(), folder, personal.as_ref())
    }

    pub(super) fn resolve_message_class(&self, class: &str, flags: u32, folder: Option<&Folder>) -> Result<FormDefinition> {
        self.alive.check()?;
        forms::check_class(class)?;
        check_flags(flags, MAPIFORM_EXACTMATCH)?;
        forms::resolve(&self.libraries(folder)?, class, flags).cloned()
    }

    pub(super) fn resolve_multiple_message_classes(
        &self,
        classes: Option<&[String]>,
        flags: u32,
        folder: Option<&Folder>,
    ) -> Result<Vec<Option<FormDefinition>>> {
        self.alive.check()?;
        classes.unwrap_or_default().iter().try_for_each(|class| forms::check_class(class))?;
        check_flags(flags, MAPIFORM_EXACTMATCH)?;
        let libraries = self.libraries(folder)?;
        Ok(match classes {
            None => libraries.into_forms().into_iter().map(Some).collect(),
            Some(classes) => classes.iter().map(|class| forms::resolve(&libraries, class, flags).ok().cloned()).collect(),
        })
    }

    fn place(&self, container: FormContainer<'_>) -> Result<Place> {
        match (container.library, container.folder) {
            (FormLibrary::Folder, Some(folder)) => {
                folder.alive().check()?;
                Ok(Place::Folder(folder.clone()))
            }
            (FormLibrary::Folder, None) => Err(Failure::invalid("folder", "The library of a folder is named by its folder.")),
            (_, Some(_)) => Err(Failure::invalid("folder", "Only the library of a folder is named by a folder; leave it out.")),
            (FormLibrary::Personal, None) => {
                let store = self
                    .open_default_store()
                    .ok_or_else(|| Failure::not_found("The personal library is in the default store; open that store first."))?;
                Ok(Place::Folder(store.root_folder()?))
            }
            (FormLibrary::Local | FormLibrary::Organisation, None) => Ok(Place::Host),
        }
    }

    pub(super) fn install_form(&self, ui: u64, flags: u32, container: FormContainer<'_>, source: &FormSource) -> Result<()> {
        self.alive.check()?;
        check_flags(flags, MAPIFORM_INSTALL_DIALOG | MAPIFORM_INSTALL_OVERWRITEONCONFLICT)?;
        match (self.place(container)?, source) {
            (Place::Host, FormSource::Named(definition)) => {
                self.presenter().install_form(ui, flags, container.library, definition)
            }
            (Place::Folder(folder), FormSource::Given { message_class, properties }) => {
                forms::check_definition(message_class, properties)?;
                let replace = if flags & MAPIFORM_INSTALL_DIALOG == 0 {
                    flags & MAPIFORM_INSTALL_OVERWRITEONCONFLICT != 0
                } else {
                    self.ask_to_replace(ui, &folder, message_class)?
                };
                forms::install(&folder, message_class, properties, replace)
            }
            (Place::Host, FormSource::Given { .. }) => Err(Failure::new(
                Code::NoSupport,
                "The host registers forms of this library from definitions it knows by name; give the name.",
            )),
            (Place::Folder(_), FormSource::Named(_)) => Err(Failure::new(
                Code::NoSupport,
                "A library that is a folder takes definitions themselves; give the class and the properties.",
            )),
        }
    }

    /// `MAPI_DIALOG`: a person says whether the form that is there is to be replaced; otherwise it learns of further
    /// platforms only.
    fn ask_to_replace(&self, ui: u64, folder: &Folder, class: &str) -> Result<bool> {
        self.need_ui("the registration of forms")?;
        if !forms::has_form(folder, class)? {
            return Ok(true);
        }
        let text = format!("The library has a form for the message class \"{class}\" already. Replace it?");
        self.presenter().ask(ui, Question::Other, &text)
    }

    /// # Errors
    /// `MAPI_E_NO_SUPPORT` when nobody can be asked.
    fn need_ui(&self, what: &str) -> Result<()> {
        if self.offers_ui() {
            return Ok(());
        }
        Err(Failure::new(Code::NoSupport, format!("There is no user interface for {what}.")))
    }

    pub(super) fn remove_form(&self, container: FormContainer<'_>, class: &str) -> Result<()> {
        self.alive.check()?;
        forms::check_class(class)?;
        match self.place(container)? {
            Place::Host => self.presenter().remove_form(container.library, class),
            Place::Folder(folder) => forms::remove(&folder, class),
        }
    }

    pub(super) fn calc_form_prop_set(&self, forms: &[FormDefinition], flags: u32) -> Result<Vec<PropTag>> {
        self.alive.check()?;
        forms::property_set(forms, flags)
    }

    pub(super) fn select_forms(
        &self,
        ui: u64,
        flags: u32,
        title: Option<&str>,
        folder: Option<&Folder>,
        chosen_before: Option<&[FormDefinition]>,
    ) -> Result<Vec<FormDefinition>> {
        self.alive.check()?;
        let scope = scope(flags, folder)?;
        self.need_ui("a choice of forms")?;
        let forms = self.libraries(folder)?.offered(scope);
        let place = |form: &FormDefinition| forms.iter().position(|known| known == form).and_then(|at| u32::try_from(at).ok());
        let selected = chosen_before.unwrap_or_default().iter().filter_map(place).collect();
        let multiple = chosen_before.is_some();
        let prompt = FormsPrompt { title: title.map(str::to_owned), scope, forms, selected, multiple };
        let chosen = self.presenter().select_forms(ui, &prompt)?;
        if chosen.is_empty() && !multiple {
            return Err(Failure::new(Code::UserCancel, "No form was chosen."));
        }
        let form = |at: u32| usize::try_from(at).ok().and_then(|at| prompt.forms.get(at)).cloned();
        let forms: Option<Vec<FormDefinition>> = chosen.iter().map(|at| form(*at)).collect();
        forms.filter(|forms| multiple || forms.len() == 1).ok_or_else(|| {
            Failure::new(Code::CallFailed, "The user interface chose a form that was not offered, or too many of them.")
        })
    }

    pub(super) fn select_form_container(&self, ui: u64, flags: u32, folder: Option<&Folder>) -> Result<FormLibrary> {
        self.alive.check()?;
        let scope = scope(flags, folder)?;
        self.need_ui("a choice of form libraries")?;
        let folder_id = folder.filter(|_| scope != FormScope::NotFolder).map(|folder| folder.entry_id_of(folder.object()));
        let chosen = self.presenter().select_form_library(ui, scope, folder_id.as_deref())?;
        let is_offered = match chosen {
            FormLibrary::Folder => folder_id.is_some(),
            _ => scope != FormScope::FolderOnly,
        };
        if is_offered {
            return Ok(chosen);
        }
        Err(Failure::new(Code::CallFailed, "The user interface chose a library that was not offered."))
    }
}

fn scope(flags: u32, folder: Option<&Folder>) -> Result<FormScope> {
    let scope = match flags {
        ALL_REGISTRIES => FormScope::All,
        FOLDER_REGISTRY_ONLY => FormScope::FolderOnly,
        NON_FOLDER_REGISTRY_ONLY => FormScope::NotFolder,
        _ => {
            let text = "A choice covers all libraries (0), the folder's (1), or all but the folder's (2).";
            return Err(Failure::new(Code::UnknownFlags, text).with_argument("flags"));
        }
    };
    if scope == FormScope::FolderOnly && folder.is_none() {
        return Err(Failure::invalid("folder", "The library of a folder is named by its folder."));
    }
    folder.map_or(Ok(()), |folder| folder.alive().check())?;
    Ok(scope)
}
