//! Whatever is wrong, a sentence says what and what to do, the exit status is 1 (2 for the command line),
//! and the store is as it was.

use crate::mailbox::{message, write_mbox};
use crate::places::Mounted;
use crate::running::{Data, run_in};
use std::io::Write;

/// A data folder with three messages in the inbox.
pub(crate) fn with_mail() -> Data {
    let data = Data::new();
    let archive = data.beside("three.mbox");
    write_mbox(&archive, (0..3).map(message));
    data.import(&archive, "Inbox");
    data
}

#[test]
fn what_is_no_archive_is_named_and_nothing_is_added() {
    let data = with_mail();
    let file = |name: &str, bytes: &[u8]| {
        let path = data.beside(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let folder = data.beside("folder");
    std::fs::create_dir(&folder).unwrap();
    let cases = [
        (data.beside("nowhere"), ["nowhere", "No such file"]),
        (file("empty", b""), ["is empty", "name an mbox, a Maildir or a single message"]),
        (file("noise", &[0x80, 1, 2, 3]), ["is no mail archive", "mbox envelope line"]),
        (file("picture.zip", b"PK\x03\x04 and more"), ["is a ZIP archive", "name an mbox, a Maildir or a single message"]),
        (folder, ["is a directory but no Maildir", "neither a cur nor a new folder"]),
    ];
    for (path, parts) in &cases {
        let said = data.run(["import".as_ref(), path.as_os_str()]).refuses(parts).stderr;
        assert_eq!(said.matches("No such file").count(), usize::from(parts[1].starts_with("No such")), "said twice: {said}");
    }
    // One bad archive among good ones: nothing of the good ones either.
    let good = data.beside("good.mbox");
    write_mbox(&good, (10..20).map(message));
    data.run(["import".as_ref(), "--folder".as_ref(), "New".as_ref(), good.as_os_str(), cases[0].0.as_os_str()])
        .refuses(&["nowhere"]);
    data.run(["table", "New"]).refuses(&["there is no folder \"New\""]);
    assert_eq!(data.count("Inbox"), 3);
}

#[test]
fn a_truncated_archive_gives_its_whole_messages_and_no_half_one() {
    let data = Data::new();
    let plain = data.beside("all.mbox");
    write_mbox(&plain, (0..400).map(message));
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&std::fs::read(&plain).unwrap()).unwrap();
    let whole = xz.finish().unwrap();
    let cut = data.beside("cut.mbox.xz");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let said = data.run(["import".as_ref(), cut.as_os_str()]).refuses(&[
        "truncated or damaged",
        "get a complete copy",
        "running it again",
    ]);
    let stored = data.count("Inbox");
    assert!(stored > 0 && stored < 400, "{stored}");
    assert!(said.stderr.contains(&format!("stopped after storing {stored} messages")), "{stored}: {}", said.stderr);
    let ids = data.column("Inbox", "id");
    assert_eq!(ids, (0..ids.len()).map(crate::mailbox::id).collect::<Vec<_>>());
    // The complete copy adds the rest.
    std::fs::write(&cut, &whole).unwrap();
    let report = data.import(&cut, "Inbox");
    assert_eq!((report["known"].as_u64(), report["added"].as_u64()), (Some(stored), Some(400 - stored)));
    data.run(["check"]).succeeds();
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let data = with_mail();
    let file = data.beside("a-file");
    std::fs::write(&file, "text").unwrap();
    for place in [file.clone(), file.join("below")] {
        run_in(&place, ["profile", "list"]).refuses(&["the data folder", "cannot be used", "--data"]);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"text");

    let archive = data.beside("more.mbox");
    write_mbox(&archive, (10..20).map(message));
    {
        let Some(_read_only) = Mounted::read_only(&data.path()) else { return };
        data.run(["import".as_ref(), archive.as_os_str()]).refuses(&[]);
        data.run(["profile", "create", "Other"]).refuses(&["for reading only"]);
    }
    assert_eq!(data.count("Inbox"), 3);
}

#[test]
fn a_foreign_file_in_place_of_a_store_is_left_untouched() {
    let data = with_mail();
    let store = data.store_file();
    for suffix in ["", "-wal", "-shm"] {
        let mut name = store.clone().into_os_string();
        name.push(suffix);
        drop(std::fs::remove_file(name));
    }
    let database = rusqlite::Connection::open(&store).unwrap();
    database.execute_batch("CREATE TABLE someone (elses)").unwrap();
    drop(database);
    for bytes in [std::fs::read(&store).unwrap(), b"a text, and not a short one at that".to_vec()] {
        std::fs::write(&store, &bytes).unwrap();
        let name = store.file_name().unwrap().to_str().unwrap();
        for command in [&["folders"][..], &["table"], &["check"], &["check", "--repair"]] {
            data.run(command).refuses(&[name]);
        }
        assert_eq!(std::fs::read(&store).unwrap(), bytes);
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_with_both_versions_named() {
    let data = with_mail();
    let database = rusqlite::Connection::open(data.store_file()).unwrap();
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    for command in ["folders", "table", "check"] {
        data.run([command]).refuses(&["has format 99", "Use a newer version"]);
    }
    database.pragma_update(None, "user_version", version).unwrap();
    assert_eq!(data.count("Inbox"), 3);
}

#[test]
fn unknown_names_are_answered_with_what_there_is() {
    let data = with_mail();
    data.run(["--profile", "Nobody", "folders"]).refuses(&["\"Nobody\"", "mapi profile list"]);
    data.run(["profile", "delete", "Nobody"]).refuses(&["\"Nobody\""]);
    data.run(["table", "Nowhere"]).refuses(&["there is no folder \"Nowhere\"", "Inbox"]);
    data.run(["folders", "Inbox/Below"]).refuses(&["\"Below\"", "no subfolders"]);
    data.run(["show", "Inbox:3"]).refuses(&["only 3 messages", "counted from 0"]);
    data.run(["show", "Inbox"]).refuses(&["is not a message", "Inbox:0"]);
    for option in ["--columns", "--sort"] {
        data.run(["table", option, "subjekt"]).refuses(&[option, "no property \"subjekt\""]);
    }
    data.run(["props", "--tags", "subjekt"]).refuses(&["no property \"subjekt\""]);
    data.run(["table", "--restrict", "size > 3 and subjekt = 'a'"]).refuses(&["column 14", "no property \"subjekt\"", "subject"]);
    data.run(["table", "--restrict", "subject ="]).refuses(&["column 10"]);
    data.run(["table", "--at", "1/0"]).refuses(&["--at"]);
    data.run(["profile", "create", "Other", "--service", "mapi.nothing"]).refuses(&["\"mapi.nothing\""]);
    for arguments in [&["table", "--bogus"][..], &["frobnicate"], &["import"], &["table", "-n", "many"]] {
        let answer = data.run(arguments).without_crash();
        assert_eq!(answer.status, Some(2));
        assert!(answer.stderr.contains("error: ") && answer.stderr.contains("--help"), "{}", answer.stderr);
    }
    let bare = Data::bare();
    bare.run(["folders"]).refuses(&["mapi profile create"]);
    bare.run(["check"]).refuses(&["there is no store", "--data"]);
}

#[test]
fn entry_identifiers_cut_short_lengthened_or_forged_open_nothing() {
    let data = with_mail();
    let real = data.column("Inbox", "PR_ENTRYID").remove(0);
    assert!(data.run(["show", &real]).succeeds().stdout.contains("Message 0"));
    for length in (0..real.len()).step_by(2) {
        // Every single one is tried in the engine's own tests; here a few, for each is a process.
        if length >= 40 && (length - 40) % 6 == 0 {
            data.run(["show", &real[..length]]).refuses(&["cannot open"]);
        }
    }
    data.run(["show", "00"]).refuses(&["\"00\""]);
    data.run(["show", &format!("{real}00")]).refuses(&["cannot open"]);
    // In the identifier of the store, and on both ends of its own part; the flag bytes in front say nothing
    // about what it names.
    for place in [8, 40, real.len() - 2] {
        let mut forged = real.clone();
        forged.replace_range(place..place + 2, if &real[place..place + 2] == "ff" { "fe" } else { "ff" });
        data.run(["show", &forged]).refuses(&["cannot open"]);
        data.run(["props", &forged]).refuses(&["cannot open"]);
    }
}

#[test]
fn ten_thousand_levels_of_a_restriction_are_refused() {
    let data = with_mail();
    let deep = 10_000;
    let text = format!("{}subject = 'a'{}", "(".repeat(deep), ")".repeat(deep));
    data.run(["table", "--restrict", &text]).refuses(&["more than 64 levels", "column 66"]);
    data.run(["table", "--restrict", &format!("{}subject = 'a'", "not ".repeat(deep))]).refuses(&["more than 64 levels"]);
    data.run(["table", "--find", &format!("{}subject = 'a'", "not ".repeat(deep))]).refuses(&["--find", "more than 64 levels"]);
    // As JSON the reader's own bound comes first, between the two the engine's.
    for levels in [70, deep] {
        let json = format!("{}{}{}", r#"{"not":"#.repeat(levels), r#"{"exist":"subject"}"#, "}".repeat(levels));
        data.run(["table", "--restrict-json", &json]).refuses(&["levels"]);
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_a_message_like_any_other() {
    let data = Data::new();
    for (name, before) in [("in the body", "\n"), ("in a field", "X-Long: ")] {
        let archive = data.beside("long.mbox");
        let mut file = std::fs::File::create(&archive).unwrap();
        write!(
            file,
            "From a@example.org Mon Jan  1 00:00:00 2024\nSubject: long\nMessage-ID: {}\n{before}",
            crate::mailbox::id(1)
        )
        .unwrap();
        for _ in 0..100 {
            file.write_all(&vec![b'x'; 1_000_000]).unwrap();
        }
        write!(file, "\n\nFrom a@example.org Mon Jan  1 00:00:00 2024\n{}", message(2)).unwrap();
        drop(file);
        let report = data.import(&archive, name);
        assert_eq!(report["added"], 2, "{name}");
        assert_eq!(data.column(name, "id"), [1, 2].map(crate::mailbox::id), "{name}");
    }
    let shown = data.run(["show", "in the body:0"]).succeeds().stdout;
    assert!(shown.contains("xxxx"));
    data.run(["check"]).succeeds();
}
