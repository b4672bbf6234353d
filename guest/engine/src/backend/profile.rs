//! Where profiles are kept (`profiles` 7).

use crate::error::Result;

/// One profile of the storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileEntry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
}

/// A loaded profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProfile {
    /// The engine's own form.
    pub bytes: Vec<u8>,
    /// The version to name when it is replaced.
    pub version: u64,
}

/// Profile storage. Names are compared exactly; MAPI's comparison is the engine's.
pub trait ProfileStorage {
    /// All profiles, by creation.
    ///
    /// # Errors
    /// The storage's own.
    fn list(&self) -> Result<Vec<ProfileEntry>>;

    /// Loads one.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    fn load(&self, name: &str) -> Result<LoadedProfile>;

    /// Writes one durably if it still has version `expected`; 0: if there is none of that name. The new version.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when the version no longer holds.
    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64>;

    /// Renames one if it still has that version, keeping its place in the order of creation and its protected values.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED`, `MAPI_E_COLLISION` when the new name is taken.
    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64>;

    /// Deletes one, with its protected values, if it still has that version.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED`, `MAPI_E_NOT_FOUND`.
    fn delete(&self, name: &str, expected: u64) -> Result<()>;

    /// The name of the default profile.
    ///
    /// # Errors
    /// The storage's own.
    fn default_name(&self) -> Result<Option<String>>;

    /// Sets or clears it.
    ///
    /// # Errors
    /// The storage's own.
    fn set_default_name(&self, name: Option<&str>) -> Result<()>;

    /// A protected value of a profile (identifiers 0x67F0 to 0x67FF); the key is section and tag.
    ///
    /// # Errors
    /// The storage's own.
    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>>;

    /// Sets or, with `None`, deletes a protected value.
    ///
    /// # Errors
    /// The storage's own.
    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()>;

    /// Marks a profile as in use until the number is given back or this instance ends.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a storage without leases: it serves one instance.
    fn acquire_lease(&self, name: &str) -> Result<u64>;

    /// Gives a lease back.
    fn release_lease(&self, lease: u64);

    /// How many leases of that profile are held, by any instance.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`.
    fn leases(&self, name: &str) -> Result<u32>;
}
