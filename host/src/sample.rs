//! A sample mailbox: a few hundred messages with the MIME that real mail has.
//!
//! Discussions with replies, newsletters with plain and HTML text, pictures inside HTML, attachments,
//! forwarded messages, old character sets, encoded headers, and what broken senders produce. What the
//! mailbox holds is known ([`Sample`]), so that whoever imports it can check every number.

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use std::io::{self, Write};

/// The number of discussions.
const THREADS: u32 = 60;

/// What a written mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Messages.
    pub messages: u32,
    /// Messages with at least one attachment.
    pub with_attachments: u32,
    /// Messages whose subject contains "release" in any case.
    pub about_releases: u32,
    /// Pairs of messages that are equal to the last byte.
    pub equal_pairs: u32,
}

const PEOPLE: [(&str, &str); 8] = [
    ("Ada Quill", "ada@example.org"),
    ("Boris Ødegård", "boris@example.org"),
    ("Chloé Dupont", "chloe@example.net"),
    ("Dmitri Иванов", "dmitri@example.net"),
    ("Emi 山田", "emi@example.com"),
    ("Farid Haddad", "farid@example.com"),
    ("Greta Lindqvist", "greta@example.org"),
    ("Build Robot", "robot@ci.example.org"),
];

const TOPICS: [&str; 6] = [
    "Release plan for the spring",
    "Broken link on the front page",
    "[PATCH] Keep the order of equal keys",
    "Mittagessen am Freitag",
    "Réunion de l'équipe",
    "Quarterly numbers",
];

/// Writes the sample mailbox as mboxrd.
///
/// # Errors
/// What the writer answers.
pub fn write_mailbox(writer: &mut impl Write) -> io::Result<Sample> {
    let mut mailbox = Mailbox { writer, sample: Sample::default(), clock: 1_704_103_200 };
    for thread in 0..THREADS {
        mailbox.thread(thread)?;
    }
    for odd in ODDITIES {
        mailbox.raw(odd.message.as_bytes(), odd.attachments > 0, false)?;
    }
    for _ in 0..2 {
        mailbox.raw(ODDITIES[0].message.as_bytes(), ODDITIES[0].attachments > 0, false)?;
    }
    mailbox.sample.equal_pairs = 2;
    Ok(mailbox.sample)
}

struct Mailbox<'a, W: Write> {
    writer: &'a mut W,
    sample: Sample,
    /// Seconds since 1970 of the next message.
    clock: i64,
}

impl<W: Write> Mailbox<'_, W> {
    /// A first message and up to five replies.
    fn thread(&mut self, thread: u32) -> io::Result<()> {
        let topic = TOPICS[thread as usize % TOPICS.len()];
        let mut references: Vec<String> = Vec::new();
        for reply in 0..=thread % 6 {
            let from = PEOPLE[(thread + reply) as usize % PEOPLE.len()];
            let to = PEOPLE[(thread + reply + 1) as usize % PEOPLE.len()];
            let id = format!("{thread}.{reply}@sample.example");
            let subject = if reply == 0 { format!("{topic} #{thread}") } else { format!("Re: {topic} #{thread}") };
            let text = format!(
                "Hello {},\n\nmessage {reply} of discussion {thread}.\nFrom here on it is quoted:\n>From the archive\n\n-- \n{}\n",
                to.0, from.0
            );
            let mut builder = MessageBuilder::new()
                .from(from)
                .to(to)
                .subject(subject.clone())
                .date(self.clock)
                .message_id(id.clone())
                .header("X-Mailer", Raw::new("Sample 1.0"))
                .text_body(text);
            if reply > 0 {
                builder = builder.in_reply_to(references.last().cloned().unwrap_or_default()).references(references.clone());
            }
            if reply % 2 == 1 {
                builder = builder.cc(PEOPLE[(thread + 3) as usize % PEOPLE.len()]);
            }
            let mut attached = false;
            match (thread + reply) % 7 {
                2 => builder = builder.html_body(format!("<html><body><p>Hello <b>{}</b></p></body></html>", to.0)),
                3 => {
                    attached = true;
                    builder =
                        builder.attachment("application/pdf", format!("plan-{thread}.pdf"), vec![b'%'; 4_000 + thread as usize]);
                }
                4 => {
                    attached = true;
                    builder = builder.html_body("<html><body><img src=\"cid:logo@sample.example\"></body></html>").inline(
                        "image/png",
                        "logo@sample.example",
                        b"\x89PNG\r\n\x1a\n0123456789".to_vec(),
                    );
                }
                5 => {
                    attached = true;
                    let inner = MessageBuilder::new()
                        .from(to)
                        .to(from)
                        .subject("The forwarded one")
                        .date(self.clock - 86_400)
                        .message_id(format!("inner.{id}"))
                        .text_body("This was forwarded.\n")
                        .write_to_vec()?;
                    builder = builder.body(MimePart::new(
                        "multipart/mixed",
                        vec![MimePart::new("text/plain", "See below.\n"), MimePart::new("message/rfc822", inner)],
                    ));
                }
                _ => {}
            }
            let message = builder.write_to_vec()?;
            self.raw(&message, attached, subject.contains("Release"))?;
            references.push(id);
        }
        Ok(())
    }

    /// Appends one message, quoted as mboxrd demands.
    fn raw(&mut self, message: &[u8], attached: bool, about_release: bool) -> io::Result<()> {
        self.sample.messages += 1;
        self.sample.with_attachments += u32::from(attached);
        self.sample.about_releases += u32::from(about_release);
        self.clock += 3_600 + i64::from(self.sample.messages % 11) * 977;
        writeln!(self.writer, "From sample@example.org Mon Jan  1 10:00:00 2024")?;
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
            let unquoted = line.iter().position(|byte| *byte != b'>').map_or(&line[line.len()..], |start| &line[start..]);
            if unquoted.starts_with(b"From ") {
                self.writer.write_all(b">")?;
            }
            self.writer.write_all(line)?;
            self.writer.write_all(b"\n")?;
        }
        self.writer.write_all(b"\n")
    }
}

/// A message no library would write.
struct Oddity {
    message: &'static str,
    attachments: u32,
}

const ODDITIES: &[Oddity] = &[
    Oddity {
        message: "From: =?koi8-r?B?5M3J1NLJyg==?= <dmitri@example.net>\nTo: ada@example.org\nSubject: =?koi8-r?B?8NLJ18XU?=\n\
                  Date: Tue, 02 Jan 2024 08:00:00 +0300\nMessage-ID: <koi8@sample.example>\nContent-Type: text/plain; charset=koi8-r\n\
                  Content-Transfer-Encoding: quoted-printable\n\n=F0=D2=C9=D7=C5=D4\n",
        attachments: 0,
    },
    Oddity {
        message: "From: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <emi@example.com>\nTo: ada@example.org\nSubject: =?utf-8?Q?caf=C3=A9?=\n =?utf-8?Q?_cr=C3=A8me?=\n\
                  Date: Wed, 03 Jan 2024 08:00:00 +0900\nMessage-ID: <jis@sample.example>\nContent-Type: text/plain; charset=us-ascii\n\nPlain.\n",
        attachments: 0,
    },
    Oddity {
        message: "From: robot@ci.example.org\nTo: undisclosed-recipients:;\nSubject: no date, no id\n\nA message without Date and Message-ID.\n",
        attachments: 0,
    },
    Oddity {
        message: "From: ada@example.org\nTo: \"broken <boris@example.org\nDate: not a date\nSubject: broken headers\n\
                  Content-Type: multipart/mixed; boundary=\"never-closed\"\n\n--never-closed\nContent-Type: text/plain\n\nThe boundary is never closed.\n",
        attachments: 0,
    },
    Oddity {
        message: "From: greta@example.org\nTo: ada@example.org\nSubject: unknown charset\nDate: Thu, 04 Jan 2024 08:00:00 +0000\n\
                  Message-ID: <charset@sample.example>\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nText.\n\
                  --b\nContent-Type: text/x-patch; name*=utf-8''na%C3%AFve.patch\nContent-Disposition: attachment; filename*=utf-8''na%C3%AFve.patch\n\n--- a\n+++ b\n--b--\n",
        attachments: 1,
    },
    Oddity {
        message: "From: farid@example.com\nTo: ada@example.org\nSubject: \u{1b}[31mescape\u{7}\nDate: Fri, 05 Jan 2024 08:00:00 +0000\n\
                  Message-ID: <escape@sample.example>\n\nA subject with terminal escapes.\u{1b}[2J\n",
        attachments: 0,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_says_how_many_messages_it_holds() {
        let mut mbox = Vec::new();
        let sample = write_mailbox(&mut mbox).unwrap();
        let text = String::from_utf8_lossy(&mbox);
        let separators = text.lines().filter(|line| line.starts_with("From ")).count();
        assert_eq!(separators, sample.messages as usize);
        assert!((200..1_000).contains(&sample.messages), "{}", sample.messages);
        assert!(sample.with_attachments > 50);
        assert!(text.contains("\n>>From the archive\n"), "quoted as mboxrd");
    }
}
