//! Profile sections: who may open them, and what their properties do (`profiles` 3).

use crate::bench::{Bench, EXTRA, NOBODY, SECRET, SETTING, list, shown, text, value};
use crate::raw;
use crate::table::{Outcome, Rows, code, warned};
use mapi_engine::error::Code;
use mapi_engine::properties::interface::{IID_IMAPIPROP, IID_IMSGSTORE, IID_IPROFSECT, IID_IUNKNOWN};
use mapi_session::error::Result;
use mapi_session::flags::{self, OpenProfileSectionFlags};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{Properties, PropertyInterface, Session};

fn read() -> OpenProfileSectionFlags {
    OpenProfileSectionFlags::empty()
}

const MODIFY: OpenProfileSectionFlags = OpenProfileSectionFlags::MAPI_MODIFY;
const FORCE: OpenProfileSectionFlags = OpenProfileSectionFlags::MAPI_FORCE_ACCESS;
/// MUID_PROFILE_INSTANCE.
const INSTANCE: Guid = Guid::mapi(0x0002_0385);
/// The global section: {C8B0DB13-05AA-1A10-9BB0-00AA002FC45A}.
const GLOBAL: Guid = mapi_engine::profiles::GLOBAL_SECTION;

async fn open(session: &Session, uid: Guid, how: OpenProfileSectionFlags) -> Result<Properties> {
    session.open_profile_section(Some(uid), how).await
}

/// A section of the client's own, open for writing.
async fn own(bench: &Bench) -> Properties {
    open(&bench.session(&[]).await, NOBODY, MODIFY).await.unwrap()
}

/// The problems of a call, by the place of the property.
fn problems(done: Result<Vec<mapi_session::PropProblem>>) -> Outcome {
    match done {
        Err(failure) => failure.code().into(),
        Ok(problems) => problems.iter().map(|problem| format!("{}: {}", problem.index, problem.code)).collect::<Vec<_>>().join(", ").into(),
    }
}

pub(super) fn rows(rows: &mut Rows) {
    opening(rows);
    sharing(rows);
    properties(rows);
    writing(rows);
}

fn opening(rows: &mut Rows) {
    rows.of("profiles 3.1", "IMAPISession::OpenProfileSection");
    rows.row("no key", Code::InvalidParameter, |b| async move { code(b.session(&[]).await.open_profile_section(None, read()).await) });
    let cases = [
        ("an unknown key, for reading", NOBODY, read(), Code::NotFound),
        ("an unknown key, MAPI_MODIFY", NOBODY, MODIFY, Code::SOk),
        ("an unknown key, MAPI_DEFERRED_ERRORS", NOBODY, OpenProfileSectionFlags::MAPI_DEFERRED_ERRORS, Code::NotFound),
        ("an unknown key, MAPI_FORCE_ACCESS", NOBODY, FORCE, Code::NotFound),
        ("the instance section, for reading", INSTANCE, read(), Code::SOk),
        ("the instance section, MAPI_MODIFY", INSTANCE, MODIFY, Code::NoAccess),
        ("the global section, for reading", GLOBAL, read(), Code::SOk),
        ("the global section, MAPI_MODIFY", GLOBAL, MODIFY, Code::SOk),
        ("an extra section of a service, for reading", EXTRA, read(), Code::SOk),
        ("an extra section of a service, MAPI_MODIFY", EXTRA, MODIFY, Code::SOk),
    ];
    for (name, uid, how, expected) in cases {
        rows.row(name, expected, move |b| async move { code(open(&b.session(&["pair"]).await, uid, how).await) });
    }
    rows.row("the instance section, MAPI_MODIFY and MAPI_FORCE_ACCESS", Code::NoAccess, |b| async move {
        code(open(&b.session(&[]).await, INSTANCE, MODIFY | FORCE).await)
    });
    for (name, modify, force, expected) in [
        ("the section of a provider, for reading", false, false, Code::NoAccess),
        ("the section of a provider, MAPI_MODIFY", true, false, Code::NoAccess),
        ("the section of a provider, MAPI_FORCE_ACCESS", false, true, Code::SOk),
        ("the section of a provider, MAPI_MODIFY and MAPI_FORCE_ACCESS", true, true, Code::SOk),
    ] {
        rows.row(name, expected, move |b| async move {
            let session = b.session(&["store"]).await;
            let key = b.provider_keys().await.remove(0);
            let how = if modify { MODIFY } else { read() } | if force { FORCE } else { read() };
            code(open(&session, key, how).await)
        });
    }
    rows.row("the section of a service, no flag", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        code(open(&b.session(&[]).await, uid, read()).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(0x8_0009, |flags| code(session.open_profile_section(Some(NOBODY), None, flags)))
    });
    rows.raw("no key and an undefined flag", Code::InvalidParameter, || code(raw::session().1.open_profile_section(None, None, 2)));
    for (name, iid, expected) in [
        ("interface IProfSect", IID_IPROFSECT, Code::SOk),
        ("interface IUnknown", IID_IUNKNOWN, Code::SOk),
        ("interface IMAPIProp", IID_IMAPIPROP, Code::SOk),
        ("another interface", IID_IMSGSTORE, Code::InterfaceNotSupported),
    ] {
        rows.raw(name, expected, move || code(raw::session().1.open_profile_section(Some(NOBODY), Some(iid), 1)));
    }
    rows.of("profiles 3.1", "IMsgServiceAdmin::OpenProfileSection");
    rows.row("no key", Code::InvalidParameter, |b| async move { code(b.work.open_profile_section(None, read()).await) });
    rows.row("an unknown key, for reading", Code::NotFound, |b| async move {
        code(b.work.open_profile_section(Some(NOBODY), read()).await)
    });
    rows.row("an unknown key, MAPI_MODIFY", Code::SOk, |b| async move {
        code(b.work.open_profile_section(Some(NOBODY), MODIFY).await)
    });
    rows.row("the section of a provider, no flag", Code::NoAccess, |b| async move {
        b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        code(b.work.open_profile_section(Some(key), read()).await)
    });
    rows.row("the section of a provider, MAPI_FORCE_ACCESS", Code::SOk, |b| async move {
        b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        code(b.work.open_profile_section(Some(key), FORCE).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let subsystem = raw::subsystem();
        let services = subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap();
        raw::undefined(0x8_0009, |flags| code(services.open_profile_section(Some(NOBODY), None, flags)))
    });
}

/// One section, opened twice.
fn sharing(rows: &mut Rows) {
    rows.of("profiles 3.1", "IMAPISession::OpenProfileSection");
    for (name, first, second, expected) in [
        ("for reading, open for reading", read(), read(), Code::SOk),
        ("MAPI_MODIFY, open for reading", read(), MODIFY, Code::NoAccess),
        ("for reading, open for writing", MODIFY, read(), Code::NoAccess),
        ("MAPI_MODIFY, open for writing", MODIFY, MODIFY, Code::NoAccess),
    ] {
        rows.row(format!("{name} by the same client"), expected, move |b| async move {
            let session = b.session(&[]).await;
            let _held = open(&session, GLOBAL, first).await.unwrap();
            code(open(&session, GLOBAL, second).await)
        });
        rows.row(format!("{name} by another session"), expected, move |b| async move {
            let (one, other) = (b.session(&[]).await, b.session(&[]).await);
            let _held = open(&one, GLOBAL, first).await.unwrap();
            code(open(&other, GLOBAL, second).await)
        });
    }
    rows.row("MAPI_MODIFY, after the writer was released", Code::SOk, |b| async move {
        let session = b.session(&[]).await;
        drop(open(&session, GLOBAL, MODIFY).await.unwrap());
        code(open(&session, GLOBAL, MODIFY).await)
    });
    rows.row("MAPI_MODIFY, after the writer's session logged off", Code::SOk, |b| async move {
        let (one, other) = (b.session(&[]).await, b.session(&[]).await);
        let _held = open(&one, GLOBAL, MODIFY).await.unwrap();
        one.logoff(flags::LogoffFlags::empty()).await.unwrap();
        code(open(&other, GLOBAL, MODIFY).await)
    });
    rows.row("the instance section for reading, open for reading", Code::SOk, |b| async move {
        let session = b.session(&[]).await;
        let _held = open(&session, INSTANCE, read()).await.unwrap();
        code(open(&session, INSTANCE, read()).await)
    });
    rows.row("a provider is logged on while its section is written", Code::SOk, |b| async move {
        let session = b.session(&["store"]).await;
        let key = b.provider_keys().await.remove(0);
        let _held = b.section(key).await;
        code(crate::bench::open_store(&session, 0, flags::OpenMsgStoreFlags::empty()).await)
    });
}

fn properties(rows: &mut Rows) {
    rows.of("profiles 1.1", "IProfSect::GetProps");
    for (name, tag, expected) in [
        ("PR_PROFILE_NAME", tags::PROFILE_NAME, "Work"),
        ("PR_OBJECT_TYPE", tags::OBJECT_TYPE, "0x9"),
    ] {
        for (section, uid) in [("the instance section", INSTANCE), ("the global section", GLOBAL)] {
            rows.row(format!("{name} of {section}"), expected, move |b| async move {
                shown(&value(&open(&b.session(&[]).await, uid, read()).await.unwrap(), tag).await)
            });
        }
    }
    rows.row("PR_SEARCH_KEY of the instance section", "16 bytes", |b| async move {
        shown(&value(&open(&b.session(&[]).await, INSTANCE, read()).await.unwrap(), tags::SEARCH_KEY).await)
    });
    rows.row("PR_SERVICE_UID of a provider is its service", "true", |b| async move {
        let service = b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        let found = value(&b.section(key).await, tags::SERVICE_UID).await;
        (found == Value::Binary(service.0.to_vec())).to_string()
    });
    rows.of("profiles 3.2", "IProfSect::GetProps");
    rows.row("a protected property, by its tag", "s3cret", |b| async move {
        let section = own(&b).await;
        section.set_props(vec![Property::new(SECRET, text("s3cret"))]).await.unwrap();
        shown(&value(&section, SECRET).await)
    });
    rows.row("a protected property, all of them asked for", "absent", |b| async move {
        let section = own(&b).await;
        section.set_props(vec![Property::new(SECRET, text("s3cret"))]).await.unwrap();
        let all = section.get_props(None, flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
        if all.iter().any(|property| property.tag == SECRET) { "present" } else { "absent" }
    });
    rows.row("private data beside the protected range, all of them asked for", "present", |b| async move {
        let section = own(&b).await;
        let private = PropTag(0x67EF_001F);
        section.set_props(vec![Property::new(private, text("x"))]).await.unwrap();
        let all = section.get_props(None, flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
        if all.iter().any(|property| property.tag == private) { "present" } else { "absent" }
    });
    rows.row("what is not there", Code::WErrorsReturned, |b| async move {
        warned(own(&b).await.get_props(Some(&[tags::COMMENT]), flags::GetPropsFlags::empty()).await)
    });
    rows.row("a named property", "MAPI_E_NOT_FOUND", |b| async move { shown(&value(&own(&b).await, PropTag(0x8001_001F)).await) });
    rows.of("profiles 3.2", "IProfSect::GetPropList");
    rows.row("a protected property", "absent", |b| async move {
        let section = own(&b).await;
        section.set_props(vec![Property::new(SECRET, text("s3cret"))]).await.unwrap();
        let all = section.get_prop_list(flags::GetPropListFlags::MAPI_UNICODE).await.unwrap();
        if all.contains(&SECRET) { "present" } else { "absent" }
    });
    rows.of("profiles 3.2", "IProfSect::GetIDsFromNames");
    for (name, how) in [("no flag", flags::GetIdsFromNamesFlags::empty()), ("MAPI_CREATE", flags::GetIdsFromNamesFlags::MAPI_CREATE)] {
        rows.row(name, Code::NoSupport, move |b| async move { code(own(&b).await.get_ids_from_names(None, how).await) });
    }
    rows.of("profiles 3.2", "IProfSect::GetNamesFromIDs");
    rows.row("of a tag", Code::NoSupport, |b| async move {
        code(own(&b).await.get_names_from_ids(Some(&[PropTag(0x8001_001F)]), None, flags::GetNamesFromIdsFlags::empty()).await)
    });
    rows.of("profiles 3.2", "IProfSect::OpenProperty");
    for (name, interface, tag, expected) in [
        ("a string as a stream", PropertyInterface::DataStream, SETTING, Code::SOk),
        ("a number as a stream", PropertyInterface::DataStream, tags::OBJECT_TYPE, Code::NoSupport),
        ("a string as a table", PropertyInterface::Table, SETTING, Code::InterfaceNotSupported),
    ] {
        rows.row(name, expected, move |b| async move {
            let section = own(&b).await;
            section.set_props(vec![Property::new(SETTING, text("x"))]).await.unwrap();
            let (options, how) = (flags::OpenPropertyOptions::empty(), flags::OpenPropertyFlags::empty());
            code(section.open_property(tag, interface, options, how).await)
        });
    }
}

fn writing(rows: &mut Rows) {
    rows.of("profiles 3.2", "IProfSect::SaveChanges");
    rows.row("it is there before SaveChanges", "x", |b| async move {
        let session = b.session(&[]).await;
        let section = open(&session, GLOBAL, MODIFY).await.unwrap();
        section.set_props(vec![Property::new(tags::COMMENT, text("x"))]).await.unwrap();
        drop(section);
        shown(&value(&open(&session, GLOBAL, read()).await.unwrap(), tags::COMMENT).await)
    });
    rows.row("SaveChanges", Code::SOk, |b| async move { code(own(&b).await.save_changes(flags::SaveChangesFlags::empty()).await) });
    rows.of("profiles 3.2", "IProfSect::SetProps");
    for (name, tag) in [
        ("PR_OBJECT_TYPE", tags::OBJECT_TYPE),
        ("PR_RESOURCE_TYPE", tags::RESOURCE_TYPE),
        ("PR_RESOURCE_FLAGS", tags::RESOURCE_FLAGS),
        ("PR_PROVIDER_ORDINAL", tags::PROVIDER_ORDINAL),
    ] {
        rows.row(format!("{name} of a provider"), "0: MAPI_E_COMPUTED", move |b| async move {
            b.add("store").await;
            let key = b.provider_keys().await.remove(0);
            problems(b.section(key).await.set_props(vec![Property::new(tag, Value::Long(1))]).await)
        });
    }
    for (name, tag) in [
        ("PR_PROFILE_NAME", tags::PROFILE_NAME),
        ("PR_PROVIDER_DLL_NAME", tags::PROVIDER_DLL_NAME),
        ("PR_SERVICE_NAME", tags::SERVICE_NAME),
    ] {
        rows.row(format!("{name} of a provider"), "0: MAPI_E_COMPUTED", move |b| async move {
            b.add("store").await;
            let key = b.provider_keys().await.remove(0);
            problems(b.section(key).await.set_props(vec![Property::new(tag, text("x"))]).await)
        });
    }
    for (name, tag) in [("PR_SERVICE_UID", tags::SERVICE_UID), ("PR_PROVIDER_UID", tags::PROVIDER_UID)] {
        rows.row(format!("{name} of a provider"), "0: MAPI_E_COMPUTED", move |b| async move {
            b.add("store").await;
            let key = b.provider_keys().await.remove(0);
            problems(b.section(key).await.set_props(vec![Property::new(tag, Value::Binary(vec![1; 16]))]).await)
        });
    }
    rows.row("identifiers of 0x8000 and more", "1: MAPI_E_UNEXPECTED_ID", |b| async move {
        let named = Property::new(PropTag(0x8001_001F), text("x"));
        problems(own(&b).await.set_props(vec![Property::new(tags::COMMENT, text("x")), named]).await)
    });
    rows.row("the others beside them are stored", "x", |b| async move {
        let section = own(&b).await;
        let named = Property::new(PropTag(0x8001_001F), text("x"));
        section.set_props(vec![named, Property::new(tags::COMMENT, text("x"))]).await.unwrap();
        shown(&value(&section, tags::COMMENT).await)
    });
    rows.row("a section opened for reading", Code::NoAccess, |b| async move {
        let section = open(&b.session(&[]).await, GLOBAL, read()).await.unwrap();
        code(section.set_props(vec![Property::new(tags::COMMENT, text("x"))]).await)
    });
    rows.row("the instance section", Code::NoAccess, |b| async move {
        let section = open(&b.session(&[]).await, INSTANCE, read()).await.unwrap();
        code(section.set_props(vec![Property::new(tags::COMMENT, text("x"))]).await)
    });
    rows.row("PR_DISPLAY_NAME of a store: the table of stores", "Mine", |b| async move {
        let session = b.session(&["store"]).await;
        let table = crate::bench::store_table(&session).await;
        let key = b.provider_keys().await.remove(0);
        b.section(key).await.set_props(vec![Property::new(tags::DISPLAY_NAME, text("Mine"))]).await.unwrap();
        list(&crate::bench::column(&table, tags::DISPLAY_NAME).await)
    });
    rows.of("profiles 3.2", "IProfSect::DeleteProps");
    rows.row("what is there", "MAPI_E_NOT_FOUND", |b| async move {
        let section = own(&b).await;
        section.set_props(vec![Property::new(tags::COMMENT, text("x"))]).await.unwrap();
        section.delete_props(&[tags::COMMENT]).await.unwrap();
        shown(&value(&section, tags::COMMENT).await)
    });
    rows.row("what is not there", "", |b| async move { problems(own(&b).await.delete_props(&[tags::COMMENT]).await) });
    rows.row("a section opened for reading", Code::NoAccess, |b| async move {
        code(open(&b.session(&[]).await, GLOBAL, read()).await.unwrap().delete_props(&[tags::COMMENT]).await)
    });
    rows.row("no tags", Code::InvalidParameter, |b| async move { code(own(&b).await.delete_props(&[]).await) });
}
