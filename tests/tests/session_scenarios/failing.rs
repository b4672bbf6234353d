//! Providers that fail (`session` 12, items 3, 4 and 5): which says so, what it takes along, and what goes on.

use crate::bench::{Bench, code};
use mapi_session::error::{Code, Origin};
use mapi_session::flags::{self, OpenMsgStoreFlags};
use mapi_session::properties::{Value, tags};
use mapi_session::{Limits, Session};
use mapi_tests::clients::{column, list, open_store, root, status_table, store_ids, store_table, text};
use mapi_tests::configured_provider::{BREAKS_DOWN, EXPLANATION, FAILS_WITH, IN_METHOD, MILLISECONDS, TIMES};
use std::time::Duration;

const WRITE: OpenMsgStoreFlags = OpenMsgStoreFlags::MDB_WRITE;

/// The rows of providers in the status table.
async fn active(session: &Session) -> String {
    list(&column(&status_table(session).await, tags::DISPLAY_NAME).await[3..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hard_failure_takes_the_siblings_along_and_a_failure_alone_does_not() {
    let bench = Bench::new().await;
    bench.add("told.book", &[(FAILS_WITH, text("MAPI_E_DISK_ERROR"))]).await;
    let session = bench.session().await;
    session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
    assert_eq!((active(&session).await.as_str(), bench.files("address-books")), ("", 0), "the sibling was never opened");
    let bench = Bench::new().await;
    bench.add("told.book", &[(FAILS_WITH, text("MAPI_E_FAILONEPROVIDER"))]).await;
    let session = bench.session().await;
    session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
    assert_eq!((active(&session).await.as_str(), bench.files("address-books")), ("Book beside it", 1));
    assert_eq!(bench.providers.logons(), ["Told book"], "and it is not tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_lacks_configuration_is_retried_once_and_one_without_network_at_the_next_use() {
    let bench = Bench::new().await;
    bench.add("told.store", &[(FAILS_WITH, text("MAPI_E_UNCONFIGURED")), (TIMES, Value::Long(1))]).await;
    open_store(&bench.session().await, 0, WRITE).await.unwrap();
    assert_eq!(bench.providers.logons().len(), 2, "inside one call");
    let bench = Bench::new().await;
    bench.add("told.store", &[(FAILS_WITH, text("MAPI_E_NETWORK_ERROR")), (TIMES, Value::Long(2))]).await;
    let session = bench.session().await;
    for expected in [Code::NetworkError, Code::NetworkError, Code::SOk] {
        assert_eq!(code(open_store(&session, 0, WRITE).await), expected);
    }
    assert_eq!(code(open_store(&session, 1, WRITE).await), Code::SOk, "nothing was disabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_book_with_a_failing_provider_is_there_with_a_warning_that_names_it() {
    let bench = Bench::new().await;
    bench.add("mapi.pab", &[]).await;
    bench.add("told.book", &[(FAILS_WITH, text("MAPI_E_OFFLINE")), (TIMES, Value::Long(1))]).await;
    let session = bench.session().await;
    let opened = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
    assert_eq!(opened.warning, Some(Code::WErrorsReturned));
    let error = session.get_last_error(Code::WErrorsReturned).await.unwrap().unwrap();
    assert_eq!(error.error, format!("Told book: {EXPLANATION}"));
    let pab = opened.value.get_pab().await.unwrap();
    let again = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
    assert_eq!(again.warning, None, "it is back");
    assert_eq!(opened.value.get_pab().await.unwrap(), pab, "the first object is the same as before");
    assert_eq!(active(&session).await, "Personal Address Book, Book beside it, Told book");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_opened_twice_has_one_row_and_one_opened_for_a_while_none_in_the_store_table() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let session = bench.session().await;
    for how in [OpenMsgStoreFlags::empty(), WRITE] {
        open_store(&session, 0, how).await.unwrap();
    }
    assert_eq!(active(&session).await, "Mailbox");
    // A store of the other profile, by its identifier: not in this profile, so it has a section for a while.
    let home = bench.admin.admin_services("Home").await.unwrap();
    home.create_msg_service_ex("mapi.store", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
    let other = bench.logon(Some("Home"), flags::LogonFlags::MAPI_NEW_SESSION).await.unwrap();
    open_store(&other, 0, WRITE).await.unwrap();
    let id = store_ids(&other).await.remove(0);
    let opened = session.open_msg_store(&id, WRITE | OpenMsgStoreFlags::MDB_TEMPORARY, None).await.unwrap();
    root(&opened.value.object).await;
    assert_eq!(store_table(&session).await.get_row_count().await.unwrap().value, 1);
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    assert_eq!(store_table(&bench.session().await).await.get_row_count().await.unwrap().value, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_provider_that_fails_says_which_why_and_what_to_do_and_the_others_work() {
    for (told, expected) in [
        ((FAILS_WITH, text("MAPI_E_NETWORK_ERROR")), Code::NetworkError),
        ((FAILS_WITH, text("MAPI_E_CORRUPT_STORE")), Code::CorruptStore),
        ((FAILS_WITH, text("MAPI_E_PASSWORD_EXPIRED")), Code::PasswordExpired),
        ((BREAKS_DOWN, Value::Boolean(true)), Code::CallFailed),
    ] {
        let bench = Bench::new().await;
        bench.add("mapi.store", &[]).await;
        bench.add("told.store", std::slice::from_ref(&told)).await;
        let session = bench.session().await;
        let failure = open_store(&session, 1, WRITE).await.unwrap_err();
        assert_eq!(failure.code(), expected);
        assert!(matches!(&failure.detail().origin, Origin::Provider { name, .. } if name == "Told store"), "{failure:?}");
        let error = session.get_last_error(expected).await.unwrap().unwrap();
        assert_eq!(error.component, "Told store");
        assert!(error.error.len() > 20, "{error:?}");
        assert_eq!(code(open_store(&session, 0, WRITE).await), Code::SOk, "the other service works");
        let again = open_store(&session, 1, WRITE).await.unwrap_err();
        assert!(again.detail().message.len() > 20 && again.to_string().starts_with("Told store: "), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_stalls_holds_nobody_else_up_and_is_tried_again() {
    let mut limits = Limits::default();
    limits.backend_time = Duration::from_millis(300);
    let bench = Bench::with_limits(limits).await;
    bench.add("mapi.store", &[]).await;
    bench.add("told.store", &[(MILLISECONDS, Value::Long(1_500)), (TIMES, Value::Long(1))]).await;
    let session = bench.session().await;
    let failure = open_store(&session, 1, WRITE).await.unwrap_err();
    assert_eq!((failure.code(), failure.detail().retry), (Code::Timeout, true));
    assert_eq!(code(open_store(&session, 0, WRITE).await), Code::SOk);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(code(open_store(&session, 1, WRITE).await), Code::SOk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_breaks_down_while_it_is_open_fails_alone() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    bench.add("told.store", &[(IN_METHOD, text("commit")), (BREAKS_DOWN, Value::Boolean(true))]).await;
    let session = bench.session().await;
    let broken = open_store(&session, 1, WRITE | OpenMsgStoreFlags::MDB_NO_MAIL).await.unwrap();
    let save = async |store: &mapi_session::MessageStore| {
        let message = root(store).await.create_message(flags::CreateMessageFlags::empty()).await?;
        message.properties().await?.save_changes(flags::SaveChangesFlags::empty()).await
    };
    let failure = save(&broken).await.unwrap_err();
    assert_eq!(failure.code(), Code::CallFailed);
    assert!(failure.to_string().starts_with("Told store: "), "{failure}");
    save(&open_store(&session, 0, WRITE).await.unwrap()).await.unwrap();
}
