//! Maildir folders: one message a file, in `cur` and `new`, flags in the name. Subfolders lie beside `cur` as
//! Maildir++ has them: `.Parent.Child`, names in the modified UTF-7 of IMAP (RFC 3501 5.1.3).

use crate::archive::{ArchiveError, ArchiveTrouble};
use std::path::{Path, PathBuf};

/// The flags in the name of a Maildir file; those of a file in `new` are all clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one letter of the info part")]
pub struct MaildirFlags {
    /// `P`: passed on.
    pub passed: bool,
    /// `R`: replied to.
    pub replied: bool,
    /// `S`: seen.
    pub seen: bool,
    /// `T`: trashed.
    pub trashed: bool,
    /// `D`: a draft.
    pub draft: bool,
    /// `F`: flagged.
    pub flagged: bool,
}

impl MaildirFlags {
    /// The flags behind `:2,` (or `;2,` and `!2,`, which other file systems need).
    #[must_use]
    pub fn of_file_name(name: &str) -> Self {
        let letters =
            name.rsplit_once("2,").filter(|(before, _)| before.ends_with([':', ';', '!'])).map_or("", |(_, flags)| flags);
        let has = |letter| letters.contains(letter);
        Self { passed: has('P'), replied: has('R'), seen: has('S'), trashed: has('T'), draft: has('D'), flagged: has('F') }
    }

    /// The letters of those set, in the order a name has them.
    #[must_use]
    pub fn letters(&self) -> String {
        let flags = [
            (self.draft, 'D'),
            (self.flagged, 'F'),
            (self.passed, 'P'),
            (self.replied, 'R'),
            (self.seen, 'S'),
            (self.trashed, 'T'),
        ];
        flags.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect()
    }
}

/// Whether that directory is a Maildir.
pub(super) fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir() || path.join("new").is_dir()
}

/// The messages of a Maildir by name, which begins with the time of delivery; and their sizes together.
pub(super) fn list(path: &Path) -> Result<(Vec<(PathBuf, MaildirFlags)>, u64), ArchiveError> {
    if !is_maildir(path) {
        return Err(ArchiveError::new(path, 0, ArchiveTrouble::NoMaildir));
    }
    let mut files = Vec::new();
    let mut size = 0;
    for folder in ["cur", "new"].map(|name| path.join(name)) {
        if !folder.is_dir() {
            continue;
        }
        let fail = |error| ArchiveError::io(&folder, error);
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let metadata = std::fs::metadata(entry.path()).map_err(|error| ArchiveError::io(&entry.path(), error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if metadata.is_file() && !name.starts_with('.') {
                size += metadata.len();
                files.push((name, entry.path()));
            }
        }
    }
    files.sort();
    let files = files.into_iter().map(|(name, path)| (path, MaildirFlags::of_file_name(&name))).collect();
    Ok((files, size))
}

/// A subfolder of a Maildir.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaildirSubfolder {
    /// The names of the folders that lead to it, its own last.
    pub names: Vec<String>,
    /// The Maildir it is itself.
    pub path: PathBuf,
}

/// The subfolders of a Maildir, parents before their children.
pub(super) fn subfolders(path: &Path) -> Result<Vec<MaildirSubfolder>, ArchiveError> {
    let fail = |error| ArchiveError::io(path, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = file_name.strip_prefix('.') else { continue };
        if is_maildir(&entry.path()) {
            let names: Vec<String> = name.split('.').filter(|name| !name.is_empty()).map(folder_name).collect();
            if !names.is_empty() {
                found.push(MaildirSubfolder { names, path: entry.path() });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A name out of modified UTF-7; one that is none is taken as it is.
fn folder_name(encoded: &str) -> String {
    decode(encoded).unwrap_or_else(|| encoded.to_owned())
}

fn decode(encoded: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    let mut name = String::new();
    let mut rest = encoded;
    while let Some((plain, shifted)) = rest.split_once('&') {
        let (shifted, after) = shifted.split_once('-')?;
        name.push_str(plain);
        if shifted.is_empty() {
            name.push('&');
        }
        let (mut bits, mut filled, mut units) = (0_u32, 0, Vec::new());
        for byte in shifted.bytes() {
            let six = ALPHABET.iter().position(|letter| *letter == byte)?;
            bits = bits << 6 | u32::try_from(six).ok()?;
            filled += 6;
            if filled >= 16 {
                filled -= 16;
                units.push(u16::try_from(bits >> filled & 0xFFFF).ok()?);
            }
        }
        name.push_str(&String::from_utf16(&units).ok()?);
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_subfolders_are_modified_utf_7() {
        for (encoded, name) in [
            ("Sent", "Sent"),
            ("Entw&APw-rfe", "Entwürfe"),
            ("R&-D", "R&D"),
            ("&ZeVnLIqe-", "日本語"),
            ("&2D3eAA-", "😀"),
            // No modified UTF-7: as it is.
            ("AT&T", "AT&T"),
            ("&*-", "&*-"),
            ("&2D0-", "&2D0-"),
        ] {
            assert_eq!(folder_name(encoded), name);
        }
    }

    #[test]
    fn flags_are_read_from_the_info_part() {
        let flags = MaildirFlags::of_file_name("1.2.host:2,FRS");
        assert!(flags.flagged && flags.replied && flags.seen && !flags.draft);
        assert_eq!(MaildirFlags::of_file_name("12,S.host"), MaildirFlags::default());
        assert!(MaildirFlags::of_file_name("x;2,T").trashed);
    }
}
