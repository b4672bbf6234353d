//! `sessions`.

use crate::exports::Component;
use crate::imports::{Imports, hook_panics};
use crate::world::exports::mapi::session::profiles::ServiceAdmin;
use crate::world::exports::mapi::session::sessions as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Code, Failure};
use mapi_engine::profiles::{ProfAdmin, Profiles};
use mapi_engine::session::Alive;

/// No session can be made yet.
pub(crate) enum ExportedSession {}

pub(crate) fn admin_profiles() -> ProfAdmin {
    ProfAdmin::new(Profiles::new(&Imports), Alive::new())
}

impl export::Guest for Component {
    type Session = ExportedSession;

    fn initialize(_options: Option<export::InitializeOptions>) -> Result<(), wire::Failure> {
        hook_panics();
        Ok(())
    }

    fn uninitialize() {}

    fn logon(_options: export::LogonOptions) -> Result<export::Session, export::LogonFailure> {
        let failure = Failure::new(Code::NoSupport, "this build has no sessions");
        Err(export::LogonFailure { failure: failure.into(), error: None })
    }

    fn pump(_budget_us: u64) -> Result<export::Work, wire::Failure> {
        Ok(export::Work { more: false, notifications: 0, wake_at: None })
    }

    fn changed(_provider: wire::Guid) {}
}

impl export::GuestSession for ExportedSession {
    fn get_last_error(
        &self,
        _code: wire::Scode,
        _how: flags::GetLastErrorFlags,
    ) -> Result<Option<wire::MapiError>, wire::Failure> {
        match *self {}
    }

    fn get_msg_stores_table(&self, _how: flags::GetMsgStoresTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }

    fn open_msg_store(
        &self,
        _ui: u64,
        _entry_id: Vec<u8>,
        _how: flags::OpenMsgStoreFlags,
        _tags: Option<Vec<u32>>,
    ) -> Result<export::OpenedStore, wire::Failure> {
        match *self {}
    }

    fn get_status_table(&self, _how: flags::GetStatusTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }

    fn open_entry(
        &self,
        _entry_id: Vec<u8>,
        _how: flags::SessionOpenEntryFlags,
        _tags: Option<Vec<u32>>,
    ) -> Result<export::OpenedEntry, wire::Failure> {
        match *self {}
    }

    fn compare_entry_ids(&self, _first: Vec<u8>, _second: Vec<u8>) -> Result<bool, wire::Failure> {
        match *self {}
    }

    fn logoff(&self, _ui: u64, _how: flags::LogoffFlags) -> Result<(), wire::Failure> {
        match *self {}
    }

    fn admin_services(&self) -> Result<ServiceAdmin, wire::Failure> {
        match *self {}
    }
}
