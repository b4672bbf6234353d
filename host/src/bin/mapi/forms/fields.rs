//! The fields of a form as text, and the changes that follow from them.

use crate::addresses::{Recipient, Role, written};
use anyhow::{Context as _, ensure};
use mapi_session::backend::{FormRequest, MessageChanges};
use mapi_session::properties::{PropTag, PropType, Property, Value, tags};
use std::path::{Path, PathBuf};

/// Bytes of a file that is attached through a form, which holds it in memory.
const FILE_LIMIT: u64 = 32 << 20;

/// The fields of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fields {
    /// Recipients as they are shown, by [`Role`].
    recipients: Vec<(Recipient, String)>,
    pub(crate) subject: String,
    /// `None`: too long for a form.
    pub(crate) text: Option<String>,
    pub(crate) importance: i32,
    /// Number and name of each attachment.
    pub(crate) attachments: Vec<(u32, String)>,
    /// Files to attach.
    pub(crate) files: Vec<PathBuf>,
}

impl Fields {
    pub(crate) fn of(request: &FormRequest) -> Self {
        let message = &request.message;
        let value = |tag: PropTag| message.properties.iter().find(|property| property.tag == tag).map(|found| &found.value);
        let is_cut = value(tags::BODY.with_kind(PropType::I8)).is_some();
        let recipients = message.recipients.iter().filter_map(|row| Recipient::of_row(row));
        let attachments = message.attachments.iter().filter_map(|row| {
            let number = row.iter().find(|cell| cell.tag == tags::ATTACH_NUM);
            let Some(Value::Long(number)) = number.map(|cell| &cell.value) else { return None };
            let names = [tags::ATTACH_LONG_FILENAME, tags::ATTACH_FILENAME, tags::DISPLAY_NAME];
            let name = names.iter().find_map(|tag| text_of(row.iter().find(|cell| cell.tag == *tag).map(|cell| &cell.value)));
            Some((u32::try_from(*number).ok()?, name.unwrap_or_else(|| "unnamed".to_owned())))
        });
        Self {
            recipients: recipients.map(|recipient| (recipient.clone(), recipient.to_string())).collect(),
            subject: text_of(value(tags::SUBJECT)).unwrap_or_default(),
            text: (!is_cut).then(|| text_of(value(tags::BODY)).unwrap_or_default()),
            importance: match value(tags::IMPORTANCE) {
                Some(Value::Long(importance)) => *importance,
                _ => 1,
            },
            attachments: attachments.collect(),
            files: Vec::new(),
        }
    }

    /// The recipients of a kind, as a person writes them.
    pub(crate) fn list(&self, role: Role) -> String {
        let shown = self.recipients.iter().filter(|(recipient, _)| recipient.role == role).map(|(_, shown)| shown.as_str());
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Replaces the recipients of a kind. Those that are written as they were shown stay as they are.
    pub(crate) fn set_list(&mut self, role: Role, list: &str) -> anyhow::Result<()> {
        if list == self.list(role) {
            return Ok(());
        }
        let named = written(role, list)?.into_iter().map(|recipient| {
            let shown = recipient.to_string();
            let known = self.recipients.iter().find(|(known, text)| known.role == role && *text == shown);
            known.cloned().unwrap_or((recipient, shown))
        });
        let named: Vec<_> = named.collect();
        self.recipients.retain(|(recipient, _)| recipient.role != role);
        self.recipients.extend(named);
        self.recipients.sort_by_key(|(recipient, _)| recipient.role as i32);
        Ok(())
    }

    /// What was changed since these fields were read.
    pub(crate) fn changes(&self, before: &Self) -> anyhow::Result<MessageChanges> {
        let mut changes = MessageChanges::default();
        let mut set = |tag, value| changes.set.push(Property::new(tag, value));
        if self.subject != before.subject {
            set(tags::SUBJECT, Value::Unicode(self.subject.clone()));
        }
        if let Some(text) = &self.text
            && self.text != before.text
        {
            set(tags::BODY, Value::Unicode(text.replace("\r\n", "\n").replace('\n', "\r\n")));
        }
        if self.importance != before.importance {
            set(tags::IMPORTANCE, Value::Long(self.importance));
        }
        if self.recipients != before.recipients {
            changes.recipients = Some(self.recipients.iter().map(|(recipient, _)| recipient.row()).collect());
        }
        let is_kept = |number: u32| self.attachments.iter().any(|(kept, _)| *kept == number);
        let removed = before.attachments.iter().map(|(number, _)| *number).filter(|number| !is_kept(*number));
        changes.attachments_removed = removed.collect();
        changes.attachments_added = self.files.iter().map(|path| attachment(path)).collect::<anyhow::Result<_>>()?;
        Ok(changes)
    }
}

fn text_of(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::Unicode(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The properties of an attachment with a file in it.
fn attachment(path: &Path) -> anyhow::Result<Vec<Property>> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("{shown} cannot be attached"))?.len();
    ensure!(size <= FILE_LIMIT, "{shown} is too large for a form; attach it with `mapi send`");
    let data = std::fs::read(path).with_context(|| format!("{shown} cannot be attached"))?;
    let mut properties = crate::compose::attachment_properties(path);
    properties.push(Property::new(tags::ATTACH_DATA_BIN, Value::Binary(data)));
    Ok(properties)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mapi_session::backend::{FormDefinition, FormLibrary, MessageValues};

    fn text(value: &str) -> Value {
        Value::Unicode(value.to_owned())
    }

    /// The form of a message to Ann with a text and an attachment.
    pub(crate) fn request(subject: &str, body: &str) -> FormRequest {
        let attachment =
            vec![Property::new(tags::ATTACH_NUM, Value::Long(4)), Property::new(tags::ATTACH_LONG_FILENAME, text("plan.txt"))];
        FormRequest {
            flags: 0,
            message: MessageValues {
                properties: vec![Property::new(tags::SUBJECT, text(subject)), Property::new(tags::BODY, text(body))],
                recipients: vec![Recipient::one_off(Role::To, "Ann", "ann@example.org").row()],
                attachments: vec![attachment],
                ..MessageValues::default()
            },
            store_id: Vec::new(),
            message_class: "IPM.Note".into(),
            form: FormDefinition { message_class: "IPM".into(), library: FormLibrary::Local, properties: Vec::new() },
            message_status: 0,
            message_flags: 0,
            access: 1,
            viewer: 0,
        }
    }

    #[test]
    fn only_what_was_changed_is_handed_back() {
        let before = Fields::of(&request("Plan", "one"));
        assert_eq!((before.list(Role::To).as_str(), before.attachments[0].0), ("Ann <ann@example.org>", 4));
        assert!(before.clone().changes(&before).unwrap().is_empty());
        let mut after = before.clone();
        after.text = Some("one\ntwo".into());
        after.attachments.clear();
        let changes = after.changes(&before).unwrap();
        assert_eq!(changes.set, [Property::new(tags::BODY, text("one\r\ntwo"))]);
        assert_eq!((changes.attachments_removed, changes.recipients), (vec![4], None));
    }

    #[test]
    fn recipients_that_stay_keep_what_is_known_of_them() {
        let mut request = request("Plan", "one");
        request.message.recipients[0].push(Property::new(tags::ROWID, Value::Long(7)));
        let before = Fields::of(&request);
        let mut after = before.clone();
        after.set_list(Role::Cc, "ben@example.org").unwrap();
        after.set_list(Role::To, "Cleo <cleo@example.org>, Ann <ann@example.org>").unwrap();
        let rows = after.changes(&before).unwrap().recipients.unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows[1].contains(&Property::new(tags::ROWID, Value::Long(7))));
        assert!(after.set_list(Role::Bcc, "nobody").unwrap_err().to_string().contains("address"));
        after.set_list(Role::To, "").unwrap();
        assert_eq!((after.list(Role::To).as_str(), after.list(Role::Cc).as_str()), ("", "ben@example.org"));
    }

    #[test]
    fn a_text_that_was_cut_is_not_offered_and_not_handed_back() {
        let mut request = request("Plan", "the beginning");
        request.message.properties.push(Property { tag: tags::BODY.with_kind(PropType::I8), value: Value::I8(1 << 20) });
        let before = Fields::of(&request);
        assert_eq!(before.text, None);
        assert!(before.clone().changes(&before).unwrap().is_empty());
    }
}
