//! Message store backends.

use crate::backend::{Effect, GroupBatch, GroupRequest, ObjectId, Objects};
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};

/// What a store can do (`stores` 2.2 "Who sets them").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one bit of PR_STORE_SUPPORT_MASK")]
pub struct StoreCapabilities {
    /// All objects are read-only.
    pub read_only: bool,
    /// It has a change feed.
    pub feed: bool,
    /// It can hold submitted messages.
    pub submit: bool,
    /// It can hold attachments.
    pub attachments: bool,
    /// It keeps deleted items for a while.
    pub soft_delete: bool,
    /// It is a public store.
    pub public_folders: bool,
    /// The engine is not to offer searches (`STORE_SEARCH_OK`), restrictions, sorts and categories on it.
    pub plain_scans_only: bool,
}

/// What the backend wants to index.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IndexPlan {
    /// Tags whose order keys it stores.
    pub ordered: Vec<PropTag>,
    /// Tags whose folded text it searches.
    pub searched: Vec<PropTag>,
    /// The key version its stored keys have, 0 for an empty store. A version other than the engine's
    /// means they are not used until the engine has re-keyed the store.
    pub key_version: u32,
}

/// Who a store is and what it can do; does not change while it is open, but for `index`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreIdentity {
    /// MAPIUID of this store; the one its entry identifiers carry.
    pub uid: Guid,
    /// `PR_MDB_PROVIDER`: the kind of store.
    pub kind: Guid,
    /// `PR_MAPPING_SIGNATURE`.
    pub mapping_signature: Guid,
    /// The object with the store's own properties.
    pub store: ObjectId,
    /// The root folder.
    pub root: ObjectId,
    /// The store's private entry identifier, the inner part of the wrapped one.
    pub private_entry: Vec<u8>,
    /// Whether this opening may write.
    pub writable: bool,
    /// Abilities.
    pub capabilities: StoreCapabilities,
    /// What to hand over for indexing.
    pub index: IndexPlan,
}

/// A property name (`properties` 5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PropertyName {
    /// `MNID_ID`.
    Number(u32),
    /// `MNID_STRING`.
    Text(String),
}

/// `MAPINAMEID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedProperty {
    /// The property set.
    pub set: Guid,
    /// The name in it.
    pub name: PropertyName,
}

/// Space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quota {
    /// Bytes in use.
    pub used: u64,
    /// Bytes allowed, 0: no limit.
    pub limit: u64,
}

/// One thing a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFinding {
    /// The object concerned, if one is.
    pub object: Option<ObjectId>,
    /// What is wrong.
    pub message: String,
    /// Whether it was mended.
    pub repaired: bool,
}

/// What a check did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Objects looked at.
    pub objects: u64,
    /// What was wrong; empty: sound.
    pub findings: Vec<CheckFinding>,
}

/// A message store backend: a transactional set of objects with properties.
///
/// Beside stored properties a backend answers, for folders, `PR_CONTENT_COUNT`, `PR_CONTENT_UNREAD`,
/// `PR_ASSOC_CONTENT_COUNT`, `PR_SUBFOLDERS` and the `PR_DELETED_*_COUNT`s from its own bookkeeping, in
/// `read`, `read_rows` and `scan` alike; a message is unread when bit 0 of its stored `PR_MESSAGE_FLAGS`
/// is clear. Everything else that MAPI calls computed is the engine's.
pub trait Store: Objects {
    /// Who it is.
    fn identity(&self) -> StoreIdentity;

    /// Categories (`tables` 7 "Push-down"). Only asked when the plan said `groups`.
    ///
    /// # Errors
    /// The backend's own.
    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch>;

    /// Identifiers of names, 0x8001 to 0xFFFE; with `create` unknown names get the next free one, durably.
    /// `None` for an unknown name, or when the mapping is full.
    ///
    /// # Errors
    /// The backend's own.
    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>>;

    /// The names of identifiers.
    ///
    /// # Errors
    /// The backend's own.
    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>>;

    /// The whole mapping, ascending.
    ///
    /// # Errors
    /// The backend's own.
    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>>;

    /// Hands over new order keys and folded texts of objects that exist; the versions stay. With
    /// `finished` the store's keys have that version from now on.
    ///
    /// # Errors
    /// The backend's own.
    fn rekey(
        &self,
        objects: Vec<(ObjectId, Vec<crate::backend::StoredProperty>)>,
        key_version: u32,
        finished: bool,
    ) -> Result<()>;

    /// Does up to `budget_us` microseconds of deferred indexing; whether more is left.
    ///
    /// # Errors
    /// The backend's own.
    fn index_step(&self, budget_us: u64) -> Result<bool>;

    /// Space used and allowed.
    ///
    /// # Errors
    /// The backend's own.
    fn quota(&self) -> Result<Quota>;

    /// Checks the store, mending what can be if `repair`.
    ///
    /// # Errors
    /// The backend's own, when the check could not be finished.
    fn check(&self, repair: bool) -> Result<CheckReport>;

    /// Gives unused space back.
    ///
    /// # Errors
    /// The backend's own.
    fn compact(&self) -> Result<()>;

    /// Copies the store, in use or not, to a place the host knows by that name.
    ///
    /// # Errors
    /// The backend's own.
    fn backup(&self, target: &str) -> Result<()>;

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
