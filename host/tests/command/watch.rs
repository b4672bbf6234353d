//! `mapi watch`: what one process imports, another one sees.

use crate::mailbox::{message, write_mbox};
use crate::running::{Data, command};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

/// Starts to watch, and returns when it does.
fn watch(data: &Data, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>) {
    start(data, &[&["watch", "--timeout", "60"], arguments].concat())
}

fn start(data: &Data, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child =
        command(&data.path()).arg("--json").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("watching"), "{line}");
    (child, said)
}

fn seen(mut child: Child) -> Vec<Json> {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_another_process_imports_shows_as_rows_and_as_objects() {
    let data = Data::new();
    let archive = data.beside("two.mbox");
    write_mbox(&archive, [message(1), message(2)]);
    let (rows, _rows_said) = watch(&data, &["Inbox", "--table", "--columns", "subject", "--count", "2"]);
    let (objects, _objects_said) = watch(&data, &["store", "--count", "3"]);
    data.import(&archive, "Inbox");
    let rows = seen(rows);
    let subjects: Vec<&str> = rows.iter().map(|row| row["row"]["PR_SUBJECT"].as_str().unwrap()).collect();
    assert!(rows.iter().all(|row| row["event"] == "row-added"));
    assert_eq!(subjects, ["Message 1", "Message 2"]);
    assert_eq!(rows[1]["prior"], rows[0]["index"]);
    let objects = seen(objects);
    let created = objects.iter().filter(|event| event["event"] == "object-created").count();
    assert_eq!(created, 2, "{objects:?}");
    assert!(objects.iter().any(|event| event["event"] == "object-modified" && event["object_type"] == 3));
}

#[test]
fn a_table_and_the_status_table_show_their_rows_and_then_what_happens_to_them() {
    let data = Data::new();
    let archive = data.beside("three.mbox");
    write_mbox(&archive, [message(1)]);
    data.import(&archive, "Inbox");
    let table = ["table", "Inbox", "--columns", "subject", "--sort", "-subject", "--restrict", "subject != 'Message 2'"];
    let (rows, _said) = start(&data, &[&table[..], &["--watch", "--events", "1", "--timeout", "60"]].concat());
    write_mbox(&archive, [message(2), message(3)]);
    data.import(&archive, "Inbox");
    let rows = seen(rows);
    assert_eq!(rows[0]["PR_SUBJECT"], "Message 1");
    assert_eq!((&rows[1]["event"], &rows[1]["row"]["PR_SUBJECT"]), (&"row-added".into(), &"Message 3".into()));
    assert_eq!(rows.len(), 2, "{rows:?}");
    let status = data.run(["status", "--watch", "--events", "1", "--timeout", "0.2"]);
    assert!(status.stdout.contains("MAPI Spooler"), "{}", status.stdout);
    assert!(status.stderr.contains("only 0 of 1"), "{}", status.stderr);
}

#[test]
fn a_script_learns_that_too_little_happened() {
    let data = Data::new();
    let answer = data.run(["watch", "Inbox", "--count", "1", "--timeout", "0.2"]);
    assert_eq!(answer.status, Some(1));
    assert!(answer.stderr.contains("only 0 of 1"), "{}", answer.stderr);
}
