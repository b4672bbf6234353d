//! Prompts of logon and logoff (`session` 2.1 to 2.3, 3, 4): who may be asked, and what the answers do.

use super::logon_flags::*;
use super::scenarios::{UNICODE, cells, code, logon, subsystem, text};
use super::{InitializeOptions, MAPI_LOGOFF_UI, Session, Subsystem};
use crate::backend::{ConfigureContext, ConfigureOutcome, Question};
use crate::error::{Code, Failure, Result};
use crate::memory::{MemoryCatalogue, MemoryHost};
use crate::profiles::{MAPI_APP_PROFILE as APPLICATION, SERVICE_UI_ALWAYS};
use crate::properties::{Property, Value, tags};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

fn cancelled<T>() -> Result<T> {
    Err(Failure::new(Code::UserCancel, "no"))
}

fn name_of(session: &Session) -> Value {
    let table = session.get_status_table(UNICODE).unwrap();
    cells(&table, &[tags::DISPLAY_NAME])[0][0].clone()
}

/// A logon without a name.
fn nameless(subsystem: &Subsystem, flags: u32) -> Result<Session> {
    subsystem.logon_ex(9, None, None, flags | MAPI_EXTENDED | MAPI_NEW_SESSION | UNICODE)
}

/// The profiles `Work`, `Home` and the application profile `Robot`.
fn host() -> (MemoryHost, Subsystem) {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("Home", None, 0, UNICODE).unwrap();
    admin.create_profile("Robot", None, 0, UNICODE | APPLICATION).unwrap();
    drop(admin);
    (host, subsystem)
}

#[test]
fn a_person_chooses_the_profile_that_is_not_named() {
    let (host, subsystem) = host();
    host.presenter.answer_profile(Ok("Home".into()));
    assert_eq!(name_of(&nameless(&subsystem, MAPI_LOGON_UI).unwrap()), text("Home"));
    let prompt = host.presenter.choices().remove(0);
    assert_eq!((prompt.profiles, prompt.preselected), (vec!["Work".to_owned(), "Home".to_owned()], None));
    host.presenter.answer_profile(Ok("Robot".into()));
    assert_eq!(name_of(&nameless(&subsystem, MAPI_LOGON_UI | MAPI_APP_PROFILE).unwrap()), text("Robot"));
    assert_eq!(host.presenter.choices()[1].profiles.len(), 3, "application profiles are offered when asked for");
    host.presenter.answer_profile(cancelled());
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI)), Code::UserCancel);
    host.presenter.answer_profile(Ok("Nobody".into()));
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI)), Code::LogonFailed);
    assert_eq!(name_of(&logon(&subsystem, "Work", MAPI_LOGON_UI | MAPI_NEW_SESSION)), text("Work"), "a name needs no choice");
    assert_eq!(host.presenter.choices().len(), 4);
}

#[test]
fn the_default_profile_is_preselected_or_taken_and_not_when_the_profile_must_be_named() {
    let (host, subsystem) = host();
    subsystem.admin_profiles(0).unwrap().set_default_profile(Some("Home"), UNICODE).unwrap();
    host.presenter.answer_profile(cancelled());
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI)), Code::UserCancel);
    assert_eq!(host.presenter.choices()[0].preselected.as_deref(), Some("Home"));
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI | MAPI_EXPLICIT_PROFILE)), Code::UserCancel);
    assert_eq!(host.presenter.choices()[1].preselected, None);
    let both = MAPI_LOGON_UI | MAPI_EXPLICIT_PROFILE | MAPI_USE_DEFAULT;
    assert_eq!(name_of(&nameless(&subsystem, both).unwrap()), text("Home"));
    subsystem.admin_profiles(0).unwrap().set_default_profile(None, UNICODE).unwrap();
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI | MAPI_USE_DEFAULT)), Code::UserCancel, "nothing is the default");
    assert_eq!(host.presenter.choices().len(), 3);
}

#[test]
fn nobody_is_asked_for_a_profile_without_permission_or_user_interface() {
    let (host, subsystem) = host();
    assert_eq!(code(nameless(&subsystem, MAPI_LOGON_UI)), Code::LogonFailed, "the host has no user interface");
    let (host, subsystem) = {
        drop((host, subsystem));
        self::host()
    };
    host.presenter.answer_profile(Ok("Home".into()));
    for flags in [0, MAPI_EXPLICIT_PROFILE, MAPI_USE_DEFAULT, MAPI_PASSWORD_UI, MAPI_LOGON_UI | MAPI_NT_SERVICE] {
        assert_eq!(code(nameless(&subsystem, flags)), Code::LogonFailed, "{flags:#x}");
    }
    let service = Subsystem::new(Rc::new(host.clone()));
    service.initialize(Some(InitializeOptions { version: 0, flags: super::MAPI_NT_SERVICE })).unwrap();
    assert_eq!(code(nameless(&service, MAPI_LOGON_UI)), Code::LogonFailed, "the whole instance is a service");
    assert!(host.presenter.choices().is_empty());
}

/// The calls of entry points to configure: the service, the flags, the window.
type Calls = Arc<Mutex<Vec<(String, u32, u64)>>>;

/// A host whose services note how they are configured, and answer so.
fn configured(answer: fn(&str) -> Option<Failure>) -> (MemoryHost, Calls) {
    let calls = Calls::default();
    let service = |name: &str| MemoryCatalogue::service(name, name, crate::backend::ProviderKind::Store, "memory");
    let mut catalogue = MemoryCatalogue::new(vec![service("first"), service("second")]);
    for name in ["first", "second"] {
        let seen = Arc::clone(&calls);
        catalogue = catalogue.with_entry_point(name, move |request| {
            if request.context != ConfigureContext::Configure {
                return Ok(ConfigureOutcome::default());
            }
            seen.lock().unwrap().push((request.service.clone(), request.flags, request.ui));
            Ok(ConfigureOutcome { failure: answer(&request.service), ..ConfigureOutcome::default() })
        });
    }
    let host = MemoryHost::new().with_catalogue(catalogue);
    host.presenter.appear();
    (host, calls)
}

#[test]
fn every_service_is_configured_before_anything_is_logged_on() {
    let (host, calls) = configured(|service| (service == "first").then(|| Failure::new(Code::ExtendedError, "later")));
    let subsystem = subsystem(&host);
    let flags = MAPI_LOGON_UI | MAPI_SERVICE_UI_ALWAYS | MAPI_ALLOW_OTHERS;
    let session = subsystem.logon_ex(5, Some("Work"), None, flags).unwrap();
    let wanted = |service: &str| (service.to_owned(), SERVICE_UI_ALWAYS, 5);
    assert_eq!(*calls.lock().unwrap(), [wanted("first"), wanted("second")], "in the order of the profile, whatever one answers");
    assert!(host.stores().is_empty(), "no provider is there yet");
    let joined = subsystem.logon_ex(5, Some("Work"), None, flags).unwrap();
    let quiet = subsystem.logon_ex(5, Some("Work"), None, MAPI_NEW_SESSION | MAPI_SERVICE_UI_ALWAYS).unwrap();
    assert_eq!(calls.lock().unwrap().len(), 2, "neither who joins nor who may not be asked configures anything");
    drop((session, joined, quiet));
}

#[test]
fn a_person_who_does_not_configure_has_no_session() {
    let (host, calls) = configured(|_| Some(Failure::new(Code::UserCancel, "no")));
    let subsystem = subsystem(&host);
    let result = subsystem.logon_ex(0, Some("Work"), None, MAPI_LOGON_UI | MAPI_SERVICE_UI_ALWAYS | MAPI_ALLOW_OTHERS);
    assert_eq!(code(result), Code::UserCancel);
    assert_eq!(calls.lock().unwrap().len(), 1);
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.delete_profile("Work", UNICODE).unwrap();
    assert_eq!(cells(&admin.get_profile_table(UNICODE).unwrap(), &[tags::DISPLAY_NAME]).len(), 0, "nobody holds the profile");
}

#[test]
fn what_a_logon_says_of_background_and_prompts_reaches_the_providers() {
    let (host, subsystem) = host();
    let told: Rc<RefCell<Vec<(bool, bool)>>> = Rc::default();
    let (seen, stores) = (Rc::clone(&told), crate::memory::MemoryStore::new(crate::properties::Guid([3; 16]), "told"));
    let store: Rc<dyn crate::backend::Store> = Rc::new(std::sync::Arc::new(stores));
    host.add_store_opener("memory", move |logon, _| {
        seen.borrow_mut().push((logon.background, logon.may_prompt));
        Ok(crate::backend::Opened {
            provider: Rc::clone(&store),
            section_changes: Vec::new(),
            status_row: Vec::new(),
            warning: None,
        })
    });
    host.presenter.appear();
    let open = |flags: u32| {
        let session = logon(&subsystem, "Work", flags | MAPI_NEW_SESSION);
        let table = session.get_msg_stores_table(UNICODE).unwrap();
        // The first logon writes the identifier of the store into its section.
        session.get_status_table(UNICODE).unwrap();
        drop(table);
    };
    open(MAPI_BG_SESSION);
    open(MAPI_PASSWORD_UI);
    assert_eq!(*told.borrow(), [(true, false), (false, false)], "the status table starts the default store without dialogue");
}

/// A session with one message in its queue.
fn with_pending_mail() -> (MemoryHost, Subsystem, Session) {
    let (host, subsystem) = host();
    let session = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    let Value::Binary(entry_id) = cells(&table, &[tags::ENTRYID])[0][0].clone() else { panic!("a store has one") };
    let store = session.open_msg_store(0, &entry_id, None, super::open_store_flags::MDB_WRITE).unwrap().value;
    let message = store.outbox().unwrap().unwrap().create_message(None, 0).unwrap();
    let recipient = vec![
        Property::new(tags::DISPLAY_NAME, text("Ben")),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text("ben@example.org")),
        Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
    ];
    message.modify_recipients(0, &[recipient]).unwrap();
    message.submit_message(0).unwrap();
    (host, subsystem, session)
}

#[test]
fn a_person_may_stay_logged_on_while_mail_waits_to_be_sent() {
    let (host, _subsystem, session) = with_pending_mail();
    for refusal in [Ok(false), cancelled()] {
        host.presenter.answer_question(refusal);
        assert_eq!(code(session.logoff(3, MAPI_LOGOFF_UI, 0)), Code::UserCancel);
        assert!(session.get_msg_stores_table(0).is_ok(), "nothing has changed");
    }
    let (question, text) = host.presenter.questions().remove(0);
    assert_eq!(question, Question::LogoffWithPendingMail);
    assert!(text.contains("1 message waits"), "{text}");
    host.presenter.answer_question(Ok(true));
    session.logoff(3, MAPI_LOGOFF_UI, 0).unwrap();
    assert_eq!(code(session.get_msg_stores_table(0)), Code::InvalidObject);
}

#[test]
fn nothing_is_asked_at_logoff_without_the_flag_without_mail_or_of_a_service() {
    let (host, _subsystem, session) = with_pending_mail();
    host.presenter.appear();
    session.logoff(0, 0, 0).unwrap();
    let (host_without, subsystem) = self::host();
    host_without.presenter.appear();
    logon(&subsystem, "Work", 0).logoff(0, MAPI_LOGOFF_UI, 0).unwrap();
    let (of_service, subsystem, first) = with_pending_mail();
    of_service.presenter.appear();
    let service = subsystem.logon_ex(0, Some("Work"), None, MAPI_NT_SERVICE).unwrap();
    service.logoff(0, MAPI_LOGOFF_UI, 0).unwrap();
    drop(first);
    for host in [host, host_without, of_service] {
        assert!(host.presenter.questions().is_empty());
    }
}
