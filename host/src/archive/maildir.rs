//! Maildir folders: one message a file, in `cur` and `new`, flags in the name.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_from_the_info_part() {
        let flags = MaildirFlags::of_file_name("1.2.host:2,FRS");
        assert!(flags.flagged && flags.replied && flags.seen && !flags.draft);
        assert_eq!(MaildirFlags::of_file_name("12,S.host"), MaildirFlags::default());
        assert!(MaildirFlags::of_file_name("x;2,T").trashed);
    }
}
