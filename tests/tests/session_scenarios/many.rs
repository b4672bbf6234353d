//! Many logons at a time, of one profile and of as many profiles, from one process and from ten; and what a second
//! logon sees. `LOGON_ROUNDS` says how often.

use crate::bench::{Bench, code, engine};
use mapi_session::error::Code;
use mapi_session::flags::{self, LogonFlags, OpenMsgStoreFlags};
use mapi_session::properties::tags;
use mapi_session::{Backends, Limits, LogonOptions};
use mapi_tests::clients::{column, list, open_store, store_table};
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::task::JoinSet;

/// Logons at a time.
const LOGONS: usize = 200;
/// Processes they come from.
const PROCESSES: usize = 10;

/// What a child is given: the data folder, and the profiles it logs on to.
const FOLDER: &str = "LOGONS_FOLDER";
const PROFILES: &str = "LOGONS_PROFILES";
/// What it says before the number of its logons.
const LOGGED_ON: &str = "logged on: ";

/// Each by a subsystem of its own, all at a time: every store is seen, opened for writing, and read.
async fn log_on(folder: &Path, profiles: Vec<String>) -> usize {
    let backends = Backends::embedded(folder).unwrap();
    let mut running = JoinSet::new();
    for profile in profiles {
        let backends = backends.clone();
        running.spawn(async move {
            let subsystem = engine().subsystem(&backends, Limits::default()).await.unwrap();
            let session = subsystem.logon(LogonOptions::profile(profile)).await.unwrap();
            let store = open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
            store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap();
            session.logoff(flags::LogoffFlags::empty()).await.unwrap();
        });
    }
    running.join_all().await.len()
}

/// A bench with so many profiles beside `Work`, which has a store like each of them.
async fn bench(profiles: usize) -> (Bench, Vec<String>) {
    let bench = Bench::new().await;
    bench.add("mapi.store", &[]).await;
    let mut names = Vec::new();
    for number in 0..profiles {
        let name = format!("User {number}");
        bench.admin.copy_profile("Work", &name, flags::CopyProfileFlags::empty()).await.unwrap();
        names.push(name);
    }
    (bench, names)
}

fn rounds() -> usize {
    std::env::var("LOGON_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// Nobody is on the profile any more: it can be deleted and made again at once.
async fn check_nobody_is_left(bench: &Bench) {
    bench.admin.delete_profile("Work").await.unwrap();
    bench.admin.create_profile("Work", flags::CreateProfileFlags::empty()).await.unwrap();
}

/// The logons divided among processes, which are this test run again for a part of them.
async fn log_on_from_processes(bench: &Bench, profiles: &[String]) {
    let mut children = Vec::new();
    for part in profiles.chunks(profiles.len() / PROCESSES) {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "many::a_process_of_several_that_log_on", "--nocapture"])
            .env(FOLDER, bench.path())
            .env(PROFILES, part.join("\n"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        children.push(child.unwrap());
    }
    assert_eq!(children.len(), PROCESSES);
    for child in children {
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let count = said.lines().find_map(|line| line.strip_prefix(LOGGED_ON)).map(|count| count.parse::<usize>().unwrap());
        assert_eq!(count, Some(LOGONS / PROCESSES), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_of_several_that_log_on() {
    // Without a folder it is nobody's child, and there is nothing to do.
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let profiles = std::env::var(PROFILES).unwrap();
    let count = log_on(Path::new(&folder), profiles.lines().map(str::to_owned).collect()).await;
    println!("\n{LOGGED_ON}{count}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_log_on_to_one_profile_at_a_time() {
    let (bench, _) = bench(0).await;
    for _ in 0..rounds() {
        assert_eq!(log_on(bench.path(), vec!["Work".to_owned(); LOGONS]).await, LOGONS);
        log_on_from_processes(&bench, &vec!["Work".to_owned(); LOGONS]).await;
    }
    check_nobody_is_left(&bench).await;
    assert_eq!(bench.files("stores"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_log_on_to_a_profile_each_at_a_time() {
    let (bench, profiles) = bench(LOGONS).await;
    for _ in 0..rounds() {
        assert_eq!(log_on(bench.path(), profiles.clone()).await, LOGONS);
        log_on_from_processes(&bench, &profiles).await;
    }
    let table = bench.admin.get_profile_table(flags::GetProfileTableFlags::empty()).await.unwrap();
    assert_eq!(table.get_row_count().await.unwrap().value as usize, LOGONS + 2);
    check_nobody_is_left(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_logon_sees_and_opens_every_store() {
    let bench = Bench::new().await;
    for service in ["mapi.store", "mapi.store", "told.store"] {
        bench.add(service, &[]).await;
    }
    let stores = "Mailbox, Mailbox, Told store, Store beside it";
    let first = bench.logon(Some("Work"), LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
    let mut held = Vec::new();
    for at in 0..4 {
        held.push(open_store(&first, at, OpenMsgStoreFlags::MDB_WRITE).await.unwrap());
    }
    let apart = engine().subsystem(&bench.backends, Limits::default()).await.unwrap();
    let others = [
        bench.logon(Some("Work"), LogonFlags::empty()).await.unwrap(),
        bench.logon(Some("Work"), LogonFlags::MAPI_NEW_SESSION).await.unwrap(),
        apart.logon(LogonOptions::profile("Work")).await.unwrap(),
    ];
    for other in &others {
        assert_eq!(list(&column(&store_table(other).await, tags::DISPLAY_NAME).await), stores);
        for at in 0..4 {
            assert_eq!(code(open_store(other, at, OpenMsgStoreFlags::MDB_WRITE).await), Code::SOk, "{at}");
        }
    }
}
