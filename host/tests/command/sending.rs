//! Sending and answering between two profiles of one data folder.

use crate::running::Data;
use serde_json::Value as Json;

/// Two profiles that can write to each other.
fn two() -> Data {
    let data = Data::new();
    data.run(["service", "add", "local", "--from", "me@example.org", "--name", "Me"]).succeeds();
    data.run(["profile", "create", "Ben"]).succeeds();
    data.run(["-p", "Ben", "service", "add", "local", "--from", "ben@example.org", "--name", "Ben"]).succeeds();
    data
}

fn receive(data: &Data, profile: &str) -> Vec<Json> {
    data.run(["-p", profile, "spool"]).succeeds();
    const COLUMNS: &str = "PR_SUBJECT,PR_SENT_REPRESENTING_EMAIL_ADDRESS,PR_IN_REPLY_TO_ID,PR_INTERNET_MESSAGE_ID,\
                           PR_IMPORTANCE,PR_CONVERSATION_TOPIC,PR_CONVERSATION_INDEX";
    let columns = ["--columns", COLUMNS];
    data.run([&["-p", profile, "--json", "table", "Inbox"][..], &columns].concat()).succeeds().json()
}

#[test]
fn a_message_arrives_with_its_attachment_and_is_answered_in_its_thread() {
    let data = two();
    let file = data.beside("plan.txt");
    std::fs::write(&file, "the plan").unwrap();
    let attach = ["--attach", file.to_str().unwrap(), "--importance", "high"];
    let message = ["send", "--to", "Ben <ben@example.org>", "--subject", "Plan", "--body", "First line\n.\nlast line"];
    assert_eq!(data.run([&message[..], &attach].concat()).succeeds().stdout, "Sent.\n");
    let received = receive(&data, "Ben");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["PR_SUBJECT"], "Plan");
    assert_eq!(received[0]["PR_SENT_REPRESENTING_EMAIL_ADDRESS"], "me@example.org");
    assert_eq!(received[0]["PR_IMPORTANCE"], 2);
    let folder = data.beside("saved");
    let shown = data.run(["-p", "Ben", "show", "Inbox:0", "--save-attachments", folder.to_str().unwrap()]).succeeds().stdout;
    assert!(shown.contains("First line\n.\nlast line"), "{shown}");
    assert_eq!(std::fs::read_to_string(folder.join("plan.txt")).unwrap(), "the plan");

    data.run(["-p", "Ben", "reply", "Inbox:0", "--body", "Good."]).succeeds();
    let answers = receive(&data, "Me");
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["PR_SUBJECT"], "Re: Plan");
    assert_eq!(answers[0]["PR_IN_REPLY_TO_ID"], received[0]["PR_INTERNET_MESSAGE_ID"]);
    assert_eq!(answers[0]["PR_CONVERSATION_TOPIC"], "Plan");
    let index = |row: &Json| row["PR_CONVERSATION_INDEX"].as_str().unwrap().to_owned();
    assert_eq!(index(&received[0]).len(), 2 * 22);
    assert!(index(&answers[0]).starts_with(&index(&received[0])) && index(&answers[0]).len() == 2 * 27, "{answers:?}");
    let shown = data.run(["show", "Inbox:0"]).succeeds().stdout;
    assert!(shown.contains("Good.") && shown.contains("> First line"), "{shown}");
    assert_eq!((data.count("Sent Items"), data.count("Outbox")), (1, 0));
}

#[test]
fn an_unknown_address_is_said_at_once_and_a_deferred_message_waits() {
    let data = two();
    let answer = data.run(["send", "--to", "nobody@example.org", "--cc", "ben@example.org", "--body", "x"]).succeeds().stdout;
    assert!(answer.contains("Sent.") && answer.contains("Undeliverable") && answer.contains("nobody@example.org"), "{answer}");
    assert_eq!(receive(&data, "Ben").len(), 1);
    let answer = data.run(["send", "--to", "ben@example.org", "--body", "x", "--at", "1h"]).succeeds().stdout;
    assert!(answer.contains("Not sent yet: it waits until"), "{answer}");
    assert_eq!(data.run(["--json", "queue"]).succeeds().json().len(), 1);
}

#[test]
fn a_dry_run_shows_the_message_and_stores_nothing() {
    let data = two();
    let shown =
        data.run(["send", "--to", "ben@example.org", "--subject", "Plan", "--body", "Hello", "--dry-run"]).succeeds().stdout;
    assert!(shown.contains("ben@example.org") && shown.contains("Plan") && shown.contains("Hello"), "{shown}");
    assert_eq!((data.count("Outbox"), data.count("Sent Items")), (0, 0));
    assert!(receive(&data, "Ben").is_empty());
    data.run(["send", "--to", "Zebedee", "--body", "x"]).refuses(&["Zebedee"]);
    data.run(["send", "--to", "ben@", "--body", "x"]).refuses(&["is no recipient"]);
    data.run(["send", "--to", "ben@example.org", "--body", "x", "--attach", "/nowhere"]).refuses(&["/nowhere"]);
}
