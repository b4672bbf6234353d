//! Writing archives: mbox (mboxrd), Maildir, or one file a message.
//!
//! An archive appears under its name when it is complete, never before: it is written beside it and
//! renamed. What is there already is replaced only on request, and a directory only if it is an archive of
//! the same kind.

use crate::archive::maildir::{MaildirFlags, is_maildir};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What kind of archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenKind {
    /// One file; lines that look like an envelope line are quoted as mboxrd does.
    Mbox,
    /// One file a message in `cur` and `new`.
    Maildir,
    /// One numbered `.eml` file a message in a directory.
    Messages,
}

/// What is known of a message besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The address of its sender.
    pub sender: Option<String>,
    /// When it was received, in seconds since 1970-01-01 UTC.
    pub received: Option<i64>,
    /// Its Maildir flags.
    pub flags: MaildirFlags,
    /// Its line ends are CR LF and become those of the archive: LF, but for single files.
    pub network_line_ends: bool,
}

/// An archive being written.
pub struct ArchiveWriter {
    target: PathBuf,
    replace: bool,
    kind: Place,
    count: u64,
    /// Line ends of the message being written are changed.
    unix: Option<UnixLines>,
}

enum Place {
    Mbox { file: BufWriter<tempfile::NamedTempFile>, quoting: Quoting },
    Directory { folder: tempfile::TempDir, kind: WrittenKind, current: Option<Current> },
}

struct Current {
    file: BufWriter<File>,
    place: PathBuf,
    target: PathBuf,
}

impl ArchiveWriter {
    /// Begins an archive.
    ///
    /// # Errors
    /// When the target exists and is not to be replaced, or is not of that kind, or cannot be written beside.
    pub fn create(target: &Path, kind: WrittenKind, replace: bool) -> io::Result<Self> {
        check_target(target, kind, replace)?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mapi-export-");
        let kind = match kind {
            WrittenKind::Mbox => {
                Place::Mbox { file: BufWriter::with_capacity(1 << 20, builder.tempfile_in(parent)?), quoting: Quoting::default() }
            }
            kind => {
                let folder = builder.tempdir_in(parent)?;
                if kind == WrittenKind::Maildir {
                    for name in ["cur", "new", "tmp"] {
                        std::fs::create_dir(folder.path().join(name))?;
                    }
                }
                Place::Directory { folder, kind, current: None }
            }
        };
        Ok(Self { target: target.to_owned(), replace, kind, count: 0, unix: None })
    }

    /// Begins a message.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub fn begin(&mut self, envelope: &Envelope) -> io::Result<()> {
        self.count += 1;
        let number = self.count;
        self.unix = envelope.network_line_ends.then(UnixLines::default);
        match &mut self.kind {
            Place::Mbox { file, quoting } => {
                *quoting = Quoting::default();
                file.write_all(envelope_line(envelope).as_bytes())
            }
            Place::Directory { folder, kind, current } => {
                let (place, target) = match kind {
                    WrittenKind::Maildir => {
                        let name = format!("{}.{number:08}.mapi", envelope.received.unwrap_or(0).max(0));
                        let info = envelope.flags.letters();
                        let target = if info.is_empty() { format!("new/{name}") } else { format!("cur/{name}:2,{info}") };
                        (folder.path().join("tmp").join(&name), folder.path().join(target))
                    }
                    _ => {
                        self.unix = None;
                        let name = folder.path().join(format!("{number:08}.eml"));
                        (name.clone(), name)
                    }
                };
                let file = BufWriter::new(File::options().write(true).create_new(true).open(&place)?);
                *current = Some(Current { file, place, target });
                Ok(())
            }
        }
    }

    /// The next bytes of the message.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut converted = Vec::new();
        let piece = match &mut self.unix {
            Some(lines) => {
                lines.convert(piece, &mut converted);
                converted.as_slice()
            }
            None => piece,
        };
        match &mut self.kind {
            Place::Mbox { file, quoting } => quoting.write(piece, file),
            Place::Directory { current: Some(current), .. } => current.file.write_all(piece),
            Place::Directory { current: None, .. } => Err(io::Error::other("no message has been begun")),
        }
    }

    /// Ends the message.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub fn end(&mut self) -> io::Result<()> {
        let rest: &[u8] = if self.unix.take().is_some_and(|lines| lines.held_cr) { b"\r" } else { b"" };
        match &mut self.kind {
            Place::Mbox { file, quoting } => {
                quoting.write(rest, file)?;
                quoting.settle(false, file)?;
                // The empty line belongs to the next envelope.
                file.write_all(if quoting.at_line_start { b"\n" } else { b"\n\n" })
            }
            Place::Directory { current, .. } => {
                let Some(mut current) = current.take() else { return Ok(()) };
                current.file.write_all(rest)?;
                let file = current.file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.sync_all()?;
                if current.place != current.target {
                    std::fs::rename(&current.place, &current.target)?;
                }
                Ok(())
            }
        }
    }

    /// Puts the finished archive in its place.
    ///
    /// # Errors
    /// When something was put there meanwhile, or it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.kind {
            Place::Mbox { file, .. } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                let placed = if self.replace { file.persist(&self.target) } else { file.persist_noclobber(&self.target) };
                placed.map_err(|error| error.error)?;
                Ok(())
            }
            Place::Directory { folder, kind, .. } => {
                check_target(&self.target, kind, self.replace)?;
                let old = if self.target.exists() {
                    let aside = folder.path().with_extension("old");
                    std::fs::rename(&self.target, &aside)?;
                    Some(aside)
                } else {
                    None
                };
                if let Err(error) = std::fs::rename(folder.path(), &self.target) {
                    if let Some(old) = old {
                        std::fs::rename(old, &self.target)?;
                    }
                    return Err(error);
                }
                // It is where it belongs: nothing is left to be removed.
                let _renamed = folder.keep();
                old.map_or(Ok(()), std::fs::remove_dir_all)
            }
        }
    }
}

fn check_target(target: &Path, kind: WrittenKind, replace: bool) -> io::Result<()> {
    let exists = std::fs::symlink_metadata(target).is_ok();
    if !exists {
        return Ok(());
    }
    if !replace {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists already"));
    }
    let fits = match kind {
        WrittenKind::Mbox => target.is_file(),
        WrittenKind::Maildir => target.is_dir() && (is_maildir(target) || only_messages(target)?),
        WrittenKind::Messages => target.is_dir() && only_messages(target)?,
    };
    if fits {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "what is there is not an archive of this kind, so it is not replaced"))
    }
}

/// Whether a directory holds nothing but `.eml` files.
fn only_messages(folder: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() || entry.path().extension().is_none_or(|extension| extension != "eml") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn envelope_line(envelope: &Envelope) -> String {
    let sender = envelope.sender.as_deref().filter(|sender| !sender.is_empty() && sender.chars().all(|c| c.is_ascii_graphic()));
    let time = envelope.received.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).unwrap_or_default();
    format!("From {} {}\n", sender.unwrap_or("MAILER-DAEMON"), time.strftime("%a %b %e %H:%M:%S %Y"))
}

/// The quoting of mboxrd, fed in pieces: one `>` more before every `>…>From `.
#[derive(Debug)]
struct Quoting {
    at_line_start: bool,
    /// `>` seen since the start of the line, not written yet.
    arrows: u64,
    /// Bytes of `From ` seen behind them.
    matched: usize,
}

impl Default for Quoting {
    fn default() -> Self {
        Self { at_line_start: true, arrows: 0, matched: 0 }
    }
}

impl Quoting {
    const START: &[u8] = b"From ";

    fn write(&mut self, mut piece: &[u8], out: &mut impl Write) -> io::Result<()> {
        while let Some(&byte) = piece.first() {
            if !self.at_line_start {
                let end = memchr::memchr(b'\n', piece);
                let (line, rest) = piece.split_at(end.map_or(piece.len(), |at| at + 1));
                out.write_all(line)?;
                self.at_line_start = end.is_some();
                piece = rest;
            } else if self.matched == 0 && byte == b'>' {
                self.arrows += 1;
                piece = &piece[1..];
            } else if Self::START.get(self.matched) == Some(&byte) {
                self.matched += 1;
                piece = &piece[1..];
                if self.matched == Self::START.len() {
                    self.settle(true, out)?;
                }
            } else {
                self.settle(false, out)?;
                self.at_line_start = false;
            }
        }
        Ok(())
    }

    /// Writes what is held back, quoted or not.
    fn settle(&mut self, quoted: bool, out: &mut impl Write) -> io::Result<()> {
        for _ in 0..self.arrows + u64::from(quoted) {
            out.write_all(b">")?;
        }
        out.write_all(&Self::START[..self.matched])?;
        if self.arrows > 0 || self.matched > 0 {
            self.at_line_start = false;
        }
        (self.arrows, self.matched) = (0, 0);
        Ok(())
    }
}

/// CR LF to LF, fed in pieces.
#[derive(Debug, Default)]
struct UnixLines {
    held_cr: bool,
}

impl UnixLines {
    fn convert(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        out.reserve(piece.len() + 1);
        for &byte in piece {
            if self.held_cr && byte != b'\n' {
                out.push(b'\r');
            }
            self.held_cr = byte == b'\r';
            if byte != b'\r' {
                out.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Archive;
    use proptest::prelude::*;

    fn write(target: &Path, kind: WrittenKind, messages: &[Vec<u8>], step: usize, network: bool) {
        let mut writer = ArchiveWriter::create(target, kind, false).unwrap();
        for message in messages {
            writer.begin(&Envelope { network_line_ends: network, ..Envelope::default() }).unwrap();
            for piece in message.chunks(step) {
                writer.write(piece).unwrap();
            }
            writer.end().unwrap();
        }
        writer.finish().unwrap();
    }

    fn read(target: &Path) -> Vec<Vec<u8>> {
        let mut archive = Archive::open(target, None).unwrap();
        let (mut messages, mut piece) = (Vec::new(), Vec::new());
        while archive.next_message().unwrap().is_some() {
            let mut message = Vec::new();
            while archive.read_piece(&mut piece).unwrap() {
                message.extend_from_slice(&piece);
            }
            messages.push(message);
        }
        messages
    }

    #[test]
    fn nothing_is_replaced_unasked_and_no_half_of_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mail");
        std::fs::write(&target, "precious").unwrap();
        for kind in [WrittenKind::Mbox, WrittenKind::Maildir, WrittenKind::Messages] {
            assert!(ArchiveWriter::create(&target, kind, false).is_err());
        }
        assert!(ArchiveWriter::create(&target, WrittenKind::Maildir, true).is_err());
        let mut writer = ArchiveWriter::create(&target, WrittenKind::Mbox, true).unwrap();
        writer.begin(&Envelope::default()).unwrap();
        drop(writer);
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::remove_file(&target).unwrap();
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join("note.txt"), "precious").unwrap();
        assert!(ArchiveWriter::create(&target, WrittenKind::Messages, true).is_err());
    }

    #[test]
    fn flags_are_in_the_name_of_a_maildir_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mail");
        let mut writer = ArchiveWriter::create(&target, WrittenKind::Maildir, false).unwrap();
        let flags = MaildirFlags { seen: true, replied: true, flagged: true, ..MaildirFlags::default() };
        for flags in [flags, MaildirFlags::default()] {
            writer.begin(&Envelope { received: Some(5), flags, ..Envelope::default() }).unwrap();
            writer.write(b"A: b\n\n").unwrap();
            writer.end().unwrap();
        }
        writer.finish().unwrap();
        assert!(target.join("cur/5.00000001.mapi:2,FRS").is_file());
        assert!(target.join("new/5.00000002.mapi").is_file());
        assert_eq!(std::fs::read_dir(target.join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn an_envelope_line_has_sender_and_time_or_stands_in_for_them() {
        let envelope = Envelope { sender: Some("a@b".into()), received: Some(1_556_315_876), ..Envelope::default() };
        assert_eq!(envelope_line(&envelope), "From a@b Fri Apr 26 21:57:56 2019\n");
        let odd = Envelope { sender: Some("a b\n".into()), ..Envelope::default() };
        assert_eq!(envelope_line(&odd), "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read_again(
            bodies in proptest::collection::vec("(>{0,3}(From |Fro|F|x)[a-z ]{0,5}|)(\n|\r\n|\n\n)", 0..12).prop_map(|lines| lines.concat()).prop_map(|text| format!("X-A: b\n\n{text}").into_bytes()),
            count in 1usize..4,
            step in 1usize..9,
        ) {
            let messages = vec![bodies; count];
            let folder = tempfile::tempdir().unwrap();
            for (name, kind) in [("mbox", WrittenKind::Mbox), ("maildir", WrittenKind::Maildir)] {
                let target = folder.path().join(name);
                write(&target, kind, &messages, step, false);
                prop_assert_eq!(read(&target), messages.clone(), "{}", name);
            }
            let target = folder.path().join("unix");
            write(&target, WrittenKind::Maildir, &messages, step, true);
            let unix = String::from_utf8(messages[0].clone()).unwrap().replace("\r\n", "\n").into_bytes();
            prop_assert_eq!(&read(&target)[0], &unix);
        }
    }
}
