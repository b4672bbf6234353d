//! IMAPIStatus (`status` 4): one row of the status table as an object.

use super::handle::Handle;
use crate::backend::Want;
use crate::entry_id::{EntryId, StatusEntryId};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::properties::tags::Settable;
use crate::properties::{Numbered, Problem, PropTag, Property, PropertyHolder, PropertyObject, SaveMode, Value};
use crate::status::{
    Resource, STATUS_CHANGE_PASSWORD, STATUS_FLUSH_QUEUES, STATUS_SETTINGS_DIALOG, STATUS_VALIDATE_STATE, flush_flags,
    is_read_only, validate_flags,
};
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;

/// `UI_READONLY`.
const UI_READONLY: u32 = 0x1;

/// A status object. It shows its row as it is, and can do what `PR_RESOURCE_METHODS` says.
#[derive(Clone)]
pub struct StatusObject {
    row: Rc<StatusRow>,
    resource: Resource,
    last_error: Rc<LastError>,
}

/// The row behind an object, as the client of the handle sees it.
struct StatusRow {
    handle: Rc<Handle>,
    id: StatusEntryId,
    resource: Resource,
    /// It was opened for writing, and a provider is behind it.
    writable: bool,
}

impl StatusRow {
    fn columns(&self) -> Result<Vec<Property>> {
        self.handle.shared.status.object(self.id, self.handle.no_mail).ok_or_else(logged_off)
    }
}

fn logged_off() -> Failure {
    Failure::not_found("The provider of this status object has logged off.")
}

fn unsupported() -> Failure {
    Failure::new(Code::NoSupport, "The status object cannot do that; PR_RESOURCE_METHODS says what it can.")
}

impl StatusObject {
    /// The object of a row.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a row that is gone, or hidden from the client.
    pub(super) fn open(handle: Rc<Handle>, id: StatusEntryId, modify: bool) -> Result<Self> {
        let resource = handle.shared.status.resource(id, handle.no_mail).ok_or_else(logged_off)?;
        let writable = modify && !resource.is_engine();
        Ok(Self { row: Rc::new(StatusRow { handle, id, resource, writable }), resource, last_error: Rc::default() })
    }

    /// IMAPIProp of the object.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        let holder: Rc<dyn PropertyHolder> = self.row.clone();
        PropertyObject::new(holder, Rc::clone(&self.last_error))
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.row.handle.alive.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `ValidateState` (`status` 4.1, 2).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NO_SUPPORT`; `MAPI_E_NOT_FOUND` once the row is gone; of several providers
    /// that fail, the failure of the first.
    pub fn validate_state(&self, _ui: u64, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.check()?;
            check_flags(flags, validate_flags::DEFINED)?;
            self.need(STATUS_VALIDATE_STATE)?;
            self.row.handle.validate(self.resource, flags)
        })())
    }

    /// `SettingsDialog` (`status` 4.2): the provider shows its settings; with `UI_READONLY` it is to show them only.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NO_SUPPORT` for an object that has no settings, and without user interface;
    /// `MAPI_E_NOT_FOUND` once the row is gone; `MAPI_E_USER_CANCEL`, the provider's own.
    pub fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.check()?;
            check_flags(flags, UI_READONLY)?;
            self.need(STATUS_SETTINGS_DIALOG)?;
            if !self.row.handle.offers_ui() {
                let text = "There is no user interface to show settings in; configure the message service instead.";
                return Err(Failure::new(Code::NoSupport, text));
            }
            self.row.handle.show_settings(self.resource, ui, flags)
        })())
    }

    /// `ChangePassword` (`status` 4.3): the provider takes another password.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NO_SUPPORT` for an object that has no password; `MAPI_E_NOT_FOUND` once the
    /// row is gone; `MAPI_E_NO_ACCESS` for a wrong old password; the provider's own.
    pub fn change_password(&self, old: &str, new: &str, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            self.need(STATUS_CHANGE_PASSWORD)?;
            self.row.handle.change_password(self.resource, old, new)
        })())
    }

    /// `FlushQueues` (`status` 4.4): of the spooler all transports, or the one whose row `target` names; the
    /// transfers are done when the call returns, unless `FLUSH_ASYNC_OK` is given. Of a transport its own queues;
    /// the transfers follow in turns.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`; `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_INVALID_PARAMETER` without a queue, and for a target
    /// of a transport; `MAPI_E_NOT_FOUND` for an unknown target; `MAPI_E_BUSY`; `MAPI_E_TIMEOUT`; of several
    /// transports that fail, the failure of the first.
    pub fn flush_queues(&self, _ui: u64, target: Option<&[u8]>, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.check()?;
            self.need(STATUS_FLUSH_QUEUES)?;
            let handle = &self.row.handle;
            match self.resource {
                Resource::Spooler if handle.no_mail => Err(unsupported()),
                Resource::Spooler => {
                    flush_flags::check(flags, true)?;
                    let target = target.map(|target| self.target(target)).transpose()?;
                    handle.shared.flush(target, flags)
                }
                Resource::Transport(section) => {
                    flush_flags::check(flags, false)?;
                    if target.is_some() {
                        let text = "A transport flushes its own queues; leave the target out.";
                        return Err(Failure::invalid("target", text));
                    }
                    handle.shared.mark_flush(section, flags)
                }
                _ => Err(unsupported()),
            }
        })())
    }

    /// The transport whose row an identifier names.
    fn target(&self, target: &[u8]) -> Result<crate::properties::Guid> {
        let shared = &self.row.handle.shared;
        let unknown = || Failure::not_found("No transport has that status row.").with_argument("target");
        let EntryId::Provider(id) = EntryId::parse(target).map_err(|_| unknown())? else { return Err(unknown()) };
        let id = StatusEntryId::of(&id, shared.uid).ok_or_else(unknown)?;
        match shared.status.resource(id, false) {
            Some(Resource::Transport(section)) => Ok(section),
            _ => Err(unknown()),
        }
    }

    fn check(&self) -> Result<()> {
        self.row.handle.alive.check()?;
        self.row.columns().map(drop)
    }

    fn need(&self, method: i32) -> Result<()> {
        if self.row.handle.shared.status.methods(self.row.id) & method == 0 { Err(unsupported()) } else { Ok(()) }
    }
}

impl PropertyHolder for StatusRow {
    fn check(&self) -> Result<()> {
        self.handle.alive.check()
    }

    fn is_writable(&self) -> bool {
        self.writable
    }

    fn is_transacted(&self) -> bool {
        false
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let mut shown = self.columns()?;
        if let Want::Tags(tags) = want {
            shown.retain(|property| tags.iter().any(|tag| tag.id() == property.tag.id()));
        }
        for property in shown.iter_mut().filter(|property| property.value.size() > u64::from(limit)) {
            property.value = Value::Error(Code::NotEnoughMemory.raw());
        }
        Ok(shown)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.columns()?.into_iter().map(|property| property.tag).collect())
    }

    fn settable(&self, tag: PropTag) -> Settable {
        if is_read_only(tag) { Settable::Computed } else { Settable::Free }
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        self.columns()?;
        // A provider is asked to set values only.
        let mut problems: Vec<Problem> = delete.iter().map(|entry| entry.problem(Code::NoAccess)).collect();
        if set.is_empty() {
            return Ok(problems);
        }
        let values: Vec<Property> = set.iter().map(|entry| entry.item.clone()).collect();
        let refused = match self.handle.set_status_properties(self.resource, self.id, values) {
            Err(failure) if failure.code() == Code::NoSupport => {
                return Err(Failure::new(Code::NoAccess, failure.detail().message.clone()));
            }
            answered => answered?,
        };
        for entry in &set {
            if let Some((_, code)) = refused.iter().find(|(tag, _)| tag.id() == entry.tag.id()) {
                problems.push(entry.problem(*code));
            }
        }
        problems.sort_by_key(|problem| problem.index);
        Ok(problems)
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Ok(())
    }
}
