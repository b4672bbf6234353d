//! IProfAdmin (`profiles` 1.2, 1.5, 4.2).

use crate::bench::{Bench, column, list};
use crate::raw;
use crate::table::{Rows, code, warned};
use mapi_engine::error::Code;
use mapi_engine::profiles::ProfAdmin;
use mapi_session::flags::{CopyProfileFlags, CreateProfileFlags, GetProfileTableFlags, RenameProfileFlags};
use mapi_session::properties::tags;

fn none() -> CreateProfileFlags {
    CreateProfileFlags::empty()
}


/// An administration that outlives its subsystem would be dead: the row keeps both.
fn with_admin<R>(run: impl FnOnce(&ProfAdmin) -> R) -> R {
    let subsystem = raw::subsystem();
    run(&subsystem.admin_profiles(0).unwrap())
}

async fn names(bench: &Bench, how: GetProfileTableFlags) -> String {
    let table = bench.admin.get_profile_table(how | GetProfileTableFlags::MAPI_UNICODE).await.unwrap();
    list(&column(&table, tags::DISPLAY_NAME).await)
}

async fn app(bench: &Bench) {
    bench.admin.create_profile("App", CreateProfileFlags::MAPI_APP_PROFILE).await.unwrap();
}

pub(super) fn rows(rows: &mut Rows) {
    table(rows);
    create(rows);
    delete(rows);
    copy_and_rename(rows);
    others(rows);
}

fn table(rows: &mut Rows) {
    rows.of("profiles 4.2", "IProfAdmin::GetProfileTable");
    rows.row("no flag: by creation, without application profiles", "Work, Home", |b| async move {
        app(&b).await;
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.row("MAPI_APP_PROFILE", "Work, Home, App", |b| async move {
        app(&b).await;
        names(&b, GetProfileTableFlags::MAPI_APP_PROFILE).await
    });
    rows.row("PR_DEFAULT_PROFILE: no default", "false, false", |b| async move {
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.row("PR_DEFAULT_PROFILE: one", "false, true", |b| async move {
        b.admin.set_default_profile(Some("Home")).await.unwrap();
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.row("it never changes after it was returned", "Work, Home", |b| async move {
        let table = b.admin.get_profile_table(GetProfileTableFlags::MAPI_UNICODE).await.unwrap();
        b.admin.delete_profile("Home").await.unwrap();
        list(&column(&table, tags::DISPLAY_NAME).await)
    });
    rows.row("Advise on it", Code::NoSupport, |b| async move {
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        code(table.advise(mapi_session::flags::EventMask::FNEV_TABLE_MODIFIED).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0x4, |flags| code(admin.get_profile_table(flags))))
    });
}

fn create(rows: &mut Rows) {
    rows.of("profiles 4.2", "IProfAdmin::CreateProfile");
    for (name, how) in [
        ("no flag", none()),
        ("MAPI_DEFAULT_SERVICES", CreateProfileFlags::MAPI_DEFAULT_SERVICES),
        ("MAPI_APP_PROFILE", CreateProfileFlags::MAPI_APP_PROFILE),
        ("MAPI_DIALOG alone", CreateProfileFlags::MAPI_DIALOG),
        ("MAPI_UNICODE", CreateProfileFlags::MAPI_UNICODE),
    ] {
        rows.row(name, Code::SOk, move |b| async move { warned(b.admin.create_profile("New", how).await) });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0xD, |flags| code(admin.create_profile("New", None, 0, flags))))
    });
    let good = ["Büro 2", "a_b", "日本", "x"];
    for name in good {
        rows.row(format!("the name {name:?}"), Code::SOk, move |b| async move { warned(b.admin.create_profile(name, none()).await) });
    }
    rows.row("a name of 64 characters", Code::SOk, |b| async move { warned(b.admin.create_profile(&"é".repeat(64), none()).await) });
    rows.row("a name of 65 characters", Code::StringTooLong, |b| async move {
        code(b.admin.create_profile(&"é".repeat(65), none()).await)
    });
    for name in ["", " a", "a ", "a-b", "a/b", "a\0", "a.b", "a\tb"] {
        rows.row(format!("the name {name:?}"), Code::InvalidParameter, move |b| async move {
            code(b.admin.create_profile(name, none()).await)
        });
    }
    for name in ["Work", "WORK", "work"] {
        rows.row(format!("the name {name:?}, which is taken"), Code::NoAccess, move |b| async move {
            code(b.admin.create_profile(name, none()).await)
        });
    }
    rows.row("the name of a profile marked for deletion", Code::NoAccess, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        code(b.admin.create_profile("Work", none()).await)
    });
    rows.row("the name a profile in use will have", Code::NoAccess, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.rename_profile("Work", "Office", RenameProfileFlags::empty()).await.unwrap();
        code(b.admin.create_profile("office", none()).await)
    });
    rows.raw("an empty password", Code::SOk, || with_admin(|admin| code(admin.create_profile("New", Some(""), 0, 0))));
    rows.raw("a password", Code::LogonFailed, || with_admin(|admin| code(admin.create_profile("New", Some("x"), 0, 0))));
    rows.raw("MAPI_DEFAULT_SERVICES, an entry point fails", (Code::WErrorsReturned, "nothing works"), || {
        use mapi_engine::backend::ProviderKind;
        use mapi_engine::memory::{MemoryCatalogue, MemoryHost};
        let service = MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory");
        let fails = |_: &_| Err(mapi_engine::error::Failure::new(Code::ExtendedError, "nothing works"));
        let host = MemoryHost::new().with_catalogue(MemoryCatalogue::new(vec![service]).with_entry_point("store", fails));
        let subsystem = mapi_engine::session::Subsystem::new(std::rc::Rc::new(host));
        subsystem.initialize(None).unwrap();
        let admin = subsystem.admin_profiles(0).unwrap();
        let code = warned(admin.create_profile("New", None, 0, 1));
        (code, admin.get_last_error(code, 0).unwrap().map_or_else(String::new, |error| error.error))
    });
}

fn delete(rows: &mut Rows) {
    rows.of("profiles 4.2", "IProfAdmin::DeleteProfile");
    rows.row("a profile", Code::SOk, |b| async move { code(b.admin.delete_profile("Home").await) });
    rows.row("the name in other case", Code::SOk, |b| async move { code(b.admin.delete_profile("hOME").await) });
    rows.row("an unknown one", Code::NotFound, |b| async move { code(b.admin.delete_profile("Nobody").await) });
    rows.row("an application profile without MAPI_APP_PROFILE", Code::NoAccess, |b| async move {
        app(&b).await;
        code(b.admin.delete_profile("App").await)
    });
    rows.raw("an application profile with it", Code::SOk, || {
        with_admin(|admin| {
            admin.create_profile("App", None, 0, 0x4).unwrap();
            code(admin.delete_profile("App", 0x4))
        })
    });
    rows.row("the default profile: none remains", "false", |b| async move {
        b.admin.set_default_profile(Some("Home")).await.unwrap();
        b.admin.delete_profile("Home").await.unwrap();
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0x4, |flags| code(admin.delete_profile("Work", flags))))
    });
    rows.of("profiles 1.5", "IProfAdmin::DeleteProfile");
    rows.row("a profile in use: the table", "Home", |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.row("a profile in use, again", Code::NotFound, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        code(b.admin.delete_profile("Work").await)
    });
    rows.row("a profile in use: AdminServices by name", Code::LogonFailed, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        code(b.admin.admin_services("Work").await)
    });
    rows.row("a profile in use: its session goes on", Code::SOk, |b| async move {
        let session = b.session(&["store"]).await;
        b.admin.delete_profile("Work").await.unwrap();
        code(crate::bench::open_store(&session, 0, mapi_session::flags::OpenMsgStoreFlags::empty()).await)
    });
}

fn copy_and_rename(rows: &mut Rows) {
    let (copy, rename) = (CopyProfileFlags::empty(), RenameProfileFlags::empty());
    let cases = [
        ("a free name", "Work", "New", Code::SOk),
        ("an unknown profile", "Nobody", "New", Code::NotFound),
        ("a name that is taken", "Work", "Home", Code::NoAccess),
        ("a name that is taken, in other case", "Work", "hOME", Code::NoAccess),
        ("an application profile without MAPI_APP_PROFILE", "App", "New", Code::NoAccess),
        ("a malformed name", "Work", "a/b", Code::InvalidParameter),
        ("no name", "Work", "", Code::InvalidParameter),
    ];
    rows.of("profiles 4.2", "IProfAdmin::CopyProfile");
    for (name, old, new, expected) in cases {
        rows.row(name, expected, move |b| async move {
            app(&b).await;
            code(b.admin.copy_profile(old, new, copy).await)
        });
    }
    rows.row("a name of 65 characters", Code::StringTooLong, move |b| async move {
        code(b.admin.copy_profile("Work", &"x".repeat(65), copy).await)
    });
    rows.row("MAPI_APP_PROFILE: the copy of an application profile is one", "Work, Home", |b| async move {
        app(&b).await;
        b.admin.copy_profile("App", "New", CopyProfileFlags::MAPI_APP_PROFILE).await.unwrap();
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.row("MAPI_APP_PROFILE: the copy of another profile is none", "Work, Home, New", |b| async move {
        b.admin.copy_profile("Work", "New", CopyProfileFlags::MAPI_APP_PROFILE).await.unwrap();
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.row("MAPI_DIALOG", Code::SOk, |b| async move {
        code(b.admin.copy_profile("Work", "New", CopyProfileFlags::MAPI_DIALOG).await)
    });
    rows.row("the default mark is not copied", "true, false, false", move |b| async move {
        b.admin.set_default_profile(Some("Work")).await.unwrap();
        b.admin.copy_profile("Work", "New", copy).await.unwrap();
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.raw("a password", Code::LogonFailed, || with_admin(|admin| code(admin.copy_profile("Work", Some("x"), "New", 0, 0))));
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0xC, |flags| code(admin.copy_profile("Work", None, "New", 0, flags))))
    });
    rows.of("profiles 4.2", "IProfAdmin::RenameProfile");
    for (name, old, new, expected) in cases {
        rows.row(name, expected, move |b| async move {
            app(&b).await;
            code(b.admin.rename_profile(old, new, rename).await)
        });
    }
    rows.row("a name of 65 characters", Code::StringTooLong, move |b| async move {
        code(b.admin.rename_profile("Work", &"x".repeat(65), rename).await)
    });
    rows.row("its own name in other case", "WORK, Home", move |b| async move {
        b.admin.rename_profile("Work", "WORK", rename).await.unwrap();
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.row("MAPI_APP_PROFILE, an application profile", Code::SOk, |b| async move {
        app(&b).await;
        code(b.admin.rename_profile("App", "New", RenameProfileFlags::MAPI_APP_PROFILE).await)
    });
    rows.row("the default mark follows", "true, false", move |b| async move {
        b.admin.set_default_profile(Some("Work")).await.unwrap();
        b.admin.rename_profile("Work", "Office", rename).await.unwrap();
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.row("a profile in use keeps its name meanwhile", "Work, Home", move |b| async move {
        let _session = b.session(&[]).await;
        b.admin.rename_profile("Work", "Office", rename).await.unwrap();
        names(&b, GetProfileTableFlags::empty()).await
    });
    rows.raw("a password", Code::LogonFailed, || with_admin(|admin| code(admin.rename_profile("Work", Some("x"), "New", 0, 0))));
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0x4, |flags| code(admin.rename_profile("Work", None, "New", 0, flags))))
    });
}

fn others(rows: &mut Rows) {
    rows.of("profiles 4.2", "IProfAdmin::ChangeProfilePassword");
    for name in ["Work", "Nobody", ""] {
        rows.row(format!("the profile {name:?}"), Code::SOk, move |b| async move {
            code(b.admin.change_profile_password(name, "old", "new").await)
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE, |flags| code(admin.change_profile_password("Work", "", "", flags))))
    });
    rows.of("profiles 4.2", "IProfAdmin::SetDefaultProfile");
    for (name, profile, expected) in [
        ("a profile", Some("Work"), Code::SOk),
        ("none", None, Code::SOk),
        ("an unknown one", Some("Nobody"), Code::NotFound),
        ("an application profile", Some("App"), Code::CallFailed),
    ] {
        rows.row(name, expected, move |b| async move {
            app(&b).await;
            code(b.admin.set_default_profile(profile).await)
        });
    }
    rows.row("another: the former is none any more", "false, true", |b| async move {
        b.admin.set_default_profile(Some("Work")).await.unwrap();
        b.admin.set_default_profile(Some("Home")).await.unwrap();
        let table = b.admin.get_profile_table(GetProfileTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::DEFAULT_PROFILE).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE, |flags| code(admin.set_default_profile(Some("Work"), flags))))
    });
    rows.of("profiles 4.2", "IProfAdmin::AdminServices");
    for (name, profile, expected) in [
        ("a profile", "Work", Code::SOk),
        ("the name in other case", "wORK", Code::SOk),
        ("an unknown one", "Nobody", Code::LogonFailed),
        ("a malformed name", " Work", Code::LogonFailed),
        ("a name with a slash", "Wo/rk", Code::LogonFailed),
    ] {
        rows.row(name, expected, move |b| async move { code(b.admin.admin_services(profile).await) });
    }
    rows.row("a name of 65 characters", Code::LogonFailed, |b| async move {
        code(b.admin.admin_services(&"x".repeat(65)).await)
    });
    rows.raw("MAPI_DIALOG", Code::SOk, || with_admin(|admin| code(admin.admin_services("Work", None, 0, 0x8))));
    rows.raw("a password", Code::LogonFailed, || with_admin(|admin| code(admin.admin_services("Work", Some("x"), 0, 0))));
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_admin(|admin| raw::undefined(raw::UNICODE | 0x8, |flags| code(admin.admin_services("Work", None, 0, flags))))
    });
}
