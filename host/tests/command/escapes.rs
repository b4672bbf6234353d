//! What a sender writes never acts on the terminal of who reads it.

use crate::mailbox::write_mbox;
use crate::running::Data;

/// Colour, title, clearing, a bell, C1 controls, and text turned around, in every place a sender can write.
const HOSTILE: &str = "From: =?utf-8?q?Evil_=1B[31m=C2=9B2J_=E2=80=AEname?= <evil@example.org>
To: \"To \u{1b}]0;owned\u{7}\" <to@example.org>
Cc: =?utf-8?q?=1Bc_copy?= <cc@example.org>
Subject: =?utf-8?q?Hello_=1B[2J=1B]0;title=07_=C2=9B31m_=E2=80=AEgnp.exe_=7F?=
Message-ID: <escape\u{1b}[31m@example.org>
X-Odd: \u{1b}[5m blink \u{9b}31m
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

first \u{1b}[31mred\u{1b}[0m \u{1b}]8;;http://example.org\u{7}link\u{1b}]8;;\u{7} \u{9b}2J \u{8}\u{8} back\rover \u{202e}turned
--b
Content-Type: application/octet-stream; name*=utf-8''%1B%5B31mfile%07.txt
Content-Disposition: attachment

content
--b--
";

fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || ('\u{202A}'..='\u{202E}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

#[test]
fn no_escape_sequence_of_a_sender_reaches_the_terminal() {
    let data = Data::new();
    let archive = data.beside("hostile.mbox");
    write_mbox(&archive, [HOSTILE.to_owned()]);
    let folder = "Evil \u{1b}[31m";
    data.run(["import".as_ref(), "--report-all".as_ref(), archive.as_os_str()]).succeeds();
    data.run(["import".as_ref(), "--folder".as_ref(), folder.as_ref(), archive.as_os_str()]).succeeds();
    let saved = data.beside("saved");
    let saved_name = saved.to_str().unwrap();
    let commands: [&[&str]; 14] = [
        &["show", "Inbox:0"],
        &["show", "Inbox:0", "--headers"],
        &["show", "Inbox:0", "--save-attachments", saved_name],
        &["table"],
        &["table", "--columns", "all"],
        &["table", "--columns", "to,cc,id,headers,body"],
        &["folders"],
        &["table", "Evil"],
        &["props", "Inbox:0"],
        &["props", folder],
        &["--json", "show", "Inbox:0", "--headers"],
        &["--json", "table", "--columns", "all"],
        &["--json", "props", "Inbox:0"],
        &["table", "--restrict", "subject = '\u{1b}[31m\u{9b}' oops"],
    ];
    for command in commands {
        for colour in ["--color=never", "--color=auto"] {
            let answer = data.run(command.iter().copied().chain([colour])).without_crash();
            let text = format!("{}{}", answer.stdout, answer.stderr);
            assert!(!text.is_empty(), "{command:?}");
            if let Some(at) = text.find(is_harmful) {
                panic!(
                    "{command:?}: {:?}",
                    text[..at].chars().rev().take(60).collect::<Vec<_>>().iter().rev().collect::<String>()
                );
            }
        }
    }
    // It is the mail that is shown, only without its teeth.
    let shown = data.run(["show", "Inbox:0"]).succeeds().stdout;
    assert!(shown.contains("[31mred") && shown.contains("Hello") && shown.contains("turned"), "{shown}");
    // Programs get the text as it is.
    let json = data.run(["--json", "show", "Inbox:0"]).succeeds().json().remove(0);
    assert!(json["subject"].as_str().unwrap().contains("\u{1b}[2J"), "{json}");
    for file in std::fs::read_dir(&saved).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(is_harmful), "{name:?}");
    }
}
