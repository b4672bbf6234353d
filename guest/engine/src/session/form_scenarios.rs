//! Forms in whole sessions (`session` 9, 12 items 11 and 12): tokens, what a form sees, and what becomes of the message.

use super::logon_flags::*;
use super::scenarios::{UNICODE, cells, code, logon, subsystem, text};
use super::{MAPI_NEW_MESSAGE, MAPI_POST_MESSAGE, Session, ShowForm};
use crate::backend::{FormLibrary, FormOutcome, FormRequest, MessageChanges};
use crate::error::{Code, Failure, Result};
use crate::memory::MemoryHost;
use crate::messages::Message;
use crate::properties::interface::{IID_IMESSAGE, IID_IUNKNOWN};
use crate::properties::{KEEP_OPEN_READWRITE, MAPI_MODIFY, PropTag, PropType, Property, Value, tags};
use crate::stores::{Folder, MAPI_ASSOCIATED, OpenedEntry, StoreObject};
use std::rc::Rc;

/// A session with its default store, and a folder in it beside the standard ones.
struct Bench {
    host: MemoryHost,
    _subsystem: super::Subsystem,
    session: Session,
    store: StoreObject,
    folder: Folder,
}

impl Bench {
    fn new() -> Self {
        let host = MemoryHost::new();
        host.presenter.add_form("IPM.Note", FormLibrary::Local, Vec::new());
        let subsystem = subsystem(&host);
        let session = logon(&subsystem, "Work", 0);
        let table = session.get_msg_stores_table(UNICODE).unwrap();
        let Value::Binary(entry_id) = cells(&table, &[tags::ENTRYID])[0][0].clone() else { panic!("a store has one") };
        let store = session.open_msg_store(0, &entry_id, None, super::open_store_flags::MDB_WRITE).unwrap().value;
        let folder = store.root_folder().unwrap().create_folder(1, "Drafts", None, None, 0).unwrap();
        Self { host, _subsystem: subsystem, session, store, folder }
    }

    /// A new message to somebody.
    fn draft(&self, subject: &str) -> Message {
        let message = self.folder.create_message(None, 0).unwrap();
        message.properties().set_props(vec![Property::new(tags::SUBJECT, text(subject))]).unwrap();
        message.modify_recipients(0, &[recipient("Ben")]).unwrap();
        message
    }

    fn show(&self, token: u64, flags: u32, access: u32) -> Result<()> {
        self.session.show_form(self.showing(token, flags, access))
    }

    fn showing(&self, token: u64, flags: u32, access: u32) -> ShowForm<'_> {
        ShowForm {
            ui: 7,
            store: &self.store,
            folder: &self.folder,
            interface: None,
            token,
            message_sent: None,
            flags,
            message_status: 0x20,
            message_flags: 0x9,
            access,
            message_class: "IPM.Note.Ours",
        }
    }

    fn answer(&self, changes: MessageChanges) {
        self.host.presenter.answer_form(|_: &FormRequest| Ok(FormOutcome::Closed(changes)));
    }

    /// Subjects of what lies in a folder, or in the queue.
    fn subjects(&self, table: &crate::tables::Table) -> Vec<Value> {
        cells(table, &[tags::SUBJECT]).into_iter().flatten().collect()
    }

    fn saved(&self) -> Vec<Value> {
        self.subjects(&self.folder.get_contents_table(UNICODE).unwrap())
    }

    fn queued(&self) -> Vec<Value> {
        self.subjects(&self.store.get_outgoing_queue(0).unwrap())
    }
}

fn recipient(name: &str) -> Vec<Property> {
    let address = format!("{name}@example.org");
    vec![
        Property::new(tags::DISPLAY_NAME, text(name)),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text(&address)),
        Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
    ]
}

fn subject(subject: &str) -> MessageChanges {
    MessageChanges { set: vec![Property::new(tags::SUBJECT, text(subject))], ..MessageChanges::default() }
}

#[test]
fn a_form_sees_the_message_by_value_and_what_the_caller_says_of_it() {
    let bench = Bench::new();
    let message = bench.draft("Plan");
    let long = "é".repeat(300_000);
    message.properties().set_props(vec![Property::new(tags::BODY, text(&long))]).unwrap();
    let token = bench.session.prepare_form(None, &message).unwrap();
    assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), Code::UserCancel);
    let request = bench.host.presenter.shown().remove(0);
    assert_eq!((request.message_status, request.message_flags, request.access), (0x20, 0x9, 1));
    assert_eq!((request.message_class.as_str(), request.form.message_class.as_str()), ("IPM.Note.Ours", "IPM.Note"));
    assert_eq!(request.viewer, 0x4 | 0x8 | 0x8_0000 | 0x40_0000, "modal, interactive, may be submitted, new");
    assert_eq!(request.store_id, bench.store.entry_id());
    assert!(request.message.entry_id.is_empty(), "it was never saved");
    assert_eq!(request.message.folder_id, bench.folder.entry_id_of(bench.folder.object()));
    let value = |tag: PropTag| request.message.properties.iter().find(|property| property.tag == tag).map(|found| &found.value);
    assert_eq!(value(tags::SUBJECT), Some(&text("Plan")));
    let Some(Value::Unicode(body)) = value(tags::BODY) else { panic!("the body is missing") };
    assert_eq!(body.len(), 2 * (32 << 10), "the beginning alone");
    assert!(long.starts_with(body.as_str()));
    assert_eq!(value(tags::BODY.with_kind(PropType::I8)), Some(&Value::I8(600_000)), "and how long the whole is");
    assert!(request.message.recipients[0].contains(&Property::new(tags::DISPLAY_NAME, text("Ben"))));
    assert!(bench.saved().is_empty() && bench.queued().is_empty(), "a cancelled form saves nothing");
}

#[test]
fn a_token_is_good_for_one_form_of_its_own_handle() {
    let bench = Bench::new();
    let message = bench.draft("Plan");
    let references = Rc::strong_count(&message.0);
    let token = bench.session.prepare_form(Some(IID_IMESSAGE), &message).unwrap();
    let another = bench.session.prepare_form(None, &message).unwrap();
    assert!(token != 0 && another != token);
    assert_eq!(Rc::strong_count(&message.0), references + 2);
    let stranger = logon(&bench._subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(code(stranger.show_form(bench.showing(token, MAPI_NEW_MESSAGE, 1))), Code::InvalidParameter);
    assert_eq!(code(bench.show(0, 0, 1)), Code::InvalidParameter);
    assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), Code::UserCancel);
    assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), Code::InvalidParameter, "it is used up");
    assert_eq!(Rc::strong_count(&message.0), references + 1, "the message is the client's again");
    bench.session.logoff(0, 0, 0).unwrap();
    assert_eq!(Rc::strong_count(&message.0), references, "logoff kills tokens");
    assert_eq!(code(bench.show(another, 0, 1)), Code::InvalidObject);
}

#[test]
fn refused_arguments_leave_the_token_and_everything_later_uses_it_up() {
    let bench = Bench::new();
    let message = bench.draft("Plan");
    assert_eq!(code(bench.session.prepare_form(Some(IID_IUNKNOWN), &message)), Code::InterfaceNotSupported);
    let token = bench.session.prepare_form(None, &message).unwrap();
    let other = bench.store.root_folder().unwrap();
    let sent = bench.draft("Sent");
    let refused = |showing: ShowForm<'_>, wanted: Code| assert_eq!(code(bench.session.show_form(showing)), wanted);
    refused(ShowForm { message_sent: Some(&sent), ..bench.showing(token, 0, 1) }, Code::InvalidParameter);
    refused(ShowForm { message_class: "IPM.", ..bench.showing(token, 0, 1) }, Code::InvalidParameter);
    refused(bench.showing(token, 4, 1), Code::UnknownFlags);
    refused(ShowForm { interface: Some(IID_IUNKNOWN), ..bench.showing(token, 0, 1) }, Code::InterfaceNotSupported);
    refused(ShowForm { folder: &other, ..bench.showing(token, 0, 1) }, Code::InvalidParameter);
    assert!(bench.host.presenter.shown().is_empty());
    refused(ShowForm { message_class: "REPORT.IPM", ..bench.showing(token, 0, 1) }, Code::NotFound);
    refused(bench.showing(token, 0, 1), Code::InvalidParameter);
}

#[test]
fn without_anybody_to_show_it_to_a_form_is_not_supported() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    host.presenter.add_form("IPM.Note", FormLibrary::Local, Vec::new());
    let service = logon(&subsystem, "Work", MAPI_NT_SERVICE);
    let table = service.get_msg_stores_table(UNICODE).unwrap();
    let Value::Binary(entry_id) = cells(&table, &[tags::ENTRYID])[0][0].clone() else { panic!("a store has one") };
    let store = service.open_msg_store(0, &entry_id, None, super::open_store_flags::MDB_WRITE).unwrap().value;
    let folder = store.root_folder().unwrap();
    let token = service.prepare_form(None, &folder.create_message(None, 0).unwrap()).unwrap();
    let showing = || ShowForm {
        ui: 0,
        store: &store,
        folder: &folder,
        interface: None,
        token,
        message_sent: None,
        flags: MAPI_NEW_MESSAGE,
        message_status: 0,
        message_flags: 0,
        access: 1,
        message_class: "IPM.Note",
    };
    assert_eq!(code(service.show_form(showing())), Code::NoSupport);
    assert_eq!(code(service.show_form(showing())), Code::InvalidParameter, "the token is used up nevertheless");
    assert!(host.presenter.shown().is_empty(), "a service is never shown anything");
}

#[test]
fn a_posted_message_is_saved_with_the_changes_where_it_lies() {
    let bench = Bench::new();
    let message = bench.draft("Plan");
    let attachment = vec![
        Property::new(tags::ATTACH_LONG_FILENAME, text("plan.txt")),
        Property::new(tags::ATTACH_DATA_BIN, Value::Binary(b"one, two".to_vec())),
    ];
    bench.answer(MessageChanges {
        delete: vec![tags::IMPORTANCE],
        recipients: Some(vec![recipient("Cleo"), recipient("Dora")]),
        attachments_added: vec![attachment],
        ..subject("Better plan")
    });
    let token = bench.session.prepare_form(None, &message).unwrap();
    drop(message);
    bench.show(token, MAPI_POST_MESSAGE | MAPI_NEW_MESSAGE, 1).unwrap();
    assert_eq!(bench.saved(), [text("Better plan")]);
    assert!(bench.queued().is_empty());
    let table = bench.folder.get_contents_table(UNICODE).unwrap();
    let row = cells(&table, &[tags::ENTRYID, tags::DISPLAY_TO, tags::HASATTACH]).remove(0);
    assert_eq!(row[1..], [text("Cleo; Dora"), Value::Boolean(true)]);
    let Value::Binary(entry_id) = &row[0] else { panic!("a message has one") };
    let OpenedEntry::Message(message) = bench.store.open_entry(Some(entry_id), None, MAPI_MODIFY).unwrap() else { panic!() };
    // A saved one is changed in its place.
    bench.answer(MessageChanges { attachments_removed: vec![0], ..subject("Best plan") });
    let token = bench.session.prepare_form(None, &message).unwrap();
    bench.show(token, MAPI_POST_MESSAGE, 1).unwrap();
    let request = bench.host.presenter.shown().remove(1);
    assert_eq!((&request.message.entry_id, request.message.attachments.len()), (entry_id, 1));
    assert!(request.message.attachments[0].contains(&Property::new(tags::ATTACH_LONG_FILENAME, text("plan.txt"))));
    let table = bench.folder.get_contents_table(UNICODE).unwrap();
    assert_eq!(cells(&table, &[tags::SUBJECT, tags::HASATTACH]), [[text("Best plan"), Value::Boolean(false)]]);
}

#[test]
fn a_new_message_is_sent_through_the_outbox() {
    let bench = Bench::new();
    bench.answer(subject("Now"));
    let token = bench.session.prepare_form(None, &bench.draft("Later")).unwrap();
    bench.show(token, MAPI_NEW_MESSAGE, 1).unwrap();
    assert!(bench.saved().is_empty(), "it was moved");
    assert_eq!(bench.queued(), [text("Now")]);
    let outbox = bench.store.outbox().unwrap().unwrap();
    assert_eq!(bench.subjects(&outbox.get_contents_table(UNICODE).unwrap()), [text("Now")]);
    // One that was created there stays.
    let message = outbox.create_message(None, 0).unwrap();
    message.modify_recipients(0, &[recipient("Ben")]).unwrap();
    bench.answer(subject("At once"));
    let token = bench.session.prepare_form(None, &message).unwrap();
    bench.session.show_form(ShowForm { folder: &outbox, ..bench.showing(token, MAPI_NEW_MESSAGE, 1) }).unwrap();
    assert_eq!(bench.queued(), [text("Now"), text("At once")]);
}

#[test]
fn of_a_saved_message_a_copy_is_sent_and_the_original_stays_as_it_was() {
    let bench = Bench::new();
    let message = bench.draft("Plan");
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    bench.answer(MessageChanges { recipients: Some(vec![recipient("Cleo")]), ..subject("Plan for Cleo") });
    let token = bench.session.prepare_form(None, &message).unwrap();
    drop(message);
    bench.show(token, 0, 1).unwrap();
    assert_eq!(bench.saved(), [text("Plan")]);
    let queue = bench.store.get_outgoing_queue(0).unwrap();
    assert_eq!(cells(&queue, &[tags::SUBJECT, tags::DISPLAY_TO]), [[text("Plan for Cleo"), text("Cleo")]]);
}

#[test]
fn what_was_written_is_kept_when_it_cannot_be_sent() {
    let bench = Bench::new();
    bench.answer(MessageChanges { recipients: Some(Vec::new()), ..subject("To nobody") });
    let token = bench.session.prepare_form(None, &bench.draft("Plan")).unwrap();
    assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), Code::NoRecipients);
    assert_eq!(bench.saved(), [text("To nobody")], "a draft where it was created");
    assert!(bench.queued().is_empty());
}

#[test]
fn an_invalid_change_is_the_error_of_the_call_and_nothing_is_saved() {
    let bench = Bench::new();
    let refused = |changes: MessageChanges, access: u32| {
        bench.answer(changes);
        let token = bench.session.prepare_form(None, &bench.draft("Plan")).unwrap();
        let code = code(bench.show(token, MAPI_NEW_MESSAGE | MAPI_POST_MESSAGE, access));
        assert!(bench.saved().is_empty() && bench.queued().is_empty());
        code
    };
    let computed =
        MessageChanges { set: vec![Property::new(tags::ENTRYID, Value::Binary(vec![1]))], ..MessageChanges::default() };
    assert_eq!(refused(computed, 1), Code::Computed);
    assert_eq!(refused(MessageChanges { attachments_removed: vec![3], ..MessageChanges::default() }, 1), Code::NotFound);
    assert_eq!(refused(subject("Changed"), 0), Code::NoAccess);
    let read_only = bench.host.presenter.shown().pop().unwrap();
    assert_eq!((read_only.is_writable(), read_only.viewer & 0x10), (false, 0x10));
    bench.answer(MessageChanges::default());
    let token = bench.session.prepare_form(None, &bench.draft("Plan")).unwrap();
    bench.show(token, MAPI_NEW_MESSAGE, 0).unwrap();
    assert!(bench.saved().is_empty() && bench.queued().is_empty(), "a form that only reads saves and sends nothing");
}

#[test]
fn codes_of_the_form_pass_through_and_foreign_ones_do_not() {
    let bench = Bench::new();
    for (of_form, told) in [(Code::TooBig, Code::TooBig), (Code::Other(0x8009_0001), Code::CallFailed)] {
        bench.host.presenter.answer_form(move |_: &FormRequest| Err(Failure::new(of_form, "no")));
        let token = bench.session.prepare_form(None, &bench.draft("Plan")).unwrap();
        assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), told);
        assert!(bench.session.get_last_error(told, UNICODE).unwrap().is_some());
    }
}

#[test]
fn forms_of_a_folder_and_of_the_default_store_are_its_hidden_messages() {
    let bench = Bench::new();
    let register = |folder: &Folder, class: &str, of_form: Property| {
        let definition = folder.create_message(None, MAPI_ASSOCIATED).unwrap();
        definition.properties().set_props(vec![Property::new(tags::MESSAGE_CLASS, text(class)), of_form]).unwrap();
        definition.properties().save_changes(0).unwrap();
    };
    register(&bench.folder, "IPM.Note.Ours", Property::new(tags::FORM_VERSION, text("2")));
    register(&bench.folder, "IPM.View", Property::new(tags::SUBJECT, text("not a form")));
    register(&bench.store.root_folder().unwrap(), "IPM.Task", Property::new(tags::FORM_HIDDEN, Value::Boolean(true)));
    let found = |class: &str, flags, folder| {
        bench.session.resolve_message_class(class, flags, folder).map(|form| (form.message_class, form.library))
    };
    let folder = Some(&bench.folder);
    let ours = || ("IPM.Note.Ours".to_owned(), FormLibrary::Folder);
    assert_eq!(found("ipm.note.ours.special", 0, folder).unwrap(), ours());
    assert_eq!(found("IPM.Note.Ours", 0, None).unwrap().1, FormLibrary::Local, "without the folder what is above it");
    assert_eq!(code(found("IPM.Note.Ours", crate::forms::MAPIFORM_EXACTMATCH, None)), Code::NotFound);
    assert_eq!(found("IPM.Task", 0, None).unwrap().1, FormLibrary::Personal);
    assert_eq!(code(found("IPM.View", 0, folder)), Code::NotFound);
    assert_eq!(code(found("IPM.Note", 1, None)), Code::UnknownFlags);
    let classes = ["IPM.View".to_owned(), "IPM.Note".to_owned()];
    let several = bench.session.resolve_multiple_message_classes(Some(&classes), 0, folder).unwrap();
    assert_eq!(several.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true], "a slot for each class");
    assert_eq!(bench.session.resolve_multiple_message_classes(None, 0, folder).unwrap().len(), 3);
    // The form that is shown is that of the folder.
    let token = bench.session.prepare_form(None, &bench.draft("Plan")).unwrap();
    assert_eq!(code(bench.show(token, MAPI_NEW_MESSAGE, 1)), Code::UserCancel);
    let shown = bench.host.presenter.shown().remove(0).form;
    assert_eq!((shown.message_class.clone(), shown.library), ours());
    assert_eq!(shown.properties, [Property::new(tags::FORM_VERSION, text("2"))]);
}
