//! `properties` 4.7 and 4.8.

use super::*;
use crate::backend::{NamedProperty, PropertyName};
use crate::messages::MODRECIP_ADD;
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMAPIPROP, IID_IMESSAGE, IID_ISTREAM, IID_IUNKNOWN};
use crate::properties::{MAPI_CREATE, MAPI_MOVE, MAPI_NOREPLACE, OpenedProperty, PropType};

const PROP: Option<Guid> = Some(IID_IMAPIPROP);

fn recipients(message: &Message) -> usize {
    message.get_recipient_table(0).unwrap().get_row_count(0).unwrap().value as usize
}

fn attachments(message: &Message) -> Vec<i32> {
    let table = message.get_attachment_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ATTACH_NUM], 0).unwrap();
    let number = |row: Vec<Property>| if let Value::Long(number) = row[0].value { number } else { panic!("no number") };
    table.query_rows(100, 0).unwrap().into_iter().map(number).collect()
}

fn attach(message: &Message, data: &[u8]) {
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    let values =
        vec![property(tags::ATTACH_METHOD, Value::Long(1)), property(tags::ATTACH_DATA_BIN, Value::Binary(data.to_vec()))];
    attachment.properties().set_props(values).unwrap();
    attachment.properties().save_changes(0).unwrap();
}

/// A saved message with a subject, HTML, a recipient and an attachment.
fn original(folder: &Folder) -> Message {
    let message = folder.create_message(None, 0).unwrap();
    let values = vec![
        property(tags::SUBJECT, text("x")),
        property(tags::HTML, Value::Binary(b"<p>bold</p>".to_vec())),
        property(tags::IMPORTANCE, Value::Long(2)),
        property(tags::COMMENT, text("note")),
    ];
    message.properties().set_props(values).unwrap();
    message.modify_recipients(MODRECIP_ADD, &[vec![property(tags::DISPLAY_NAME, text("Ann"))]]).unwrap();
    attach(&message, b"data");
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    message
}

fn fresh(folder: &Folder) -> Message {
    folder.create_message(None, 0).unwrap()
}

#[test]
fn a_message_is_copied_with_its_parts_and_without_what_is_computed() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let source = original(&a);
    let target = fresh(&a);
    let entry = get(&target.properties(), tags::ENTRYID);
    assert!(whole(source.properties().copy_to(&[], None, PROP, &target.properties(), 0)).is_empty());
    for tag in [tags::SUBJECT, tags::HTML, tags::IMPORTANCE, tags::SEARCH_KEY, tags::COMMENT] {
        assert_eq!(get(&target.properties(), tag), get(&source.properties(), tag), "{tag}");
    }
    assert_eq!(get(&target.properties(), tags::ENTRYID), entry);
    assert_eq!((recipients(&target), attachments(&target)), (1, vec![0]));
    assert_eq!(subjects(&a), ["x"], "nothing is stored before the save");
    target.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(subjects(&a), ["x", "x"]);
    assert_eq!(get(&target.properties(), tags::NATIVE_BODY_INFO), Value::Long(3));
    assert_eq!(get(&target.properties(), tags::DISPLAY_TO), text("Ann"));
}

#[test]
fn what_is_excluded_stays_behind_and_what_is_there_is_kept_or_replaced() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let source = original(&a);
    let target = saved(&a, "mine");
    target.modify_recipients(MODRECIP_ADD, &[vec![property(tags::DISPLAY_NAME, text("Bob"))]]).unwrap();
    attach(&target, b"own");
    // By identifier, whatever the type.
    let excluded = [tags::SUBJECT.with_kind(PropType::LONG), tags::MESSAGE_ATTACHMENTS];
    whole(source.properties().copy_to(&[], Some(&excluded), PROP, &target.properties(), 0));
    assert_eq!(get(&target.properties(), tags::SUBJECT), text("mine"));
    assert_eq!((recipients(&target), attachments(&target)), (2, vec![0]));
    whole(source.properties().copy_to(&[], None, PROP, &target.properties(), MAPI_NOREPLACE));
    assert_eq!(get(&target.properties(), tags::SUBJECT), text("mine"));
    assert_eq!((recipients(&target), attachments(&target)), (2, vec![0]));
    whole(source.properties().copy_to(&[], None, PROP, &target.properties(), 0));
    assert_eq!(get(&target.properties(), tags::SUBJECT), text("x"));
    assert_eq!((recipients(&target), attachments(&target)), (3, vec![0, 1]));
    // Without its interface a message is its properties.
    let bare = fresh(&a);
    whole(source.properties().copy_to(&[IID_IMESSAGE], None, PROP, &bare.properties(), 0));
    assert_eq!((recipients(&bare), attachments(&bare)), (0, vec![]));
    assert_eq!(get(&bare.properties(), tags::COMMENT), text("note"));
}

#[test]
fn a_moved_property_leaves_the_source_with_its_save() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let source = original(&a);
    let target = fresh(&a);
    whole(source.properties().copy_to(&[], None, PROP, &target.properties(), MAPI_MOVE));
    assert_eq!(get(&source.properties(), tags::COMMENT), Value::Error(Code::NotFound.raw()));
    assert_eq!(get(&source.properties(), tags::MESSAGE_CLASS), text("IPM.Note"));
    assert_eq!((recipients(&source), attachments(&source)), (0, vec![]));
    let other = reopen(&store, &source);
    assert_eq!(get(&other.properties(), tags::COMMENT), text("note"));
    drop(other);
    source.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&reopen(&store, &source).properties(), tags::COMMENT), Value::Error(Code::NotFound.raw()));
    let reading = open_message(&store, &get(&source.properties(), tags::ENTRYID), 0);
    assert_eq!(refused(reading.properties().copy_to(&[], None, PROP, &target.properties(), MAPI_MOVE)), Code::NoAccess);
}

#[test]
fn listed_properties_are_copied_and_each_problem_is_told_at_its_place() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let source = original(&a);
    let target = saved(&a, "mine");
    let tags = [tags::SUBJECT, tags::ENTRYID, tags::REPLY_TIME, tags::BODY, tags::MESSAGE_RECIPIENTS];
    let problems = whole(source.properties().copy_props(&tags, PROP, &target.properties(), 0));
    let told: Vec<_> = problems.iter().map(|problem| (problem.index, problem.tag, problem.code)).collect();
    assert_eq!(told, [(1, tags::ENTRYID, Code::Computed), (2, tags::REPLY_TIME, Code::NotFound)]);
    assert_eq!(get(&target.properties(), tags::SUBJECT), text("x"));
    assert!(matches!(get(&target.properties(), tags::BODY), Value::Unicode(text) if text.contains("bold")));
    assert_eq!((recipients(&target), attachments(&target)), (1, vec![]));
    assert_eq!(get(&target.properties(), tags::COMMENT), Value::Error(Code::NotFound.raw()));
    // A format that is generated can be asked for by name.
    let plain = fresh(&a);
    plain.properties().set_props(vec![property(tags::BODY, text("plain"))]).unwrap();
    assert!(whole(plain.properties().copy_props(&[tags::HTML], PROP, &target.properties(), 0)).is_empty());
    assert!(matches!(get(&target.properties(), tags::HTML), Value::Binary(_)));
}

#[test]
fn arguments_that_make_no_sense_change_nothing() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let (source, target) = (original(&a), saved(&a, "mine"));
    let (from, to) = (source.properties(), target.properties());
    let copy = |excluded: Option<&[PropTag]>, iid, flags| refused(from.copy_to(&[], excluded, iid, &to, flags));
    assert_eq!(copy(None, None, 0), Code::InvalidParameter);
    assert_eq!(copy(Some(&[]), PROP, 0), Code::InvalidParameter);
    assert_eq!(copy(Some(&[PropTag::NULL]), PROP, 0), Code::InvalidParameter);
    assert_eq!(copy(None, PROP, 0x10), Code::UnknownFlags);
    assert_eq!(copy(None, Some(IID_IMAPIFOLDER), 0), Code::InterfaceNotSupported);
    assert_eq!(refused(from.copy_props(&[], PROP, &to, 0)), Code::InvalidParameter);
    for excluded in [IID_IUNKNOWN, IID_IMAPIPROP] {
        assert_eq!(refused(from.copy_to(&[excluded], None, PROP, &to, 0)), Code::InterfaceNotSupported);
    }
    assert_eq!(refused(from.copy_to(&[], None, PROP, &from, 0)), Code::NoAccess);
    assert_eq!(refused(from.copy_to(&[], None, PROP, &reopen(&store, &source).properties(), 0)), Code::NoAccess);
    assert_eq!(refused(from.copy_to(&[], None, PROP, &a.properties(), 0)), Code::InterfaceNotSupported);
    assert_eq!(refused(store.properties().copy_to(&[], None, PROP, &to, 0)), Code::NoSupport);
    let reading = open_message(&store, &get(&to, tags::ENTRYID), 0);
    assert_eq!(refused(from.copy_to(&[], None, PROP, &reading.properties(), 0)), Code::NoAccess);
    assert_eq!(get(&to, tags::SUBJECT), text("mine"));
}

#[test]
fn between_stores_names_keep_their_meaning_and_long_values_go_in_pieces() {
    let (here, there) = (Bench::new().open(), other().open());
    let decoy = NamedProperty { set: Guid([6; 16]), name: PropertyName::Number(1) };
    there.properties().get_ids_from_names(Some(&[decoy]), MAPI_CREATE).unwrap();
    let source = original(&folder(&here, "a"));
    let name = NamedProperty { set: Guid([5; 16]), name: PropertyName::Text("colour".into()) };
    let id = |message: &Message| {
        let found = message.properties().get_ids_from_names(Some(std::slice::from_ref(&name)), MAPI_CREATE).unwrap();
        found.value[0].with_kind(PropType::UNICODE)
    };
    let long = "ä→".repeat(3 << 20);
    let values = vec![property(id(&source), text("green")), property(tags::BODY, text(&long))];
    source.properties().set_props(values).unwrap();
    source.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let target = fresh(&folder(&there, "b"));
    assert!(whole(source.properties().copy_to(&[], None, PROP, &target.properties(), 0)).is_empty());
    target.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_ne!(id(&source), id(&target));
    assert_eq!(get(&target.properties(), id(&target)), text("green"));
    let body = |message: &Message| match message.properties().open_property(tags::BODY, Some(IID_ISTREAM), 0, 0).unwrap() {
        OpenedProperty::Stream(stream) => {
            let mut bytes = Vec::new();
            loop {
                let piece = stream.read(1 << 20).unwrap();
                if piece.is_empty() {
                    return bytes;
                }
                bytes.extend(piece);
            }
        }
        _ => panic!("no stream"),
    };
    assert!(body(&source) == body(&target));
}

#[test]
fn an_attachment_is_copied_with_the_message_in_it() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let source = fresh(&a);
    let (_, holder) = source.create_attach(None, 0).unwrap();
    let open = |attachment: &PropertyObject, flags| match attachment.open_property(
        tags::ATTACH_DATA_OBJ,
        Some(IID_IMESSAGE),
        0,
        flags,
    ) {
        Ok(OpenedProperty::Message(message)) => message,
        other => panic!("no message: {:?}", other.err()),
    };
    let inner = open(&holder.properties(), MAPI_MODIFY | MAPI_CREATE);
    inner.properties().set_props(vec![property(tags::SUBJECT, text("inner"))]).unwrap();
    inner.properties().save_changes(0).unwrap();
    holder.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let target = saved(&a, "t");
    let (_, copy) = target.create_attach(None, 0).unwrap();
    assert!(whole(holder.properties().copy_to(&[], None, PROP, &copy.properties(), 0)).is_empty());
    copy.properties().save_changes(0).unwrap();
    target.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let copied = reopen(&store, &target).open_attach(0, None, 0).unwrap();
    assert_eq!(get(&open(&copied.properties(), 0).properties(), tags::SUBJECT), text("inner"));
    assert_eq!(refused(holder.properties().copy_to(&[], None, PROP, &holder.properties(), 0)), Code::NoAccess);
    // An embedded message is a destination like any other.
    let outer = original(&a);
    let again = open(&holder.properties(), MAPI_MODIFY);
    whole(outer.properties().copy_to(&[], None, PROP, &again.properties(), 0));
    assert_eq!(get(&again.properties(), tags::SUBJECT), text("x"));
}

#[test]
fn a_folder_is_copied_into_another_with_what_is_in_it() {
    let (here, there) = (Bench::new().open(), other().open());
    for store in [&here, &there] {
        let (from, to) = (folder(&here, "from"), folder(store, "to"));
        if subjects(&from).is_empty() {
            let inner = from.create_folder(1, "inner", None, None, 0).unwrap();
            put(&from, "x");
            put(&inner, "y");
            from.properties().set_props(vec![property(tags::COMMENT, text("mine"))]).unwrap();
        }
        let excluded = [tags::DISPLAY_NAME];
        let copy = |flags| from.properties().copy_to(&[], Some(&excluded), PROP, &to.properties(), flags);
        assert!(whole(copy(0)).is_empty());
        assert_eq!(subjects(&to), ["x"]);
        assert_eq!(get(&to.properties(), tags::COMMENT), text("mine"));
        assert_eq!(get(&to.properties(), tags::DISPLAY_NAME), text("to"));
        assert_eq!(get(&to.properties(), tags::SUBFOLDERS), Value::Boolean(true));
        // The subfolder is there already.
        partial(copy(0));
        assert_eq!(subjects(&to), ["x", "x"]);
        let bare = folder(store, "bare");
        whole(from.properties().copy_to(&[IID_IMAPICONTAINER], Some(&excluded), PROP, &bare.properties(), 0));
        assert!(subjects(&bare).is_empty());
        assert_eq!(get(&bare.properties(), tags::COMMENT), text("mine"));
    }
    let from = folder(&here, "from");
    let problems = whole(from.properties().copy_props(&[tags::DISPLAY_NAME], PROP, &folder(&here, "to").properties(), 0));
    assert_eq!((problems[0].index, problems[0].code), (0, Code::Collision));
    let inner = from.create_folder(1, "inner", None, None, 1).unwrap();
    assert_eq!(refused(from.properties().copy_to(&[], None, PROP, &inner.properties(), 0)), Code::FolderCycle);
    let moved = folder(&here, "moved");
    whole(from.properties().copy_to(&[], Some(&[tags::DISPLAY_NAME]), PROP, &moved.properties(), MAPI_MOVE));
    assert!(subjects(&from).is_empty());
    assert_eq!(subjects(&moved), ["x"]);
    assert_eq!(subjects(&inner), ["y"], "the subfolder went along as it is");
    assert_eq!(get(&inner.properties(), tags::PARENT_ENTRYID), get(&moved.properties(), tags::ENTRYID));
}
