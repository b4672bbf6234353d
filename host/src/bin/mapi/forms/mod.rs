//! Who shows the forms of `mapi form` (`session` 9.3): a person at a terminal, or a script.
//!
//! Both work on the same [`Fields`] and hand back what was changed of them.

mod fields;
mod script;
mod terminal;

pub(crate) use fields::Fields;
pub(crate) use script::ScriptedPresenter;
pub(crate) use terminal::TerminalPresenter;

use mapi_session::backend::{FormDefinition, FormLibrary};

/// The message classes both show: every message, and every report.
fn definitions(library: FormLibrary) -> Vec<FormDefinition> {
    let form = |class: &str| FormDefinition { message_class: class.to_owned(), library, properties: Vec::new() };
    if library == FormLibrary::Local { ["IPM", "REPORT"].map(form).to_vec() } else { Vec::new() }
}
