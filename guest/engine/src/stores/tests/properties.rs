//! `properties` 4, on messages and folders.

use super::*;
use crate::error::Code;
use crate::properties::interface::{IID_ISTORAGE, IID_ISTREAM};
use crate::properties::{DataStream, MAPI_CREATE, OpenedProperty, PropType, SeekOrigin};

fn stream(object: &PropertyObject, tag: PropTag, options: u32, flags: u32) -> crate::error::Result<DataStream> {
    match object.open_property(tag, Some(IID_ISTREAM), options, flags)? {
        OpenedProperty::Stream(stream) => Ok(stream),
        _ => panic!("no stream"),
    }
}

fn all(stream: &DataStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let piece = stream.read(1000).unwrap();
        if piece.is_empty() {
            return bytes;
        }
        bytes.extend(piece);
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn values_come_in_the_width_and_place_asked_for() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "é");
    let properties = message.properties();
    let subject8 = tags::SUBJECT.with_kind(PropType::STRING8);
    let any = tags::SUBJECT.with_kind(PropType::UNSPECIFIED);
    let absent = tags::COMMENT;
    let asked = [subject8, tags::SUBJECT, any, absent, PropTag::NULL, tags::SUBJECT.with_kind(PropType::LONG), subject8];
    let answer = properties.get_props(Some(&asked), 0).unwrap();
    assert_eq!(answer.warning, Some(Code::WErrorsReturned));
    let narrow = property(subject8, Value::String8(vec![0xE9]));
    assert_eq!(answer.value[0], narrow);
    assert_eq!(answer.value[1], property(tags::SUBJECT, text("é")));
    assert_eq!(answer.value[2], narrow);
    assert_eq!(answer.value[3], Property::error(absent, Code::NotFound));
    assert_eq!(answer.value[4], property(PropTag::NULL, Value::Null));
    assert_eq!(answer.value[5], Property::error(tags::SUBJECT, Code::NotFound));
    assert_eq!(answer.value[6], narrow);
    assert_eq!(properties.get_props(Some(&[any]), MAPI_UNICODE).unwrap().value[0], property(tags::SUBJECT, text("é")));
    assert_eq!(properties.get_props(Some(&[]), 0).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(properties.get_props(None, 1).unwrap_err().code(), Code::UnknownFlags);
    let instance = tags::SUBJECT.with_kind(PropType(0x301F));
    assert_eq!(properties.get_props(Some(&[instance]), 0).unwrap().value[0], Property::error(instance, Code::InvalidType));
}

#[test]
fn all_properties_come_ascending_without_objects() {
    let store = Bench::new().open();
    let message = saved(&folder(&store, "a"), "x");
    let all = message.properties().get_props(None, MAPI_UNICODE).unwrap().value;
    assert!(all.is_sorted_by_key(|property| property.tag.id()));
    assert!(!all.iter().any(|property| property.tag.id() == tags::MESSAGE_RECIPIENTS.id()));
    let listed = message.properties().get_prop_list(MAPI_UNICODE).unwrap();
    assert!(listed.contains(&tags::MESSAGE_RECIPIENTS));
    for property in &all {
        assert!(listed.contains(&property.tag), "{} is read but not listed", property.tag);
    }
}

#[test]
fn long_values_are_refused_inline_and_read_as_a_stream() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let (short, long) = ("é".repeat(4096), "é".repeat(4097));
    for saved in [false, true] {
        properties.set_props(vec![property(tags::BODY, text(&short))]).unwrap();
        if saved {
            properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
        }
        assert_eq!(get(&properties, tags::BODY), text(&short));
        properties.set_props(vec![property(tags::BODY, text(&long))]).unwrap();
        if saved {
            properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
        }
        assert_eq!(get(&properties, tags::BODY), Value::Error(Code::NotEnoughMemory.raw()));
        let whole = properties.get_props(None, MAPI_UNICODE).unwrap();
        assert_eq!(whole.warning, Some(Code::WErrorsReturned));
        let read = stream(&properties, tags::BODY, 0, 0).unwrap();
        assert_eq!(read.size().unwrap(), 2 * 4097);
        assert_eq!(all(&read), utf16(&long));
        read.seek(SeekOrigin::Start, 2).unwrap();
        assert_eq!(read.read(2).unwrap(), utf16("é"));
        assert_eq!(read.seek(SeekOrigin::Start, -1).unwrap_err().code(), Code::StgEInvalidfunction);
        assert_eq!(read.write(b"x").unwrap_err().code(), Code::StgEAccessdenied);
        let narrow = stream(&properties, tags::BODY.with_kind(PropType::STRING8), 0, 0).unwrap();
        assert_eq!(all(&narrow), vec![0xE9; 4097]);
    }
}

#[test]
fn set_props_tells_each_problem_and_sets_the_rest() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let problems = properties
        .set_props(vec![
            property(tags::SUBJECT, text("first")),
            property(tags::ENTRYID, Value::Binary(vec![1])),
            property(PropTag(0x0000_0003), Value::Long(1)),
            property(tags::IMPORTANCE.with_kind(PropType::UNICODE), text("high")),
            property(PropTag(0x8123_001F), text("unnamed")),
            property(PropTag(0x6001_0777), Value::Long(1)),
            property(PropTag::NULL, Value::Null),
            property(tags::COMMENT.with_kind(PropType::ERROR), Value::Error(1)),
            property(tags::SUBJECT, text("last")),
        ])
        .unwrap();
    let found: Vec<(u32, Code)> = problems.iter().map(|problem| (problem.index, problem.code)).collect();
    assert_eq!(
        found,
        [
            (1, Code::Computed),
            (2, Code::UnexpectedId),
            (3, Code::UnexpectedType),
            (4, Code::UnexpectedId),
            (5, Code::InvalidType)
        ]
    );
    assert_eq!(get(&properties, tags::SUBJECT), text("last"));
    let refused = |values| properties.set_props(values).unwrap_err().code();
    assert_eq!(refused(vec![]), Code::InvalidParameter);
    assert_eq!(refused(vec![property(tags::CHILDRENS_NAMES, Value::MvUnicode(vec![]))]), Code::InvalidParameter);
    assert_eq!(refused(vec![property(tags::ATTACH_DATA_OBJ, Value::Object)]), Code::InvalidParameter);
    assert_eq!(refused(vec![property(tags::MESSAGE_CLASS, text(&"x".repeat(255)))]), Code::InvalidParameter);
    let huge = property(PropTag(0x6001_0102), Value::Binary(vec![0; (64 << 20) + 1]));
    assert_eq!(properties.set_props(vec![huge]).unwrap()[0].code, Code::NotEnoughMemory);
    let many = property(PropTag(0x6001_1003), Value::MvLong(vec![0; 65_536]));
    assert_eq!(properties.set_props(vec![many]).unwrap()[0].code, Code::TooBig);
}

#[test]
fn a_value_of_another_type_replaces_type_and_value() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    let tag = PropTag(0x6001_0003);
    folder.properties().set_props(vec![property(tag, Value::Long(1))]).unwrap();
    folder.properties().set_props(vec![property(PropTag(0x6001_101F), Value::MvUnicode(vec!["x".into()]))]).unwrap();
    assert_eq!(get(&folder.properties(), tag), Value::Error(Code::NotFound.raw()));
    assert!(folder.properties().get_prop_list(MAPI_UNICODE).unwrap().contains(&PropTag(0x6001_101F)));
    let none: Vec<crate::properties::Problem> = Vec::new();
    assert_eq!(folder.properties().delete_props(&[tag, tags::COMMENT]).unwrap(), none);
    assert_eq!(get(&folder.properties(), PropTag(0x6001_0000)), Value::Error(Code::NotFound.raw()));
    assert_eq!(folder.properties().delete_props(&[]).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(folder.properties().delete_props(&[tags::ENTRYID]).unwrap()[0].code, Code::Computed);
    assert!(folder.properties().save_changes(0).is_ok());
}

#[test]
fn a_written_stream_becomes_the_value() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    assert_eq!(stream(&properties, tags::BODY, 0, 0).err().unwrap().code(), Code::NotFound);
    assert_eq!(stream(&properties, tags::BODY, 0, MAPI_CREATE).err().unwrap().code(), Code::InvalidParameter);
    let write = stream(&properties, tags::BODY, 0, MAPI_MODIFY | MAPI_CREATE).unwrap();
    write.write(&utf16("héllo")).unwrap();
    write.write(b"x").unwrap();
    write.commit().unwrap();
    assert_eq!(get(&properties, tags::BODY), text("héllo"));
    write.seek(SeekOrigin::Start, 14).unwrap();
    write.write(&utf16("!")).unwrap();
    assert_eq!(write.size().unwrap(), 16);
    write.set_size(4).unwrap();
    drop(write);
    assert_eq!(get(&properties, tags::BODY), text("hé"));
    let append = stream(&properties, tags::BODY, 4, MAPI_MODIFY).unwrap();
    append.write(&utf16("y")).unwrap();
    drop(append);
    assert_eq!(get(&properties, tags::BODY), text("héy"));
    let transacted = stream(&properties, tags::BODY, 0x1_0000, MAPI_MODIFY).unwrap();
    transacted.write(&utf16("zz")).unwrap();
    drop(transacted);
    assert_eq!(get(&properties, tags::BODY), text("héy"));
    let storage = properties.open_property(tags::BODY, Some(IID_ISTORAGE), 0, 0).err().unwrap().code();
    assert_eq!(storage, Code::InterfaceNotSupported);
    assert_eq!(stream(&properties, tags::IMPORTANCE, 0, 0).err().unwrap().code(), Code::NoSupport);
}

#[test]
fn a_very_long_value_goes_through_the_backend() {
    let bench = Bench::new();
    let store = bench.open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let write = stream(&properties, tags::BODY, 0, MAPI_MODIFY | MAPI_CREATE).unwrap();
    let piece = utf16(&"aé😀".repeat(50_000));
    for _ in 0..20 {
        write.write(&piece).unwrap();
    }
    assert_eq!(write.seek(SeekOrigin::Start, 0).unwrap(), 0);
    assert_eq!(write.write(b"x").unwrap_err().code(), Code::StgEInvalidfunction);
    drop(write);
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    let read = stream(&properties, tags::BODY, 0, 0).unwrap();
    assert_eq!(read.size().unwrap(), 20 * piece.len() as u64);
    let mut place = 0;
    loop {
        let part = read.read(1 << 20).unwrap();
        if part.is_empty() {
            break;
        }
        for (at, byte) in part.iter().enumerate() {
            assert!(*byte == piece[(place + at) % piece.len()], "byte {}", place + at);
        }
        place += part.len();
    }
    assert_eq!(place, 20 * piece.len());
    assert!(bench.log.lines().is_empty());
}

#[test]
fn a_gap_reads_as_zero_however_long() {
    let store = Bench::new().open();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let properties = message.properties();
    let write = stream(&properties, tags::HTML, 0, MAPI_MODIFY | MAPI_CREATE).unwrap();
    write.write(b"a").unwrap();
    write.seek(SeekOrigin::Start, 10 << 20).unwrap();
    write.write(b"b").unwrap();
    assert_eq!(write.size().unwrap(), (10 << 20) + 1);
    write.seek(SeekOrigin::Start, 1 << 40).unwrap();
    assert_eq!(write.write(b"c").unwrap_err().code(), Code::StgEMediumfull);
    drop(write);
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    let bytes = all(&stream(&properties, tags::HTML, 0, 0).unwrap());
    assert_eq!((bytes.len(), bytes[0], bytes[10 << 20]), ((10 << 20) + 1, b'a', b'b'));
    assert!(bytes[1..10 << 20].iter().all(|byte| *byte == 0));
}

#[test]
fn streams_of_folders_are_durable_at_commit() {
    let bench = Bench::new();
    let folder = folder(&bench.open(), "a");
    let write = stream(&folder.properties(), tags::COMMENT, 0, MAPI_MODIFY | MAPI_CREATE).unwrap();
    write.write(&utf16("noted")).unwrap();
    write.commit().unwrap();
    assert_eq!(get(&folder.properties(), tags::COMMENT), text("noted"));
    let computed = stream(&folder.properties(), tags::ENTRYID, 0, MAPI_MODIFY | MAPI_CREATE).err().unwrap();
    assert_eq!(computed.code(), Code::NoAccess);
}
