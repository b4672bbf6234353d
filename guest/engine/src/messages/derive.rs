//! The properties a save computes (`properties` 7.1 to 7.3, `messages` 1.5, 1.6, 3).

use crate::messages::Values;
use crate::properties::{PropTag, Value, tags};
use md5::{Digest, Md5};

/// `MSGFLAG_*` (`messages` 1.4).
pub mod message_flags {
    #![expect(missing_docs, reason = "named by the table of `messages` 1.4")]
    pub const READ: i32 = 0x1;
    pub const UNMODIFIED: i32 = 0x2;
    pub const SUBMIT: i32 = 0x4;
    pub const UNSENT: i32 = 0x8;
    pub const HASATTACH: i32 = 0x10;
    pub const FROMME: i32 = 0x20;
    pub const ASSOCIATED: i32 = 0x40;
    pub const RESEND: i32 = 0x80;
    pub const RN_PENDING: i32 = 0x100;
    pub const NRN_PENDING: i32 = 0x200;
    pub const EVERREAD: i32 = 0x400;
    pub const ORIGIN_X400: i32 = 0x1000;
    pub const ORIGIN_INTERNET: i32 = 0x2000;
    pub const ORIGIN_MISC_EXT: i32 = 0x8000;
    /// Those a client may set until the first save.
    pub const CLIENT: i32 = READ | UNSENT | FROMME | RESEND;
}

/// `MAPI_P1`: an envelope row, never displayed.
pub const RECIPIENT_P1: i32 = 0x1000_0000;
/// `MAPI_SUBMITTED`: already received, displayed only.
pub const RECIPIENT_SUBMITTED: i32 = i32::MIN;

/// The prefix a subject has by rule 2 of `properties` 7.2: 1 to 3 letters, a colon and one space.
#[must_use]
pub fn subject_prefix(subject: &str) -> Option<&str> {
    let letters = subject.chars().take_while(|character| character.is_alphabetic()).take(4).count();
    if !(1..=3).contains(&letters) {
        return None;
    }
    let (end, _) = subject.char_indices().nth(letters)?;
    subject.get(end..)?.starts_with(": ").then(|| &subject[..end + 2])
}

/// Applies `properties` 7.2: keeps or computes the prefix, computes the normalised subject.
pub(crate) fn derive_subject(values: &mut Values) {
    let Some(subject) = values.text(tags::SUBJECT).map(str::to_owned) else {
        values.remove(tags::SUBJECT_PREFIX);
        values.remove(tags::NORMALIZED_SUBJECT);
        return;
    };
    let explicit = values.text(tags::SUBJECT_PREFIX).filter(|prefix| subject.starts_with(*prefix)).map(str::len);
    let length = match explicit {
        Some(length) => length,
        None => match subject_prefix(&subject) {
            Some(prefix) => {
                values.put(tags::SUBJECT_PREFIX, Value::Unicode(prefix.to_owned()));
                prefix.len()
            }
            None => {
                values.remove(tags::SUBJECT_PREFIX);
                0
            }
        },
    };
    values.put(tags::NORMALIZED_SUBJECT, Value::Unicode(subject[length..].to_owned()));
}

/// Computes `PR_DISPLAY_TO`, `_CC` and `_BCC` from the rows, in row order.
pub(crate) fn derive_display(values: &mut Values, recipients: &[Values]) {
    for (kind, tag) in [(1, tags::DISPLAY_TO), (2, tags::DISPLAY_CC), (3, tags::DISPLAY_BCC)] {
        let names: Vec<&str> = recipients
            .iter()
            .filter(|row| row.long(tags::RECIPIENT_TYPE).unwrap_or(1) & !RECIPIENT_SUBMITTED == kind)
            .map(|row| row.text(tags::DISPLAY_NAME).unwrap_or_default())
            .collect();
        values.put(tag, Value::Unicode(names.join("; ")));
    }
}

/// Computes `PR_CONVERSATION_ID` (`properties` 7.3).
pub(crate) fn derive_conversation_id(values: &mut Values) {
    let tracked = matches!(values.get(tags::CONVERSATION_INDEX_TRACKING), Some(Value::Boolean(true)));
    let from_index = values
        .bytes(tags::CONVERSATION_INDEX)
        .filter(|index| tracked && index.len() >= 22 && index[0] == 1)
        .map(|index| index[6..22].to_vec());
    let id = from_index.or_else(|| {
        let topic = values.text(tags::CONVERSATION_TOPIC)?;
        let units: Vec<u8> = topic.to_uppercase().encode_utf16().take(255).flat_map(u16::to_le_bytes).collect();
        Some(Md5::digest(&units).to_vec())
    });
    match id {
        Some(id) => values.put(tags::CONVERSATION_ID, Value::Binary(id)),
        None => {
            values.remove(tags::CONVERSATION_ID);
        }
    }
}

/// Fills the defaults of a recipient row (`messages` 2).
pub(crate) fn complete_recipient(row: &mut Values, row_id: i32) {
    row.put(tags::ROWID, Value::Long(row_id));
    if row.long(tags::RECIPIENT_TYPE).is_none() {
        row.put(tags::RECIPIENT_TYPE, Value::Long(1));
    }
    if row.text(tags::DISPLAY_NAME).is_none() {
        let name = row.text(tags::EMAIL_ADDRESS).unwrap_or_default().to_owned();
        row.put(tags::DISPLAY_NAME, Value::Unicode(name));
    }
}

/// Fills the defaults of an attachment and the names derived from each other (`messages` 3).
pub(crate) fn complete_attachment(values: &mut Values) {
    for (tag, default) in [(tags::ATTACH_METHOD, 0), (tags::RENDERING_POSITION, -1)] {
        if values.long(tag).is_none() {
            values.put(tag, Value::Long(default));
        }
    }
    let long = values.text(tags::ATTACH_LONG_FILENAME).map(str::to_owned);
    if let Some(long) = &long
        && !values.contains(tags::ATTACH_FILENAME)
    {
        values.put(tags::ATTACH_FILENAME, Value::Unicode(short_name(long)));
    }
    if !values.contains(tags::ATTACH_EXTENSION) {
        let name = long.or_else(|| values.text(tags::ATTACH_FILENAME).map(str::to_owned));
        if let Some(dot) = name.as_deref().and_then(|name| name.rfind('.').map(|at| &name[at..])).filter(|dot| dot.len() > 1) {
            values.put(tags::ATTACH_EXTENSION, Value::Unicode(dot.to_owned()));
        }
    }
}

/// The 8.3 form of a file name.
#[must_use]
pub(crate) fn short_name(long: &str) -> String {
    fn keep(part: &str, limit: usize) -> String {
        part.chars()
            .filter(|c| c.is_ascii_alphanumeric() || "!#$%&'()-@^_`{}~".contains(*c))
            .map(|c| c.to_ascii_uppercase())
            .take(limit)
            .collect()
    }
    let (base, extension) = long.rsplit_once('.').unwrap_or((long, ""));
    let fits = base.len() <= 8 && extension.len() <= 3 && keep(base, 8).len() == base.len() && !base.is_empty();
    if fits && keep(extension, 3).len() == extension.len() {
        return long.to_owned();
    }
    let mut short = format!("{}~1", keep(base, 6));
    let extension = keep(extension, 3);
    if !extension.is_empty() {
        short.push('.');
        short.push_str(&extension);
    }
    short
}

/// A size as the `PT_LONG` that reports it.
#[must_use]
pub(crate) fn size_value(size: u64) -> Value {
    Value::Long(i32::try_from(size).unwrap_or(i32::MAX))
}

/// Which of the body properties is the master (`messages` 5): the value of `PR_NATIVE_BODY_INFO` and its tag.
#[must_use]
pub(crate) fn body_master(values: &Values) -> Option<(i32, PropTag)> {
    match values.long(tags::NATIVE_BODY_INFO) {
        Some(1) if values.contains(tags::BODY) => return Some((1, tags::BODY)),
        Some(2) if values.contains(tags::RTF_COMPRESSED) => return Some((2, tags::RTF_COMPRESSED)),
        Some(3) if values.contains(tags::HTML) => return Some((3, tags::HTML)),
        _ => {}
    }
    if values.contains(tags::RTF_COMPRESSED) {
        Some((2, tags::RTF_COMPRESSED))
    } else if values.contains(tags::HTML) {
        Some((3, tags::HTML))
    } else if values.contains(tags::BODY) {
        Some((1, tags::BODY))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str, prefix: Option<&str>) -> (Option<String>, Option<String>) {
        let mut values = Values::new();
        values.put(tags::SUBJECT, Value::Unicode(text.into()));
        if let Some(prefix) = prefix {
            values.put(tags::SUBJECT_PREFIX, Value::Unicode(prefix.into()));
        }
        derive_subject(&mut values);
        (values.text(tags::SUBJECT_PREFIX).map(str::to_owned), values.text(tags::NORMALIZED_SUBJECT).map(str::to_owned))
    }

    #[test]
    fn subjects_split_as_the_examples_say() {
        let split = |prefix: Option<&str>, rest: &str| (prefix.map(str::to_owned), Some(rest.to_owned()));
        assert_eq!(subject("RE: Hello", None), split(Some("RE: "), "Hello"));
        assert_eq!(subject("Re: Re: x", None), split(Some("Re: "), "Re: x"));
        assert_eq!(subject("Note: x", None), split(None, "Note: x"));
        assert_eq!(subject("FW:x", None), split(None, "FW:x"));
        assert_eq!(subject("AW: ", None), split(Some("AW: "), ""));
        assert_eq!(subject("R2: x", None), split(None, "R2: x"));
        assert_eq!(subject("[L] x", Some("[L] ")), split(Some("[L] "), "x"));
        assert_eq!(subject("RE: x", Some("")), split(Some(""), "RE: x"));
        assert_eq!(subject("new", Some("RE: ")), split(None, "new"));
        assert_eq!(subject("é: x", None), split(Some("é: "), "x"));
    }

    #[test]
    fn display_names_are_joined_in_row_order_without_envelope_rows() {
        let row = |kind: i32, name: &str| {
            let mut row = Values::new();
            row.put(tags::RECIPIENT_TYPE, Value::Long(kind));
            row.put(tags::DISPLAY_NAME, Value::Unicode(name.into()));
            row
        };
        let mut values = Values::new();
        let rows = [row(1, "A"), row(2, "B"), row(1 | RECIPIENT_SUBMITTED, "C"), row(RECIPIENT_P1, "D")];
        derive_display(&mut values, &rows);
        assert_eq!(values.text(tags::DISPLAY_TO), Some("A; C"));
        assert_eq!(values.text(tags::DISPLAY_CC), Some("B"));
        assert_eq!(values.text(tags::DISPLAY_BCC), Some(""));
    }

    #[test]
    fn a_short_name_is_derived_from_the_long_one() {
        assert_eq!(short_name("a.txt"), "a.txt");
        assert_eq!(short_name("quarterly report.docx"), "QUARTE~1.DOC");
        assert_eq!(short_name("größe.pdf"), "GRE~1.PDF");
    }

    #[test]
    fn the_conversation_id_is_the_index_guid_only_with_tracking() {
        let mut values = Values::new();
        let mut index = vec![1; 22];
        index[6..].fill(7);
        values.put(tags::CONVERSATION_INDEX, Value::Binary(index));
        derive_conversation_id(&mut values);
        assert!(!values.contains(tags::CONVERSATION_ID));
        values.put(tags::CONVERSATION_INDEX_TRACKING, Value::Boolean(true));
        derive_conversation_id(&mut values);
        assert_eq!(values.bytes(tags::CONVERSATION_ID), Some(&[7; 16][..]));
    }
}
