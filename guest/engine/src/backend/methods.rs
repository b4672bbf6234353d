//! The methods of the backend traits, listed once for all that implement a trait by calling it elsewhere.
//!
//! The word before a method says what there is to know of its answer:
//!
//! - `is`: what it is, told without asking the backend; no method of the world.
//! - `says`: it cannot fail.
//! - `tries`: it can.
//! - `reports`: it cannot fail, and what it answers may hold failures.
//! - `ends`: it can fail, and what it answers may hold one.

/// Calls a macro with the context given and every method of every backend a profile or a host supplies:
/// `backend_methods! { passed_on [context] }`. The types are those of `crate::backend`.
macro_rules! backend_methods {
    ($callback:ident [$($context:tt)*]) => { $callback! { [$($context)*]
        Objects {
            is fn uid(&self) -> Guid;
            tries fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)>;
            tries fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>>;
            tries fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch>;
            tries fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;
            tries fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage>;
            tries fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64>;
            tries fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64>;
            tries fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>>;
            tries fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>>;
            tries fn reserve(&self, count: u32) -> Result<Vec<ObjectId>>;
            tries fn stage(&self) -> Result<u64>;
            tries fn append(&self, staged: u64, bytes: &[u8]) -> Result<()>;
            says fn discard(&self, staged: u64);
            tries fn commit(&self, commit: Commit) -> Result<Committed>;
            tries fn feed_cursor(&self) -> Result<FeedCursor>;
            tries fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage>;
        }
        Store {
            says fn identity(&self) -> StoreIdentity;
            tries fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch>;
            tries fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>>;
            tries fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>>;
            tries fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>>;
            tries fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()>;
            tries fn index_step(&self, budget_us: u64) -> Result<bool>;
            tries fn quota(&self) -> Result<Quota>;
            tries fn check(&self, repair: bool) -> Result<CheckReport>;
            tries fn compact(&self) -> Result<()>;
            tries fn backup(&self, target: &str) -> Result<()>;
            tries fn validate(&self, flags: u32) -> Result<()>;
            tries fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()>;
            tries fn change_password(&self, old: &str, new: &str) -> Result<()>;
            tries fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>>;
            says fn effects(&self) -> Vec<Effect>;
        }
        AddressBook {
            says fn identity(&self) -> AddressBookIdentity;
            tries fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>>;
            tries fn validate(&self, flags: u32) -> Result<()>;
            tries fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()>;
            tries fn change_password(&self, old: &str, new: &str) -> Result<()>;
            tries fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>>;
            says fn effects(&self) -> Vec<Effect>;
        }
        Transport {
            says fn identity(&self) -> TransportIdentity;
            tries fn register_options(&self) -> Result<Vec<OptionData>>;
            tries fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()>;
            tries fn begin(&self, envelope: &Envelope) -> Result<u64>;
            tries fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()>;
            ends fn finish(&self, transfer: u64) -> Result<Outcome>;
            says fn cancel(&self, transfer: u64);
            tries fn poll(&self) -> Result<bool>;
            says fn idle(&self);
            tries fn receive(&self) -> Result<Option<InboundMessage>>;
            tries fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>>;
            tries fn acknowledge(&self, message: u64, stored: bool) -> Result<()>;
            tries fn flush(&self, flags: u32) -> Result<()>;
            tries fn validate(&self, flags: u32) -> Result<()>;
            tries fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()>;
            tries fn change_password(&self, old: &str, new: &str) -> Result<()>;
            tries fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>>;
            reports fn notices(&self) -> Vec<TransportNotice>;
        }
        ProfileStorage {
            tries fn list(&self) -> Result<Vec<ProfileEntry>>;
            tries fn load(&self, name: &str) -> Result<LoadedProfile>;
            tries fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64>;
            tries fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64>;
            tries fn delete(&self, name: &str, expected: u64) -> Result<()>;
            tries fn default_name(&self) -> Result<Option<String>>;
            tries fn set_default_name(&self, name: Option<&str>) -> Result<()>;
            tries fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>>;
            tries fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()>;
            tries fn acquire_lease(&self, name: &str) -> Result<u64>;
            says fn release_lease(&self, lease: u64);
            tries fn leases(&self, name: &str) -> Result<u32>;
        }
        Catalogue {
            tries fn services(&self) -> Result<Vec<ServiceDefinition>>;
            tries fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome>;
        }
    } };
}

pub(crate) use backend_methods;
