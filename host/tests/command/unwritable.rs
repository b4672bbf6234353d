//! Places that take nothing: what only reads works there, what writes says why it does not.

use crate::bad_input::with_mail;
use crate::mailbox::{message, write_mbox};
use crate::places::Mounted;
use crate::running::{Data, give_component, run_in};
use std::io::Write;

/// Commands that read, and what they say of these mails.
fn reads(data: &Data) -> Vec<String> {
    let commands: [&[&str]; 7] = [
        &["profile", "list"],
        &["folders"],
        &["table", "Inbox"],
        &["table", "Inbox", "--restrict", "subject contains \"2\"", "--sort", "-subject"],
        &["show", "Inbox:1"],
        &["ab", "list"],
        &["status"],
    ];
    let mut said: Vec<String> = commands.iter().map(|command| data.run(*command).succeeds().stdout).collect();
    said.push(data.run(["check"]).succeeds().stdout);
    let target = data.beside("copy.mbox");
    data.run(["export".as_ref(), "Inbox".as_ref(), target.as_os_str()]).succeeds();
    said.push(std::fs::read_to_string(&target).unwrap());
    std::fs::remove_file(&target).unwrap();
    said
}

#[test]
fn mail_is_read_in_a_folder_that_cannot_be_written() {
    let data = with_mail();
    let before = reads(&data);
    {
        let Some(_read_only) = Mounted::read_only(&data.path()) else { return };
        assert_eq!(reads(&data), before);
        data.run(["mark", "read", "Inbox:0"]).refuses(&[]);
    }
    // As after a process that was killed: what it has committed is in the log alone.
    let store = data.store_file();
    let (log, copy) = (beside(&store, "-wal"), data.beside("store"));
    let database = rusqlite::Connection::open(&store).unwrap();
    database.query_row("SELECT count(*) FROM state", [], |row| row.get::<_, i64>(0)).unwrap();
    let archive = data.beside("more.mbox");
    write_mbox(&archive, [message(3)]);
    data.import(&archive, "Inbox");
    std::fs::copy(&store, &copy).unwrap();
    let logged = std::fs::read(&log).unwrap();
    drop(database);
    std::fs::copy(&copy, &store).unwrap();
    std::fs::write(&log, &logged).unwrap();
    let Some(_read_only) = Mounted::read_only(&data.path()) else { return };
    assert_eq!(data.count("Inbox"), 4);
    assert_ne!(reads(&data), before);
    assert_eq!(std::fs::read(&log).unwrap(), logged, "nothing was written");
}

/// A file whose name has that behind it.
fn beside(path: &std::path::Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn mail_is_read_on_a_disk_that_is_full_to_the_last_byte() {
    let data = Data::bare();
    let Some(_disk) = Mounted::tmpfs(&data.path(), 96) else { return };
    give_component(&data.path());
    data.run(["profile", "create", "Me", "--default"]).succeeds();
    let archive = data.beside("three.mbox");
    write_mbox(&archive, (0..3).map(message));
    data.import(&archive, "Inbox");
    let before = reads(&data);
    write_mbox(&archive, (10..20).map(message));
    let filler = data.path().join("filler");
    fill(&filler, 0);
    assert_eq!(reads(&data), before);
    data.run(["import".as_ref(), archive.as_os_str()]).refuses(&["is full", "Free some space"]);
    data.run(["mark", "read", "Inbox:0"]).refuses(&["is full", "Free some space"]);
    data.run(["profile", "create", "Other"]).refuses(&["is full", "Free some space"]);
    std::fs::remove_file(&filler).unwrap();
    data.run(["mark", "read", "Inbox:0"]).succeeds();
    data.run(["check"]).succeeds();
}

#[test]
fn a_full_disk_stops_an_import_and_more_space_continues_it() {
    let around = tempfile::tempdir().unwrap();
    let Some(_disk) = Mounted::tmpfs(around.path(), 96) else { return };
    let data = around.path().join("data");
    give_component(&data);
    run_in(&data, ["profile", "create", "Me", "--default"]).succeeds();
    run_in(&data, ["folders"]).succeeds();
    let archive = tempfile::NamedTempFile::new().unwrap();
    write_mbox(archive.path(), (0..600).map(message));

    let filler = around.path().join("filler");
    fill(&filler, 8 << 20);
    let said = run_in(&data, ["import".as_ref(), archive.path().as_os_str()]).refuses(&["is full", "Free some space"]).stderr;
    std::fs::remove_file(&filler).unwrap();

    let count = |data: &std::path::Path| run_in(data, ["table", "--count"]).succeeds().stdout.trim().parse::<u64>().unwrap();
    let stored = count(&data);
    assert!(stored < 600);
    assert!(said.contains(&format!("storing {stored} messages")), "{stored} are there: {said}");
    run_in(&data, ["check"]).succeeds();
    run_in(&data, ["import".as_ref(), archive.path().as_os_str()]).succeeds();
    assert_eq!(count(&data), 600);
    run_in(&data, ["check"]).succeeds();

    // Full to the last byte, from the first step on.
    fill(&filler, 0);
    let other = around.path().join("other");
    run_in(&other, ["profile", "create", "Me", "--default"]).refuses(&[]);
    run_in(&data, ["import".as_ref(), archive.path().as_os_str()]).without_crash();
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(count(&data), 600);
}

/// Takes all space but so many bytes.
fn fill(path: &std::path::Path, left: u64) {
    let mut file = std::fs::File::create(path).unwrap();
    let piece = vec![0; 64 << 10];
    while file.write_all(&piece).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(left)).unwrap();
}
