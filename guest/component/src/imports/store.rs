//! Message stores.

use crate::imports::changes::wire_stored;
use crate::imports::objects::{object_id, objects};
use crate::imports::providers::{effects, problems};
use crate::imports::scans::{groups, wire_group_request};
use crate::types::{Bits, wire_properties};
use crate::world::mapi::session::backend_types as wire;
use crate::world::mapi::session::method_flags::{SettingsDialogFlags, ValidateStateFlags};
use crate::world::mapi::session::store_backend;
use mapi_engine::backend::{
    CheckFinding, CheckReport, Effect, GroupBatch, GroupRequest, NamedProperty, ObjectId, Quota, Store, StoreCapabilities,
    StoreIdentity, StoredProperty,
};
use mapi_engine::error::{Code, Result};
use mapi_engine::properties::{PropTag, Property};
use std::cell::RefCell;

/// A store of the host.
pub(crate) struct ImportedStore {
    import: store_backend::Store,
    identity: StoreIdentity,
    /// What it reported while it was opened.
    pending: RefCell<Vec<Effect>>,
}

impl ImportedStore {
    /// Asks the store who it is.
    pub(crate) fn new(import: store_backend::Store, pending: Vec<Effect>) -> Result<Self> {
        let identity = identity(import.identity())?;
        Ok(Self { import, identity, pending: RefCell::new(pending) })
    }
}

fn identity(identity: wire::StoreIdentity) -> Result<StoreIdentity> {
    let has = |flag| identity.capabilities.contains(flag);
    let capabilities = StoreCapabilities {
        read_only: has(wire::StoreCapabilities::READ_ONLY),
        feed: has(wire::StoreCapabilities::FEED),
        submit: has(wire::StoreCapabilities::SUBMIT),
        attachments: has(wire::StoreCapabilities::ATTACHMENTS),
        soft_delete: has(wire::StoreCapabilities::SOFT_DELETE),
        public_folders: has(wire::StoreCapabilities::PUBLIC_FOLDERS),
        plain_scans_only: has(wire::StoreCapabilities::PLAIN_SCANS_ONLY),
    };
    Ok(StoreIdentity {
        uid: identity.uid.into(),
        kind: identity.kind.into(),
        mapping_signature: identity.mapping_signature.into(),
        store: object_id(&identity.store)?,
        root: object_id(&identity.root)?,
        private_entry: identity.private_entry,
        writable: identity.writable,
        capabilities,
        index: identity.index.into(),
    })
}

objects!(ImportedStore);

impl Store for ImportedStore {
    fn identity(&self) -> StoreIdentity {
        // The version of its keys changes; one that tells nonsense now is who it was.
        identity(self.import.identity()).unwrap_or_else(|_| self.identity.clone())
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        groups(self.import.groups(&wire_group_request(request)?)?)
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        let names: Vec<_> = names.iter().cloned().map(Into::into).collect();
        Ok(self.import.ids_of_names(&names, create)?)
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        Ok(self.import.names_of_ids(ids)?.into_iter().map(|name| name.map(Into::into)).collect())
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        Ok(self.import.all_names()?.into_iter().map(|mapped| (mapped.id, mapped.name.into())).collect())
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        let objects = objects
            .into_iter()
            .map(|(object, properties)| {
                Ok(wire::RekeyedObject { object: object.as_bytes().to_vec(), properties: wire_stored(properties)? })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(self.import.rekey(&objects, key_version, finished)?)
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        Ok(self.import.index_step(budget_us)?)
    }

    fn quota(&self) -> Result<Quota> {
        let quota = self.import.quota()?;
        Ok(Quota { used: quota.used, limit: quota.limit })
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        let report = self.import.check(repair)?;
        let finding = |finding: wire::CheckFinding| {
            Ok(CheckFinding {
                object: finding.object.as_deref().map(object_id).transpose()?,
                message: finding.message,
                repaired: finding.repaired,
            })
        };
        Ok(CheckReport { objects: report.objects, findings: report.findings.into_iter().map(finding).collect::<Result<_>>()? })
    }

    fn compact(&self) -> Result<()> {
        Ok(self.import.compact()?)
    }

    fn backup(&self, target: &str) -> Result<()> {
        Ok(self.import.backup(target)?)
    }

    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        Ok(self.import.settings_dialog(ui, SettingsDialogFlags::from_raw(flags))?)
    }

    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        Ok(self.import.change_password(old, new)?)
    }

    fn validate(&self, flags: u32) -> Result<()> {
        Ok(self.import.validate_state(0, ValidateStateFlags::from_raw(flags))?)
    }

    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        Ok(problems(self.import.set_status_properties(&wire_properties(properties.to_vec())?)?))
    }

    fn effects(&self) -> Vec<Effect> {
        effects(&self.pending, self.import.take_effects())
    }
}
