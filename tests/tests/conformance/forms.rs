//! PrepareForm and ShowForm (`session` 9.1 to 9.3): tokens, what a form sees, and what becomes of the message.

use crate::bench::{Bench, text};
use crate::desk::{CLASS, Desk, cancelled, recipient};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::messages::Message as RawMessage;
use mapi_engine::properties::interface::{IID_IMESSAGE, IID_IUNKNOWN};
use mapi_engine::session::{MAPI_NEW_MESSAGE, MAPI_POST_MESSAGE, Session as RawSession, ShowForm, open_store_flags};
use mapi_engine::stores::{Folder as RawFolder, StoreObject};
use mapi_session::FormMessage;
use mapi_session::backend::{FormLibrary, FormOutcome, FormRequest, MessageChanges};
use mapi_session::error::Failure;
use mapi_session::flags::{LogoffFlags, LogonFlags, ShowFormFlags};
use mapi_session::properties::{PropType, Property, Value, tags};

const NEW: ShowFormFlags = ShowFormFlags::MAPI_NEW_MESSAGE;
const POST: ShowFormFlags = ShowFormFlags::MAPI_POST_MESSAGE;

/// A desk with a form for its messages.
async fn desk(bench: &Bench) -> Desk {
    bench.presenter.add_form(CLASS, FormLibrary::Local, Vec::new());
    Desk::new(bench).await
}

/// The next form changes the message like this and closes.
fn closes_with(bench: &Bench, changes: MessageChanges) {
    bench.presenter.answer_form(move |_: &FormRequest| Ok(FormOutcome::Closed(changes)));
}

fn subject() -> MessageChanges {
    MessageChanges { set: vec![Property::new(tags::SUBJECT, text("Changed"))], ..MessageChanges::default() }
}

/// What the engine has in place of a desk.
struct RawDesk {
    _subsystem: mapi_engine::session::Subsystem,
    session: RawSession,
    store: StoreObject,
    folder: RawFolder,
    message: RawMessage,
}

fn raw_desk() -> RawDesk {
    let (subsystem, session) = raw::session();
    let id = raw::store_id(&session);
    let store = session.open_msg_store(0, &id, None, open_store_flags::MDB_WRITE).unwrap().value;
    let folder = store.root_folder().unwrap();
    let message = folder.create_message(None, 0).unwrap();
    RawDesk { _subsystem: subsystem, session, store, folder, message }
}

impl RawDesk {
    fn prepared(&self) -> ShowForm<'_> {
        ShowForm {
            ui: 0,
            store: &self.store,
            folder: &self.folder,
            interface: None,
            token: self.session.prepare_form(None, &self.message).unwrap(),
            message_sent: None,
            flags: MAPI_POST_MESSAGE | MAPI_NEW_MESSAGE,
            message_status: 0,
            message_flags: 0,
            access: 1,
            message_class: CLASS,
        }
    }
}

pub(super) fn rows(rows: &mut Rows) {
    prepare(rows);
    arguments(rows);
    tokens(rows);
    request(rows);
    afterwards(rows);
    changes(rows);
}

fn prepare(rows: &mut Rows) {
    rows.of("session 9.1", "IMAPISession::PrepareForm");
    rows.row("a message: the token is not 0", "true", |b| async move { (desk(&b).await.prepared().await != 0).to_string() });
    rows.row("two messages of one session, and one of another: the tokens", "all different", |b| async move {
        let desk = desk(&b).await;
        let other = Desk::of(b.logon("Work", LogonFlags::MAPI_NEW_SESSION).await.unwrap()).await;
        let mut tokens = [desk.prepared().await, desk.prepared().await, other.prepared().await];
        tokens.sort_unstable();
        if tokens.windows(2).all(|pair| pair[0] != pair[1]) { "all different".to_owned() } else { format!("{tokens:?}") }
    });
    rows.row("a token is never used again", "true", |b| async move {
        let desk = desk(&b).await;
        let used = desk.prepared().await;
        desk.show(used, NEW).await.unwrap_err();
        (desk.prepared().await != used).to_string()
    });
    rows.row("on a host without user interface", Code::SOk, |b| async move {
        let desk = Desk::new(&b).await;
        code(desk.session.prepare_form(desk.draft().await).await)
    });
    for (name, interface, expected) in [
        ("no interface", None, Code::SOk),
        ("that of IMessage", Some(IID_IMESSAGE), Code::SOk),
        ("that of IUnknown", Some(IID_IUNKNOWN), Code::InterfaceNotSupported),
        ("an unknown interface", Some(crate::bench::NOBODY), Code::InterfaceNotSupported),
    ] {
        rows.raw(name, expected, move || {
            let desk = raw_desk();
            code(desk.session.prepare_form(interface, &desk.message))
        });
    }
    rows.raw("a handle that logged off", Code::InvalidObject, || {
        let desk = raw_desk();
        desk.session.logoff(0, 0, 0).unwrap();
        code(desk.session.prepare_form(Some(IID_IUNKNOWN), &desk.message))
    });
    rows.raw("a message of a handle that logged off", Code::InvalidObject, || {
        let desk = raw_desk();
        let other = raw::logon(&desk._subsystem);
        desk.session.logoff(0, 0, 0).unwrap();
        code(other.prepare_form(None, &desk.message))
    });
}

fn arguments(rows: &mut Rows) {
    rows.of("session 9.2", "IMAPISession::ShowForm");
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let desk = raw_desk();
        raw::undefined(0x3, |flags| code(desk.session.show_form(ShowForm { flags, ..desk.prepared() })))
    });
    rows.raw("the reserved message", Code::InvalidParameter, || {
        let desk = raw_desk();
        code(desk.session.show_form(ShowForm { message_sent: Some(&desk.message), ..desk.prepared() }))
    });
    rows.raw("the reserved message and an undefined flag", Code::InvalidParameter, || {
        let desk = raw_desk();
        code(desk.session.show_form(ShowForm { message_sent: Some(&desk.message), flags: 4, ..desk.prepared() }))
    });
    rows.raw("the interface of IUnknown", Code::InterfaceNotSupported, || {
        let desk = raw_desk();
        code(desk.session.show_form(ShowForm { interface: Some(IID_IUNKNOWN), ..desk.prepared() }))
    });
    rows.raw("another interface and an undefined flag", Code::UnknownFlags, || {
        let desk = raw_desk();
        code(desk.session.show_form(ShowForm { interface: Some(IID_IUNKNOWN), flags: 4, ..desk.prepared() }))
    });
    rows.raw("a refused argument leaves the token", "MAPI_E_UNKNOWN_FLAGS, then MAPI_E_NO_SUPPORT", || {
        let desk = raw_desk();
        let shown = desk.prepared();
        let token = shown.token;
        let refused = code(desk.session.show_form(ShowForm { flags: 4, ..shown }));
        format!("{refused}, then {}", code(desk.session.show_form(ShowForm { token, ..desk.prepared() })))
    });
    rows.raw("a handle that logged off", Code::InvalidObject, || {
        let desk = raw_desk();
        let shown = desk.prepared();
        desk.session.logoff(0, 0, 0).unwrap();
        code(desk.session.show_form(ShowForm { flags: 4, ..shown }))
    });
    let malformed = [("empty", String::new()), ("256 characters", "x".repeat(256)), ("a final dot", "IPM.".to_owned())];
    for (name, class) in malformed.into_iter().chain([("an umlaut", "IPM.Nöte".to_owned()), ("a tab", "IPM.\tNote".to_owned())]) {
        rows.row(format!("a class, {name}"), "MAPI_E_INVALID_PARAMETER, then MAPI_E_USER_CANCEL", move |b| {
            let class = class.clone();
            async move {
                let desk = desk(&b).await;
                let token = desk.prepared().await;
                let refused = code(desk.show_as(token, NEW, FormMessage::of_class(class)).await);
                format!("{refused}, then {}", code(desk.show(token, NEW).await))
            }
        });
    }
    rows.row("a folder the message does not lie in", "MAPI_E_INVALID_PARAMETER, then MAPI_E_USER_CANCEL", |b| async move {
        let desk = desk(&b).await;
        let token = desk.prepared().await;
        let how = mapi_session::flags::CreateFolderFlags::empty();
        let other = desk.folder.create_folder(mapi_session::FolderType::Generic, "Other", None, how).await.unwrap();
        let shown = desk.session.show_form((&desk.store, &other), token, NEW, FormMessage::of_class(CLASS)).await;
        format!("{}, then {}", code(shown), code(desk.show(token, NEW).await))
    });
}

/// What a token is good for, and what uses it up.
fn tokens(rows: &mut Rows) {
    rows.of("session 9.2", "IMAPISession::ShowForm");
    for (name, token) in [("0", 0), ("one nobody was given", u64::MAX)] {
        rows.row(format!("the token {name}"), Code::InvalidParameter, move |b| async move {
            code(desk(&b).await.show(token, NEW).await)
        });
    }
    rows.row("the token of another handle", "MAPI_E_INVALID_PARAMETER, then MAPI_E_USER_CANCEL", |b| async move {
        let desk = desk(&b).await;
        let token = desk.prepared().await;
        let other = b.logon("Work", LogonFlags::MAPI_NEW_SESSION).await.unwrap();
        let other = Desk::of(other).await;
        let refused = code(other.show(token, NEW).await);
        format!("{refused}, then {}", code(desk.show(token, NEW).await))
    });
    rows.row("the token of another handle of the same session", Code::InvalidParameter, |b| async move {
        b.presenter.add_form(CLASS, FormLibrary::Local, Vec::new());
        b.add("store").await;
        let first = Desk::of(b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap()).await;
        let second = Desk::of(b.logon("Work", LogonFlags::empty()).await.unwrap()).await;
        code(second.show(first.prepared().await, NEW).await)
    });
    rows.row("a token after Logoff", Code::InvalidObject, |b| async move {
        let desk = desk(&b).await;
        let token = desk.prepared().await;
        desk.session.logoff(LogoffFlags::empty()).await.unwrap();
        code(desk.show(token, NEW).await)
    });
    rows.row("used up by a form that closed", "S_OK, then MAPI_E_INVALID_PARAMETER", |b| async move {
        closes_with(&b, MessageChanges::default());
        twice(&desk(&b).await, CLASS).await
    });
    rows.row("used up by a form that was cancelled", "MAPI_E_USER_CANCEL, then MAPI_E_INVALID_PARAMETER", |b| async move {
        twice(&desk(&b).await, CLASS).await
    });
    rows.row("used up by a form that failed", "MAPI_E_CALL_FAILED, then MAPI_E_INVALID_PARAMETER", |b| async move {
        b.presenter.answer_form(|_: &FormRequest| Err(Failure::new(Code::CallFailed, "no")));
        twice(&desk(&b).await, CLASS).await
    });
    rows.of("session 9.3", "IMAPISession::ShowForm");
    rows.row("no user interface", "MAPI_E_NO_SUPPORT, then MAPI_E_INVALID_PARAMETER", |b| async move {
        twice(&Desk::new(&b).await, CLASS).await
    });
    rows.row("a service", "MAPI_E_NO_SUPPORT, then MAPI_E_INVALID_PARAMETER", |b| async move {
        b.presenter.add_form(CLASS, FormLibrary::Local, Vec::new());
        b.add("store").await;
        twice(&Desk::of(b.logon("Work", LogonFlags::MAPI_NT_SERVICE).await.unwrap()).await, CLASS).await
    });
    rows.row("no form for the class", "MAPI_E_NOT_FOUND, then MAPI_E_INVALID_PARAMETER", |b| async move {
        twice(&desk(&b).await, "REPORT.IPM").await
    });
    rows.row("no form for a class of 255 characters", Code::NotFound, |b| async move {
        let desk = desk(&b).await;
        code(desk.show_as(desk.prepared().await, NEW, FormMessage::of_class("x".repeat(255))).await)
    });
}

async fn twice(desk: &Desk, class: &str) -> String {
    let token = desk.prepared().await;
    let first = code(desk.show_as(token, NEW | POST, FormMessage::of_class(class)).await);
    format!("{first}, then {}", code(desk.show_as(token, NEW | POST, FormMessage::of_class(class)).await))
}

/// What a form is told.
fn request(rows: &mut Rows) {
    async fn asked(bench: &Bench, how: ShowFormFlags, shown: FormMessage) -> FormRequest {
        let desk = desk(bench).await;
        desk.show_as(desk.prepared().await, how, shown).await.unwrap_err();
        bench.presenter.shown().remove(0)
    }
    let given = |access: u32| FormMessage { message_status: 0x20, message_flags: 0x9, access, ..FormMessage::of_class("IPM.Note.Ours") };
    rows.of("session 9.2", "IMAPISession::ShowForm");
    rows.row("status, flags, access and class are those given", "0x20, 0x9, 0x3, IPM.Note.Ours", move |b| async move {
        let told = asked(&b, NEW, given(3)).await;
        format!("{:#x}, {:#x}, {:#x}, {}", told.message_status, told.message_flags, told.access, told.message_class)
    });
    let none = ShowFormFlags::empty();
    // Modal and interactive; read-only, to be submitted or saved; new.
    for (name, how, access, expected) in [
        ("no flag", none, 1, "0x0, 0x8000c"),
        ("MAPI_NEW_MESSAGE", NEW, 1, "0x2, 0x48000c"),
        ("MAPI_POST_MESSAGE", POST, 1, "0x1, 0x20000c"),
        ("both flags", NEW | POST, 1, "0x3, 0x60000c"),
        ("no flag, access without its bit 1", none, 2, "0x0, 0x1c"),
        ("both flags, no access", NEW | POST, 0, "0x3, 0x40001c"),
    ] {
        rows.row(format!("{name}: flags and viewer status"), expected, move |b| async move {
            let told = asked(&b, how, given(access)).await;
            format!("{:#x}, {:#x}", told.flags, told.viewer)
        });
    }
    rows.of("session 9.3", "IMAPISession::ShowForm");
    rows.row("the form found", "IPM.Note, 3", |b| async move {
        b.presenter.add_form(CLASS, FormLibrary::Organisation, vec![Property::new(tags::FORM_VERSION, text("3"))]);
        let desk = Desk::new(&b).await;
        desk.show_as(desk.prepared().await, NEW, FormMessage::of_class("IPM.Note.Ours")).await.unwrap_err();
        let form = b.presenter.shown().remove(0).form;
        format!("{}, {}", form.message_class, form.properties.iter().map(|held| crate::bench::shown(&held.value)).collect::<String>())
    });
    rows.row("store and folder", "true, true", |b| async move {
        let desk = desk(&b).await;
        desk.show(desk.prepared().await, NEW).await.unwrap_err();
        let told = b.presenter.shown().remove(0);
        let folder = mapi_tests::clients::entry_id(&desk.folder.properties().await.unwrap()).await;
        let store = mapi_tests::clients::entry_id(&desk.store.properties().await.unwrap()).await;
        format!("{}, {}", told.store_id == store, told.message.folder_id == folder)
    });
    rows.row("the identifier of a message that was saved, and of one that was not", "true, false", |b| async move {
        let desk = desk(&b).await;
        for message in [desk.saved_draft().await, desk.draft().await] {
            let token = desk.session.prepare_form(message).await.unwrap();
            desk.show(token, NEW).await.unwrap_err();
        }
        let told: Vec<_> = b.presenter.shown().iter().map(|told| (!told.message.entry_id.is_empty()).to_string()).collect();
        told.join(", ")
    });
    rows.row("properties and recipients", "Draft, to Ben", |b| async move {
        let told = asked(&b, NEW, FormMessage::of_class(CLASS)).await.message;
        let value = |row: &[Property], tag| row.iter().find(|held| held.tag == tag).map(|held| crate::bench::shown(&held.value));
        let to: Vec<_> = told.recipients.iter().filter_map(|row| value(row, tags::DISPLAY_NAME)).collect();
        format!("{}, to {}", value(&told.properties, tags::SUBJECT).unwrap_or_default(), to.join(", "))
    });
    rows.row("a long text is cut and comes with its size", "cut: true, I8(600000)", |b| async move {
        let desk = desk(&b).await;
        let message = desk.draft().await;
        let body = vec![Property::new(tags::BODY, text(&"x".repeat(300_000)))];
        message.properties().await.unwrap().set_props(body).await.unwrap();
        desk.show(desk.session.prepare_form(message).await.unwrap(), NEW).await.unwrap_err();
        let told = b.presenter.shown().remove(0).message.properties;
        let value = |tag| told.iter().find(|held| held.tag == tag).map(|held| held.value.clone());
        let Some(Value::Unicode(body)) = value(tags::BODY) else { return "no body".to_owned() };
        format!("cut: {}, {:?}", body.len() < 300_000, value(tags::BODY.with_kind(PropType::I8)).unwrap())
    });
}

/// What becomes of the message.
fn afterwards(rows: &mut Rows) {
    let none = ShowFormFlags::empty();
    let flags = [("no flag", none), ("MAPI_POST_MESSAGE", POST), ("MAPI_NEW_MESSAGE", NEW), ("both flags", NEW | POST)];
    let closed = ["saved [Draft], queued [Changed]", "saved [Changed], queued []", "saved [], queued [Changed]", "saved [Changed], queued []"];
    rows.of("session 9.3", "IMAPISession::ShowForm");
    for ((flag, how), expected) in flags.into_iter().zip(closed) {
        rows.row(format!("{flag}, closed"), format!("S_OK, {expected}"), move |b| async move {
            closes_with(&b, subject());
            let desk = desk(&b).await;
            ended(&desk, how, FormMessage::of_class(CLASS)).await
        });
        let kept = if how.contains(NEW) { "saved [], queued []" } else { "saved [Draft], queued []" };
        rows.row(format!("{flag}, cancelled"), format!("MAPI_E_USER_CANCEL, {kept}"), move |b| async move {
            ended(&desk(&b).await, how, FormMessage::of_class(CLASS)).await
        });
        rows.row(format!("{flag}, closed read-only"), format!("S_OK, {kept}"), move |b| async move {
            closes_with(&b, MessageChanges::default());
            ended(&desk(&b).await, how, FormMessage { access: 0, ..FormMessage::of_class(CLASS) }).await
        });
        rows.row(format!("{flag}, changed although read-only"), format!("MAPI_E_NO_ACCESS, {kept}"), move |b| async move {
            closes_with(&b, subject());
            ended(&desk(&b).await, how, FormMessage { access: 0, ..FormMessage::of_class(CLASS) }).await
        });
    }
    for (of_form, told) in [
        (Code::UserCancel, Code::UserCancel),
        (Code::NoSupport, Code::NoSupport),
        (Code::Busy, Code::Busy),
        (Code::NetworkError, Code::NetworkError),
        (Code::CallFailed, Code::CallFailed),
        (Code::Other(0x8009_0001), Code::CallFailed),
    ] {
        let expected = format!("{told}, saved [], queued []");
        rows.row(format!("a form that fails with {of_form}"), expected, move |b| async move {
            b.presenter.answer_form(move |_: &FormRequest| Err(Failure::new(of_form, "no")));
            ended(&desk(&b).await, NEW | POST, FormMessage::of_class(CLASS)).await
        });
    }
    rows.row("a failure of the form is explained by GetLastError", "true", |b| async move {
        b.presenter.answer_form(|_: &FormRequest| cancelled());
        let desk = desk(&b).await;
        let failed = code(desk.show(desk.prepared().await, NEW).await);
        desk.session.get_last_error(failed).await.unwrap().is_some().to_string()
    });
}

/// What a call for a message came to: a new one if the flags say so.
async fn ended(desk: &Desk, how: ShowFormFlags, shown: FormMessage) -> String {
    let message = if how.contains(NEW) { desk.draft().await } else { desk.saved_draft().await };
    let token = desk.session.prepare_form(message).await.unwrap();
    let done = code(desk.show_as(token, how, shown).await);
    format!("{done}, {}", desk.subjects().await)
}

/// What a form may change.
fn changes(rows: &mut Rows) {
    let attachment = vec![
        Property::new(tags::ATTACH_LONG_FILENAME, text("a.txt")),
        Property::new(tags::ATTACH_DATA_BIN, Value::Binary(b"one, two".to_vec())),
    ];
    let attached = MessageChanges { attachments_added: vec![attachment], ..MessageChanges::default() };
    let none = MessageChanges::default();
    let valid = [
        ("a value set", subject(), tags::SUBJECT, "Changed"),
        ("a value deleted", MessageChanges { delete: vec![tags::SUBJECT], ..none.clone() }, tags::SUBJECT, "MAPI_E_NOT_FOUND"),
        ("nothing", none.clone(), tags::DISPLAY_TO, "Ben"),
        (
            "the recipients",
            MessageChanges { recipients: Some(vec![recipient("Cleo"), recipient("Dora")]), ..none.clone() },
            tags::DISPLAY_TO,
            "Cleo; Dora",
        ),
        ("an attachment added", attached.clone(), tags::HASATTACH, "true"),
    ];
    rows.of("session 9.3", "IMAPISession::ShowForm");
    for (name, changes, tag, expected) in valid {
        rows.row(name, format!("S_OK, {expected}"), move |b| {
            closes_with(&b, changes.clone());
            async move {
                let desk = desk(&b).await;
                let done = code(desk.show(desk.prepared().await, NEW | POST).await);
                format!("{done}, {}", desk.saved(tag).await)
            }
        });
    }
    rows.row("an attachment removed", "false", move |b| {
        closes_with(&b, attached.clone());
        closes_with(&b, MessageChanges { attachments_removed: vec![0], ..MessageChanges::default() });
        async move {
            let desk = desk(&b).await;
            desk.show(desk.prepared().await, NEW | POST).await.unwrap();
            let how = mapi_session::flags::GetContentsTableFlags::MAPI_UNICODE;
            let table = desk.folder.get_contents_table(how).await.unwrap();
            let Value::Binary(id) = crate::bench::column(&table, tags::ENTRYID).await.remove(0) else { panic!("a message has one") };
            let how = mapi_session::flags::StoreOpenEntryFlags::MAPI_MODIFY;
            let opened = desk.store.open_entry(Some(&id), how, None).await.unwrap().object;
            let mapi_session::Object::Message(message) = opened else { panic!("no message: {opened:?}") };
            let token = desk.session.prepare_form(message).await.unwrap();
            desk.show(token, POST).await.unwrap();
            desk.saved(tags::HASATTACH).await
        }
    });
    let identifier = vec![Property::new(tags::ENTRYID, Value::Binary(vec![1]))];
    let invalid = [
        ("a value the engine computes", MessageChanges { set: identifier, ..none.clone() }, Code::Computed),
        ("an attachment that is not there", MessageChanges { attachments_removed: vec![3], ..none.clone() }, Code::NotFound),
    ];
    for (name, changes, expected) in invalid {
        rows.row(name, format!("{expected}, saved [], queued []"), move |b| {
            closes_with(&b, changes.clone());
            async move { ended(&desk(&b).await, NEW | POST, FormMessage::of_class(CLASS)).await }
        });
    }
    rows.row("no recipients, to be sent: kept as a draft", "MAPI_E_NO_RECIPIENTS, saved [Draft], queued []", |b| async move {
        closes_with(&b, MessageChanges { recipients: Some(Vec::new()), ..MessageChanges::default() });
        ended(&desk(&b).await, NEW, FormMessage::of_class(CLASS)).await
    });
}
