//! Backing up and restoring a data folder: while it is in use, with every identifier, killed at any moment.

use crate::mailbox::{id, message, write_mbox};
use crate::moments::Moments;
use crate::running::{Data, command, give_component, run_in};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn with_mail(messages: usize) -> Data {
    let data = Data::new();
    let archive = data.beside("first.mbox");
    write_mbox(&archive, (0..messages).map(message));
    data.import(&archive, "Inbox");
    data
}

fn more(data: &Data, numbers: std::ops::Range<usize>) {
    let archive = data.beside("more.mbox");
    write_mbox(&archive, numbers.map(message));
    data.import(&archive, "Inbox");
}

fn spawn(data: &Path, arguments: [&std::ffi::OsStr; 2]) -> Child {
    command(data).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_restored_folder_is_as_it_was_and_its_entry_identifiers_are_valid() {
    let data = with_mail(12);
    let entry_ids = data.column("Inbox", "PR_ENTRYID");
    let backup = data.beside("backup");
    data.run(["backup".as_ref(), backup.as_os_str()]).succeeds();
    more(&data, 100..130);
    assert_eq!(data.count("Inbox"), 42);
    data.run(["profile", "create", "Later"]).succeeds();

    let said = data.run(["restore".as_ref(), backup.as_os_str()]).succeeds().stdout;
    assert_eq!(data.column("Inbox", "PR_ENTRYID"), entry_ids);
    for entry_id in &entry_ids {
        data.run(["show", entry_id]).succeeds();
    }
    assert!(!data.run(["profile", "list"]).succeeds().stdout.contains("Later"));
    data.run(["check"]).succeeds();
    // What was replaced is kept.
    let kept = data.beside("data.replaced");
    assert!(said.contains(&kept.display().to_string()), "{said}");
    assert_eq!(run_in(&kept, ["table", "--count"]).succeeds().stdout.trim(), "42");
    // And a backup is a data folder itself; used as one, it can still be restored from, here to a new place.
    let elsewhere = data.beside("elsewhere");
    run_in(&elsewhere, ["restore".as_ref(), backup.as_os_str()]).succeeds();
    give_component(&elsewhere);
    assert_eq!(run_in(&elsewhere, ["table", "--count"]).succeeds().stdout.trim(), "12");
}

#[test]
fn what_cannot_be_backed_up_or_restored_is_named_and_nothing_changes() {
    let data = with_mail(3);
    let there = data.beside("there");
    std::fs::create_dir(&there).unwrap();
    data.run(["backup".as_ref(), there.as_os_str()]).refuses(&["exists already", "Name a new folder"]);
    run_in(&there, ["backup".as_ref(), data.beside("new").as_os_str()]).refuses(&["is no data folder"]);
    data.run(["restore".as_ref(), there.as_os_str()]).refuses(&["is no data folder"]);
    // A damaged backup.
    let backup = data.beside("backup");
    data.run(["backup".as_ref(), backup.as_os_str()]).succeeds();
    let stores = std::fs::read_dir(backup.join("stores")).unwrap().map(|entry| entry.unwrap().path());
    for store in stores {
        let mut bytes = std::fs::read(&store).unwrap();
        let middle = bytes.len() / 2;
        bytes[8192..middle].fill(0x5A);
        std::fs::write(&store, bytes).unwrap();
    }
    data.run(["restore".as_ref(), backup.as_os_str()]).refuses(&["damaged"]);
    assert_eq!(data.count("Inbox"), 3);
    let beside: Vec<_> =
        std::fs::read_dir(data.path().parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().starts_with('.')), "{beside:?}");
}

#[test]
fn a_folder_in_use_can_be_backed_up_but_not_restored() {
    let data = with_mail(20);
    let archive = data.beside("long.mbox");
    write_mbox(&archive, (100..1_100).map(message));
    let mut import = data.start_import(&archive);
    let (mut backups, mut between) = (Vec::new(), 0);
    while import.try_wait().unwrap().is_none() {
        let backup = data.beside(&format!("backup-{}", backups.len()));
        data.run(["backup".as_ref(), backup.as_os_str()]).succeeds();
        backups.push(backup);
    }
    assert!(import.wait().unwrap().success());
    assert!(!backups.is_empty());
    let mut last = 20;
    for backup in &backups {
        give_component(backup);
        run_in(backup, ["check"]).succeeds();
        let count: usize = run_in(backup, ["table", "--count"]).succeeds().stdout.trim().parse().unwrap();
        assert!((last..=1_020).contains(&count), "{count} after {last}");
        between += usize::from(count > 20 && count < 1_020);
        last = count;
    }
    println!("{} backups, {between} of them in the middle of the import", backups.len());

    // Held by a process that waits for an archive nobody writes.
    let pipe = data.beside("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut waiting = data.start_import(&pipe);
    let held = Instant::now();
    while std::fs::read_dir(data.path().join("leases")).unwrap().count() < 2 {
        assert!(held.elapsed() < Duration::from_secs(60), "the process does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    data.run(["restore".as_ref(), backups[0].as_os_str()]).refuses(&["is in use", "try again"]);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(data.count("Inbox"), 1_020);
    data.run(["restore".as_ref(), backups[0].as_os_str()]).succeeds();
}

#[test]
fn a_backup_killed_at_any_moment_is_whole_or_not_there() {
    const KILLS: usize = 12;
    let data = with_mail(400);
    let whole = Instant::now();
    data.run(["backup".as_ref(), data.beside("undisturbed").as_os_str()]).succeeds();
    let whole = whole.elapsed();
    let mut moments = Moments::new();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        let target = data.beside(&format!("killed-{kill}"));
        let mut backup = spawn(&data.path(), ["backup".as_ref(), target.as_os_str()]);
        std::thread::sleep(moments.next_below(whole));
        backup.kill().unwrap();
        interrupted += usize::from(!backup.wait().unwrap().success());
        if target.exists() {
            give_component(&target);
            assert_eq!(run_in(&target, ["table", "--count"]).succeeds().stdout.trim(), "400");
            run_in(&target, ["check"]).succeeds();
        }
    }
    println!("{KILLS} kills, {interrupted} before the end");
    assert!(interrupted > 0, "the moments miss the backup");
    assert_eq!(data.count("Inbox"), 400);
}

#[test]
fn a_restore_killed_at_any_moment_leaves_the_old_or_the_new() {
    const KILLS: usize = 12;
    let data = with_mail(100);
    let backup = data.beside("backup");
    data.run(["backup".as_ref(), backup.as_os_str()]).succeeds();
    more(&data, 200..400);
    let newer = data.beside("newer");
    data.run(["backup".as_ref(), newer.as_os_str()]).succeeds();
    let old: BTreeSet<String> = (0..100).map(id).collect();
    let new: BTreeSet<String> = (0..100).chain(200..400).map(id).collect();

    let whole = Instant::now();
    data.run(["restore".as_ref(), newer.as_os_str()]).succeeds();
    let whole = whole.elapsed();
    let mut moments = Moments::new();
    for kill in 0..KILLS {
        let source = if kill % 2 == 0 { &backup } else { &newer };
        let mut restore = spawn(&data.path(), ["restore".as_ref(), source.as_os_str()]);
        std::thread::sleep(moments.next_below(whole));
        restore.kill().unwrap();
        restore.wait().unwrap();
        give_component(&data.path());
        let stored: BTreeSet<String> = data.column("Inbox", "id").into_iter().collect();
        assert!(stored == old || stored == new, "kill {kill}: {} messages", stored.len());
        data.run(["check"]).succeeds();
    }
}
