//! Copying, moving, deleting and marking from the command line.

use crate::mailbox::{message, write_mbox};
use crate::running::Data;
use serde_json::json;

/// A data folder with so many messages in the Inbox, subjects "Message 0" and so on.
fn mailbox(count: usize) -> Data {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    write_mbox(&archive, (0..count).map(message));
    data.import(&archive, "Inbox");
    data
}

fn subjects(data: &Data, folder: &str) -> Vec<String> {
    data.column(folder, "subject")
}

fn numbered(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("Message {number}")).collect()
}

#[test]
fn messages_are_moved_and_copied_by_row_and_by_restriction() {
    let data = mailbox(12);
    let said = data.run(["mv", "Inbox:0-2", "Archive/2024", "--create"]).succeeds().stdout;
    assert!(said.contains("3 messages moved to Archive/2024"), "{said}");
    assert_eq!(subjects(&data, "Archive/2024"), numbered(0..3));
    assert_eq!(subjects(&data, "Inbox"), numbered(3..12));
    let answer = data.run(["--json", "cp", "Inbox", "Archive", "--restrict", "subject = \"Message 5\""]).succeeds().json();
    assert_eq!(answer, [json!({ "done": true, "messages": 1, "folders": [], "to": "Archive" })]);
    assert_eq!(subjects(&data, "Archive"), numbered([5]));
    assert_eq!(data.count("Inbox"), 9);
    data.run(["cp", "Inbox:0,2", "Archive/2024:0", "Sent Items"]).succeeds();
    assert_eq!(subjects(&data, "Sent Items"), numbered([3, 5, 0]));
    // An entry identifier is as good as a row.
    let id = data.column("Sent Items", "entryid").remove(0);
    data.run(["mv", &id, "Outbox"]).succeeds();
    assert_eq!(subjects(&data, "Outbox"), numbered([3]));
    let said = data.run(["mv", "Inbox", "Outbox", "--all", "--dry-run"]).succeeds().stdout;
    assert!(said.contains("9 messages would be moved") && said.contains("Message 11"), "{said}");
    assert_eq!(data.count("Inbox"), 9);
}

#[test]
fn folders_are_made_moved_copied_and_deleted() {
    let data = mailbox(3);
    data.run(["mkdir", "a"]).succeeds();
    data.run(["mkdir", "a"]).refuses(&["\"a\"", "already"]);
    data.run(["mkdir", "x/y"]).refuses(&["\"x\"", "no folder"]);
    data.run(["mkdir", "--parents", "x/y", "a"]).succeeds();
    data.run(["cp", "Inbox:0-2", "x/y"]).succeeds();
    data.run(["cp", "x", "a"]).succeeds();
    assert_eq!(subjects(&data, "a/x/y"), numbered(0..3));
    data.run(["mv", "x", "a", "--name", "z"]).succeeds();
    assert_eq!(subjects(&data, "a/z/y"), numbered(0..3));
    data.run(["mv", "a", "a/z"]).refuses(&["MAPI_E_FOLDER_CYCLE"]);
    data.run(["mv", "Inbox", "a"]).refuses(&["Inbox", "standard"]);
    data.run(["rmdir", "a"]).refuses(&["\"a\"", "--recursive"]);
    data.run(["rmdir", "a", "--recursive", "--dry-run"]).succeeds();
    assert_eq!(data.count("a/z/y"), 3);
    data.run(["rmdir", "a", "--recursive"]).succeeds();
    data.run(["table", "a"]).refuses(&["no folder \"a\""]);
    assert_eq!(data.count("Inbox"), 3);
    assert!(data.run(["check"]).succeeds().stdout.contains("sound"));
}

#[test]
fn messages_are_deleted_only_when_chosen() {
    let data = mailbox(10);
    data.run(["rm", "Inbox"]).refuses(&["Inbox:0-9", "--restrict", "--all"]);
    data.run(["rm", "Inbox:7-12"]).refuses(&["only 10"]);
    data.run(["rm", "Inbox", "--restrict", "subject ~~ 1"]).refuses(&["--restrict"]);
    let said = data.run(["rm", "Inbox:0-1", "--dry-run"]).succeeds().stdout;
    assert!(said.contains("Message 1") && said.contains("2 messages of Inbox would be deleted"), "{said}");
    assert_eq!(data.count("Inbox"), 10);
    data.run(["rm", "Inbox:0-1"]).succeeds();
    let answer = data.run(["--json", "rm", "--hard", "Inbox", "--restrict", "subject contains \"Message 9\""]).succeeds().json();
    assert_eq!(answer, [json!({ "done": true, "messages": 1, "from": "Inbox", "hard": true })]);
    assert_eq!(subjects(&data, "Inbox"), numbered(2..9));
    data.run(["rm", "Inbox", "--all", "--hard"]).succeeds();
    assert_eq!(data.count("Inbox"), 0);
}

#[test]
fn messages_are_marked() {
    let data = mailbox(5);
    let unread = |data: &Data| {
        let folders = data.run(["--json", "folders", "--shallow"]).succeeds().json();
        let inbox = folders.into_iter().find(|row| row["PR_DISPLAY_NAME"] == "Inbox").unwrap();
        inbox["PR_CONTENT_UNREAD"].as_u64().unwrap()
    };
    let before = unread(&data);
    data.run(["mark", "read", "Inbox", "--all"]).succeeds();
    assert_eq!(unread(&data), 0);
    data.run(["mark", "unread", "Inbox:1-2"]).succeeds();
    assert_eq!(unread(&data), 2);
    assert_eq!(before, 5);
    data.run(["mark", "tagged", "Inbox:0,4"]).succeeds();
    assert_eq!(data.column("Inbox", "msg_status"), ["2", "0", "0", "0", "2"]);
    data.run(["mark", "untagged", "Inbox:0"]).succeeds();
    assert_eq!(data.column("Inbox", "msg_status"), ["0", "0", "0", "0", "2"]);
    data.run(["mark", "unread", "Inbox:0", "--no-receipt"]).refuses(&["--no-receipt"]);
    data.run(["mark", "read", "Nowhere:0"]).refuses(&["Nowhere", "Inbox"]);
}
