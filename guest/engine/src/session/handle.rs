//! IMAPISession: one client's handle of a session (`session` 6, 11).

use super::logon::LogonMode;
use super::shared::SharedSession;
use super::show_form::ShowForm;
use super::subsystem::Parts;
use super::{Alive, Entry, FormContainer, FormSource};
use crate::address_book::{AddrBook, BookReference};
use crate::backend::{FormDefinition, FormLibrary, Presenter, Question};
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags, check_reserved};
use crate::messages::Message;
use crate::notifications::{ErrorNotification, ExtendedNotification, HandleQueue, Notification, SESSION_ENDING, SESSION_LOGOFF};
use crate::profiles::{MsgServiceAdmin, ProfileSection};
use crate::properties::{Guid, PropTag, Property};
use crate::stores::{Folder, StoreObject};
use crate::tables::{MAPI_UNICODE, Table};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// `MAPI_LOGOFF_SHARED`: tell the other clients of a shared session to log off.
pub const MAPI_LOGOFF_SHARED: u32 = 0x1;
/// `MAPI_LOGOFF_UI`: UI may be shown.
pub const MAPI_LOGOFF_UI: u32 = 0x2;

/// What a client handle keeps.
pub(super) struct Handle {
    pub(super) parts: Rc<Parts>,
    pub(super) shared: Rc<SharedSession>,
    pub(super) alive: Alive,
    /// Where its notifications wait.
    pub(super) queue: Rc<HandleQueue>,
    /// The spooler is not told, and transports are not shown.
    pub(super) no_mail: bool,
    /// Providers may ask for credentials on behalf of this client.
    pub(super) may_prompt: bool,
    /// It is a provider's, of the session that logged the provider on.
    of_provider: bool,
    /// Nothing is ever asked on behalf of this client (`MAPI_NT_SERVICE`).
    service: bool,
    pub(super) last_error: LastError,
    /// The most this handle was granted on each store it opened, by profile section.
    pub(super) access: RefCell<BTreeMap<Guid, bool>>,
    /// Messages prepared for a form, by their token.
    pub(super) prepared: RefCell<BTreeMap<u64, Message>>,
}

impl Handle {
    pub(super) fn new(parts: Rc<Parts>, shared: Rc<SharedSession>, mode: LogonMode) -> Rc<Self> {
        shared.join(!mode.no_mail);
        Self::build(parts, shared, mode, false)
    }

    /// A provider's handle: the session does not live by it, and nobody is asked anything for it.
    pub(super) fn of_provider(parts: Rc<Parts>, shared: Rc<SharedSession>) -> Rc<Self> {
        let mode = LogonMode { no_mail: !shared.has_mail(), ..LogonMode::default() };
        Self::build(parts, shared, mode, true)
    }

    fn build(parts: Rc<Parts>, shared: Rc<SharedSession>, mode: LogonMode, of_provider: bool) -> Rc<Self> {
        let queue = parts.notifications.open_queue();
        let clock = Rc::clone(&parts.environment.clock);
        Rc::new(Self {
            parts,
            shared,
            alive: Alive::of_handle(Rc::clone(&queue)).with_clock(clock),
            queue,
            no_mail: mode.no_mail,
            may_prompt: mode.may_prompt,
            of_provider,
            service: mode.service || of_provider,
            last_error: LastError::default(),
            access: RefCell::default(),
            prepared: RefCell::default(),
        })
    }

    /// Whether it is a provider's.
    pub(super) const fn is_of_provider(&self) -> bool {
        self.of_provider
    }

    /// Who shows prompts.
    pub(super) fn presenter(&self) -> &dyn Presenter {
        &*self.parts.presenter
    }

    /// Whether there is any user interface for this client.
    pub(super) fn offers_ui(&self) -> bool {
        !self.service && self.parts.offers_ui()
    }

    /// `MAPI_LOGOFF_UI` (`session` 4 step 1): asks whether to log off although messages wait to be sent.
    fn ask_about_pending_mail(&self, ui: u64) -> Result<()> {
        let pending = if self.offers_ui() { self.shared.pending_mail() } else { 0 };
        if pending == 0 {
            return Ok(());
        }
        let messages = if pending == 1 { "1 message waits".to_owned() } else { format!("{pending} messages wait") };
        let text = format!("{messages} to be sent, and will be sent after the next logon. Log off all the same?");
        if self.presenter().ask(ui, Question::LogoffWithPendingMail, &text)? {
            return Ok(());
        }
        Err(Failure::new(Code::UserCancel, "The session goes on, because messages wait to be sent."))
    }

    /// The address book as this handle sees it.
    pub(super) fn address_book(&self) -> Rc<BookReference> {
        Rc::new(BookReference {
            books: Rc::clone(&self.shared.address_books),
            profiles: Rc::clone(self.shared.profiles()),
            profile: self.shared.profile().to_owned(),
            environment: self.shared.environment().clone(),
            session: self.shared.uid,
            alive: self.alive.clone(),
        })
    }

    /// Ends the handle, and with the last one the session (`session` 4). Ending twice does nothing.
    pub(super) fn end(&self, withdraw: bool) {
        if !self.alive.is_alive() {
            return;
        }
        if self.of_provider {
            self.close();
            return;
        }
        let of_session = self.parts.handles_of(&self.shared);
        if withdraw {
            self.parts.withdraw(&self.shared);
            let end = ErrorNotification { entry_id: None, code: Code::EndOfSession, error: None };
            let others = of_session.iter().filter(|handle| !std::ptr::eq(self, &raw const ***handle));
            others.for_each(|handle| handle.queue.push_of_session(&Notification::CriticalError(end.clone())));
        }
        let logoff = Notification::Extended(ExtendedNotification { event: SESSION_LOGOFF, data: Vec::new() });
        of_session.iter().for_each(|handle| handle.queue.push_of_session(&logoff));
        if self.shared.is_last_client() {
            let ending = Notification::Extended(ExtendedNotification { event: SESSION_ENDING, data: Vec::new() });
            of_session.iter().filter(|handle| handle.of_provider).for_each(|handle| handle.queue.push_of_session(&ending));
            self.parts.end_provider_handles(&self.shared);
        }
        // Everything opened through the handle is invalid before a provider could be asked about it.
        self.close();
        self.shared.leave(!self.no_mail);
    }

    fn close(&self) {
        self.queue.close();
        self.alive.end();
        let prepared = self.prepared.take();
        drop(prepared);
    }
}

/// A client handle. Dropping it logs off.
pub struct Session(Rc<Handle>);

impl Session {
    pub(super) fn new(handle: Rc<Handle>) -> Self {
        Self(handle)
    }

    /// `GetLastError` (`errors` 3).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.0.alive.check()?;
        self.0.last_error.get_last_error(code, flags)
    }

    /// `GetMsgStoresTable`: one row for each permanent store of the profile, open or not.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the profile storage's own.
    pub fn get_msg_stores_table(&self, flags: u32) -> Result<Table> {
        let open = || {
            self.0.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            Ok(self.0.shared.store_table(flags & MAPI_UNICODE != 0)?.bound_to(self.0.alive.clone()))
        };
        self.0.last_error.keep(open())
    }

    /// `OpenMsgStore`: the store of a row of that table, or one by a constructed identifier. A warning says
    /// that it is open, but [`Session::get_last_error`] tells what did not work.
    ///
    /// # Errors
    /// As `session` 6.3.
    pub fn open_msg_store(&self, _ui: u64, entry_id: &[u8], interface: Option<Guid>, flags: u32) -> Result<Warned<StoreObject>> {
        self.0.last_error.keep(self.0.open_msg_store(entry_id, interface, flags))
    }

    /// `OpenAddressBook` (`session` 6.4): logs every address book provider of the profile on and always gives
    /// the address book. `MAPI_W_ERRORS_RETURNED` says that some are missing, and
    /// [`Session::get_last_error`] which.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`; the profile storage's own.
    pub fn open_address_book(&self, _ui: u64, interface: Option<Guid>, flags: u32) -> Result<Warned<AddrBook>> {
        self.0.last_error.keep(self.0.open_address_book(interface, flags))
    }

    /// `GetStatusTable`. Address books, transports and the default store are started first; one that fails
    /// does not fail the call.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the profile storage's own.
    pub fn get_status_table(&self, flags: u32) -> Result<Table> {
        let open = || {
            self.0.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            self.0.shared.start_all(self.0.may_prompt)?;
            let table = self.0.shared.status.table(self.0.no_mail, flags & MAPI_UNICODE != 0)?;
            Ok(table.bound_to(self.0.alive.clone()))
        };
        self.0.last_error.keep(open())
    }

    /// `OpenEntry`: any object whose owner is open; a wrapped store identifier opens the store.
    ///
    /// # Errors
    /// As `session` 6.7.
    pub fn open_entry(&self, entry_id: &[u8], interface: Option<Guid>, flags: u32) -> Result<Warned<Entry>> {
        self.0.last_error.keep(self.0.open_entry(entry_id, interface, flags))
    }

    /// `CompareEntryIDs`: whether two identifiers name the same object. After a failure nothing may be
    /// concluded.
    ///
    /// # Errors
    /// As `session` 6.8.
    pub fn compare_entry_ids(&self, first: &[u8], second: &[u8], flags: u32) -> Result<bool> {
        self.0.last_error.keep(self.0.compare_entry_ids(first, second, flags))
    }

    /// The number that names this handle in what `DispatchNotifications` hands out.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.queue.number()
    }

    /// `Advise`: without an identifier of the session itself, else of the object it names (`session` 6.9).
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for events, or owners, that cannot be told; `MAPI_E_INVALID_PARAMETER` for an empty
    /// mask with an identifier; `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_INVALID_ENTRYID`; those of the owner.
    pub fn advise(&self, entry_id: Option<&[u8]>, mask: u32) -> Result<u32> {
        self.0.last_error.keep(self.0.advise(entry_id, mask))
    }

    /// `Unadvise`: nothing is handed out for that connection any more.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a connection that was not made here.
    pub fn unadvise(&self, connection: u32) -> Result<()> {
        self.0.last_error.keep(self.0.unadvise(connection))
    }

    /// `MessageOptions` (`session` 7): lets a person change what transports offer for the messages of an address
    /// type, or for all; kept with the message's `SaveChanges`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when no transport offers any, `MAPI_E_NO_SUPPORT` without user interface,
    /// `MAPI_E_USER_CANCEL`, `MAPI_E_UNKNOWN_FLAGS`; those of setting the values.
    pub fn message_options(&self, ui: u64, flags: u32, address_type: Option<&str>, message: &Message) -> Result<()> {
        self.0.last_error.keep(self.0.message_options(ui, flags, address_type, message))
    }

    /// `QueryDefaultMessageOpt` (`session` 7): the default values of the options of an address type.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` without a type, `MAPI_E_NOT_FOUND` when no transport offers any,
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn query_default_message_opt(&self, address_type: &str, flags: u32) -> Result<Vec<Property>> {
        self.0.last_error.keep(self.0.query_default_message_opt(address_type, flags))
    }

    /// `EnumAdrTypes`: the address types of all active transports, in transport order, each once.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the profile storage's own.
    pub fn enum_adr_types(&self, flags: u32) -> Result<Vec<String>> {
        self.0.last_error.keep(self.0.enum_adr_types(flags))
    }

    /// `QueryIdentity` (`session` 6.12): the entry identifier of who is logged on. `MAPI_W_NO_SERVICE`: nobody
    /// says so, and the identifier is that of a generic user.
    ///
    /// # Errors
    /// The profile storage's own.
    pub fn query_identity(&self) -> Result<Warned<Vec<u8>>> {
        self.0.last_error.keep(self.0.query_identity())
    }

    /// `SetDefaultStore` (`session` 6.13): gives a store one of the [`super::store_roles`], and takes it from
    /// whoever had it; without an identifier nobody has it any more.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS` for any other value, `MAPI_E_NOT_FOUND` for a store that is not in the profile,
    /// `MAPI_E_NO_SUPPORT` for a default store that cannot send and receive; what opening it said.
    pub fn set_default_store(&self, flags: u32, _ui: u64, entry_id: Option<&[u8]>) -> Result<()> {
        self.0.last_error.keep(self.0.set_default_store(flags, entry_id))
    }

    /// `PrepareForm` (`session` 9.1): holds a message until [`Session::show_form`] shows it; the token names it there.
    /// The caller is to release its own handle in between.
    ///
    /// # Errors
    /// `MAPI_E_INTERFACE_NOT_SUPPORTED` for another interface than that of a message; `MAPI_E_INVALID_OBJECT`.
    pub fn prepare_form(&self, interface: Option<Guid>, message: &Message) -> Result<u64> {
        self.0.last_error.keep(self.0.prepare_form(interface, message))
    }

    /// `ShowForm` (`session` 9.2): shows a prepared message, and saves and sends it when its form was closed. The
    /// token is used up, unless the arguments are refused.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an unknown token, a malformed class, or a message that does not lie in the
    /// folder and the store; `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`; `MAPI_E_NO_SUPPORT` without
    /// user interface, `MAPI_E_NOT_FOUND` without a form for the class; `MAPI_E_USER_CANCEL`, and then nothing is
    /// saved; the form's own, those of its changes, of saving and of sending.
    pub fn show_form(&self, showing: ShowForm<'_>) -> Result<()> {
        self.0.last_error.keep(self.0.show_form(showing))
    }

    /// `IMAPIFormMgr::ResolveMessageClass` (`session` 9.4): the form that shows a class; with a folder its library
    /// is searched too.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_INVALID_PARAMETER` for a malformed class, `MAPI_E_UNKNOWN_FLAGS`; the host's and
    /// the stores' own.
    pub fn resolve_message_class(&self, class: &str, flags: u32, folder: Option<&Folder>) -> Result<FormDefinition> {
        self.0.last_error.keep(self.0.resolve_message_class(class, flags, folder))
    }

    /// `IMAPIFormMgr::ResolveMultipleMessageClasses` (`session` 9.4): a slot for each class, empty for one that no
    /// form shows; without classes all forms.
    ///
    /// # Errors
    /// As [`Session::resolve_message_class`], but for `MAPI_E_NOT_FOUND`.
    pub fn resolve_multiple_message_classes(
        &self,
        classes: Option<&[String]>,
        flags: u32,
        folder: Option<&Folder>,
    ) -> Result<Vec<Option<FormDefinition>>> {
        self.0.last_error.keep(self.0.resolve_multiple_message_classes(classes, flags, folder))
    }

    /// `IMAPIFormContainer::InstallForm` (`session` 9.4): registers a form in a library.
    ///
    /// # Errors
    /// `MAPI_E_EXTENDED_ERROR` for a definition that is missing or invalid; `MAPI_E_INVALID_PARAMETER` for a folder with
    /// another library than a folder's, `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NO_SUPPORT` for a definition the library does not
    /// take, and when nobody can be asked; `MAPI_E_USER_CANCEL`; `MAPI_E_NO_ACCESS` for a library that cannot be changed.
    pub fn install_form(&self, ui: u64, flags: u32, container: FormContainer<'_>, source: &FormSource) -> Result<()> {
        self.0.last_error.keep(self.0.install_form(ui, flags, container, source))
    }

    /// `IMAPIFormContainer::RemoveForm` (`session` 9.4).
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a class the library has no form of; `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NO_ACCESS`.
    pub fn remove_form(&self, container: FormContainer<'_>, class: &str) -> Result<()> {
        self.0.last_error.keep(self.0.remove_form(container, class))
    }

    /// `CalcFormPropSet` (`session` 9.4): what forms publish, joined or intersected.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn calc_form_prop_set(&self, forms: &[FormDefinition], flags: u32) -> Result<Vec<PropTag>> {
        self.0.last_error.keep(self.0.calc_form_prop_set(forms, flags))
    }

    /// `SelectForm`, or `SelectMultipleForms` with the forms chosen before (`session` 9.4): a person chooses of the forms
    /// of the libraries.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` when nobody can be asked, `MAPI_E_USER_CANCEL`; `MAPI_E_UNKNOWN_FLAGS`,
    /// `MAPI_E_INVALID_PARAMETER`.
    pub fn select_forms(
        &self,
        ui: u64,
        flags: u32,
        title: Option<&str>,
        folder: Option<&Folder>,
        chosen_before: Option<&[FormDefinition]>,
    ) -> Result<Vec<FormDefinition>> {
        self.0.last_error.keep(self.0.select_forms(ui, flags, title, folder, chosen_before))
    }

    /// `SelectFormContainer` (`session` 9.4): a person chooses a library.
    ///
    /// # Errors
    /// As [`Session::select_forms`].
    pub fn select_form_container(&self, ui: u64, flags: u32, folder: Option<&Folder>) -> Result<FormLibrary> {
        self.0.last_error.keep(self.0.select_form_container(ui, flags, folder))
    }

    /// `OpenProfileSection` (`profiles` 3).
    ///
    /// # Errors
    /// As [`crate::profiles::Profiles::open_profile_section`].
    pub fn open_profile_section(&self, uid: Option<Guid>, interface: Option<Guid>, flags: u32) -> Result<ProfileSection> {
        let open = || {
            self.0.alive.check()?;
            let alive = self.0.alive.derive();
            self.0.parts.profiles.open_profile_section(self.0.shared.profile(), uid, interface, flags, alive)
        };
        self.0.last_error.keep(open())
    }

    /// `AdminServices`: the message services of the session's profile.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0.
    pub fn admin_services(&self, flags: u32) -> Result<MsgServiceAdmin> {
        self.0.alive.check()?;
        check_reserved(flags)?;
        let profiles = Rc::clone(&self.0.parts.profiles);
        Ok(MsgServiceAdmin::new(profiles, self.0.shared.profile(), self.0.alive.derive()))
    }

    /// `Logoff`. The last handle of a session logs its providers off; what they answer changes nothing.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT` the second time, `MAPI_E_INVALID_PARAMETER` for a reserved argument other
    /// than 0, `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NO_ACCESS` for the handle of a provider; with `MAPI_LOGOFF_UI` `MAPI_E_USER_CANCEL`, and then nothing has changed.
    pub fn logoff(&self, ui: u64, flags: u32, reserved: u32) -> Result<()> {
        self.0.alive.check()?;
        if reserved != 0 {
            return Err(Failure::invalid("reserved", "The reserved argument of Logoff must be 0."));
        }
        check_flags(flags, MAPI_LOGOFF_SHARED | MAPI_LOGOFF_UI)?;
        if self.0.of_provider {
            return Err(Failure::new(Code::NoAccess, "A provider cannot log the session off that it is part of."));
        }
        if flags & MAPI_LOGOFF_UI != 0 {
            self.0.last_error.keep(self.0.ask_about_pending_mail(ui))?;
        }
        self.0.end(flags & MAPI_LOGOFF_SHARED != 0);
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.end(false);
    }
}
