//! User interface.

use crate::imports::transport::wire_option_data;
use crate::types::{properties, wire_properties};
use crate::world::mapi::session::form_presenter as wire;
use mapi_engine::backend::{OptionData, Presenter};
use mapi_engine::error::Result;
use mapi_engine::properties::Property;

/// The presenter of the host.
pub(crate) struct ImportedPresenter;

impl Presenter for ImportedPresenter {
    fn offers_ui(&self) -> bool {
        wire::offers_ui()
    }

    fn edit_options(&self, ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let options = options.iter().cloned().map(wire_option_data).collect::<Result<_>>()?;
        let prompt = wire::OptionsPrompt { options, properties: wire_properties(present.to_vec())? };
        properties(wire::edit_options(ui, &prompt)?)
    }
}
