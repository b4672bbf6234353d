//! When notifications come (`session` 12, item 8).

use crate::bench::Bench;
use mapi_session::flags::{self, EventMask, LogoffFlags, LogonFlags, OpenMsgStoreFlags};
use mapi_session::notifications::Notification;
use mapi_session::properties::{Property, tags};
use mapi_session::{Folder, Subscription};
use mapi_tests::clients::{entry_id, open_store, root, text};
use std::time::Duration;

async fn save(folder: &Folder, subject: &str) -> Vec<u8> {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap().properties().await.unwrap();
    message.set_props(vec![Property::new(tags::SUBJECT, text(subject))]).await.unwrap();
    message.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    entry_id(&message).await
}

/// What has come so far.
async fn told(subscription: &mut Subscription) -> Vec<Notification> {
    tokio::time::timeout(Duration::from_millis(50), subscription.next_batch()).await.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_after_the_call_that_causes_them_in_order_and_never_after_unadvise() {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let session = bench.session().await;
    let folder = root(&open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap()).await;
    let own = entry_id(&folder.properties().await.unwrap()).await;
    bench.subsystem.dispatch_notifications().await.unwrap();
    let store = open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    let mut created = store.advise(None, EventMask::FNEV_OBJECT_CREATED).await.unwrap();
    let of_folder = session.advise(Some(&own), EventMask::FNEV_OBJECT_MODIFIED).await.unwrap();
    let mut saved = Vec::new();
    for subject in ["one", "two", "three"] {
        saved.push(save(&folder, subject).await);
    }
    assert_eq!(told(&mut created).await, [], "no event during the calls that cause it");
    of_folder.unadvise().await.unwrap();
    assert!(bench.subsystem.dispatch_notifications().await.unwrap() >= 3);
    let batch = told(&mut created).await;
    let ids = batch.iter().map(|event| match event {
        Notification::ObjectCreated(object) => object.entry_id.clone(),
        other => panic!("{other:?}"),
    });
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, saved, "one batch, in the order of what happened");
    created.unadvise().await.unwrap();
    save(&folder, "four").await;
    assert_eq!(bench.subsystem.dispatch_notifications().await.unwrap(), 0, "nothing after Unadvise");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_for_nothing_still_hears_of_critical_errors_and_each_handle_of_its_own() {
    let bench = Bench::new().await;
    let first = bench.logon(Some("Work"), LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
    let second = bench.logon(Some("Work"), LogonFlags::empty()).await.unwrap();
    let apart = bench.session().await;
    let mut own = second.advise(None, EventMask::empty()).await.unwrap();
    let mut strange = apart.advise(None, EventMask::empty()).await.unwrap();
    first.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
    bench.subsystem.dispatch_notifications().await.unwrap();
    assert!(matches!(told(&mut own).await[..], [Notification::CriticalError(_)]));
    assert_eq!(told(&mut strange).await, []);
}
