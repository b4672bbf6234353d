//! `mapi table` with `each:`: a row for each value of a multi-valued property.

use crate::mailbox::write_mbox;
use crate::running::Data;

/// Three messages with keywords: two, one and none.
fn mailbox() -> Data {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    let messages = [("one", "Keywords: red, blue\n"), ("two", "Keywords: red\n"), ("three", "")];
    let message = |(subject, keywords): (&str, &str)| {
        format!(
            "From: Ann <ann@command.example>\nTo: Reader <reader@example.org>\nSubject: {subject}\n{keywords}\
             Date: Mon, 1 Jan 2024 10:00:00 +0000\nMessage-ID: <{subject}@command.example>\n\nText.\n"
        )
    };
    write_mbox(&archive, messages.map(message));
    data.import(&archive, "Inbox");
    data
}

/// The property the keywords are in, as this store numbers it.
fn keywords(data: &Data) -> String {
    let rows = data.run(["--json", "table", "Inbox", "--columns", "all"]).succeeds().json();
    let first = rows[0].as_object().unwrap();
    let words = serde_json::json!(["red", "blue"]);
    first.iter().find(|(_, value)| **value == words).map(|(name, _)| name.clone()).unwrap()
}

#[test]
fn a_message_shows_a_row_for_each_value() {
    let data = mailbox();
    let keywords = keywords(&data);
    let columns = format!("subject,each:{keywords},{keywords},PR_INSTANCE_NUM");
    let rows = data.run(["--json", "table", "Inbox", "--columns", &columns]).succeeds().json();
    let each = format!("each:{keywords}");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (row["PR_SUBJECT"].as_str().unwrap(), row.get(&each).and_then(|word| word.as_str()), row["PR_INSTANCE_NUM"].as_i64())
        })
        .collect();
    let expected =
        [("one", Some("red"), Some(0)), ("one", Some("blue"), Some(1)), ("two", Some("red"), Some(0)), ("three", None, Some(0))];
    assert_eq!(told, expected);
    assert_eq!(rows[1][&keywords], serde_json::json!(["red", "blue"]), "the array stays whole in a column of its own");
    let answer = data.run(["table", "Inbox", "--columns", &columns]).succeeds();
    assert_eq!(answer.stdout.lines().last(), Some("4 rows, to 4 of 4"));
    assert!(answer.stdout.lines().next().unwrap().contains("EACH:"));
}

#[test]
fn values_order_rows_and_make_categories() {
    let data = mailbox();
    let each = format!("each:{}", keywords(&data));
    let rows =
        data.run(["--json", "table", "Inbox", "--columns", "subject", "--sort", &format!("-{each},subject")]).succeeds().json();
    let subjects: Vec<_> = rows.iter().map(|row| row["PR_SUBJECT"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["one", "two", "one", "three"], "red twice, then blue, then the message without any");
    let answer = data.run(["table", "Inbox", "--columns", "subject", "--sort", &each, "--categories", "1"]).succeeds();
    let shown: Vec<_> = answer.stdout.lines().map(str::trim_end).collect();
    assert!(shown[1].starts_with("+ blue (1, ") && shown[2].starts_with("+ red (2, ") && shown[3].starts_with("+ (none) (1, "));
}

#[test]
fn only_multi_valued_properties_have_values_to_show_one_by_one() {
    let data = mailbox();
    data.run(["table", "Inbox", "--columns", "each:subject"]).refuses(&["--columns", "each:subject"]);
    data.run(["table", "Inbox", "--sort", "each:subject"]).refuses(&["--sort", "each:subject"]);
}
