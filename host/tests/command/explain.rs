//! `mapi table --explain`: what the store evaluates, and why not the rest.

use crate::mailbox::write_mbox;
use crate::running::Data;

fn mailbox() -> Data {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    let message = "From: Ann <ann@command.example>\nTo: Reader <reader@example.org>\nSubject: One\n\
                   Date: Mon, 1 Jan 2024 10:00:00 +0000\nMessage-ID: <one@command.example>\n\nText.\n";
    write_mbox(&archive, [message.to_owned()]);
    data.import(&archive, "Inbox");
    data
}

/// Part, by whom and why of each line in JSON.
fn told(data: &Data, arguments: &[&str]) -> Vec<(String, String, Option<String>)> {
    let lines = data.run(["--json", "table", "Inbox", "--explain"].iter().chain(arguments)).succeeds().json();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    lines.iter().map(|line| (text(&line["part"]).unwrap(), text(&line["by"]).unwrap(), text(&line["why"]))).collect()
}

fn by(told: &[(String, String, Option<String>)]) -> Vec<(&str, &str)> {
    told.iter().map(|(part, by, _)| (part.as_str(), by.as_str())).collect()
}

#[test]
fn what_a_store_can_do_is_left_to_it() {
    let data = mailbox();
    let told = told(&data, &["--sort", "-received", "--restrict", "received > 2023-01-01"]);
    assert_eq!(by(&told), [("condition", "store"), ("order", "store"), ("rows", "store")]);
    let answer = data.run(["table", "Inbox", "--explain", "--sort", "-received"]).succeeds();
    let lines: Vec<_> = answer.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["PART BY", "order store", "rows store the view holds no list of them"]);
}

#[test]
fn each_condition_is_told_by_itself_with_the_reason() {
    let data = mailbox();
    let told = told(&data, &["--restrict", "received > 2023-01-01 and sender = from"]);
    assert_eq!(by(&told), [("condition", "store"), ("condition", "engine"), ("order", "store"), ("rows", "engine")]);
    assert_eq!(told[1].2.as_deref(), Some("no filter of a store says the same"));
    assert_eq!(told[3].2.as_deref(), Some("a condition is not left to the store"));
}

#[test]
fn instances_and_categories_by_an_extreme_are_the_engines() {
    let data = mailbox();
    let instances = told(&data, &["--columns", "subject,each:0x6806101F", "--sort", "subject"]);
    assert_eq!(by(&instances), [("order", "engine"), ("rows", "engine")]);
    assert_eq!(instances[0].2.as_deref(), Some("each value of a multi-value has a row of its own"));
    let categories = told(&data, &["--sort", "from,max:received", "--categories", "1"]);
    assert_eq!(by(&categories), [("order", "engine"), ("categories", "engine"), ("rows", "engine")]);
    assert_eq!(categories[0].2.as_deref(), Some("the store does not make these categories"));
    assert_eq!(categories[1].2.as_deref(), Some("the order is not left to the store"));
    let categories = told(&data, &["--sort", "from", "--categories", "1"]);
    assert_eq!(by(&categories), [("order", "store"), ("categories", "store"), ("rows", "store")]);
}
