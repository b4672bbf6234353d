//! What providers report by their support objects, and what these answer (`session` 6.3, 10; `status` 3).

use crate::bench::{Bench, column, list, open_store, shown, status_table, store_ids, store_table, text, value};
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_session::flags::{
    self, GetStatusTableFlags, LogonFlags, ModifyStatusRowFlags, OpenMsgStoreFlags, OpenProfileSectionFlags,
    SessionOpenEntryFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Entry, Object, Session, Support};

/// A provider of each kind, by its service and its display name.
const KINDS: [(&str, &str); 3] = [("a store", "store"), ("an address book", "book"), ("a transport", "wire")];

const UPDATE: ModifyStatusRowFlags = ModifyStatusRowFlags::STATUSROW_UPDATE;

/// A session with that service logged on, and the support object of its provider.
async fn supported(bench: &Bench, service: &str) -> (Session, Support) {
    let session = bench.session(&[service]).await;
    session.get_status_table(GetStatusTableFlags::empty()).await.unwrap();
    (session, bench.providers.supports().remove(0))
}

/// A session on `Work`, and the identifier of a store that only `Home` has.
async fn elsewhere(bench: &Bench) -> (Session, Vec<u8>) {
    let how = flags::CreateMsgServiceFlags::empty();
    bench.home().await.create_msg_service_ex("store", None, how).await.unwrap();
    let home = bench.logon("Home", LogonFlags::MAPI_NEW_SESSION).await.unwrap();
    open_store(&home, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    let id = store_ids(&home).await.remove(0);
    (bench.session(&["store"]).await, id)
}

async fn stores(session: &Session) -> u32 {
    store_table(session).await.get_row_count().await.unwrap().value
}

pub(super) fn rows(rows: &mut Rows) {
    permanence(rows);
    status_rows(rows);
    sections(rows);
    identifiers(rows);
}

fn permanence(rows: &mut Rows) {
    let (none, temporary) = (OpenMsgStoreFlags::empty(), OpenMsgStoreFlags::MDB_TEMPORARY);
    rows.of("session 6.3", "IMAPISupport::ModifyProfile");
    for (name, opened, given, expected) in [
        ("a store by a constructed identifier", vec![none], false, "1 row, then 2"),
        ("MDB_NO_MAIL", vec![OpenMsgStoreFlags::MDB_NO_MAIL], false, "1 row, then 2"),
        ("MDB_TEMPORARY", vec![temporary], false, "1 row, then 1"),
        ("MDB_TEMPORARY twice", vec![temporary, temporary], false, "1 row, then 1"),
        ("MDB_TEMPORARY, then without", vec![temporary, none], false, "1 row, then 2"),
        ("without, then MDB_TEMPORARY", vec![none, temporary], false, "1 row, then 2"),
        ("MDB_TEMPORARY given to the method", vec![none], true, "1 row, then 1"),
    ] {
        rows.row(name, expected, move |b| {
            let opened = opened.clone();
            async move {
                let (session, id) = elsewhere(&b).await;
                for how in opened {
                    session.open_msg_store(&id, how, None).await.unwrap();
                }
                let before = stores(&session).await;
                b.providers.supports().pop().unwrap().modify_profile(given).unwrap();
                b.turns().await;
                format!("{before} row, then {}", stores(&session).await)
            }
        });
    }
    rows.row("the next session has it", "store, store: S_OK", move |b| async move {
        let (session, id) = elsewhere(&b).await;
        session.open_msg_store(&id, none, None).await.unwrap();
        b.providers.supports().pop().unwrap().modify_profile(false).unwrap();
        b.turns().await;
        session.logoff(flags::LogoffFlags::empty()).await.unwrap();
        let next = b.session(&[]).await;
        let names = list(&column(&store_table(&next).await, tags::DISPLAY_NAME).await);
        format!("{names}: {}", code(open_store(&next, 1, OpenMsgStoreFlags::MDB_WRITE).await))
    });
    rows.row("of a store of the profile", "1 row", |b| async move {
        let (session, support) = supported(&b, "store").await;
        support.modify_profile(false).unwrap();
        b.turns().await;
        format!("{} row", stores(&session).await)
    });
    for (kind, service) in [("an address book", "book"), ("a transport", "wire")] {
        rows.row(kind, Code::NoSupport, move |b| async move {
            code(supported(&b, service).await.1.modify_profile(false))
        });
    }
}

fn status_rows(rows: &mut Rows) {
    let says = |what: &str| vec![Property::new(tags::STATUS_STRING, text(what))];
    rows.of("status 3", "IMAPISupport::ModifyStatusRow");
    for (kind, service) in KINDS {
        rows.row(format!("{kind}, STATUSROW_UPDATE"), "4 rows, At work", move |b| async move {
            let (session, support) = supported(&b, service).await;
            support.modify_status_row(says("At work"), UPDATE).unwrap();
            b.turns().await;
            let cells = column(&status_table(&session).await, tags::STATUS_STRING).await;
            format!("{} rows, {}", cells.len(), shown(&cells[3]))
        });
        rows.row(format!("{kind}, another row"), "5 rows, Second", move |b| async move {
            let (session, support) = supported(&b, service).await;
            let columns = vec![Property::new(tags::DISPLAY_NAME, text("Second"))];
            support.modify_status_row(columns, ModifyStatusRowFlags::empty()).unwrap();
            b.turns().await;
            let cells = column(&status_table(&session).await, tags::DISPLAY_NAME).await;
            format!("{} rows, {}", cells.len(), shown(&cells[4]))
        });
        rows.row(format!("{kind}, no columns"), Code::InvalidParameter, move |b| async move {
            code(supported(&b, service).await.1.modify_status_row(Vec::new(), UPDATE))
        });
        rows.row(format!("{kind}, columns the engine supplies"), service, move |b| async move {
            let (session, support) = supported(&b, service).await;
            let given = vec![Property::new(tags::RESOURCE_TYPE, Value::Long(1)), Property::new(tags::ROWID, Value::Long(99))];
            support.modify_status_row(given, UPDATE).unwrap();
            b.turns().await;
            let table = status_table(&session).await;
            let kept = column(&table, tags::ROWID).await[3] != Value::Long(99);
            let name = shown(&column(&table, tags::DISPLAY_NAME).await[3]);
            if kept { name } else { "changed".into() }
        });
    }
    rows.row("address books: all that are active go offline", "0x1, then 0x3", |b| async move {
        let (session, support) = supported(&b, "book").await;
        let code = async || shown(&column(&status_table(&session).await, tags::STATUS_CODE).await[2]);
        let before = code().await;
        support.modify_status_row(vec![Property::new(tags::STATUS_CODE, Value::Long(2))], UPDATE).unwrap();
        b.turns().await;
        format!("{before}, then {}", code().await)
    });
}

fn sections(rows: &mut Rows) {
    const KEPT: PropTag = PropTag(0x6601_001F);
    rows.of("session 10.2", "IMAPISupport::OpenProfileSection");
    for (kind, service) in KINDS {
        rows.row(format!("{kind}: its own section"), service, move |b| async move {
            let (_session, support) = supported(&b, service).await;
            let name = support.profile_section().into_iter().find(|held| held.tag == tags::DISPLAY_NAME);
            name.map_or_else(String::new, |held| shown(&held.value))
        });
        rows.row(format!("{kind}: what it writes"), "a, read: a, then MAPI_E_NOT_FOUND", move |b| async move {
            let (session, support) = supported(&b, service).await;
            let uid = b.provider_keys().await.remove(0);
            let seen = async || {
                b.turns().await;
                let how = OpenProfileSectionFlags::MAPI_FORCE_ACCESS;
                shown(&value(&session.open_profile_section(Some(uid), how).await.unwrap(), KEPT).await)
            };
            support.write_profile_section(vec![Property::new(KEPT, text("a"))], Vec::new());
            let first = seen().await;
            let own = support.profile_section().into_iter().find(|held| held.tag == KEPT).unwrap();
            support.write_profile_section(Vec::new(), vec![KEPT]);
            format!("{first}, read: {}, then {}", shown(&own.value), seen().await)
        });
    }
}

fn identifiers(rows: &mut Rows) {
    rows.of("session 10.2", "IMAPISupport::WrapStoreEntryID");
    rows.row("the private identifier of a store", "true", |b| async move {
        let (session, support) = supported(&b, "store").await;
        let uid = b.provider_keys().await.remove(0);
        let wrapped = support.wrap_store_entry_id(format!("configured {uid}").as_bytes()).unwrap();
        session.compare_entry_ids(&wrapped, &store_ids(&session).await[0]).await.unwrap().to_string()
    });
    rows.row("an empty one", Code::InvalidParameter, |b| async move {
        code(supported(&b, "store").await.1.wrap_store_entry_id(&[]))
    });
    rows.of("session 10.2", "IMAPISupport::CreateOneOff");
    for (kind, service) in KINDS {
        rows.row(kind, "a user called Ann", move |b| async move {
            let (session, support) = supported(&b, service).await;
            let id = support.create_one_off("Ann", "SMTP", "ann@example.com");
            match session.open_entry(&id, SessionOpenEntryFlags::empty(), None).await.unwrap().object {
                Entry::Object(Object::MailUser(user)) => {
                    let name = value(&user.properties().await.unwrap(), tags::DISPLAY_NAME).await;
                    format!("a user called {}", shown(&name))
                }
                other => format!("{other:?}"),
            }
        });
    }
    rows.of("session 10.2", "IMAPISupport::NewUID");
    rows.row("two of them", "different", |b| async move {
        let (_session, support) = supported(&b, "store").await;
        let same = support.new_uid().unwrap() == support.new_uid().unwrap();
        if same { "equal" } else { "different" }
    });
}
