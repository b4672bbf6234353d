//! MAPIInitialize, MAPIUninitialize and what needs them (`session` 1), and what takes no flags.

use crate::bench::{Bench, engine};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::memory::MemoryHost;
use mapi_engine::session::{InitializeOptions, Subsystem as RawSubsystem};
use mapi_session::{Limits, LogonOptions, Subsystem, flags};
use std::rc::Rc;
use std::time::Duration;

async fn fresh(bench: &Bench) -> Subsystem {
    engine().instantiate(&bench.backends, Limits::default()).await.unwrap()
}

fn unused() -> RawSubsystem {
    RawSubsystem::new(Rc::new(MemoryHost::new()))
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("session 1", "MAPIInitialize");
    rows.row("options absent", Code::SOk, |b| async move { code(fresh(&b).await.initialize(None).await) });
    let every = [
        ("MAPI_MULTITHREAD_NOTIFICATIONS", flags::InitializeFlags::MAPI_MULTITHREAD_NOTIFICATIONS),
        ("MAPI_NO_COINIT", flags::InitializeFlags::MAPI_NO_COINIT),
        ("MAPI_NT_SERVICE", flags::InitializeFlags::MAPI_NT_SERVICE),
        ("all defined flags", flags::InitializeFlags::all()),
    ];
    for (name, how) in every {
        rows.row(name, Code::SOk, move |b| async move { code(fresh(&b).await.initialize(Some(how)).await) });
    }
    rows.row("again, with other flags", Code::SOk, |b| async move {
        code(b.subsystem.initialize(Some(flags::InitializeFlags::MAPI_NT_SERVICE)).await)
    });
    rows.raw("version 1", Code::InvalidParameter, || {
        code(unused().initialize(Some(InitializeOptions { version: 1, flags: 0 })))
    });
    rows.raw("version 1 and an undefined flag", Code::InvalidParameter, || {
        code(unused().initialize(Some(InitializeOptions { version: 1, flags: 0x4000_0000 })))
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        raw::undefined(0x1_0009, |flags| code(unused().initialize(Some(InitializeOptions { version: 0, flags }))))
    });
    rows.of("session 1", "MAPIUninitialize");
    rows.row("one for each of two initialises", "S_OK, then MAPI_E_NOT_INITIALIZED", |b| async move {
        b.subsystem.initialize(None).await.unwrap();
        b.subsystem.uninitialize().await.unwrap();
        let once = code(b.subsystem.admin_profiles().await);
        b.subsystem.uninitialize().await.unwrap();
        format!("{once}, then {}", code(b.subsystem.admin_profiles().await))
    });
    rows.row("the last one, with a session", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        b.subsystem.uninitialize().await.unwrap();
        code(session.get_status_table(flags::GetStatusTableFlags::empty()).await)
    });
    rows.row("the last one, with an administration", Code::InvalidObject, |b| async move {
        b.subsystem.uninitialize().await.unwrap();
        code(b.admin.get_profile_table(flags::GetProfileTableFlags::empty()).await)
    });
    rows.row("a surplus one, then initialise", Code::SOk, |b| async move {
        for _ in 0..3 {
            b.subsystem.uninitialize().await.unwrap();
        }
        b.subsystem.initialize(None).await.unwrap();
        code(b.subsystem.admin_profiles().await)
    });
    rows.of("session 1", "MAPILogonEx");
    rows.row("before initialise", Code::NotInitialized, |b| async move {
        code(fresh(&b).await.logon(LogonOptions::profile("Work")).await)
    });
    rows.row("after a service's initialise", Code::SOk, |b| async move {
        let fresh = fresh(&b).await;
        fresh.initialize(Some(flags::InitializeFlags::MAPI_NT_SERVICE)).await.unwrap();
        code(fresh.logon(LogonOptions::profile("Work")).await)
    });
    rows.of("session 1", "MAPIAdminProfiles");
    rows.row("before initialise", Code::NotInitialized, |b| async move { code(fresh(&b).await.admin_profiles().await) });
    rows.row("after initialise", Code::SOk, |b| async move { code(b.subsystem.admin_profiles().await) });
    rows.raw("every flag", Code::InvalidParameter, || {
        let subsystem = raw::subsystem();
        raw::reserved(|flags| code(subsystem.admin_profiles(flags)))
    });
    rows.raw("a flag before initialise", Code::NotInitialized, || code(unused().admin_profiles(1)));
    rows.of("session 8.4", "DispatchNotifications");
    rows.row("before initialise", Code::NotInitialized, |b| async move {
        code(fresh(&b).await.dispatch_notifications().await)
    });
    rows.row("nothing is due", "0", |b| async move { b.subsystem.dispatch_notifications().await.unwrap().to_string() });
    rows.raw("every flag", Code::InvalidParameter, || {
        let subsystem = raw::subsystem();
        raw::reserved(|flags| code(subsystem.dispatch_notifications(flags, 0)))
    });
    rows.of("session 8.5", "turns");
    rows.row("before initialise", Code::NotInitialized, |b| async move {
        code(fresh(&b).await.pump(Duration::ZERO).await)
    });
    rows.row("nothing waits", Code::SOk, |b| async move { code(b.subsystem.pump(Duration::ZERO).await) });
}
