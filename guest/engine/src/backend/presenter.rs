//! User interface, supplied by the host (`session` 0): each prompt is one call that returns data.
//!
//! A host has the prompts it overrides; the others are `MAPI_E_NO_SUPPORT`. A person who cancels is
//! `MAPI_E_USER_CANCEL`. While a prompt is open nothing can be asked of the session, so everything it needs is
//! given by value.

use crate::backend::OptionData;
use crate::error::{Code, Failure, Result};
use crate::properties::Property;

/// User interface.
pub trait Presenter {
    /// Whether there is any user interface.
    fn offers_ui(&self) -> bool;

    /// Asks for options of a message; the values changed. `present` are those the message has.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`.
    fn edit_options(&self, ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let _ = (ui, options, present);
        Err(Failure::new(Code::NoSupport, "This host has no user interface for options."))
    }
}
