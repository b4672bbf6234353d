//! Messages written, changed and answered in forms that a script fills in.

use crate::running::{Answer, Data};
use serde_json::Value as Json;
use std::ffi::OsStr;

/// Two profiles that can write to each other.
fn two() -> Data {
    let data = Data::new();
    data.run(["service", "add", "local", "--from", "me@example.org", "--name", "Me"]).succeeds();
    data.run(["profile", "create", "Ben"]).succeeds();
    data.run(["-p", "Ben", "service", "add", "local", "--from", "ben@example.org", "--name", "Ben"]).succeeds();
    data
}

/// Runs a command with a script.
fn scripted(data: &Data, script: &str, arguments: &[&str]) -> Answer {
    let path = data.beside("script.toml");
    std::fs::write(&path, script).unwrap();
    let script = [OsStr::new("--script"), path.as_os_str()];
    data.run(arguments.iter().map(OsStr::new).chain(script))
}

fn inbox(data: &Data, profile: &str) -> Vec<Json> {
    data.run(["-p", profile, "spool"]).succeeds();
    let columns = "PR_SUBJECT,PR_IMPORTANCE,PR_DISPLAY_TO,PR_HASATTACH,PR_IN_REPLY_TO_ID,PR_INTERNET_MESSAGE_ID";
    data.run(["-p", profile, "--json", "table", "Inbox", "--columns", columns]).succeeds().json()
}

#[test]
fn a_field_changed_in_a_form_is_saved_and_sent() {
    let data = two();
    let file = data.beside("plan.txt");
    std::fs::write(&file, "the plan").unwrap();
    data.run(["mkdir", "Drafts"]).succeeds();
    let posted = "[[form]]\nclass = 'IPM.Note'\nsubject = 'Draft'\ntext = 'First.'\n";
    let answer = scripted(&data, posted, &["form", "compose", "--to", "Ben <ben@example.org>", "--post", "Drafts"]);
    assert_eq!(answer.succeeds().stdout, "Saved.\n");
    assert_eq!(data.column("Drafts", "PR_SUBJECT"), ["Draft"]);

    let changed = format!("[[form]]\nsubject = 'Plan'\nimportance = 2\nattach = ['{}']\n", file.display());
    assert_eq!(scripted(&data, &changed, &["form", "show", "Drafts:0"]).succeeds().stdout, "Saved.\n");
    assert_eq!(data.column("Drafts", "PR_SUBJECT"), ["Plan"]);
    let shown = data.run(["show", "Drafts:0"]).succeeds().stdout;
    assert!(shown.contains("First.") && shown.contains("plan.txt"), "{shown}");

    let sent = scripted(&data, "[[form]]\ntext = 'Second.'\n", &["--json", "form", "show", "Drafts:0", "--send"]);
    assert_eq!(sent.succeeds().json()[0]["outcome"], "sent");
    let shown = data.run(["show", "Drafts:0"]).succeeds().stdout;
    assert!(shown.contains("First.") && !shown.contains("Second."), "the original stays as it was: {shown}");
    let received = inbox(&data, "Ben");
    assert_eq!((received.len(), &received[0]["PR_SUBJECT"], &received[0]["PR_IMPORTANCE"]), (1, &"Plan".into(), &2.into()));
    let folder = data.beside("saved");
    let shown = data.run(["-p", "Ben", "show", "Inbox:0", "--save-attachments", folder.to_str().unwrap()]).succeeds().stdout;
    assert!(shown.contains("Second."), "{shown}");
    assert_eq!(std::fs::read_to_string(folder.join("plan.txt")).unwrap(), "the plan");
}

#[test]
fn a_message_is_composed_and_answered_in_forms() {
    let data = two();
    let answer = scripted(&data, "[[form]]\nto = 'ben@example.org'\nsubject = 'Plan'\ntext = 'Hello'\n", &["form", "compose"]);
    assert_eq!(answer.succeeds().stdout, "Sent.\n");
    assert_eq!((data.count("Sent Items"), data.count("Outbox")), (1, 0));
    let received = inbox(&data, "Ben");
    let answer = scripted(&data, "[[form]]\ncc = 'me@example.org'\n", &["-p", "Ben", "form", "reply", "Inbox:0"]);
    assert_eq!(answer.succeeds().stdout, "Sent.\n");
    let answers = inbox(&data, "Me");
    assert_eq!(answers[0]["PR_SUBJECT"], "Re: Plan");
    assert_eq!(answers[0]["PR_IN_REPLY_TO_ID"], received[0]["PR_INTERNET_MESSAGE_ID"]);
    assert!(data.run(["show", "Inbox:0"]).succeeds().stdout.contains("> Hello"));
}

#[test]
fn a_cancelled_form_changes_nothing_and_what_a_script_cannot_do_is_said() {
    let data = two();
    let cancelled = scripted(&data, "[[form]]\ncancel = true\n", &["form", "compose", "--to", "ben@example.org"]);
    assert_eq!(cancelled.succeeds().stdout, "Cancelled; nothing was saved.\n");
    assert_eq!(scripted(&data, "", &["--json", "form", "compose"]).succeeds().json()[0]["outcome"], "cancelled");
    assert_eq!((data.count("Outbox"), data.count("Sent Items")), (0, 0));
    scripted(&data, "[[form]]\nto = 'nobody'\n", &["form", "compose"]).refuses(&["nobody", "address"]);
    scripted(&data, "[[form]]\nsubjekt = 'x'\n", &["form", "compose"]).refuses(&["script.toml", "subjekt"]);
    scripted(&data, "[[form]]\nsubject = 'x'\n", &["form", "compose"]).refuses(&["recipient"]);
    assert_eq!(data.column("Outbox", "PR_SUBJECT"), ["x"], "what was written is kept");
    data.run(["form", "compose"]).refuses(&["terminal", "--script"]);
}

#[test]
fn a_logon_shows_the_session_its_flags_make() {
    let data = two();
    let logon = |script: &str, arguments: &[&str]| scripted(&data, script, &[&["--json", "logon"], arguments].concat());
    let types = |answer: Answer| -> (String, Vec<i64>) {
        let object = answer.succeeds().json().remove(0);
        let rows = object["providers"].as_array().unwrap().clone();
        (object["profile"].as_str().unwrap().to_owned(), rows.iter().map(|row| row["type"].as_i64().unwrap()).collect())
    };
    let (profile, rows) = types(logon("", &["--flags", "use-default"]));
    assert_eq!(profile, "Me");
    assert!(rows.contains(&39) && rows.contains(&37) && rows.contains(&36) && rows.contains(&33), "{rows:?}");
    let (_, without) = types(logon("", &["--flags", "use-default,no-mail"]));
    assert!(!without.contains(&36), "no transport: {without:?}");
    assert_eq!(types(logon("profile = 'Ben'", &["--flags", "logon-ui"])).0, "Ben", "somebody chose it");
    logon("", &["--flags", "logon-ui"]).refuses(&["the script says no more"]);
    logon("profile = 'Ben'", &["--flags", "logon-ui,nt-service"]).refuses(&["the logon failed"]);
    logon("", &["--flags", "logon-ui,password-ui"]).refuses(&["exclude each other"]);
    let text = scripted(&data, "", &["logon", "--flags", "use-default"]).succeeds().stdout;
    assert!(text.contains("Logged on to the profile Me.") && text.contains("spooler"), "{text}");
}

#[test]
fn a_form_is_installed_listed_and_removed() {
    let data = Data::new();
    let file = data.beside("task.toml");
    let define = |version: &str, platforms: &str| {
        let text = format!("class = 'IPM.Task.Ours'\nname = 'Task'\nversion = '{version}'\nplatforms = {platforms}\n");
        std::fs::write(&file, text).unwrap();
    };
    let install = |more: &[&str]| {
        let arguments = ["form", "install"].map(OsStr::new).into_iter().chain([file.as_os_str()]);
        data.run(arguments.chain(more.iter().map(OsStr::new)))
    };
    let ours = || {
        let listed = data.run(["--json", "form", "list", "--folder", "Inbox"]).succeeds().json();
        let ours = listed.into_iter().filter(|form| form["class"] == "IPM.Task.Ours");
        ours.map(|form| format!("{} {}", form["library"], form["properties"]["PR_FORM_VERSION"])).collect::<Vec<_>>()
    };
    define("1", "[1]");
    assert_eq!(install(&[]).succeeds().stdout, "Form of IPM.Task.Ours installed (personal library).\n");
    assert_eq!(ours(), [r#""personal" "1""#]);
    define("2", "[2]");
    install(&[]).succeeds();
    assert_eq!(ours(), [r#""personal" "1""#], "it learns of the platform only");
    install(&["--replace"]).succeeds();
    assert_eq!(ours(), [r#""personal" "2""#]);
    install(&["--folder", "Inbox"]).succeeds();
    assert_eq!(ours(), [r#""folder" "2""#, r#""personal" "2""#], "in the order of the search");
    let listed = data.run(["form", "list"]).succeeds().stdout;
    assert!(listed.contains("IPM.Task.Ours") && listed.contains("Task") && listed.contains("local"), "{listed}");
    let removed = data.run(["--json", "form", "remove", "ipm.task.ours", "--folder", "Inbox"]).succeeds().json();
    assert_eq!(removed[0]["library"], "folder");
    assert_eq!(ours(), [r#""personal" "2""#]);
    data.run(["form", "remove", "IPM.Task.Ours"]).succeeds();
    data.run(["form", "remove", "IPM.Task.Ours"]).refuses(&["IPM.Task.Ours", "mapi form list"]);
    std::fs::write(&file, "class = 'IPM.'\nversion = '1'").unwrap();
    install(&[]).refuses(&["task.toml", "dot"]);
    std::fs::write(&file, "klass = 'IPM.Task'").unwrap();
    install(&[]).refuses(&["task.toml", "klass"]);
}
