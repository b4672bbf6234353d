//! The stores of a session: finding their sections and logging their providers on (`session` 3, 6.3).

use super::effects::Temporary;
use super::providers::{LogonWish, as_granted};
use super::read_reports::ReadReports;
use super::shared::{OpenStore, SharedSession};
use super::store_table;
use crate::backend::{Named, ProviderDefinition, ProviderKind};
use crate::entry_id::WrappedStoreId;
use crate::error::{Code, Failure, Result};
use crate::profiles::{Profile, Provider, SectionProperties, provider_flags};
use crate::properties::{Property, Value, tags};
use crate::stores::Connection;
use crate::tables::Table;
use std::cell::Cell;
use std::rc::Rc;

impl SharedSession {
    /// The store table, brought up to date with what other programs changed.
    pub(super) fn store_table(&self, unicode: bool) -> Result<Table> {
        self.store_rows.show(&self.with_roles(&self.load_profile()?))?;
        self.store_rows.view(unicode)
    }

    /// The section of the store an identifier names: one of the profile, a temporary one of this session,
    /// or a new temporary one.
    pub(super) fn store_section(&self, profile: &Profile, id: &WrappedStoreId) -> Result<Provider> {
        let known = |store: &&Provider| store_table::names(store, id);
        if let Some(store) = profile.providers_of(ProviderKind::Store).find(known) {
            return Ok(store.clone());
        }
        if let Some(store) = self.temporary.borrow().iter().map(|known| &known.provider).find(known) {
            return Ok(store.clone());
        }
        self.check_installed(profile, id)?;
        let mut properties = self.described(id);
        properties.put(tags::ENTRYID, Value::Binary(id.to_bytes()));
        Ok(Provider {
            uid: self.environment().new_uid(),
            service: None,
            backend: id.provider().to_owned(),
            kind: ProviderKind::Store,
            flags: provider_flags::TEMP_SECTION,
            may_supply_identity: false,
            properties,
        })
    }

    /// How the catalogue calls the stores of the provider an identifier names, until they say so themselves.
    fn described(&self, id: &WrappedStoreId) -> SectionProperties {
        let mut properties = SectionProperties::default();
        let services = self.profiles().services().unwrap_or_default();
        let of_backend = |provider: &ProviderDefinition| {
            provider.kind == ProviderKind::Store && provider.backend.eq_ignore_ascii_case(id.provider())
        };
        if let Some(known) = services.into_iter().flat_map(|service| service.providers).find(of_backend) {
            properties.put(tags::DISPLAY_NAME, Value::Unicode(known.display_name));
            properties.put(tags::PROVIDER_DISPLAY, Value::Unicode(known.provider_display));
        }
        properties
    }

    /// Whether the store provider an identifier names is installed.
    pub(super) fn check_installed(&self, profile: &Profile, id: &WrappedStoreId) -> Result<()> {
        let is_it = |backend: &str| backend.eq_ignore_ascii_case(id.provider());
        if profile.providers_of(ProviderKind::Store).any(|store| is_it(&store.backend)) {
            return Ok(());
        }
        let services = self.profiles().services()?;
        let mut providers = services.iter().flat_map(|service| &service.providers);
        if providers.any(|provider| provider.kind == ProviderKind::Store && is_it(&provider.backend)) {
            return Ok(());
        }
        Err(Failure::new(Code::UnknownEntryid, format!("This host has no message store provider \"{}\".", id.provider()))
            .with_argument("entry-id"))
    }

    /// The open store of that section, logging its provider on if it is not; and the warning of the logon.
    pub(super) fn start_store(
        &self,
        profile: &Profile,
        section: &Provider,
        wish: LogonWish,
    ) -> Result<(Rc<OpenStore>, Option<Failure>)> {
        let known = self.stores.borrow().iter().find(|store| store.section == section.uid).cloned();
        if let Some(store) = known {
            if !wish.temporary && !store.may_stay.replace(true) {
                self.take_effects_of_store(&store);
            }
            return Ok((store, None));
        }
        // The section of a service names its store itself; one without a service is named by its identifier.
        let own_id = if section.service.is_none() { store_table::entry_id(section) } else { None };
        let private = own_id.as_ref().map(WrappedStoreId::private);
        let host = Rc::clone(&self.parts.host);
        let edits = self.edits.get();
        let opened = self.log_on(profile, section, wish, |logon| as_granted(logon, |logon| host.open_store(logon, private)))?;
        let named = |failure: Failure| failure.from_provider(section.display_name(), section.uid);
        let provider = Named::new(opened.provider, section.display_name(), section.uid);
        let connection = Connection::new(Rc::new(provider), self.environment().clone()).map_err(named)?;
        connection.set_reports(Rc::new(ReadReports(self.weak())));
        let identity = connection.identity();
        let entry_id = WrappedStoreId::new(&section.backend, &identity.private_entry).ok_or_else(|| {
            named(Failure::new(Code::CorruptData, "The profile names no backend for this store; create its service again."))
        })?;
        let refreshed = [
            Property::new(tags::ENTRYID, Value::Binary(entry_id.to_bytes())),
            Property::new(tags::RECORD_KEY, Value::Binary(identity.uid.0.to_vec())),
            Property::new(tags::MDB_PROVIDER, Value::Binary(identity.kind.0.to_vec())),
        ];
        self.keep_section(section, &refreshed);
        let store = Rc::new(OpenStore {
            section: section.uid,
            entry_id,
            connection,
            is_signalled: Cell::new(false),
            feed_fails: Cell::new(false),
            has_mail: Cell::new(false),
            may_stay: Cell::new(!wish.temporary),
        });
        self.stores.borrow_mut().push(Rc::clone(&store));
        let mut section = section.clone();
        if section.has(provider_flags::TEMP_SECTION) {
            let mut kept = Temporary::new(section);
            kept.keep(&opened.section_changes, &[]);
            kept.keep(&refreshed, &[]);
            section = kept.provider.clone();
            self.temporary.borrow_mut().push(kept);
        }
        if self.edits.get() == edits {
            self.add_status_row(profile, &section, opened.status_row);
        } else {
            self.add_status_row(&self.load_profile()?, &section, opened.status_row);
        }
        self.take_effects_of_store(&store);
        Ok((store, opened.warning))
    }
}
