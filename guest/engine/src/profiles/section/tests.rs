//! `profiles` 3 and 8 rules 3 to 5.

use crate::backend::{ConfigureOutcome, NamedProperty, PropertyName, ProviderKind, SectionChange};
use crate::error::{Code, Result};
use crate::memory::{MemoryCatalogue, MemoryHost};
use crate::profiles::{GLOBAL_SECTION, MAPI_DEFAULT_SERVICES, MsgServiceAdmin};
use crate::properties::interface::{IID_IMAPITABLE, IID_IPROFSECT, IID_ISTREAM};
use crate::properties::{
    Guid, MAPI_CREATE, MAPI_MODIFY, MAPI_MOVE, MAPI_NOREPLACE, OpenedProperty, PropTag, Property, PropertyObject, SeekOrigin,
    Value, tags,
};
use crate::session::Subsystem;
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;

const OWN: Guid = Guid([5; 16]);
const SECRET: PropTag = PropTag(0x67F2_001F);
const DATA: PropTag = PropTag(0x6601_0102);

fn subsystem(host: &MemoryHost) -> Subsystem {
    let subsystem = Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES).unwrap();
    subsystem
}

fn services(subsystem: &Subsystem) -> MsgServiceAdmin {
    subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap()
}

fn section(services: &MsgServiceAdmin, uid: Guid) -> PropertyObject {
    services.open_profile_section(Some(uid), None, MAPI_MODIFY).unwrap().properties()
}

fn code<T>(result: Result<T>) -> Code {
    result.map_or_else(|failure| failure.code(), |_| Code::SOk)
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

fn value(section: &PropertyObject, tag: PropTag) -> Value {
    section.get_props(Some(&[tag]), MAPI_UNICODE).unwrap().value.remove(0).value
}

#[test]
fn a_section_has_no_transactions() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let services = services(&subsystem);
    section(&services, OWN).set_props(vec![Property::new(tags::COMMENT, text("kept"))]).unwrap();
    let reader = services.open_profile_section(Some(OWN), None, 0).unwrap().properties();
    assert_eq!(value(&reader, tags::COMMENT), text("kept"));
    reader.save_changes(0).unwrap();
    assert_eq!(value(&reader, tags::COMMENT), text("kept"));
    assert_eq!(code(reader.set_props(vec![Property::new(tags::COMMENT, text("x"))])), Code::NoAccess);
    assert_eq!(code(reader.delete_props(&[tags::COMMENT])), Code::NoAccess);
}

#[test]
fn a_section_has_no_named_properties() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let section = section(&services(&subsystem), GLOBAL_SECTION);
    let name = NamedProperty { set: Guid([1; 16]), name: PropertyName::Number(7) };
    assert_eq!(code(section.get_ids_from_names(Some(&[name]), 0x2)), Code::NoSupport);
    assert_eq!(code(section.get_names_from_ids(None, None, 0)), Code::NoSupport);
    let named = PropTag(0x8000_0003);
    let set = vec![Property::new(named, Value::Long(1)), Property::new(tags::COMMENT, text("there"))];
    let problems = section.set_props(set).unwrap();
    assert_eq!(problems.iter().map(|problem| (problem.index, problem.code)).collect::<Vec<_>>(), [(0, Code::UnexpectedId)]);
    assert_eq!(value(&section, tags::COMMENT), text("there"));
    assert!(matches!(value(&section, named), Value::Error(_)));
    assert_eq!(
        code(section.open_property(PropTag(0x8001_001F), Some(IID_ISTREAM), 0, MAPI_MODIFY | MAPI_CREATE)),
        Code::UnexpectedId
    );
}

#[test]
fn what_the_engine_keeps_is_computed() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let section = section(&services(&subsystem), OWN);
    for tag in crate::profiles::ENGINE_KEPT {
        let value = match tag.kind() {
            crate::properties::PropType::UNICODE => text("x"),
            crate::properties::PropType::BINARY => Value::Binary(vec![1; 16]),
            _ => Value::Long(1),
        };
        let problems = section.set_props(vec![Property::new(tag, value)]).unwrap();
        assert_eq!(problems.first().map(|problem| problem.code), Some(Code::Computed), "{tag}");
        let problems = section.delete_props(&[tag]).unwrap();
        assert_eq!(problems.first().map(|problem| problem.code), Some(Code::Computed), "{tag}");
    }
    assert_eq!(code(section.set_props(vec![Property::new(PropTag(0x6602_000D), Value::Object)])), Code::InvalidParameter);
}

#[test]
fn streams_open_on_strings_and_binary_values_only() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let section = section(&services(&subsystem), OWN);
    let open = |tag: PropTag, flags: u32| match section.open_property(tag, Some(IID_ISTREAM), 0, flags)? {
        OpenedProperty::Stream(stream) => Ok(stream),
        _ => panic!("a stream was asked for"),
    };
    let stream = open(DATA, MAPI_MODIFY | MAPI_CREATE).unwrap();
    stream.write(&[7; 100_000]).unwrap();
    stream.commit().unwrap();
    drop(stream);
    assert_eq!(value(&section, DATA), Value::Error(Code::NotEnoughMemory.raw()));
    let stream = open(DATA, MAPI_MODIFY).unwrap();
    assert_eq!(stream.size().unwrap(), 100_000);
    stream.set_size(3).unwrap();
    stream.seek(SeekOrigin::End, 0).unwrap();
    stream.write(&[8]).unwrap();
    drop(stream);
    assert_eq!(value(&section, DATA), Value::Binary(vec![7, 7, 7, 8]));
    let too_long = open(DATA, MAPI_MODIFY).unwrap();
    assert_eq!(code(too_long.set_size(64 << 20)), Code::StgEMediumfull);
    drop(too_long);
    assert_eq!(value(&section, DATA), Value::Binary(vec![7, 7, 7, 8]));
    section.set_props(vec![Property::new(tags::COMMENT, text("Grüße"))]).unwrap();
    let wide = open(tags::COMMENT, 0).unwrap().read(100).unwrap();
    assert_eq!(wide, "Grüße".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    assert_eq!(code(open(PropTag(0x6603_0003), MAPI_MODIFY | MAPI_CREATE)), Code::NoSupport);
    assert_eq!(code(open(PropTag(0x6603_000D), 0)), Code::NoSupport);
    assert_eq!(code(open(PropTag(0x6604_001F), 0)), Code::NotFound);
    assert_eq!(code(open(tags::PROFILE_NAME, MAPI_MODIFY)), Code::NoAccess);
    assert_eq!(code(section.open_property(DATA, Some(IID_IMAPITABLE), 0, 0)), Code::InterfaceNotSupported);
}

#[test]
fn a_section_is_copied_with_its_protected_values() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let services = services(&subsystem);
    let (one, other) = (section(&services, OWN), section(&services, Guid([6; 16])));
    let secret = Property::new(SECRET, text("s3cret"));
    one.set_props(vec![secret.clone(), Property::new(tags::COMMENT, text("new")), Property::new(DATA, Value::Binary(vec![1]))])
        .unwrap();
    other.set_props(vec![Property::new(tags::COMMENT, text("old"))]).unwrap();
    let problems = one.copy_to(&[], None, Some(IID_IPROFSECT), &other, MAPI_NOREPLACE).unwrap();
    assert_eq!((problems.warning, problems.value.len()), (None, 0));
    assert_eq!(value(&other, SECRET), secret.value);
    assert_eq!(value(&other, tags::COMMENT), text("old"));
    assert_eq!(value(&other, DATA), Value::Binary(vec![1]));
    let missing = PropTag(0x6605_0003);
    let listed = [tags::COMMENT, tags::PROFILE_NAME, missing];
    let problems = one.copy_props(&listed, Some(IID_IPROFSECT), &other, MAPI_MOVE).unwrap().value;
    let problems: Vec<_> = problems.iter().map(|problem| (problem.index, problem.code)).collect();
    assert_eq!(problems, [(1, Code::Computed), (2, Code::NotFound)]);
    assert_eq!(value(&other, tags::COMMENT), text("new"));
    assert!(matches!(value(&one, tags::COMMENT), Value::Error(_)));
    assert_eq!(code(one.copy_to(&[], None, Some(IID_IPROFSECT), &one, 0)), Code::NoAccess);
}

#[test]
fn a_session_that_has_ended_locks_nobody_out() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = subsystem.logon_ex(0, Some("Work"), None, 0x2 | 0x20).unwrap();
    let held = session.open_profile_section(Some(OWN), None, MAPI_MODIFY).unwrap();
    let services = services(&subsystem);
    assert_eq!(code(services.open_profile_section(Some(OWN), None, 0)), Code::NoAccess);
    session.logoff(0, 0, 0).unwrap();
    assert_eq!(code(held.properties().get_props(None, 0)), Code::InvalidObject);
    let writer = services.open_profile_section(Some(OWN), None, MAPI_MODIFY).unwrap();
    drop(held);
    assert_eq!(code(services.open_profile_section(Some(OWN), None, 0)), Code::NoAccess);
    drop(writer);
    assert_eq!(code(services.open_profile_section(Some(OWN), None, 0)), Code::SOk);
}

#[test]
fn an_entry_point_cannot_change_a_section_a_client_is_writing() {
    let catalogue = MemoryCatalogue::new(vec![MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory")])
        .with_entry_point("store", |request| {
            let set = vec![Property::new(tags::COMMENT, Value::Unicode("by the service".into()))];
            Ok(ConfigureOutcome {
                sections: vec![SectionChange { uid: request.section.uid, set, delete: Vec::new() }],
                ..ConfigureOutcome::default()
            })
        });
    let host = MemoryHost::new().with_catalogue(catalogue);
    let subsystem = subsystem(&host);
    let services = services(&subsystem);
    let uid = services.create_msg_service_ex("store", "", 0, 0).unwrap();
    let held = section(&services, uid);
    assert_eq!(code(services.configure_msg_service(uid, 0, 0, Vec::new())), Code::NoAccess);
    held.set_props(vec![Property::new(tags::COMMENT, text("by the client"))]).unwrap();
    drop(held);
    let reader = services.open_profile_section(Some(uid), None, 0).unwrap().properties();
    assert_eq!(value(&reader, tags::COMMENT), text("by the client"));
    services.configure_msg_service(uid, 0, 0, Vec::new()).unwrap();
    assert_eq!(value(&reader, tags::COMMENT), text("by the service"));
}
