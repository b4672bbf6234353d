//! `status`.

use crate::exports::Component;
use crate::exports::properties::exported as exported_properties;
use crate::world::exports::mapi::session::objects::Properties;
use crate::world::exports::mapi::session::status as export;
use mapi_engine::properties::ReadOnlyProperties;

impl export::Guest for Component {
    type StatusObject = ExportedStatus;
}

/// A status object.
pub(crate) struct ExportedStatus(ReadOnlyProperties);

/// A status object for the world.
pub(crate) fn exported(object: ReadOnlyProperties) -> export::StatusObject {
    export::StatusObject::new(ExportedStatus(object))
}

impl export::GuestStatusObject for ExportedStatus {
    fn properties(&self) -> Properties {
        exported_properties(self.0.properties())
    }
}
