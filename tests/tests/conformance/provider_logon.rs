//! What the result of a provider's logon does (`session` 3.1): every code, for stores, address books and transports.
//! Each service has a provider that fails so often as it is told, and an honest sibling.

use crate::bench::{Bench, column, open_store, shown, status_named, status_table, text};
use crate::table::{Rows, code, warned};
use mapi_engine::error::Code;
use mapi_session::flags::{self, OpenMsgStoreFlags};
use mapi_session::properties::{Value, tags};
use mapi_session::Session;
use mapi_tests::configured_provider::{BREAKS_DOWN, FAILS_WITH, TIMES};

/// What follows from a code, as the page says it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// Inactive for now, tried again when next needed.
    Later,
    /// Only this provider stays inactive.
    Alone,
    /// The caller is told, and may repeat.
    Told,
    /// The whole service is disabled.
    Disabled,
}

use Follows::{Alone, Disabled, Later, Told};

/// The codes of the page, and some that fall under "any other error".
const CODES: [(Code, Follows); 29] = [
    (Code::NetworkError, Later),
    (Code::Offline, Later),
    (Code::Timeout, Later),
    (Code::Reconnected, Later),
    (Code::Busy, Later),
    (Code::Failoneprovider, Alone),
    (Code::NotFound, Told),
    (Code::NoAccess, Told),
    (Code::UnknownCpid, Told),
    (Code::UnknownLcid, Told),
    (Code::InterfaceNotSupported, Told),
    (Code::UserCancel, Told),
    (Code::LogonFailed, Told),
    (Code::PasswordChangeRequired, Told),
    (Code::PasswordExpired, Told),
    (Code::InvalidWorkstationAccount, Told),
    (Code::InvalidAccessTime, Told),
    (Code::AccountDisabled, Told),
    (Code::CallFailed, Disabled),
    (Code::CorruptData, Disabled),
    (Code::CorruptStore, Disabled),
    (Code::DiskError, Disabled),
    (Code::NotEnoughDisk, Disabled),
    (Code::NotEnoughMemory, Disabled),
    (Code::NotEnoughResources, Disabled),
    (Code::SessionLimit, Disabled),
    (Code::Version, Disabled),
    (Code::ExtendedError, Disabled),
    (Code::EndOfSession, Disabled),
];

/// How often a logon has to fail so that a client hears of it: one refused for writing is repeated for reading.
fn times(code: Code) -> i32 {
    if code == Code::NoAccess { 2 } else { 1 }
}

/// A service told to fail with that code, so often.
async fn failing(bench: &Bench, service: &str, code: &str, times: i32) -> Session {
    let told = [(FAILS_WITH, text(code)), (TIMES, Value::Long(times))];
    bench.add_told(service, &told).await;
    bench.session(&[]).await
}

/// The store is opened twice and its sibling once.
async fn stores(bench: Bench, code: String, times: i32) -> String {
    let session = failing(&bench, "told store", &code, times).await;
    stores_of(&session).await
}

async fn stores_of(session: &Session) -> String {
    let ids = crate::bench::store_ids(session).await;
    let mut answers = Vec::new();
    for at in [0, 0, 1] {
        answers.push(warned(session.open_msg_store(&ids[at], OpenMsgStoreFlags::MDB_WRITE, None).await).to_string());
    }
    answers.join(", ")
}

/// How many providers of a kind have a row.
async fn active(session: &Session, kind: i32) -> usize {
    column(&status_table(session).await, tags::RESOURCE_TYPE).await.iter().filter(|cell| **cell == Value::Long(kind)).count()
}

/// The address book is opened twice.
async fn books(bench: Bench, code: String, times: i32) -> String {
    let session = failing(&bench, "told book", &code, times).await;
    books_of(&session).await
}

async fn books_of(session: &Session) -> String {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let opened = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
        let code = opened.warning.unwrap_or(Code::SOk);
        let root = opened.value.open_entry(None, flags::AddressBookOpenEntryFlags::empty(), None).await;
        answers.push(format!("{code} ({})", if root.is_ok() { "usable" } else { "unusable" }));
    }
    answers.join(", ")
}

/// Transports are started by the status table, and once more by the spooler.
async fn wires(bench: Bench, code: String, times: i32) -> String {
    let session = failing(&bench, "told wire", &code, times).await;
    wires_of(&session).await
}

async fn wires_of(session: &Session) -> String {
    let before = active(session, 36).await;
    let spooler = status_named(session, "MAPI Spooler").await;
    let validated = spooler.validate_state(flags::ValidateStateFlags::empty()).await;
    let after = active(session, 36).await;
    assert!(validated.is_ok() || after == 0, "{validated:?}");
    format!("{before} active, then {after}")
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("session 3.1", "store logon");
    for (code, follows) in CODES {
        let name = code.to_string();
        let later = match follows {
            Later | Told => "S_OK, S_OK",
            Alone => "MAPI_E_LOGON_FAILED, S_OK",
            Disabled => "MAPI_E_LOGON_FAILED, MAPI_E_LOGON_FAILED",
        };
        let call = format!("{code}; the store is opened twice, its sibling once");
        rows.row(call, format!("{code}, {later}"), move |b| stores(b, name.clone(), times(code)));
    }
    let others = [
        ("MAPI_E_UNCONFIGURED", 1, "S_OK, S_OK, S_OK", "the entry point is called and the logon repeated"),
        ("MAPI_E_UNCONFIGURED", 2, "MAPI_E_LOGON_FAILED, S_OK, S_OK", "tried again when next needed"),
        ("MAPI_W_ERRORS_RETURNED", 1, "MAPI_W_ERRORS_RETURNED, S_OK, S_OK", "the warning reaches the caller"),
        ("0x80090001", 1, "MAPI_E_CALL_FAILED, MAPI_E_LOGON_FAILED, MAPI_E_LOGON_FAILED", "a code of a foreign facility"),
    ];
    for (code, times, expected, why) in others {
        rows.row(format!("{code}, {times} times: {why}"), expected, move |b| stores(b, code.to_owned(), times));
    }
    rows.row("a panic", "MAPI_E_CALL_FAILED, MAPI_E_LOGON_FAILED, MAPI_E_LOGON_FAILED", |b| async move {
        b.add_told("told store", &[(BREAKS_DOWN, Value::Boolean(true))]).await;
        stores_of(&b.session(&[]).await).await
    });
    rows.row("no such backend here", Code::NotFound, |b| async move {
        let session = b.session(&["nowhere"]).await;
        code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await)
    });
    address_books(rows);
    transports(rows);
    effects(rows);
}

fn address_books(rows: &mut Rows) {
    rows.of("session 3.1", "address book logon");
    for (code, follows) in CODES {
        let name = code.to_string();
        let again = if follows == Later { "S_OK" } else { "MAPI_W_ERRORS_RETURNED" };
        let expected = format!("MAPI_W_ERRORS_RETURNED (usable), {again} (usable)");
        rows.row(format!("{code}; the address book is opened twice"), expected, move |b| books(b, name.clone(), times(code)));
        // Whether the sibling is there afterwards.
        let name = code.to_string();
        let count = match follows {
            Later => "2",
            Alone => "1",
            Told if code == Code::UserCancel => "1",
            Told | Disabled => "0",
        };
        rows.row(format!("{code}; rows after the address book was opened twice"), count, move |b| {
            let name = name.clone();
            async move {
                let session = failing(&b, "told book", &name, times(code)).await;
                books_of(&session).await;
                active(&session, 35).await.to_string()
            }
        });
    }
    let twice = |one: &str, two: &str| format!("{one} (usable), {two} (usable)");
    let warned = "MAPI_W_ERRORS_RETURNED";
    rows.row("MAPI_E_UNCONFIGURED once", twice("S_OK", "S_OK"), |b| books(b, "MAPI_E_UNCONFIGURED".into(), 1));
    rows.row("MAPI_E_UNCONFIGURED twice", twice(warned, "S_OK"), |b| books(b, "MAPI_E_UNCONFIGURED".into(), 2));
    rows.row("a panic", twice(warned, warned), |b| async move {
        b.add_told("told book", &[(BREAKS_DOWN, Value::Boolean(true))]).await;
        books_of(&b.session(&[]).await).await
    });
}

fn transports(rows: &mut Rows) {
    rows.of("session 3.1", "transport logon");
    for (code, follows) in CODES {
        let is_alone = follows != Disabled && (follows != Told || code == Code::UserCancel);
        let expected = if is_alone { "1 active, then 2" } else { "0 active, then 0" };
        let name = code.to_string();
        let call = format!("{code}; transports are started, then the spooler is validated");
        rows.row(call, expected, move |b| wires(b, name.clone(), 1));
    }
    rows.row("MAPI_E_UNCONFIGURED once", "2 active, then 2", |b| wires(b, "MAPI_E_UNCONFIGURED".into(), 1));
    rows.row("MAPI_E_UNCONFIGURED twice", "1 active, then 2", |b| wires(b, "MAPI_E_UNCONFIGURED".into(), 2));
    rows.row("a panic", "0 active, then 0", |b| async move {
        b.add_told("told wire", &[(BREAKS_DOWN, Value::Boolean(true))]).await;
        wires_of(&b.session(&[]).await).await
    });
}

/// What else a logon does.
fn effects(rows: &mut Rows) {
    rows.of("session 3.1", "store logon");
    let flagged = |bench: Bench, code: &'static str| async move {
        bench.add_told("told store", &[(FAILS_WITH, text(code))]).await;
        let session = bench.session(&[]).await;
        let first = crate::bench::store_ids(&session).await.remove(0);
        let opened = session.open_msg_store(&first, OpenMsgStoreFlags::empty(), None).await;
        let code = warned(opened);
        let error = session.get_last_error(code).await.unwrap();
        error.map_or_else(|| "nothing".to_owned(), |error| format!("{}: {}", error.component, error.error))
    };
    let says = "told store: the profile says so; say otherwise there";
    for code in ["MAPI_E_NETWORK_ERROR", "MAPI_E_NO_ACCESS", "MAPI_E_DISK_ERROR", "MAPI_W_ERRORS_RETURNED"] {
        rows.row(format!("{code}: GetLastError of the session"), says, move |b| flagged(b, code));
    }
    rows.of("session 3", "store logon");
    rows.row("nothing is logged on by the logon itself", "[]", |b| async move {
        let _session = b.session(&["store", "book", "wire"]).await;
        format!("{:?}", b.providers.logons())
    });
    rows.row("the order in which the status table starts providers", "[\"book\", \"wire\", \"store\"]", |b| async move {
        let session = b.session(&["store", "wire", "book"]).await;
        status_table(&session).await;
        format!("{:?}", b.providers.logons())
    });
    rows.row("the subsystem's row when a service is disabled", "0x5", |b| async move {
        let session = failing(&b, "told wire", "MAPI_E_DISK_ERROR", 9).await;
        let codes = column(&status_table(&session).await, tags::STATUS_CODE).await;
        shown(&codes[0])
    });
    rows.row("the address book's row when a provider failed", "0x5", |b| async move {
        let session = failing(&b, "told book", "MAPI_E_FAILONEPROVIDER", 9).await;
        let codes = column(&status_table(&session).await, tags::STATUS_CODE).await;
        shown(&codes[2])
    });
}
