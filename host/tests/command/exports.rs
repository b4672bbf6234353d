//! Exporting: what was imported comes out again, whole or not at all.

use crate::mailbox::{id, message, write_mbox};
use crate::running::{Data, command};
use mapi_session::archive::Archive;
use std::path::Path;

/// The messages of an archive.
fn read(archive: &Path) -> Vec<String> {
    let mut archive = Archive::open(archive, None).unwrap();
    let (mut messages, mut piece) = (Vec::new(), Vec::new());
    while archive.next_message().unwrap().is_some() {
        let mut message = Vec::new();
        while archive.read_piece(&mut piece).unwrap() {
            message.extend_from_slice(&piece);
        }
        messages.push(String::from_utf8(message).unwrap());
    }
    messages
}

/// Messages, one of which has lines that look like those of an mbox.
fn messages() -> Vec<String> {
    (0..24).map(message).chain([message(24) + "From here on\n>From there\n"]).collect()
}

/// A data folder with those messages in its inbox.
fn filled() -> Data {
    let data = Data::new();
    let archive = data.beside("in.mbox");
    let quoted = |text: String| text.replace("\n>From ", "\n>>From ").replace("\nFrom here", "\n>From here");
    write_mbox(&archive, messages().into_iter().map(quoted));
    assert_eq!(data.import(&archive, "Inbox")["added"], 25);
    data
}

#[test]
fn every_format_gives_back_the_very_bytes() {
    let data = filled();
    for format in ["mbox", "maildir", "eml"] {
        let target = data.beside(&format!("out-{format}"));
        let arguments = ["--json", "export", "--format", format, "Inbox", target.to_str().unwrap()];
        let report = data.run(arguments).succeeds().json().remove(0);
        assert_eq!((&report["messages"], &report["composed"]), (&25.into(), &0.into()), "{format}");
        let found = if format == "eml" {
            (1..=25).flat_map(|number| read(&target.join(format!("{number:08}.eml")))).collect()
        } else {
            read(&target)
        };
        let (mut found, mut wanted): (Vec<String>, _) = (found, messages());
        if format == "maildir" {
            // A Maildir is in the order of delivery.
            found.sort();
            wanted.sort();
        }
        assert!(found == wanted, "{format}");
    }
    // Nothing else is left beside them.
    assert_eq!(std::fs::read_dir(data.beside("")).unwrap().count(), 5);
}

#[test]
fn what_was_composed_says_the_same_when_it_is_imported_again() {
    let data = filled();
    let target = data.beside("composed.mbox");
    let name = target.to_str().unwrap();
    let report = data.run(["--json", "export", "--composed", "Inbox", name]).succeeds().json().remove(0);
    assert_eq!((&report["messages"], &report["composed"]), (&25.into(), &25.into()));
    assert_eq!(data.import(&target, "Again")["added"], 25);
    for column in ["id", "subject", "from", "from-address", "to", "date", "body"] {
        assert_eq!(data.column("Inbox", column), data.column("Again", column), "{column}");
    }
}

#[test]
fn a_maildir_shows_what_was_read() {
    let data = Data::new();
    let maildir = data.beside("maildir");
    std::fs::create_dir_all(maildir.join("cur")).unwrap();
    for (name, number) in [("1.a:2,S", 1), ("2.b:2,", 2)] {
        std::fs::write(maildir.join("cur").join(name), message(number)).unwrap();
    }
    data.import(&maildir, "Inbox");
    let target = data.beside("out");
    data.run(["export", "--format", "maildir", "Inbox", target.to_str().unwrap()]).succeeds();
    let names =
        |folder: &str| std::fs::read_dir(target.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let (read, unread) = (names("cur"), names("new"));
    assert!(
        read.len() == 1
            && read[0].to_str().unwrap().ends_with(":2,S")
            && std::fs::read_to_string(&read[0]).unwrap() == message(1)
    );
    assert!(unread.len() == 1 && std::fs::read_to_string(&unread[0]).unwrap() == message(2));
}

#[test]
fn a_restriction_chooses_and_folders_follow_each_other() {
    let data = filled();
    let other = data.beside("other.mbox");
    write_mbox(&other, [message(100)]);
    data.import(&other, "Archive/2024");
    let target = data.beside("out.mbox");
    let name = target.to_str().unwrap();
    data.run(["export", "--restrict", "subject contains \"Message 1\"", "Archive/2024", "Inbox", name]).succeeds();
    let ids: Vec<String> =
        read(&target).iter().map(|text| text.lines().find(|line| line.starts_with("Message-ID")).unwrap().into()).collect();
    let wanted = [100, 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map(|number| format!("Message-ID: {}", id(number)));
    assert_eq!(ids, wanted);
}

#[test]
fn nothing_is_overwritten_unasked_and_nothing_half_written_is_left() {
    let data = filled();
    let target = data.beside("precious");
    std::fs::write(&target, "precious").unwrap();
    let name = target.to_str().unwrap();
    data.run(["export", "Inbox", name]).refuses(&["exists already", "--force"]);
    data.run(["export", "--force", "--format", "maildir", "Inbox", name]).refuses(&["not an archive of this kind"]);
    data.run(["export", "--force", "Nowhere", name]).refuses(&["Nowhere"]);
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    data.run(["export", "Inbox", "/nowhere/at/all"]).refuses(&["cannot write /nowhere/at/all"]);
    data.run(["export", "--force", "Inbox", name]).succeeds();
    assert_eq!(read(&target), messages());
    let beside: Vec<_> = std::fs::read_dir(data.beside("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| !name.to_str().unwrap().starts_with(".mapi")), "{beside:?}");
}

#[test]
fn the_source_of_a_message_is_what_was_received() {
    let data = filled();
    let output = command(&data.path()).args(["show", "--source", "Inbox:3"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), message(3));
}

/// Runs the command to its end; the most memory it ever held, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(data: &Data, arguments: &[&str]) -> u64 {
    let mut child = command(&data.path()).args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(line.unwrap_or(0) << 10);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    peak
}

/// `MAPI_SOAK` set: an attachment of 1 GiB.
#[cfg(target_os = "linux")]
#[test]
fn a_large_attachment_takes_little_memory_to_export() {
    use std::io::Write;
    let size: usize = if std::env::var_os("MAPI_SOAK").is_some() { 1 << 30 } else { 160 << 20 };
    let data = Data::new();
    let large = data.beside("large.eml");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&large).unwrap());
    let head = "From: a@b.example\nMessage-ID: <large@x>\nContent-Type: application/octet-stream; name=f\nContent-Transfer-Encoding: base64\n\n";
    file.write_all(head.as_bytes()).unwrap();
    let line = format!("{}\n", "QUFB".repeat(19));
    for _ in 0..size / 57 {
        file.write_all(line.as_bytes()).unwrap();
    }
    file.flush().unwrap();
    let small = data.beside("small.eml");
    std::fs::write(&small, message(1)).unwrap();
    data.import(&small, "Small");
    data.import(&large, "Large");
    let beside = |name: &str| data.beside(name).to_str().unwrap().to_owned();
    let usual = peak_memory(&data, &["export", "Small", &beside("small.mbox")]);
    for (name, composed) in [("original.mbox", false), ("composed.mbox", true)] {
        let target = beside(name);
        let mut arguments = vec!["export", "Large", &target];
        arguments.extend(composed.then_some("--composed"));
        let peak = peak_memory(&data, &arguments);
        assert!(peak < usual + (64 << 20), "{name}: {} MiB beside {} MiB", peak >> 20, usual >> 20);
        assert!(std::fs::metadata(&target).unwrap().len() as usize > size * 4 / 3);
    }
}
