//! `mapi table --categories`: headers with counts, expanded and collapsed.

use crate::mailbox::write_mbox;
use crate::running::Data;

fn message(from: &str, subject: &str, day: u32) -> String {
    format!(
        "From: {from} <{}@command.example>\nTo: Reader <reader@example.org>\nSubject: {subject}\n\
         Date: Mon, {day} Jan 2024 10:00:00 +0000\nMessage-ID: <{subject}@command.example>\n\nText.\n",
        from.to_lowercase()
    )
}

fn mailbox() -> Data {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    let messages = [("Ann", "one", 1), ("Ben", "two", 2), ("Ann", "three", 3), ("Cleo", "four", 4), ("Ben", "five", 8)];
    write_mbox(&archive, messages.map(|(from, subject, day)| message(from, subject, day)));
    data.import(&archive, "Inbox");
    data
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn headers_are_shown_with_their_counts_and_open_where_asked() {
    let data = mailbox();
    let sorted = ["table", "Inbox", "--columns", "subject", "--sort", "from,-date", "--categories", "1"];
    let answer = data.run(sorted).succeeds();
    let shown = lines(&answer.stdout);
    assert!(shown[1].starts_with("+ Ann (2, ") && shown[2].starts_with("+ Ben (2, ") && shown[3].starts_with("+ Cleo (1, "));
    assert_eq!(shown.last().map(String::as_str), Some("3 rows, to 3 of 3"));
    let answer = data.run(sorted.iter().chain(&["--expand", "1"])).succeeds();
    let shown = lines(&answer.stdout);
    assert!(shown[2].starts_with("- Ben (2, "));
    assert_eq!([shown[3].trim_start(), shown[4].trim_start()], ["five", "two"]);
    let answer = data.run(sorted.iter().chain(&["--expanded", "1", "--collapse", "0", "--count"])).succeeds();
    assert_eq!(answer.stdout.trim(), "6");
}

#[test]
fn json_tells_headers_from_messages() {
    let data = mailbox();
    let arguments =
        ["--json", "table", "Inbox", "--columns", "subject", "--sort", "from,max:date", "--categories", "1", "--expanded", "1"];
    let rows = data.run(arguments).succeeds().json();
    // By their newest message: Ann's is of the 3rd, Cleo's of the 4th, Ben's of the 8th.
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["PR_ROW_TYPE"].as_i64().unwrap(), row["PR_DEPTH"].as_i64().unwrap(), row["PR_CONTENT_COUNT"].as_i64()))
        .collect();
    let (leaf, header) = ((1, 1, None), |count| (3, 0, Some(count)));
    assert_eq!(told, [header(2), leaf, leaf, header(1), leaf, header(2), leaf, leaf]);
    let subjects: Vec<_> = rows.iter().filter_map(|row| row["PR_SUBJECT"].as_str()).collect();
    assert_eq!(subjects, ["one", "three", "four", "two", "five"]);
}

#[test]
fn what_is_no_header_cannot_be_expanded() {
    let data = mailbox();
    let sorted = ["table", "Inbox", "--sort", "from", "--categories", "1", "--expanded", "1"];
    data.run(sorted.iter().chain(&["--expand", "1"])).refuses(&["--expand 1", "no category header"]);
    data.run(sorted.iter().chain(&["--collapse", "99"])).refuses(&["--collapse 99", "not so many rows"]);
    data.run(["table", "Inbox", "--sort", "from", "--categories", "2"]).refuses(&["more categories than sort keys"]);
    data.run(["table", "Inbox", "--sort", "best:from", "--categories", "1"]).refuses(&["--sort", "combine:"]);
}
