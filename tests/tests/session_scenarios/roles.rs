//! Roles of stores, and who is logged on (`session` 12, items 9 and 10).

use crate::bench::{Bench, engine};
use mapi_engine::entry_id::OneOff;
use mapi_session::error::Code;
use mapi_session::flags::{self, OpenMsgStoreFlags};
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{Limits, LogonOptions, Session, StoreRole};
use mapi_tests::clients::{column, list, open_store, status_table, store_ids, store_table, text};

async fn flags_of(session: &Session) -> String {
    list(&column(&store_table(session).await, tags::RESOURCE_FLAGS).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_moves_with_four_row_events_at_most_and_a_temporary_one_ends_with_the_session() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        bench.add("mapi.store", &[]).await;
    }
    let session = bench.session().await;
    for at in 0..2 {
        open_store(&session, at, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    }
    let ids = store_ids(&session).await;
    let tables = [store_table(&session).await, status_table(&session).await];
    let mut registrations = Vec::new();
    for table in &tables {
        registrations.push(table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap());
    }
    bench.subsystem.dispatch_notifications().await.unwrap();
    for (role, first, then) in [
        (StoreRole::Default, "0x2, 0x0", "0x0, 0x2"),
        (StoreRole::SimpleTemporary, "0x8, 0x2", "0x0, 0xa"),
        (StoreRole::Primary, "0x1000, 0xa", "0x0, 0x100a"),
        (StoreRole::Secondary, "0x2000, 0x100a", "0x0, 0x300a"),
    ] {
        session.set_default_store(role, Some(&ids[0])).await.unwrap();
        assert_eq!(flags_of(&session).await, first, "{role:?}");
        bench.subsystem.dispatch_notifications().await.unwrap();
        session.set_default_store(role, Some(&ids[1])).await.unwrap();
        assert_eq!(flags_of(&session).await, then, "{role:?}: the former holder has it no more");
        let events = bench.subsystem.dispatch_notifications().await.unwrap();
        assert!((2..=4).contains(&events), "{role:?}: {events}");
        session.set_default_store(role, Some(&ids[1])).await.unwrap();
        assert_eq!(bench.subsystem.dispatch_notifications().await.unwrap(), 0, "{role:?}: it had it already");
    }
    // The folder keeps what was not for this session alone.
    let other = engine().subsystem(&bench.backends, Limits::default()).await.unwrap();
    let later = other.logon(LogonOptions::profile("Work")).await.unwrap();
    assert_eq!(flags_of(&later).await, "0x0, 0x3002");
    later.set_default_store(StoreRole::SimplePermanent, Some(&ids[0])).await.unwrap();
    let last = other.logon(LogonOptions::profile("Work")).await.unwrap();
    assert_eq!(flags_of(&last).await, "0x8, 0x3002");
}

/// Who is logged on with transports that show these columns, the first of which supplies the primary identity.
async fn asked(wires: &[&[(PropTag, Value)]], is_primary: bool) -> (Vec<u8>, Option<Code>) {
    let bench = Bench::new().await;
    for columns in wires {
        bench.add("told.wire", columns).await;
    }
    if !is_primary {
        bench.work.set_primary_identity(None).await.unwrap();
    }
    let identity = bench.session().await.query_identity().await.unwrap();
    (identity.value, identity.warning)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_logged_on_is_said_by_the_primary_row_then_by_a_whole_one_then_by_any_and_else_is_nobody() {
    let id = |byte: u8| (tags::IDENTITY_ENTRYID, Value::Binary(vec![byte; 24]));
    let display = (tags::IDENTITY_DISPLAY, text("Ann"));
    let key = (tags::IDENTITY_SEARCH_KEY, Value::Binary(b"SMTP:ANN@EXAMPLE.COM\0".to_vec()));
    let ann = OneOff::new("Ann", "SMTP", "ANN@EXAMPLE.COM").to_bytes();
    let nobody = OneOff::new("Unknown", "NONE", "Unknown").to_bytes();
    let whole = [id(2), display.clone(), key.clone()];
    assert_eq!(asked(&[&[id(1)], &whole], true).await, (vec![1; 24], None), "the primary row comes first");
    assert_eq!(asked(&[&[display, key], &[id(2)]], true).await, (ann, None), "a one-off made of its key");
    assert_eq!(asked(&[&[id(1)], &whole], false).await, (vec![2; 24], None), "a whole one before a mere identifier");
    assert_eq!(asked(&[&[], &[id(2)]], false).await, (vec![2; 24], None));
    assert_eq!(asked(&[&[], &[]], false).await, (nobody, Some(Code::WNoService)));
}
