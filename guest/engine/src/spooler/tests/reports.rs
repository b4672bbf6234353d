//! Reports (`messages` 8) and sent mail (`stores` 2.10).

use super::*;
use crate::properties::FileTime;
use crate::properties::OpenedProperty;
use crate::properties::interface::IID_IMESSAGE;

const SMTP: &[&str] = &["SMTP"];

/// One transport that bounces the first recipient.
fn bouncing() -> Bench {
    let bench = Bench::new(vec![Scripted::new(Some(SMTP))]);
    bench.transports[0].answer(|envelope| {
        let mut outcome = all_taken(envelope);
        outcome.recipients[0].1 = bounced();
        Ok(outcome)
    });
    bench
}

/// The only message of the Inbox.
fn report(bench: &Bench) -> Message {
    let table = bench.inbox().get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let mut rows = table.query_rows(9, 0).unwrap();
    assert_eq!(rows.len(), 1);
    match rows.remove(0).remove(0).value {
        Value::Binary(id) => bench.open(&id),
        other => panic!("{other:?}"),
    }
}

fn text(value: &str) -> Value {
    Value::Unicode(value.into())
}

#[test]
fn a_non_delivery_report_names_the_failed_recipients_and_holds_the_original() {
    let bench = bouncing();
    let id = bench.submit("hello", &["SMTP:bob@example.com", "SMTP:eve@example.com"], Vec::new());
    bench.run();
    let original = bench.open(&id).properties();
    let report = report(&bench);
    let properties = report.properties();
    assert_eq!(get(&properties, tags::MESSAGE_CLASS), text("REPORT.IPM.Note.NDR"));
    assert_eq!(get(&properties, tags::SUBJECT), text("Undeliverable: hello"));
    assert_eq!(get(&properties, tags::ORIGINAL_SUBJECT), text("hello"));
    assert_eq!(get(&properties, tags::ORIGINAL_SEARCH_KEY), get(&original, tags::SEARCH_KEY));
    assert_eq!(get(&properties, tags::PARENT_KEY), get(&original, tags::SEARCH_KEY));
    assert_eq!(get(&properties, tags::IN_REPLY_TO_ID), get(&original, tags::INTERNET_MESSAGE_ID));
    assert_eq!(get(&properties, tags::SENDER_NAME), text("System Administrator"));
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(0x12), "unread, unmodified, with an attachment");
    let Value::Binary(index) = get(&properties, tags::CONVERSATION_INDEX) else { panic!("no index") };
    let Value::Binary(parent) = get(&original, tags::CONVERSATION_INDEX) else { panic!("no index") };
    assert_eq!((&index[..22], index.len()), (&parent[..], 27));
    let rows = report.get_recipient_table(MAPI_UNICODE).unwrap();
    rows.set_columns(
        &[tags::EMAIL_ADDRESS, tags::NDR_REASON_CODE, tags::NDR_DIAG_CODE, tags::NDR_STATUS_CODE, tags::REPORT_TEXT],
        0,
    )
    .unwrap();
    let rows: Vec<Vec<Value>> =
        rows.query_rows(9, 0).unwrap().into_iter().map(|row| row.into_iter().map(|cell| cell.value).collect()).collect();
    let bounced = text("550 5.1.1 no such user");
    assert_eq!(rows, [[text("bob@example.com"), Value::Long(0), Value::Long(35), Value::Long(511), bounced]]);
    let attachment = report.open_attach(0, None, 0).unwrap().properties();
    assert_eq!(get(&attachment, tags::ATTACH_METHOD), Value::Long(5));
    assert_eq!(get(&attachment, tags::RENDERING_POSITION), Value::Long(-1));
    assert_eq!(get(&attachment, tags::ATTACH_MIME_TAG), text("message/rfc822"));
    let Ok(OpenedProperty::Message(embedded)) = attachment.open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, 0) else {
        panic!("no original")
    };
    assert_eq!(get(&embedded.properties(), tags::SUBJECT), text("hello"));
    let rows = embedded.get_recipient_table(MAPI_UNICODE).unwrap();
    assert_eq!(rows.get_row_count(0).unwrap().value, 2);
}

#[test]
fn a_non_delivery_report_holds_attachments_of_any_size() {
    let bench = bouncing();
    let message = bench.draft("x", &["SMTP:bob@example.com"], Vec::new());
    let data: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    let values = vec![
        Property::new(tags::ATTACH_METHOD, Value::Long(1)),
        Property::new(tags::ATTACH_DATA_BIN, Value::Binary(data.clone())),
    ];
    attachment.properties().set_props(values).unwrap();
    attachment.properties().save_changes(0).unwrap();
    message.submit_message(0).unwrap();
    bench.run();
    let attachment = report(&bench).open_attach(0, None, 0).unwrap().properties();
    let Ok(OpenedProperty::Message(embedded)) = attachment.open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, 0) else {
        panic!("no original")
    };
    let inner = embedded.open_attach(0, None, 0).unwrap().properties();
    let opened = inner.open_property(tags::ATTACH_DATA_BIN, Some(crate::properties::interface::IID_ISTREAM), 0, 0).unwrap();
    let OpenedProperty::Stream(stream) = opened else { panic!("no stream") };
    let mut read = Vec::new();
    loop {
        let piece = stream.read(1 << 20).unwrap();
        if piece.is_empty() {
            break;
        }
        read.extend(piece);
    }
    assert!(read == data);
}

#[test]
fn several_failures_of_a_pass_make_one_report() {
    let bench = Bench::new(vec![Scripted::new(Some(SMTP))]);
    bench.transports[0].answer(|envelope| {
        let served = envelope.recipients.iter().filter(|row| row.serve);
        Ok(taken(&served.map(|row| (row.row, bounced())).collect::<Vec<_>>()))
    });
    bench.submit("x", &["SMTP:a@example.com", "SMTP:b@example.com", ":nobody", "X400:c"], Vec::new());
    bench.run();
    let rows = rows(&report(&bench).get_recipient_table(MAPI_UNICODE).unwrap(), tags::DISPLAY_NAME);
    assert_eq!(rows, ["a@example.com", "b@example.com", "nobody", "c"]);
}

#[test]
fn an_unresolved_recipient_is_reported_as_a_name_unknown() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    bench.submit("x", &["SMTP:a@example.com", ":nobody"], Vec::new());
    bench.run();
    let table = report(&bench).get_recipient_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::DISPLAY_NAME, tags::NDR_REASON_CODE, tags::NDR_DIAG_CODE], 0).unwrap();
    let row: Vec<Value> = table.query_rows(9, 0).unwrap().remove(0).into_iter().map(|cell| cell.value).collect();
    assert_eq!(row, [text("nobody"), Value::Long(1), Value::Long(0)]);
    assert_eq!(bench.transports[0].served(), [["a@example.com"]]);
}

#[test]
fn a_message_that_comes_too_late_is_reported_and_not_sent() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    let at = FileTime(bench.environment.clock.now().0 - 1);
    bench.submit("x", &["SMTP:a@example.com"], vec![Property::new(tags::LATEST_DELIVERY_TIME, Value::SysTime(at))]);
    bench.run();
    assert_eq!(bench.received(), ["Undeliverable: x"]);
    assert_eq!(bench.transports[0].served().len(), 0);
}

#[test]
fn a_delivery_is_reported_to_whoever_asked_by_the_row_before_the_message() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    let asked = Property::new(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, Value::Boolean(true));
    let message = bench.draft("x", &[], vec![asked]);
    let mut not_me = recipient("SMTP:b@example.com");
    not_me.push(Property::new(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, Value::Boolean(false)));
    message.modify_recipients(0, &[recipient("SMTP:a@example.com"), not_me]).unwrap();
    message.submit_message(0).unwrap();
    bench.run();
    let report = report(&bench);
    assert_eq!(get(&report.properties(), tags::MESSAGE_CLASS), text("REPORT.IPM.Note.DR"));
    assert_eq!(get(&report.properties(), tags::SUBJECT), text("Delivered: x"));
    let table = report.get_recipient_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::EMAIL_ADDRESS, tags::DELIVER_TIME], 0).unwrap();
    let row: Vec<Value> = table.query_rows(9, 0).unwrap().into_iter().flatten().map(|cell| cell.value).collect();
    assert_eq!(row, [text("a@example.com"), Value::SysTime(bench.environment.clock.now())]);
}

#[test]
fn nobody_is_told_who_does_not_want_it_or_is_a_report() {
    let refused = [
        Property::new(tags::ORIGINATOR_NON_DELIVERY_REPORT_REQUESTED, Value::Boolean(false)),
        Property::new(tags::AUTO_RESPONSE_SUPPRESS, Value::Long(2)),
        Property::new(tags::MESSAGE_CLASS, Value::Unicode("REPORT.IPM.Note.IPNRN".into())),
    ];
    for property in refused {
        let bench = bouncing();
        bench.submit("x", &["SMTP:bob@example.com"], vec![property.clone()]);
        bench.run();
        assert_eq!(bench.received(), Vec::<String>::new(), "{property:?}");
        assert_eq!(bench.queued(), Vec::<String>::new());
    }
}

#[test]
fn what_a_transport_tells_later_is_reported() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    let id = bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    let row = vec![
        Property::new(tags::EMAIL_ADDRESS, Value::Unicode("BOB@example.com".into())),
        Property::new(tags::NDR_REASON_CODE, Value::Long(0)),
        Property::new(tags::NDR_DIAG_CODE, Value::Long(35)),
    ];
    let told = |recipients| TransportNotice::StatusRecips { entry_id: id.clone(), recipients };
    bench.transports[0].notices.borrow_mut().push(told(vec![row]));
    bench.transports[0].notices.borrow_mut().push(told(vec![vec![Property::new(tags::ROWID, Value::Long(0))]]));
    bench.run();
    let names = rows(&report(&bench).get_recipient_table(MAPI_UNICODE).unwrap(), tags::DISPLAY_NAME);
    assert_eq!(names, ["bob@example.com"]);
}

#[test]
fn a_sent_message_is_filed_as_it_asks() {
    let stay = |bench: &Bench| {
        let message = bench.draft("x", &["SMTP:a@example.com"], Vec::new());
        message.properties().delete_props(&[tags::SENTMAIL_ENTRYID]).unwrap();
        message.submit_message(0).unwrap();
    };
    let delete = Property::new(tags::DELETE_AFTER_SUBMIT, Value::Boolean(true));
    let bench = Bench::new(vec![Scripted::new(None)]);
    stay(&bench);
    bench.run();
    assert_eq!((bench.subjects(tags::IPM_OUTBOX_ENTRYID).len(), bench.subjects(tags::IPM_SENTMAIL_ENTRYID).len()), (1, 0));
    let bench = Bench::new(vec![Scripted::new(None)]);
    bench.submit("x", &["SMTP:a@example.com"], vec![delete]);
    bench.run();
    assert_eq!((bench.subjects(tags::IPM_OUTBOX_ENTRYID).len(), bench.subjects(tags::IPM_SENTMAIL_ENTRYID).len()), (0, 0));
    let bench = Bench::new(vec![Scripted::new(None)]);
    let nowhere = crate::entry_id::ProviderEntryId::of_object(Guid([5; 16]), &ObjectId::from(1)).to_bytes();
    bench.submit("x", &["SMTP:a@example.com"], vec![Property::new(tags::SENTMAIL_ENTRYID, Value::Binary(nowhere))]);
    bench.run();
    assert_eq!(bench.subjects(tags::IPM_OUTBOX_ENTRYID), ["x"], "a folder that is not there");
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert!(bench.log.lines().iter().any(|(_, line)| line.contains("stays where it is")));
}

#[test]
fn a_sent_message_is_filed_in_another_store() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    let other = Arc::new(MemoryStore::new(Guid([8; 16]), "other"));
    let there = Bench::on(Rc::new(Arc::clone(&other)), other, bench.clock.clone(), Vec::new(), 2);
    let folder = get(&there.store.properties(), tags::IPM_SENTMAIL_ENTRYID);
    bench.submit("x", &["SMTP:a@example.com"], vec![Property::new(tags::SENTMAIL_ENTRYID, folder)]);
    let mut around = bench.around();
    around.stores.push(Rc::clone(&there.reference));
    while bench.spooler.turn(&around).more {}
    assert_eq!(there.subjects(tags::IPM_SENTMAIL_ENTRYID), ["x"]);
    assert_eq!((bench.subjects(tags::IPM_OUTBOX_ENTRYID).len(), bench.queued().len()), (0, 0));
}

#[test]
fn envelope_rows_are_served_and_gone_when_the_message_is_finished() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    let message = bench.draft("x", &[], Vec::new());
    let kind = |mut row: Vec<Property>, kind: i32| {
        row[0].value = Value::Long(kind);
        row
    };
    let displayed = kind(recipient("SMTP:a@example.com"), 1 | crate::messages::RECIPIENT_SUBMITTED);
    let envelope = kind(recipient("SMTP:a@example.com"), crate::messages::RECIPIENT_P1);
    message.modify_recipients(0, &[displayed, envelope]).unwrap();
    let Value::Binary(id) = get(&message.properties(), tags::ENTRYID) else { panic!("no identifier") };
    message.submit_message(0).unwrap();
    bench.run();
    assert_eq!(bench.transports[0].served(), [["a@example.com"]]);
    let table = bench.open(&id).get_recipient_table(MAPI_UNICODE).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 1);
}

#[test]
fn a_receipt_goes_to_whoever_asked_for_it_and_leaves_nothing_behind() {
    use crate::spooler::receipt;
    use crate::stores::ReportKind;
    for (kind, subject) in [(ReportKind::Read, "Read: x"), (ReportKind::NonRead, "Not read: x")] {
        let bench = Bench::new(vec![Scripted::new(None)]);
        let asked = OneOff::new("Bob", "SMTP", "bob@example.com").to_bytes();
        let message =
            bench.draft("x", &["SMTP:ann@example.com"], vec![Property::new(tags::READ_RECEIPT_ENTRYID, Value::Binary(asked))]);
        message.properties().save_changes(crate::properties::KEEP_OPEN_READWRITE).unwrap();
        let Value::Binary(id) = get(&message.properties(), tags::ENTRYID) else { panic!("no identifier") };
        let Value::Binary(outbox) = get(&message.properties(), tags::PARENT_ENTRYID) else { panic!("no folder") };
        let draft = receipt::build(bench.store.connection(), &object_of(&id), kind).unwrap();
        receipt::submit(bench.store.connection(), &object_of(&outbox), draft, None).unwrap();
        assert_eq!(bench.queued(), [subject]);
        bench.run();
        assert_eq!(bench.transports[0].served(), [["bob@example.com"]]);
        assert_eq!(bench.subjects(tags::IPM_OUTBOX_ENTRYID), ["x"], "only the message it reports on");
        assert_eq!(bench.queued(), Vec::<String>::new());
    }
}
