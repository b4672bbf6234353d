//! Profile sections: behaviours 3, 4 and 5.

use super::*;
use mapi_session::backend::{NamedProperty, PropertyName};
use mapi_session::{OpenedProperty, PropertyInterface};

const OWN: Guid = Guid([5; 16]);

#[tokio::test]
async fn sections_are_shared_by_readers_or_held_by_one_writer() {
    let fixture = fixture().await;
    let session = fixture.logon("Work").await;
    let (read, write) = (flags::OpenProfileSectionFlags::empty(), flags::OpenProfileSectionFlags::MAPI_MODIFY);
    assert_eq!(code(session.open_profile_section(None, read).await), Code::InvalidParameter);
    assert_eq!(code(session.open_profile_section(Some(OWN), read).await), Code::NotFound);
    let writer = session.open_profile_section(Some(OWN), write).await.unwrap();
    assert_eq!(code(fixture.work.open_profile_section(Some(OWN), read).await), Code::NoAccess, "another client");
    drop(writer);
    let first = session.open_profile_section(Some(OWN), read).await.unwrap();
    let second = fixture.work.open_profile_section(Some(OWN), read).await.unwrap();
    assert_eq!(code(session.open_profile_section(Some(OWN), write).await), Code::NoAccess);
    drop((first, second));
    let _left_open = session.open_profile_section(Some(OWN), write).await.unwrap();
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    assert!(fixture.work.open_profile_section(Some(OWN), write).await.is_ok(), "a session that ended holds nothing");
}

#[tokio::test]
async fn a_section_of_a_provider_needs_forced_access() {
    let fixture = fixture().await;
    let store = add(&fixture.work, "store").await;
    let provider = providers(&fixture.work).await[0];
    let none = flags::OpenProfileSectionFlags::empty();
    assert_eq!(code(fixture.work.open_profile_section(Some(provider), none).await), Code::NoAccess);
    assert_eq!(code(fixture.work.open_profile_section(Some(store), none).await), Code::SOk, "one of a service does not");
    let section = open(&fixture.work, provider).await;
    assert_eq!(value(&section, tags::PROFILE_NAME).await, text("Work"));
    assert_eq!(value(&section, tags::OBJECT_TYPE).await, Value::Long(9));
    let problems = section.set_props(vec![Property::new(tags::RESOURCE_FLAGS, Value::Long(2))]).await.unwrap();
    assert_eq!(problems[0].code, Code::Computed);
}

#[tokio::test]
async fn protected_properties_are_read_by_exact_tag_and_copied_with_their_service() {
    let fixture = fixture().await;
    let pair = add(&fixture.work, "pair").await;
    let provider = providers(&fixture.work).await[0];
    let section = open(&fixture.work, provider).await;
    let secret = Property::new(SECRET, text("s3cret"));
    assert!(section.set_props(vec![secret.clone()]).await.unwrap().is_empty());
    let all = section.get_props(None, flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
    assert!(!all.is_empty() && !all.contains(&secret));
    assert!(!section.get_prop_list(flags::GetPropListFlags::MAPI_UNICODE).await.unwrap().contains(&SECRET));
    assert_eq!(value(&section, SECRET).await, secret.value);
    let home = fixture.home().await;
    fixture.work.copy_msg_service(pair, &home, flags::CopyMsgServiceFlags::empty()).await.unwrap();
    let copy = providers(&home).await[0];
    assert_ne!(copy, provider);
    assert_eq!(value(&open(&home, copy).await, SECRET).await, secret.value);
}

#[tokio::test]
async fn sections_have_no_named_properties() {
    let fixture = fixture().await;
    let section = open(&fixture.work, OWN).await;
    let name = NamedProperty { set: Guid([1; 16]), name: PropertyName::Number(7) };
    let ids = section.get_ids_from_names(Some(vec![name]), flags::GetIdsFromNamesFlags::MAPI_CREATE).await;
    assert_eq!(code(ids), Code::NoSupport);
    let names = section.get_names_from_ids(None, None, flags::GetNamesFromIdsFlags::empty()).await;
    assert_eq!(code(names), Code::NoSupport);
    let named = Property::new(PropTag(0x8001_0003), Value::Long(1));
    let problems = section.set_props(vec![named, Property::new(tags::COMMENT, text("there"))]).await.unwrap();
    assert_eq!(problems.iter().map(|problem| (problem.index, problem.code)).collect::<Vec<_>>(), [(0, Code::UnexpectedId)]);
    assert_eq!(value(&section, tags::COMMENT).await, text("there"));
}

#[tokio::test]
async fn a_long_value_goes_through_a_stream_and_is_there_at_once() {
    let fixture = fixture().await;
    let section = open(&fixture.work, OWN).await;
    let data = PropTag(0x6603_0102);
    let how = flags::OpenPropertyFlags::MAPI_MODIFY | flags::OpenPropertyFlags::MAPI_CREATE;
    let opened = section.open_property(data, PropertyInterface::DataStream, flags::OpenPropertyOptions::empty(), how).await;
    let OpenedProperty::DataStream(stream) = opened.unwrap() else { panic!("a stream was asked for") };
    stream.write(&[7; 100_000]).await.unwrap();
    stream.commit().await.unwrap();
    let none = flags::OpenPropertyFlags::empty();
    let opened = section.open_property(data, PropertyInterface::DataStream, flags::OpenPropertyOptions::empty(), none).await;
    let OpenedProperty::DataStream(stream) = opened.unwrap() else { panic!("a stream was asked for") };
    assert_eq!(stream.size().await.unwrap(), 100_000);
    section.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
}
