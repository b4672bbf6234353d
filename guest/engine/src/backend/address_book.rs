//! Address book backends: the same objects, and name resolution.

use crate::backend::{Effect, ObjectId, Objects};
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};

/// Who an address book provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressBookIdentity {
    /// MAPIUID its entry identifiers carry.
    pub uid: Guid,
    /// `PR_AB_PROVIDER_ID`.
    pub kind: Guid,
    /// Its root; the top-level containers lie in it.
    pub root: ObjectId,
    /// Whether it may be changed.
    pub writable: bool,
    /// Whether it has a change feed.
    pub feed: bool,
    /// What to hand over for indexing.
    pub index: crate::backend::IndexPlan,
}

/// What a resolution found for one name.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution {
    /// Nothing.
    Unresolved,
    /// More than one entry.
    Ambiguous,
    /// Exactly this entry, with the asked properties.
    Resolved(ObjectId, Vec<Property>),
}

/// An address book backend.
pub trait AddressBook: Objects {
    /// Who it is.
    fn identity(&self) -> AddressBookIdentity;

    /// Resolves names against one container or list, one answer for each name. `addresses_only`
    /// (`EMS_AB_ADDRESS_LOOKUP`): the names are addresses, and only one that is equal counts.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`: the engine scans for `PR_ANR` itself.
    fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>>;

    /// `ValidateState` of its status object (`status` 4.1). Asked only of one whose status row says that it can.
    ///
    /// # Errors
    /// The provider's own.
    fn validate(&self, flags: u32) -> Result<()> {
        let _ = flags;
        Err(Failure::new(Code::NoSupport, "This provider has no state to validate."))
    }

    /// `SettingsDialog` of its status object (`status` 4.2): shows its settings, or with `UI_READONLY` (1) only shows
    /// them. Asked only of one whose status row says that it can.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`, the provider's own.
    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        let _ = (ui, flags);
        Err(Failure::new(Code::NoSupport, "This provider has no dialogue for its settings."))
    }

    /// `ChangePassword` of its status object (`status` 4.3). Asked only of one whose status row says that it can.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`: the old password is wrong; the provider's own.
    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        let _ = (old, new);
        Err(Failure::new(Code::NoSupport, "This provider has no password to change."))
    }

    /// `SetProps` of its status object (`status` 4); the properties it did not take, and why. What it takes is shown in its
    /// row.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`: its status object can only be read; the provider's own.
    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        let _ = properties;
        Err(Failure::new(Code::NoSupport, "The status object of this provider can only be read."))
    }

    /// What it reported since the last call: while it was opened, and in calls and tasks of its own.
    fn effects(&self) -> Vec<Effect> {
        Vec::new()
    }
}
