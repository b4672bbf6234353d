//! Ways to misbehave. Each goes on until it is stopped, or says what came of it.

use crate::mailbox::{self, told};
use crate::world::mapi::session::method_flags::{
    AddressBookOpenEntryFlags, CreateProfileFlags, DeleteProfileFlags, GetContentsTableFlags, GetMsgStoresTableFlags,
    LogoffFlags, OpenAddressBookFlags, OpenMsgStoreFlags, QueryDefaultMessageOptFlags, QueryRowsFlags, RestrictFlags,
    SessionOpenEntryFlags, SetColumnsFlags, SubmitMessageFlags,
};
use crate::world::mapi::session::objects::Message;
use crate::world::mapi::session::sessions::Entry;
use crate::world::mapi::session::tables::{Bookmark, Table};
use crate::world::mapi::session::types::{Node, Property, Restriction, Value};
use crate::world::mapi::session::{profiles, sessions};
use crate::world::{Guest, export};

struct Hostile;

impl Guest for Hostile {
    fn run(arguments: Vec<String>) -> Result<String, String> {
        let how = arguments.first().map(String::as_str).unwrap_or_default();
        match how {
            "loops" => loops(),
            "floods" => floods(),
            "allocates" => allocates(),
            "recurses" => Ok(recurses(&[1]).to_string()),
            "forges-handles" => forges_handles(),
            "uses-dropped" => uses_dropped(),
            "forges-identifiers" => forges_identifiers(),
            "calls-after-logoff" => calls_after_logoff(),
            "reads-again" => reads_again(),
            "hoards" => hoards(),
            "huge-restriction" => huge_restriction(),
            "huge-text" => huge_text(),
            "huge-columns" => huge_columns(),
            "seeks" => seeks(),
            "submits" => submits(),
            "creates-profiles" => creates_profiles(),
            "traps" => traps(),
            "garbage" => Ok(String::from("\0\u{202E}\u{1B}[2J\n{\"event\":\"ended\"}\n").repeat(100_000)),
            "logs-on" => logs_on(),
            "opens-ungranted" => opens_ungranted(),
            "reads-credentials" => reads_credentials(),
            "holds-messages" => holds_messages(),
            _ => Err("no such behaviour".into()),
        }
    }
}

fn contents() -> Result<Table, String> {
    let session = mailbox::logon()?;
    let inbox = mailbox::inbox(&mailbox::store(&session)?)?;
    let table = inbox.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).map_err(told);
    // Whoever logs off loses what he opened.
    core::mem::forget(session);
    table
}

fn loops() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Calls that cost the session next to nothing.
fn floods() -> Result<String, String> {
    let session = mailbox::logon()?;
    loop {
        core::hint::black_box(session.number());
    }
}

fn allocates() -> Result<String, String> {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(core::hint::black_box(vec![1; 1 << 20]));
    }
}

fn recurses(frame: &[u64]) -> u64 {
    let next = core::hint::black_box([frame.len() as u64; 64]);
    recurses(&next) + next.iter().sum::<u64>()
}

/// A number that stands for none of its handles.
fn forges_handles() -> Result<String, String> {
    let forged = core::mem::ManuallyDrop::new(unsafe_message(0x7FFF_FFF0));
    forged.submit_message(SubmitMessageFlags::empty()).map_err(told)?;
    Ok("a forged handle was taken".into())
}

/// Keeps the number of a table it has dropped.
fn uses_dropped() -> Result<String, String> {
    let table = contents()?;
    let number = table.handle();
    drop(table);
    // SAFETY: a wrong number is for the runtime to refuse, which is what is tried here.
    let table = core::mem::ManuallyDrop::new(unsafe { Table::from_handle(number) });
    let rows = table.get_row_count().map_err(told)?;
    Ok(format!("a dropped table has {} rows", rows.rows))
}

fn unsafe_message(number: u32) -> Message {
    // SAFETY: as above.
    unsafe { Message::from_handle(number) }
}

/// Identifiers cut short, changed in each byte, and made up.
fn forges_identifiers() -> Result<String, String> {
    let session = mailbox::logon()?;
    let ids = mailbox::store_ids(&session)?;
    let genuine = ids.first().ok_or("the profile has no store")?;
    let mut forged: Vec<Vec<u8>> = (0..genuine.len()).map(|length| genuine[..length].to_vec()).collect();
    forged.extend((0..genuine.len()).map(|at| {
        let mut id = genuine.clone();
        id[at] ^= 0x55;
        id
    }));
    forged.extend((0..64_usize).map(|length| vec![0xFF; length * 17]));
    let mut opened = 0;
    for id in &forged {
        opened += u32::from(session.open_msg_store(0, id, OpenMsgStoreFlags::MDB_WRITE, None).is_ok());
        opened += u32::from(session.open_entry(id, SessionOpenEntryFlags::MAPI_MODIFY, None).is_ok());
        core::hint::black_box(session.compare_entry_ids(id, genuine).is_ok());
    }
    Ok(format!("{opened} of {} opened", 2 * forged.len()))
}

fn calls_after_logoff() -> Result<String, String> {
    let session = mailbox::logon()?;
    let store = mailbox::store(&session)?;
    let inbox = mailbox::inbox(&store)?;
    session.logoff(0, LogoffFlags::empty()).map_err(told)?;
    let failed = [
        session.get_msg_stores_table(GetMsgStoresTableFlags::empty()).is_err(),
        store.get_outgoing_queue().is_err(),
        inbox.get_contents_table(GetContentsTableFlags::empty()).is_err(),
    ];
    Ok(format!("{failed:?}"))
}

fn reads_again() -> Result<String, String> {
    let table = contents()?;
    loop {
        table.seek_row(Bookmark::Beginning, 0).map_err(told)?;
        core::hint::black_box(table.query_rows(i32::MAX, QueryRowsFlags::empty()).map_err(told)?);
    }
}

fn hoards() -> Result<String, String> {
    let session = mailbox::logon()?;
    let inbox = mailbox::inbox(&mailbox::store(&session)?)?;
    let mut held = Vec::new();
    loop {
        held.push(inbox.get_contents_table(GetContentsTableFlags::empty()).map_err(told)?);
    }
}

/// A tree as deep as it has nodes, again and again.
fn huge_restriction() -> Result<String, String> {
    let table = contents()?;
    let mut refused = 0;
    for depth in [1_000, 10_000, 50_000] {
        let mut nodes = vec![Node::Not; depth];
        nodes.push(Node::Exist(0x0037_001F));
        let tree = Restriction { nodes, constants: Vec::new() };
        refused += u32::from(table.restrict(Some(&tree), RestrictFlags::empty()).is_err());
    }
    // A tree that is none, and one that says it has more children than there are.
    for nodes in [Vec::new(), vec![Node::And(u32::MAX)], vec![Node::Not], vec![Node::Or(0), Node::Or(0)]] {
        let tree = Restriction { nodes, constants: Vec::new() };
        refused += u32::from(table.restrict(Some(&tree), RestrictFlags::empty()).is_err());
    }
    Ok(format!("{refused} refused"))
}

fn huge_text() -> Result<String, String> {
    let session = mailbox::logon()?;
    loop {
        let text = "x".repeat(48 << 20);
        core::hint::black_box(session.query_default_message_opt(&text, QueryDefaultMessageOptFlags::empty()).is_ok());
    }
}

fn huge_columns() -> Result<String, String> {
    let table = contents()?;
    let mut taken = 0;
    for count in [1_000, 100_000, 4_000_000_u32] {
        let tags: Vec<u32> = (0..count).map(|number| number << 16 | 0x001F).collect();
        taken += u32::from(table.set_columns(&tags, SetColumnsFlags::empty()).is_ok());
    }
    Ok(format!("{taken} column sets taken"))
}

fn seeks() -> Result<String, String> {
    let table = contents()?;
    for count in [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX] {
        for origin in [Bookmark::Beginning, Bookmark::Current, Bookmark::End, Bookmark::Made(u32::MAX)] {
            core::hint::black_box(table.seek_row(origin, count).is_ok());
            core::hint::black_box(table.query_rows(if count == i32::MAX { 1 } else { count }, QueryRowsFlags::empty()).is_ok());
        }
    }
    for (numerator, denominator) in [(u32::MAX, 1), (1, 0), (0, u32::MAX), (u32::MAX, u32::MAX)] {
        core::hint::black_box(table.seek_row_approx(numerator, denominator).is_ok());
    }
    let position = table.query_position().map_err(told)?;
    Ok(format!("at row {} in the end", position.row))
}

fn submits() -> Result<String, String> {
    let session = mailbox::logon()?;
    let outbox = mailbox::outbox(&mailbox::store(&session)?)?;
    for number in 0_u32.. {
        let message = mailbox::compose(&outbox, "victim@example.org", &format!("{number}"), "")?;
        message.submit_message(SubmitMessageFlags::empty()).map_err(told)?;
        sessions::pump(1_000).map_err(told)?;
    }
    Ok("done".into())
}

fn creates_profiles() -> Result<String, String> {
    let admin = profiles::admin_profiles().map_err(told)?;
    let mut created = 0;
    for number in 0..100 {
        created += u32::from(admin.create_profile(&format!("p{number}"), 0, CreateProfileFlags::empty()).is_ok());
    }
    let deleted = admin.delete_profile("Ada", DeleteProfileFlags::empty()).is_ok();
    Ok(format!("{created} created, deleted: {deleted}"))
}

fn traps() -> ! {
    core::arch::wasm32::unreachable()
}

/// Every session is kept.
fn logs_on() -> Result<String, String> {
    let mut sessions = Vec::new();
    loop {
        sessions.push(mailbox::logon()?);
    }
}

/// The address book, and a store the grant does not name.
fn opens_ungranted() -> Result<String, String> {
    let session = mailbox::logon()?;
    let mut opened = 0;
    for id in mailbox::store_ids(&session)? {
        opened += u32::from(session.open_msg_store(0, &id, OpenMsgStoreFlags::MDB_WRITE, None).is_ok());
    }
    let book = session.open_address_book(0, OpenAddressBookFlags::empty()).map_err(told)?;
    let root = book.address_book.open_entry(None, AddressBookOpenEntryFlags::empty(), None).map_err(told)?;
    core::hint::black_box(&root.object);
    Ok(format!("{opened} stores opened for writing; the address book: {:?}", book.warning.map(|warning| warning.code)))
}

/// The way to the sections of transports.
fn reads_credentials() -> Result<String, String> {
    let session = mailbox::logon()?;
    let services = session.admin_services().map_err(told)?;
    core::hint::black_box(&services);
    Ok("the services can be administered".into())
}

/// Has messages open for writing, changed and not saved, for as long as it can.
fn holds_messages() -> Result<String, String> {
    let session = mailbox::logon()?;
    let store = mailbox::store(&session)?;
    let table = mailbox::inbox(&store)?.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).map_err(told)?;
    table.set_columns(&[0x0FFF_0102], SetColumnsFlags::empty()).map_err(told)?;
    let mut held = Vec::new();
    for row in table.query_rows(50, QueryRowsFlags::empty()).map_err(told)? {
        let Some(Value::Binary(id)) = row.cells.into_iter().next().map(|cell| cell.value) else { continue };
        let opened = session.open_entry(&id, SessionOpenEntryFlags::MAPI_MODIFY, None).map_err(told)?;
        if let Entry::Message(message) = opened.entry {
            let subject = Property { tag: 0x0037_001F, value: Value::Unicode("held".into()) };
            message.properties().set_props(&[subject]).map_err(told)?;
            held.push(message);
        }
    }
    loops()
}

export!(Hostile with_types_in crate::world);
