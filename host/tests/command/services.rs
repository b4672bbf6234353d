//! Adding, configuring and removing what a profile sends and receives with.

use crate::running::Data;

#[test]
fn a_mail_server_is_added_configured_and_removed_and_its_password_is_nowhere_to_be_read() {
    let data = Data::new();
    let secret = data.beside("secret");
    std::fs::write(&secret, "correct horse\nsecond line\n").unwrap();
    let file = secret.to_str().unwrap();
    let server = ["--server", "mail.example.org", "--from", "ann@example.org", "--name", "Ann"];
    let login = ["--user", "ann", "--password-file", file];
    let added = data.run([&["service", "add", "smtp"][..], &server, &login].concat()).succeeds();
    assert!(added.stdout.contains("mapi.smtp added"), "{added:?}");
    let status = data.run(["--json", "status"]).succeeds().stdout;
    assert!(status.contains("Internet Mail"), "{status}");
    let shown = data.run(["status"]).succeeds().stdout;
    let words = |name: &str| shown.lines().find(|line| line.contains(name)).map(|line| line.to_lowercase());
    assert!(words("Internet Mail").is_some_and(|line| line.contains("transport") && line.contains("available")), "{shown}");
    assert!(words("MAPI Spooler").is_some_and(|line| line.contains("spooler")), "{shown}");
    data.run(["service", "configure", "smtp", "--port", "2525", "--security", "tls"]).succeeds();
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(13).any(|bytes| bytes == b"correct horse"), "{}", path.display());
        }
    }
    data.run(["service", "remove", "smtp"]).succeeds();
    assert!(!data.run(["profile", "services"]).succeeds().stdout.contains("mapi.smtp"));
    data.run(["service", "remove", "smtp"]).refuses(&["no service \"smtp\"", "mapi.store"]);
}

#[test]
fn settings_that_cannot_work_are_refused_and_leave_nothing() {
    let data = Data::new();
    for (arguments, said) in [
        (&["service", "add", "smtp", "--from", "ann@example.org"][..], "--server"),
        (&["service", "add", "smtp", "--server", "mail.example.org"], "--from"),
        (&["service", "add", "local"], "--from"),
        (&["service", "add", "smtp", "--server", "x", "--from", "a@b.c", "--user", "ann"], "nobody to ask"),
        (&["service", "add", "smtp", "--server", "x", "--from", "a@b.c", "--trust", "/nowhere.pem"], "/nowhere.pem"),
        (&["service", "configure", "local"], "nothing to configure"),
        (&["service", "configure", "local", "--from", "a@b.c"], "no service"),
    ] {
        data.run(arguments).refuses(&[said]);
    }
    let services = data.run(["profile", "services"]).succeeds().stdout;
    assert!(!services.contains("mapi.smtp") && !services.contains("mapi.local"), "{services}");
}

#[test]
fn a_profile_with_local_mail_has_a_mailbox_at_once() {
    let data = Data::new();
    data.run(["service", "add", "local", "--from", "Me@Example.org"]).succeeds();
    assert!(data.path().join("hand-over/me@example.org").is_dir());
    data.run(["service", "configure", "local", "--from", "nobody"]).refuses(&["does not start"]);
}

#[test]
fn who_is_logged_on_is_what_the_service_that_sends_says() {
    let data = Data::new();
    assert!(data.run(["identity"]).succeeds().stdout.contains("No service of this profile says who you are"));
    let nobody = data.run(["--json", "identity"]).succeeds().stdout;
    assert!(nobody.contains(r#""known":false"#) && nobody.contains(r#""address_types":[]"#), "{nobody}");
    data.run(["service", "add", "local", "--from", "me@example.org", "--name", "Me\u{1b}[2J"]).succeeds();
    let said = data.run(["identity"]).succeeds().stdout;
    assert!(said.contains("SMTP:me@example.org") && !said.contains('\u{1b}'), "{said}");
    let told = data.run(["--json", "identity"]).succeeds().stdout;
    assert!(told.contains(r#""known":true"#) && told.contains(r#""address":"me@example.org""#), "{told}");
}

#[test]
fn a_data_folder_of_a_version_that_knew_fewer_services_offers_the_later_ones_too() {
    let data = Data::bare();
    let former = r#"
[[service]]
name = "mapi.store"
display-name = "Post"
default = true
[[service.provider]]
section = "mapi.store"
display-name = "Post"
provider-display = "Message store in one file"
backend = "sqlite"
kind = "store"
"#;
    std::fs::write(data.path().join("services.toml"), former).unwrap();
    data.run(["profile", "create", "Me", "--default"]).succeeds();
    data.run(["service", "add", "local", "--from", "me@example.org"]).succeeds();
    let services = data.run(["profile", "services"]).succeeds().stdout;
    assert!(["Post", "mapi.pab", "mapi.local"].iter().all(|name| services.contains(name)), "{services}");
    assert_eq!(std::fs::read_to_string(data.path().join("services.toml")).unwrap(), former, "the owner's file stays as it is");
}

#[test]
fn services_are_listed_copied_put_in_order_and_chosen_to_say_who_sends() {
    let data = Data::new();
    data.run(["profile", "create", "Other", "--service", "mapi.store"]).succeeds();
    let secret = data.beside("secret");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let server = ["--server", "mail.example.org", "--from", "ann@example.org"];
    let login = ["--user", "ann", "--password-file", secret.to_str().unwrap()];
    let mut said = String::new();
    let mut run = |arguments: &[&str]| {
        let answer = data.run(arguments).succeeds();
        said += &format!("{}{}", answer.stdout, answer.stderr);
        answer
    };
    run(&[&["service", "add", "smtp"][..], &server, &login].concat());
    run(&["service", "add", "local", "--from", "ann@example.org"]);
    let names = |rows: &[serde_json::Value], column: &str| -> Vec<String> {
        rows.iter().map(|row| row[column].as_str().unwrap_or_default().to_owned()).collect()
    };
    let rows = run(&["--json", "service", "list"]).json();
    assert_eq!(names(&rows, "PR_SERVICE_NAME")[2..], ["mapi.smtp", "mapi.local"]);
    let rows = run(&["--json", "service", "order", "local"]).json();
    assert_eq!(names(&rows, "PR_SERVICE_NAME"), ["mapi.local", "mapi.smtp"]);
    let rows = run(&["--json", "service", "order"]).json();
    assert_eq!(names(&rows, "PR_SERVICE_NAME"), ["mapi.local", "mapi.smtp"]);
    let uid = names(&rows, "PR_PROVIDER_UID")[1].clone();
    let rows = run(&["--json", "service", "order", &uid]).json();
    assert_eq!(names(&rows, "PR_SERVICE_NAME"), ["mapi.smtp", "mapi.local"]);
    data.run(["service", "order", "smtp", "smtp"]).refuses(&["named before"]);
    let rows = run(&["--json", "service", "identity", "local"]).json();
    assert_eq!(names(&rows, "PR_SERVICE_NAME"), ["mapi.local"]);
    assert!(run(&["--json", "service", "identity", "--none"]).json().is_empty());
    assert_eq!(run(&["--json", "service", "providers", "smtp"]).json().len(), 1);
    run(&["service", "copy", "smtp", "--to", "Other"]);
    assert_eq!(run(&["--json", "--profile", "Other", "service", "list"]).json().len(), 2);
    run(&["--profile", "Other", "service", "configure", "smtp", "--port", "2525"]);
    run(&["profile", "copy", "Other", "Third"]);
    run(&["--profile", "Third", "service", "configure", "smtp", "--port", "2525"]);
    assert!(!said.contains("correct horse"), "{said}");
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(13).any(|bytes| bytes == b"correct horse"), "{}", path.display());
        }
    }
}

#[test]
fn profiles_are_copied_and_renamed() {
    let data = Data::new();
    let names = || -> Vec<String> {
        let rows = data.run(["--json", "profile", "list"]).succeeds().json();
        rows.iter().map(|row| row["PR_DISPLAY_NAME"].as_str().unwrap().to_owned()).collect()
    };
    data.run(["profile", "copy", "Me", "You"]).succeeds();
    data.run(["profile", "copy", "Me", "you"]).refuses(&["already"]);
    data.run(["profile", "copy", "Nobody", "New"]).refuses(&["\"Nobody\""]);
    assert_eq!(names(), ["Me", "You"]);
    let renamed = data.run(["profile", "rename", "me", "Myself"]).succeeds();
    assert!(renamed.stdout.contains("renamed to Myself."), "{renamed:?}");
    assert_eq!(names(), ["Myself", "You"]);
    data.run(["stores"]).succeeds();
    data.run(["profile", "rename", "You", " "]).refuses(&["cannot be renamed"]);
}
