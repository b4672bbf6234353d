//! `messages` 1 to 5 and `stores` 7.

use super::*;
use crate::error::Code;
use crate::messages::{Draft, DraftAttachment, MODRECIP_ADD, MODRECIP_MODIFY, MODRECIP_REMOVE};
use crate::properties::interface::{IID_IMESSAGE, IID_ISTREAM};
use crate::properties::{FORCE_SAVE, KEEP_OPEN_READONLY, MAPI_BEST_ACCESS, MAPI_CREATE, OpenedProperty, PropType};
use crate::stores::{ChangeSet, CommitMode};

const MISSING: Value = Value::Error(Code::NotFound.raw());

fn recipient(kind: i32, name: &str) -> Vec<Property> {
    vec![property(tags::RECIPIENT_TYPE, Value::Long(kind)), property(tags::DISPLAY_NAME, text(name))]
}

fn rows(message: &Message) -> Vec<(i32, String)> {
    let table = message.get_recipient_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ROWID, tags::DISPLAY_NAME], 0).unwrap();
    let rows = table.query_rows(100, 0).unwrap();
    rows.into_iter()
        .map(|row| match (&row[0].value, &row[1].value) {
            (Value::Long(id), Value::Unicode(name)) => (*id, name.clone()),
            other => panic!("unexpected cells {other:?}"),
        })
        .collect()
}

fn attachments(message: &Message) -> Vec<i32> {
    let table = message.get_attachment_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ATTACH_NUM], 0).unwrap();
    let rows = table.query_rows(100, 0).unwrap();
    rows.into_iter().map(|row| if let Value::Long(number) = row[0].value { number } else { panic!("no number") }).collect()
}

fn attach(message: &Message, name: &str, data: &[u8]) -> u32 {
    let (number, attachment) = message.create_attach(None, 0).unwrap();
    let values = vec![
        property(tags::ATTACH_METHOD, Value::Long(1)),
        property(tags::ATTACH_LONG_FILENAME, text(name)),
        property(tags::ATTACH_DATA_BIN, Value::Binary(data.to_vec())),
    ];
    attachment.properties().set_props(values).unwrap();
    attachment.properties().save_changes(0).unwrap();
    number
}

fn embedded(attachment: &PropertyObject, flags: u32) -> crate::error::Result<Message> {
    match attachment.open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, flags)? {
        OpenedProperty::Message(message) => Ok(message),
        _ => panic!("no message"),
    }
}

#[test]
fn a_new_message_has_its_defaults_and_no_row() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    let message = folder.create_message(None, 0).unwrap();
    let properties = message.properties();
    let expected = [
        (tags::MESSAGE_FLAGS, Value::Long(0xA)),
        (tags::MESSAGE_CLASS, text("IPM.Note")),
        (tags::IMPORTANCE, Value::Long(1)),
        (tags::SENSITIVITY, Value::Long(0)),
        (tags::PRIORITY, Value::Long(0)),
        (tags::DISPLAY_TO, text("")),
        (tags::HASATTACH, Value::Boolean(false)),
        (tags::ACCESS, Value::Long(3)),
        (tags::ACCESS_LEVEL, Value::Long(1)),
        (tags::PARENT_ENTRYID, get(&folder.properties(), tags::ENTRYID)),
        (tags::PARENT_DISPLAY, text("a")),
        (tags::CREATION_TIME, MISSING),
        (tags::MESSAGE_SIZE, MISSING),
        (tags::SUBJECT, MISSING),
        (tags::NORMALIZED_SUBJECT, MISSING),
    ];
    for (tag, value) in expected {
        assert_eq!(get(&properties, tag), value, "{tag}");
    }
    assert!(matches!(get(&properties, tags::SEARCH_KEY), Value::Binary(key) if key.len() == 16));
    let before = get(&properties, tags::ENTRYID);
    assert_eq!(folder.get_contents_table(0).unwrap().get_row_count(0).unwrap().value, 0);
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&properties, tags::ENTRYID), before);
    assert_eq!(get(&properties, tags::ACCESS), Value::Long(7));
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(0xA));
    assert!(matches!(get(&properties, tags::MESSAGE_SIZE), Value::Long(size) if size > 0));
    assert!(matches!(get(&properties, tags::CREATION_TIME), Value::SysTime(_)));
    assert_eq!(folder.get_contents_table(0).unwrap().get_row_count(0).unwrap().value, 1);
}

#[test]
fn flags_are_the_clients_until_the_first_save() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let set = |flags| properties.set_props(vec![property(tags::MESSAGE_FLAGS, Value::Long(flags))]).unwrap();
    assert!(set(0x1 | 0x4 | 0x400).is_empty());
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(0x3));
    assert_eq!(get(&properties, tags::READ), Value::Boolean(true));
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(set(0)[0].code, Code::Computed);
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(0x3));
    properties.set_props(vec![property(tags::SUBJECT, text("x"))]).unwrap();
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(0x1));
}

#[test]
fn an_edit_is_private_until_it_is_saved_and_the_second_saver_loses() {
    let bench = Bench::new();
    let store = bench.open();
    let message = saved(&folder(&store, "a"), "RE: one");
    assert_eq!(get(&message.properties(), tags::SUBJECT_PREFIX), text("RE: "));
    let (first, second) = (reopen(&store, &message), reopen(&bench.open_as(2, true), &message));
    first.properties().set_props(vec![property(tags::SUBJECT, text("two"))]).unwrap();
    assert_eq!(get(&second.properties(), tags::SUBJECT), text("RE: one"));
    bench.clock.advance(1_000_000);
    first.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&first.properties(), tags::NORMALIZED_SUBJECT), text("two"));
    assert_eq!(get(&first.properties(), tags::SUBJECT_PREFIX), MISSING);
    second.properties().set_props(vec![property(tags::SUBJECT, text("three"))]).unwrap();
    assert_eq!(second.properties().save_changes(0).unwrap_err().code(), Code::ObjectChanged);
    assert_eq!(get(&second.properties(), tags::SUBJECT), text("three"));
    second.properties().save_changes(FORCE_SAVE).unwrap();
    assert_eq!(get(&reopen(&store, &message).properties(), tags::SUBJECT), text("three"));
    assert_eq!(get(&reopen(&store, &message).properties(), tags::CONVERSATION_TOPIC), text("one"));
    let Value::SysTime(modified) = get(&reopen(&store, &message).properties(), tags::LAST_MODIFICATION_TIME) else { panic!() };
    let Value::SysTime(created) = get(&reopen(&store, &message).properties(), tags::CREATION_TIME) else { panic!() };
    assert!(modified > created);
}

#[test]
fn the_flags_of_save_decide_what_the_handle_allows() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "x");
    let properties = message.properties();
    assert_eq!(properties.save_changes(3).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(properties.save_changes(0x40).unwrap_err().code(), Code::UnknownFlags);
    properties.save_changes(KEEP_OPEN_READONLY).unwrap();
    assert_eq!(properties.set_props(vec![property(tags::SUBJECT, text("y"))]).unwrap_err().code(), Code::NoAccess);
    assert_eq!(properties.save_changes(0).unwrap_err().code(), Code::NoAccess);
    let again = reopen(&store, &message);
    again.properties().save_changes(0).unwrap();
    assert_eq!(again.properties().get_props(None, 0).unwrap_err().code(), Code::InvalidObject);
    assert_eq!(again.get_recipient_table(0).err().unwrap().code(), Code::InvalidObject);
    let entry_id = get(&message.properties(), tags::ENTRYID);
    let reading = open_message(&store, &entry_id, 0);
    assert_eq!(reading.properties().save_changes(0).unwrap_err().code(), Code::NoAccess);
    assert_eq!(get(&open_message(&store, &entry_id, MAPI_BEST_ACCESS).properties(), tags::ACCESS_LEVEL), Value::Long(1));
}

#[test]
fn a_message_whose_folder_is_gone_cannot_be_saved() {
    let bench = Bench::new();
    let store = bench.open();
    let parent = folder(&store, "a");
    let message = parent.create_message(None, 0).unwrap();
    let mut commit = crate::backend::Commit::default();
    commit.changes.push(crate::backend::Change::Remove {
        object: parent.object().clone(),
        expected: crate::backend::Expected::Exists,
        hard: true,
    });
    crate::backend::Objects::commit(&*bench.memory, commit).unwrap();
    assert_eq!(message.properties().save_changes(0).unwrap_err().code(), Code::ObjectDeleted);
}

#[test]
fn recipients_are_replaced_added_changed_and_removed() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    message.modify_recipients(0, &[recipient(1, "A"), vec![property(tags::EMAIL_ADDRESS, text("b@x"))], vec![]]).unwrap();
    let table = message.get_recipient_table(MAPI_UNICODE).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
    message.modify_recipients(MODRECIP_ADD, &[recipient(2, "C")]).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 3);
    let row = |id: i32, mut rest: Vec<Property>| {
        rest.push(property(tags::ROWID, Value::Long(id)));
        rest
    };
    message.modify_recipients(MODRECIP_REMOVE, &[row(1, vec![]), row(77, vec![])]).unwrap();
    message.modify_recipients(MODRECIP_MODIFY, &[row(2, vec![property(tags::DISPLAY_NAME, text("D"))])]).unwrap();
    message.modify_recipients(MODRECIP_ADD, &[recipient(3, "E")]).unwrap();
    let pair = |id, name: &str| (id, name.to_owned());
    assert_eq!(rows(&message), [pair(0, "A"), pair(2, "D"), pair(3, "E")]);
    assert_eq!(table.get_row_count(0).unwrap().value, 3);
    let refuse = |flags, rows: &[Vec<Property>]| message.modify_recipients(flags, rows).unwrap_err().code();
    assert_eq!(refuse(MODRECIP_ADD | MODRECIP_MODIFY, &[]), Code::InvalidParameter);
    assert_eq!(refuse(1, &[]), Code::UnknownFlags);
    assert_eq!(refuse(MODRECIP_MODIFY, &[recipient(1, "x")]), Code::InvalidParameter);
    assert_eq!(refuse(0, &[vec![property(PropTag::NULL, Value::Null)]]), Code::InvalidParameter);
    assert_eq!(get(&message.properties(), tags::DISPLAY_TO), text(""));
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&message.properties(), tags::DISPLAY_TO), text("A; D"));
    assert_eq!(get(&message.properties(), tags::DISPLAY_BCC), text("E"));
    let again = reopen(&store, &message);
    assert_eq!(rows(&again), [pair(0, "A"), pair(2, "D"), pair(3, "E")]);
    again.modify_recipients(MODRECIP_REMOVE, &[row(0, vec![])]).unwrap();
    again.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(rows(&reopen(&store, &message)), [pair(2, "D"), pair(3, "E")]);
    assert_eq!(get(&again.properties(), tags::DISPLAY_TO), text("D"));
    again.properties().delete_props(&[tags::MESSAGE_RECIPIENTS]).unwrap();
    assert!(rows(&again).is_empty());
}

#[test]
fn attachments_are_saved_twice() {
    let bench = Bench::new();
    let store = bench.open();
    let message = saved(&folder(&store, "a"), "x");
    let (number, attachment) = message.create_attach(None, 0).unwrap();
    assert_eq!(get(&attachment.properties(), tags::ATTACH_METHOD), Value::Long(0));
    assert_eq!(get(&attachment.properties(), tags::RENDERING_POSITION), Value::Long(-1));
    assert!(attachments(&message).is_empty());
    attachment.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(attachments(&message), [number.cast_signed()]);
    assert_eq!(message.open_attach(number, None, MAPI_MODIFY).err().unwrap().code(), Code::NoAccess);
    assert!(message.open_attach(number, None, 0).is_ok());
    assert!(attachments(&reopen(&store, &message)).is_empty());
    let second = attach(&message, "picture of us.jpeg", b"data");
    assert_eq!(second, 1);
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&message.properties(), tags::HASATTACH), Value::Boolean(true));
    assert_eq!(get(&message.properties(), tags::MESSAGE_FLAGS), Value::Long(0x18));
    let again = reopen(&store, &message);
    assert_eq!(attachments(&again), [0, 1]);
    let opened = again.open_attach(1, None, MAPI_MODIFY).unwrap();
    assert_eq!(get(&opened.properties(), tags::ATTACH_FILENAME), text("PICTUR~1.JPE"));
    assert_eq!(get(&opened.properties(), tags::ATTACH_EXTENSION), text(".jpeg"));
    assert_eq!(get(&opened.properties(), tags::ATTACH_DATA_BIN), Value::Binary(b"data".to_vec()));
    assert_eq!(get(&opened.properties(), tags::OBJECT_TYPE), Value::Long(7));
    opened.properties().set_props(vec![property(tags::ATTACH_LONG_FILENAME, text("new.jpeg"))]).unwrap();
    opened.properties().save_changes(0).unwrap();
    again.delete_attach(0, 0).unwrap();
    assert_eq!(again.open_attach(0, None, 0).err().unwrap().code(), Code::NotFound);
    assert_eq!(attachments(&reopen(&store, &message)), [0, 1]);
    again.properties().save_changes(0).unwrap();
    let last = reopen(&store, &message);
    assert_eq!(attachments(&last), [1]);
    let kept = last.open_attach(1, None, 0).unwrap();
    assert_eq!(get(&kept.properties(), tags::ATTACH_LONG_FILENAME), text("new.jpeg"));
    assert_eq!(kept.properties().set_props(vec![property(tags::COMMENT, text("x"))]).unwrap_err().code(), Code::NoAccess);
}

#[test]
fn the_data_of_an_attachment_shows_in_the_table_as_there_only() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "x");
    attach(&message, "a.txt", b"data");
    for message in [message.clone(), {
        message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
        reopen(&store, &message)
    }] {
        let table = message.get_attachment_table(MAPI_UNICODE).unwrap();
        table.set_columns(&[tags::ATTACH_DATA_OBJ, tags::ATTACH_LONG_FILENAME], 0).unwrap();
        let row = table.query_rows(1, 0).unwrap().remove(0);
        assert_eq!(row[0].value, Value::Error(Code::NotEnoughMemory.raw()));
        assert_eq!(row[1].value, text("a.txt"));
        assert_eq!(table.create_bookmark().err().unwrap().code(), Code::NoSupport);
    }
}

#[test]
fn an_attachment_saved_after_its_message_was_closed_is_invalid() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    message.properties().save_changes(0).unwrap();
    assert_eq!(attachment.properties().save_changes(0).unwrap_err().code(), Code::InvalidObject);
}

#[test]
fn an_attachment_saved_again_after_its_message_is_no_second_one() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "x");
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    for name in ["one", "two"] {
        attachment.properties().set_props(vec![property(tags::ATTACH_LONG_FILENAME, text(name))]).unwrap();
        attachment.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
        message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    }
    let again = reopen(&store, &message);
    assert_eq!(attachments(&again), [0]);
    let opened = again.open_attach(0, None, 0).unwrap();
    assert_eq!(get(&opened.properties(), tags::ATTACH_LONG_FILENAME), text("two"));
}

#[test]
fn embedded_messages_are_saved_inside_out() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "outer");
    let (number, attachment) = message.create_attach(None, 0).unwrap();
    assert_eq!(embedded(&attachment.properties(), 0).err().unwrap().code(), Code::InterfaceNotSupported);
    let inner = embedded(&attachment.properties(), MAPI_CREATE | MAPI_MODIFY).unwrap();
    inner.properties().set_props(vec![property(tags::SUBJECT, text("inner"))]).unwrap();
    inner.modify_recipients(0, &[recipient(1, "I")]).unwrap();
    assert_eq!(embedded(&attachment.properties(), 0).err().unwrap().code(), Code::NotFound);
    inner.properties().save_changes(0).unwrap();
    attachment.properties().save_changes(0).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let again = reopen(&store, &message);
    let opened = again.open_attach(number, None, MAPI_MODIFY).unwrap();
    assert_eq!(get(&opened.properties(), tags::ATTACH_METHOD), Value::Long(5));
    assert_eq!(get(&opened.properties(), tags::ATTACH_DATA_OBJ), Value::Error(Code::NotEnoughMemory.raw()));
    let stream = opened.properties().open_property(tags::ATTACH_DATA_BIN, Some(IID_ISTREAM), 0, 0);
    assert_eq!(stream.err().unwrap().code(), Code::InterfaceNotSupported);
    let inner = embedded(&opened.properties(), MAPI_MODIFY).unwrap();
    assert_eq!(get(&inner.properties(), tags::SUBJECT), text("inner"));
    assert_eq!(get(&inner.properties(), tags::ENTRYID), MISSING);
    assert_eq!(rows(&inner), [(0, "I".to_owned())]);
    inner.properties().set_props(vec![property(tags::SUBJECT, text("changed"))]).unwrap();
    inner.properties().save_changes(0).unwrap();
    opened.properties().save_changes(0).unwrap();
    again.properties().save_changes(0).unwrap();
    let last = reopen(&store, &message).open_attach(number, None, 0).unwrap();
    assert_eq!(get(&embedded(&last.properties(), 0).unwrap().properties(), tags::SUBJECT), text("changed"));
}

#[test]
fn an_embedded_message_without_its_attachments_save_is_nothing() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "outer");
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    let inner = embedded(&attachment.properties(), MAPI_CREATE | MAPI_MODIFY).unwrap();
    inner.properties().save_changes(0).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert!(attachments(&reopen(&store, &message)).is_empty());
}

#[test]
fn the_format_set_last_is_the_master_and_the_others_are_generated() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let html = |text: &str| property(tags::HTML, Value::Binary(text.as_bytes().to_vec()));
    properties.set_props(vec![html("<p>one &amp; two</p>"), property(tags::BODY, text("plain"))]).unwrap();
    assert_eq!(get(&properties, tags::HTML), Value::Binary(b"<p>one &amp; two</p>".to_vec()));
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert!(matches!(get(&properties, tags::BODY), Value::Unicode(text) if text.trim() == "one & two"));
    assert_eq!(get(&properties, tags::NATIVE_BODY_INFO), Value::Long(3));
    assert_eq!(get(&properties, tags::RTF_IN_SYNC), Value::Boolean(false));
    properties.set_props(vec![property(tags::BODY, text("a < b"))]).unwrap();
    for _ in 0..2 {
        let Value::Binary(generated) = get(&properties, tags::HTML) else { panic!("no HTML") };
        assert!(String::from_utf8(generated).unwrap().contains("a &lt; b"));
        assert_eq!(get(&properties, tags::NATIVE_BODY_INFO), Value::Long(1));
        assert_eq!(get(&properties, tags::RTF_IN_SYNC), MISSING);
        assert!(matches!(get(&properties, tags::RTF_COMPRESSED), Value::Binary(_)));
        assert!(properties.get_prop_list(0).unwrap().contains(&tags::RTF_COMPRESSED));
        properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    }
    properties.set_props(vec![property(tags::IMPORTANCE, Value::Long(2))]).unwrap();
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&properties, tags::NATIVE_BODY_INFO), Value::Long(1));
    properties.delete_props(&[tags::BODY]).unwrap();
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&properties, tags::HTML), MISSING);
    assert_eq!(get(&properties, tags::BODY.with_kind(PropType::UNSPECIFIED)), MISSING);
}

#[test]
fn several_drafts_go_in_with_one_commit() {
    let bench = Bench::new();
    let store = bench.open();
    let target = folder(&store, "a");
    let commits = bench.memory.commits();
    let mut changes = ChangeSet::new(target.import_into().unwrap());
    let mut inner = Draft::new();
    inner.set(property(tags::SUBJECT, text("inner")));
    for number in 0..3 {
        let mut draft = Draft::new();
        draft.set(property(tags::SUBJECT, text(&format!("RE: {number}"))));
        draft.set(property(tags::MESSAGE_FLAGS, Value::Long(1)));
        draft.set(property(tags::BODY, text("body")));
        draft.add_recipient(recipient(1, "A"));
        let mut attachment = DraftAttachment { embedded: Some(Box::new(inner.clone())), ..DraftAttachment::default() };
        attachment.properties.put(tags::ATTACH_MIME_TAG, text("message/rfc822"));
        draft.add_attachment(attachment);
        changes.add_message(target.object(), draft).unwrap();
    }
    changes.commit(CommitMode::default()).unwrap();
    assert_eq!(bench.memory.commits(), commits + 1);
    assert_eq!(get(&target.properties(), tags::CONTENT_COUNT), Value::Long(3));
    assert_eq!(get(&target.properties(), tags::CONTENT_UNREAD), Value::Long(0));
    let table = target.get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID, tags::NORMALIZED_SUBJECT, tags::HASATTACH, tags::DISPLAY_TO], 0).unwrap();
    let rows = table.query_rows(10, 0).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!([&rows[2][1].value, &rows[2][2].value, &rows[2][3].value], [&text("2"), &Value::Boolean(true), &text("A")]);
    let message = open_message(&store, &rows[1][0].value, 0);
    let attachment = message.open_attach(0, None, 0).unwrap();
    assert_eq!(get(&embedded(&attachment.properties(), 0).unwrap().properties(), tags::SUBJECT), text("inner"));
}

#[test]
fn a_dropped_change_set_leaves_nothing_behind() {
    let bench = Bench::new();
    let store = bench.open();
    let target = folder(&store, "a");
    let objects = bench.memory.object_count();
    let mut changes = ChangeSet::new(target.import_into().unwrap());
    let mut draft = Draft::new();
    draft.set(property(tags::BODY, text(&"x".repeat(3 << 20))));
    changes.add_message(target.object(), draft).unwrap();
    drop(changes);
    assert_eq!(bench.memory.object_count(), objects);
}

#[test]
fn messages_embedded_too_deep_are_refused() {
    let store = Bench::new().open();
    let target = folder(&store, "a");
    let mut draft = Draft::new();
    for _ in 0..40 {
        let mut outer = Draft::new();
        outer.add_attachment(DraftAttachment { embedded: Some(Box::new(draft)), ..DraftAttachment::default() });
        draft = outer;
    }
    let mut changes = ChangeSet::new(target.import_into().unwrap());
    assert_eq!(changes.add_message(target.object(), draft).unwrap_err().code(), Code::TooComplex);
}

#[test]
fn a_submitted_message_opens_for_reading_only() {
    let bench = Bench::new();
    let store = bench.open();
    let message = saved(&folder(&store, "a"), "x");
    let entry_id = get(&message.properties(), tags::ENTRYID);
    let Value::Binary(key) = get(&message.properties(), tags::RECORD_KEY) else { panic!("no key") };
    let mut commit = crate::backend::Commit::default();
    let object = crate::backend::ObjectId::new(&key).unwrap();
    commit.changes.push(crate::backend::Change::Bits { object, tag: tags::MESSAGE_FLAGS, set: 4, clear: 0 });
    crate::backend::Objects::commit(&*bench.memory, commit).unwrap();
    let Value::Binary(bytes) = &entry_id else { panic!("no identifier") };
    assert_eq!(store.open_entry(Some(bytes), None, MAPI_MODIFY).err().unwrap().code(), Code::Submitted);
    assert_eq!(get(&open_message(&store, &entry_id, MAPI_BEST_ACCESS).properties(), tags::ACCESS_LEVEL), Value::Long(0));
}
