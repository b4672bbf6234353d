//! The demonstration, and the check of a store that is not sound.

use crate::mailbox::{message, write_mbox};
use crate::running::Data;

#[test]
fn the_demonstration_holds_every_number_in_a_second_process() {
    let data = Data::bare();
    let told = data.run(["demo"]).succeeds().stdout;
    let story = [
        "CreateProfile",
        "GetContentsTable",
        "ResolveName",
        "SubmitMessage",
        "fnevNewMail",
        "TABLE_ROW_ADDED: in the open table it is row 2 of 3",
        "a reply",
        "Undeliverable",
        "TABLE_ROW_DELETED",
        "2 messages are left in Ben's Inbox, 1 can be recovered",
        "Logoff",
        "A second process",
    ];
    let places: Vec<_> = story.iter().map(|step| told.find(step)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {told}");
    assert!(told.trim_end().ends_with("statements hold"), "{told}");
    // On an archive of one's own; the data folder of the user is left alone.
    let archive = data.beside("own.mbox");
    write_mbox(&archive, (0..25).map(message));
    let told = data.run(["demo".as_ref(), archive.as_os_str()]).succeeds().stdout;
    assert!(told.contains("25 of 25 messages") && told.contains("1 can be recovered"), "{told}");
    assert!(!data.path().join("stores").exists());
    data.run(["demo", "/nowhere.mbox"]).refuses(&["/nowhere.mbox", "No such file"]);
}

#[test]
fn a_store_damaged_on_purpose_is_found_and_said_so() {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    write_mbox(&archive, (0..300).map(message));
    data.import(&archive, "Inbox");
    assert!(data.run(["check"]).succeeds().stdout.contains("sound"));

    // A wrong count: found, not touched, mended on request.
    let file = data.store_file();
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute("UPDATE counters SET contents = contents + 1 WHERE contents > 0", []).unwrap();
    for _ in 0..2 {
        let answer = data.run(["check"]);
        assert_eq!(answer.status, Some(1));
        assert!(answer.stdout.contains("counts its children wrongly") && answer.stdout.contains("--repair"), "{answer:?}");
    }
    assert!(data.run(["check", "--repair"]).succeeds().stdout.contains("mended"));
    assert!(data.run(["check"]).succeeds().stdout.contains("sound"));
    assert_eq!(data.count("Inbox"), 300);

    // Pages overwritten: not to be mended, and never called sound.
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 16 * 8192].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    for arguments in [&["check"][..], &["check", "--repair"]] {
        let answer = data.run(arguments).without_crash();
        assert_eq!(answer.status, Some(1), "{answer:?}");
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert!(said.contains("damaged") && said.contains("backup"), "{said}");
    }
}
