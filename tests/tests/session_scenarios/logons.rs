//! Sharing a session, choosing a profile, and the end of a session (`session` 12, items 1, 2 and 11).

use crate::bench::{Bench, code, engine};
use mapi_engine::memory::{Fault, Faulty, MemoryCatalogue, MemoryProfiles, Trigger};
use mapi_session::error::{Code, Failure};
use mapi_session::flags::{self, LogoffFlags, LogonFlags, OpenMsgStoreFlags};
use mapi_session::properties::tags;
use mapi_session::{Backends, Limits, LogonOptions, Session};
use mapi_tests::clients::{column, list, open_store, root, status_table, store_table};
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn profile_of(session: &Session) -> String {
    list(&column(&status_table(session).await, tags::DISPLAY_NAME).await[..1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_logon_joins_the_shared_session_and_a_new_session_has_the_profile_it_names() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let first = bench.logon(Some("Work"), LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
    let second = bench.logon(Some("Home"), LogonFlags::empty()).await.unwrap();
    let third = bench.logon(Some("Home"), LogonFlags::MAPI_NEW_SESSION).await.unwrap();
    assert_eq!(profile_of(&second).await, "Work");
    assert_eq!(profile_of(&third).await, "Home");
    // One session: the store that one client opened is open for the other, and has one row. Two handles: each is
    // granted what it asked for itself, and ends by itself.
    let writer = open_store(&first, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    let reader = open_store(&second, 0, OpenMsgStoreFlags::empty()).await.unwrap();
    assert_eq!(status_table(&second).await.get_row_count().await.unwrap().value, 4);
    assert_eq!(code(root(&reader).await.create_message(flags::CreateMessageFlags::empty()).await), Code::NoAccess);
    first.logoff(LogoffFlags::empty()).await.unwrap();
    assert_eq!(code(writer.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await), Code::InvalidObject);
    assert_eq!(code(reader.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await), Code::SOk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_profile_is_meant_when_it_is_asked_for_and_nobody_is_asked_for_a_name() {
    let bench = Bench::new().await;
    let nameless = async |how| match bench.logon(None, how).await {
        Ok(session) => profile_of(&session).await,
        Err(failure) => failure.code().to_string(),
    };
    assert_eq!(nameless(LogonFlags::MAPI_USE_DEFAULT).await, "MAPI_E_LOGON_FAILED");
    bench.admin.set_default_profile(Some("Home")).await.unwrap();
    assert_eq!(nameless(LogonFlags::MAPI_USE_DEFAULT).await, "Home");
    assert_eq!(nameless(LogonFlags::empty()).await, "MAPI_E_LOGON_FAILED");
    assert_eq!(nameless(LogonFlags::MAPI_EXPLICIT_PROFILE).await, "MAPI_E_LOGON_FAILED");
    // It is in the folder: a second subsystem, as of another process, knows it.
    let other = engine().subsystem(&bench.backends, Limits::default()).await.unwrap();
    assert_eq!(profile_of(&other.logon(LogonOptions::default_profile()).await.unwrap()).await, "Home");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_logs_off_tells_the_others_only_if_it_says_so_and_closes_nothing_of_theirs() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(bench.logon(Some("Work"), LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap());
    }
    let mut told = handles[2].advise(None, flags::EventMask::empty()).await.unwrap();
    let kept = open_store(&handles[2], 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    let gone = open_store(&handles[0], 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    handles[0].logoff(LogoffFlags::empty()).await.unwrap();
    assert_eq!(bench.subsystem.dispatch_notifications().await.unwrap(), 0, "nobody is told");
    assert_eq!(code(gone.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await), Code::InvalidObject);
    handles[1].logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
    assert_eq!(bench.subsystem.dispatch_notifications().await.unwrap(), 1);
    assert!(format!("{:?}", told.next().await).contains("EndOfSession"));
    // It may go on as long as it likes; nobody joins it any more.
    root(&kept).await.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    assert_eq!(profile_of(&bench.logon(Some("Home"), LogonFlags::empty()).await.unwrap()).await, "Home");
    // The last client takes a profile that waits to be deleted with it.
    bench.admin.delete_profile("Work").await.unwrap();
    assert_eq!(store_table(&handles[2]).await.get_row_count().await.unwrap().value, 1);
    handles[2].logoff(LogoffFlags::empty()).await.unwrap();
    assert_eq!(code(handles[2].logoff(LogoffFlags::empty()).await), Code::InvalidObject);
    bench.admin.create_profile("Work", flags::CreateProfileFlags::empty()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_logon_waits_five_seconds_for_profiles_another_program_holds() {
    let storage = Faulty::new(MemoryProfiles::default());
    let faults = Arc::clone(&storage.faults);
    let backends = Backends::new(Arc::new(storage), Arc::new(MemoryCatalogue::new(Vec::new())));
    let subsystem = engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Work", flags::CreateProfileFlags::empty()).await.unwrap();
    let logon = async |how| {
        let options = LogonOptions { profile: Some("Work".to_owned()), flags: LogonFlags::MAPI_NEW_SESSION | how };
        let begun = Instant::now();
        let logged_on = subsystem.logon(options).await.map_err(Failure::from);
        (code(logged_on), begun.elapsed())
    };
    let hold = |seconds| {
        let fault = Fault::Stall(Duration::from_secs(seconds));
        faults.schedule(Some("acquire_lease"), Trigger::Nth(1), fault);
    };
    hold(8);
    let (done, took) = logon(LogonFlags::MAPI_TIMEOUT_SHORT).await;
    assert_eq!(done, Code::Timeout);
    assert!(took >= Duration::from_secs(5) && took < Duration::from_millis(7_900), "{took:?}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    faults.clear();
    assert_eq!(logon(LogonFlags::MAPI_TIMEOUT_SHORT).await.0, Code::SOk, "it is free again");
    hold(6);
    let (done, took) = logon(LogonFlags::empty()).await;
    assert_eq!(done, Code::SOk, "whoever does not ask for a short time waits");
    assert!(took >= Duration::from_secs(6), "{took:?}");
    // What was given up late keeps nobody from deleting the profile.
    admin.delete_profile("Work").await.unwrap();
    assert_eq!(code(admin.create_profile("Work", flags::CreateProfileFlags::empty()).await), Code::SOk);
}
