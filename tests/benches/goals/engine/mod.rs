//! Ten operations of the engine, through the component and native, on the same store in memory.
//!
//! The store evaluates nothing itself: sorting, restricting and finding are the engine's work.

mod component;
mod native;

use crate::messages::{self, Numbers};
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, microseconds};
use anyhow::ensure;
use component::Component;
use mapi_engine::memory::{MemoryStore, PushDown};
use mapi_session::backend::ObjectId;
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::restriction::{FL_IGNORECASE, FL_SUBSTRING, Relop, Restriction};
use mapi_session::tables::{SortOrder, SortOrderSet};
use native::Native;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages in the folder worked on.
const MESSAGES: u32 = 5_000;

const RUNS: u32 = 41;

/// An operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Logon and logoff.
    Logon,
    /// The table of stores, read to its end.
    Stores,
    /// The default store opened, with its root folder.
    OpenStore,
    /// All folders of the store.
    Hierarchy,
    /// A contents table sorted by subject, and its first page.
    Sort,
    /// A restriction on subjects, and how many rows are left.
    Restrict,
    /// The first row whose subject is not before a word.
    Find,
    /// A page from the middle, and its position.
    Scroll,
    /// A message opened, its properties and recipients read.
    Message,
    /// A message in RFC 5322 form imported.
    Import,
}

const OPERATIONS: [Operation; 10] = [
    Operation::Logon,
    Operation::Stores,
    Operation::OpenStore,
    Operation::Hierarchy,
    Operation::Sort,
    Operation::Restrict,
    Operation::Find,
    Operation::Scroll,
    Operation::Message,
    Operation::Import,
];

/// `host.engine`: the geometric means of the medians.
pub(crate) fn ten_operations(stage: &Stage) -> anyhow::Result<Figures> {
    let native = Native::new(store())?;
    let component = stage.runtime.block_on(Component::new(stage, store()))?;
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for operation in OPERATIONS {
        let (mut through, mut direct) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let start = Instant::now();
            let seen = native.run(operation)?;
            direct.push(start.elapsed());
            let start = Instant::now();
            let met = stage.runtime.block_on(component.run(operation))?;
            through.push(start.elapsed());
            ensure!(seen == met, "{operation:?}: {met} through the component, {seen} native");
        }
        let (through, direct) = (median(through)?, median(direct)?);
        let (us, them) = (microseconds(through), microseconds(direct));
        eprintln!("  {operation:?}: {us:.1} µs against {them:.1} µs native, {:.2}x", us / them);
        ours.push(through);
        reference.push(direct);
    }
    Ok(Figures::against(geometric_mean(&ours), geometric_mean(&reference)))
}

/// In microseconds.
fn geometric_mean(times: &[Duration]) -> f64 {
    let logarithms: f64 = times.iter().map(|time| microseconds(*time).ln()).sum();
    let count = times.len() as f64;
    (logarithms / count).exp()
}

/// A new store that only scans.
fn store() -> Arc<MemoryStore> {
    let store = MemoryStore::new(Guid([7; 16]), "bench");
    store.set_push_down(PushDown::NONE);
    Arc::new(store)
}

/// Puts the messages into the folder with that entry identifier.
fn fill(store: &Arc<MemoryStore>, folder: &[u8]) -> anyhow::Result<()> {
    let own = folder.get(20..).and_then(ObjectId::new);
    let own = own.ok_or_else(|| anyhow::anyhow!("the folder's identifier is too short"))?;
    messages::fill(store, &own, MESSAGES)
}

/// What is read of a message.
const MESSAGE_TAGS: [PropTag; 8] = [
    tags::SUBJECT,
    tags::SENDER_NAME,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::CLIENT_SUBMIT_TIME,
    tags::IMPORTANCE,
    tags::MESSAGE_CLASS,
    tags::INTERNET_MESSAGE_ID,
];

fn by_subject() -> SortOrderSet {
    SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)])
}

fn about_budget() -> Restriction {
    let value = Property::new(tags::SUBJECT, Value::Unicode("budget".into()));
    Restriction::Content { fuzzy: FL_SUBSTRING | FL_IGNORECASE, tag: tags::SUBJECT, value }
}

fn from_network() -> Restriction {
    let value = Property::new(tags::SUBJECT, Value::Unicode("network".into()));
    Restriction::Property { relop: Relop::Ge, tag: tags::SUBJECT, value }
}

/// A message with text, HTML and an attachment.
fn mail() -> Vec<u8> {
    let mut mail = b"From: Ada Quill <ada@example.org>\r\nTo: Boris <boris@example.org>, emi@example.com\r\n\
        Subject: =?utf-8?Q?Quarterly_numbers_=E2=80=93_draft?=\r\nDate: Mon, 01 Jan 2024 10:00:00 +0100\r\n\
        Message-ID: <bench@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n\
        --outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n\
        --inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        .to_vec();
    for line in 0..60 {
        mail.extend(format!("Line {line}: caf=C3=A9 and numbers {}, more text to read and to fold.\r\n", line * 37).bytes());
    }
    mail.extend(b"\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>");
    for line in 0..60 {
        mail.extend(format!("<p>Line {line} of the <b>page</b></p>\r\n").bytes());
    }
    mail.extend(
        b"</body></html>\r\n--inner--\r\n--outer\r\nContent-Type: application/pdf; name=plan.pdf\r\n\
        Content-Disposition: attachment; filename=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    let mut numbers = Numbers(1);
    for _ in 0..120 {
        let letter = |number: u64| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[usize::try_from(number % 32).unwrap_or_default()];
        mail.extend((0..76).map(|_| letter(numbers.next())));
        mail.extend(b"\r\n");
    }
    mail.extend(b"--outer--\r\n");
    mail
}
