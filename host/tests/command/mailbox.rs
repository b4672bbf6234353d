//! Archives made for a test.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// The identifier of the message of that number.
pub(crate) fn id(number: usize) -> String {
    format!("<{number}@command.example>")
}

/// A message of a size that differs, every tenth with an attachment, one of those in ten a large one.
pub(crate) fn message(number: usize) -> String {
    let mut text = format!(
        "From: Sender {number} <sender{}@example.org>\nTo: Reader <reader@example.org>\nSubject: Message {number}\n\
         Date: Mon, 1 Jan 2024 {:02}:{:02}:00 +0000\nMessage-ID: {}\nMIME-Version: 1.0\n",
        number % 17,
        number / 60 % 24,
        number % 60,
        id(number)
    );
    let body = "A line of the body that is neither long nor short.\n".repeat(1 + number % 40);
    let content = "content of the file\n".repeat(if number % 100 == 50 { 50_000 } else { 100 });
    if number.is_multiple_of(10) {
        write!(
            text,
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{body}\n--b\n\
             Content-Type: application/octet-stream; name=\"file{number}.bin\"\nContent-Disposition: attachment\n\n{content}\n--b--\n"
        )
        .unwrap();
    } else {
        write!(text, "Content-Type: text/plain\n\n{body}").unwrap();
    }
    text
}

/// An mbox of those messages.
pub(crate) fn write_mbox(path: &Path, messages: impl IntoIterator<Item = String>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for message in messages {
        write!(file, "From sender@example.org Mon Jan  1 00:00:00 2024\n{message}\n").unwrap();
    }
    file.flush().unwrap();
}
