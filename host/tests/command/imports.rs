//! Importing: every message once, however the archive is packed, however often it is read, whoever reads
//! the store meanwhile, and whenever the process is killed.

use crate::mailbox::{id, message, write_mbox};
use crate::moments::{Moments, wait_until};
use crate::running::{Data, command};
use mapi_session::backend::{Objects, ScanKind, Scope, Store};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

#[test]
fn an_archive_read_again_adds_nothing_and_equal_messages_of_one_archive_stay_two() {
    let data = Data::new();
    let archive = data.beside("twins.mbox");
    let messages = || (0..20).map(message).chain([message(7), message(7)]);
    write_mbox(&archive, messages());
    let first = data.import(&archive, "Inbox");
    assert_eq!((first["seen"].as_u64(), first["added"].as_u64()), (Some(22), Some(22)));
    let again = data.import(&archive, "Inbox");
    assert_eq!((again["known"].as_u64(), again["added"].as_u64()), (Some(22), Some(0)));
    // A longer copy of the archive, named twice at once.
    write_mbox(&archive, messages().chain([message(30)]));
    let name = archive.as_os_str();
    data.run(["import".as_ref(), name, name]).succeeds();
    let ids = data.column("Inbox", "id");
    assert_eq!(ids.len(), 23);
    assert_eq!(ids.iter().filter(|found| **found == id(7)).count(), 3);
    // Another folder is another matter.
    assert_eq!(data.import(&archive, "Archive/2024")["added"], 23);
    data.run(["check"]).succeeds();
}

#[test]
fn every_packing_gives_the_same_messages() {
    let data = Data::new();
    let plain = data.beside("plain.mbox");
    write_mbox(&plain, (0..30).map(message));
    let bytes = std::fs::read(&plain).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&bytes).unwrap();
    let packed = [("gz", gz.finish().unwrap()), ("xz", xz.finish().unwrap()), ("zst", zstd::encode_all(&*bytes, 3).unwrap())];
    let wanted: Vec<String> = (0..30).map(id).collect();
    for (kind, bytes) in packed {
        // By content, not by name.
        let archive = data.beside(&format!("archive-{kind}"));
        std::fs::write(&archive, bytes).unwrap();
        assert_eq!(data.import(&archive, kind)["added"], 30, "{kind}");
        assert_eq!(data.column(kind, "id"), wanted, "{kind}");
    }
    // What was known from one packing is known from another.
    assert_eq!(data.import(&plain, "gz")["added"], 0);
    let single = data.beside("single.eml");
    std::fs::write(&single, message(40)).unwrap();
    assert_eq!(data.import(&single, "eml")["added"], 1);
    assert_eq!(data.column("eml", "id"), [id(40)]);
}

#[test]
fn a_maildir_keeps_what_was_read() {
    let data = Data::new();
    let maildir = data.beside("maildir");
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    for (name, number) in [("cur/1.a:2,S", 1), ("cur/2.b:2,FRS", 2), ("cur/3.c:2,R", 3), ("new/4.d", 4), ("tmp/5.e", 5)] {
        std::fs::write(maildir.join(name), message(number)).unwrap();
    }
    assert_eq!(data.import(&maildir, "Maildir")["added"], 4);
    assert_eq!(data.column("Maildir", "id"), [1, 2, 3, 4].map(id));
    let read: Vec<bool> = data.column("Maildir", "flags").iter().map(|flags| flags.parse::<u32>().unwrap() & 1 == 1).collect();
    assert_eq!(read, [true, true, false, false]);
    let folders = data.run(["--json", "folders"]).succeeds().json();
    let folder = folders.iter().find(|folder| folder["PR_DISPLAY_NAME"] == "Maildir").unwrap();
    assert_eq!((&folder["PR_CONTENT_COUNT"], &folder["PR_CONTENT_UNREAD"]), (&4.into(), &2.into()));
}

/// How many messages there are in the only store.
fn stored(store: &SqliteStore) -> u64 {
    let scope = Scope::Several { containers: vec![store.identity().root], recursive: true };
    store.count(&scope, ScanKind::Contents, &[]).unwrap()
}

/// A quarter of the kills strikes while the process starts and makes its store, at a time; the others after so many
/// messages are durable, so that a busy machine shifts no moment behind the end. One that comes too late for all
/// that is made up for by another one.
#[test]
fn an_import_killed_at_any_moment_loses_and_doubles_nothing() {
    const MESSAGES: usize = 600;
    const KILLS: u32 = 8;
    let wanted: BTreeSet<String> = (0..MESSAGES).map(id).collect();

    let undisturbed = Data::new();
    let archive = undisturbed.beside("killed.mbox");
    write_mbox(&archive, (0..MESSAGES).map(message));
    undisturbed.run(["folders"]).succeeds();
    let store = SqliteStore::open(&undisturbed.store_file(), Access::Write).unwrap();
    let started = Instant::now();
    let mut import = undisturbed.start_import(&archive);
    assert!(wait_until(&mut import, || stored(&store) > 0), "the import ends before its first message is seen");
    let first = started.elapsed();
    assert!(import.wait().unwrap().success());
    let whole = started.elapsed();

    let mut moments = Moments::new();
    let (mut interrupted, mut late, mut partial) = (0, 0, 0);
    while interrupted < KILLS {
        let data = Data::new();
        let mut import;
        let place;
        if interrupted % 4 == 0 {
            let moment = moments.next_below(first);
            place = format!("kill {interrupted} after {moment:?} of {whole:?}");
            import = data.start_import(&archive);
            std::thread::sleep(moment);
        } else {
            data.run(["folders"]).succeeds();
            let store = SqliteStore::open(&data.store_file(), Access::Write).unwrap();
            let (messages, moment) = (moments.number_below(MESSAGES as u64 / 2), moments.next_below((whole - first) / 8));
            place = format!("kill {interrupted} {moment:?} after {messages} messages");
            import = data.start_import(&archive);
            wait_until(&mut import, || stored(&store) > messages);
            std::thread::sleep(moment);
        }
        import.kill().unwrap();
        if import.wait().unwrap().success() {
            late += 1;
            assert!(late <= 2 * KILLS, "the moments miss the import");
        } else {
            interrupted += 1;
        }

        data.run(["folders"]).succeeds();
        data.run(["check"]).succeeds();
        let stored = data.column("Inbox", "id");
        partial += usize::from(!stored.is_empty() && stored.len() < MESSAGES);
        let distinct: BTreeSet<String> = stored.iter().cloned().collect();
        assert_eq!(distinct.len(), stored.len(), "{place}: something is there twice");
        assert!(distinct.is_subset(&wanted), "{place}: something is there that was not in the archive");

        let report = data.import(&archive, "Inbox");
        assert_eq!(report["known"].as_u64(), Some(stored.len() as u64), "{place}");
        let stored = data.column("Inbox", "id");
        assert_eq!(stored.len(), MESSAGES, "{place}");
        assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), wanted, "{place}");
        data.run(["check"]).succeeds();
    }
    println!("{interrupted} kills before the end, {partial} with a part of the archive stored, {late} too late");
}

#[test]
fn two_processes_use_one_data_folder() {
    const MESSAGES: usize = 1_000;
    let data = Data::new();
    data.run(["folders"]).succeeds();
    let archive = data.beside("shared.mbox");
    write_mbox(&archive, (0..MESSAGES).map(message));
    let mut import = data.start_import(&archive);
    let (mut last, mut looks, mut between) = (0, 0, 0);
    while import.try_wait().unwrap().is_none() {
        let count = data.count("Inbox");
        assert!(count >= last, "{count} after {last}");
        let rows = data.column("Inbox", "id");
        assert!(rows.len() as u64 >= count && rows.len() <= MESSAGES);
        assert_eq!(rows, (0..rows.len()).map(id).collect::<Vec<_>>(), "each once, in order");
        last = rows.len() as u64;
        looks += 1;
        between += usize::from(0 < last && last < MESSAGES as u64);
    }
    assert!(import.wait().unwrap().success());
    assert_eq!(data.count("Inbox"), MESSAGES as u64);
    assert_eq!(data.column("Inbox", "id").len(), MESSAGES);
    println!("{looks} looks from the other process, {between} of them in the middle of the import");
}

#[test]
fn the_subfolders_of_a_maildir_become_subfolders() {
    let data = Data::new();
    let maildir = data.beside("maildir");
    let places = [("", 1), (".Sent", 2), (".Projekte.Entw&APw-rfe", 3), (".Projekte.Old", 4)];
    for (folder, number) in places {
        for kind in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(maildir.join(folder).join(kind)).unwrap();
        }
        std::fs::write(maildir.join(folder).join("cur").join(format!("{number}.x:2,S")), message(number)).unwrap();
    }
    // Neither of these is a folder of mail.
    std::fs::create_dir(maildir.join(".cache")).unwrap();
    std::fs::write(maildir.join(".uidvalidity"), "1").unwrap();
    assert_eq!(data.import(&maildir, "Mail")["added"], 4);
    for (folder, number) in [("Mail", 1), ("Mail/Sent", 2), ("Mail/Projekte/Entwürfe", 3), ("Mail/Projekte/Old", 4)] {
        assert_eq!(data.column(folder, "id"), [id(number)], "{folder}");
    }
    assert_eq!(data.import(&maildir, "Mail")["known"], 4);
}

#[test]
fn one_archive_imported_by_two_processes_at_once_is_there_once() {
    let data = Data::new();
    data.run(["folders"]).succeeds();
    let archive = data.beside("twice.mbox");
    write_mbox(&archive, (0..300).map(message));
    let mut imports = [data.start_import(&archive), data.start_import(&archive), data.start_import(&archive)];
    // Killed while it imports or waits, it holds up nobody.
    imports[2].kill().unwrap();
    imports[2].wait().unwrap();
    for import in &mut imports[..2] {
        assert!(import.wait().unwrap().success());
    }
    assert_eq!(data.column("Inbox", "id"), (0..300).map(id).collect::<Vec<_>>());
    data.run(["check"]).succeeds();
}

#[test]
fn two_processes_import_into_one_folder_at_once() {
    let data = Data::new();
    data.run(["folders"]).succeeds();
    let (left, right) = (data.beside("left.mbox"), data.beside("right.mbox"));
    write_mbox(&left, (0..200).map(message));
    write_mbox(&right, (200..400).map(message));
    let start = |archive: &Path| command(&data.path()).arg("import").arg(archive).stdout(Stdio::null()).spawn().unwrap();
    let (mut first, mut second) = (start(&left), start(&right));
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    let ids: BTreeSet<String> = data.column("Inbox", "id").into_iter().collect();
    assert_eq!(ids, (0..400).map(id).collect());
    assert_eq!(data.count("Inbox"), 400);
    data.run(["check"]).succeeds();
}
