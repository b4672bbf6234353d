//! Recipients as people write them: `Ann <ann@example.org>, "Last, First" <x@example.org>, ben@example.org`,
//! or names of the address book.

use crate::address_book::{self, text};
use anyhow::{Context as _, bail, ensure};
use mapi_engine::entry_id::OneOff;
use mapi_session::flags::ResolveNameFlags;
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{AddressBook, NamedRecipient, Session};

/// `PR_RECIPIENT_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    To = 1,
    Cc = 2,
    Bcc = 3,
}

/// One recipient, known to the address book or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipient {
    pub(crate) role: Role,
    properties: Vec<Property>,
}

impl Recipient {
    /// A recipient that is in no address book.
    pub(crate) fn one_off(role: Role, name: &str, address: &str) -> Self {
        let one_off = OneOff::new(name, "SMTP", address);
        let properties = vec![
            Property::new(tags::DISPLAY_NAME, Value::Unicode(name.to_owned())),
            Property::new(tags::ADDRTYPE, Value::Unicode("SMTP".to_owned())),
            Property::new(tags::EMAIL_ADDRESS, Value::Unicode(address.to_owned())),
            Property::new(tags::ENTRYID, Value::Binary(one_off.to_bytes())),
        ];
        Self { role, properties }
    }

    /// The recipient a row of a message names; `None` for one that is neither To, Cc nor Bcc.
    pub(crate) fn of_row(row: &[Property]) -> Option<Self> {
        let kind = row.iter().find(|property| property.tag == tags::RECIPIENT_TYPE);
        let role = match kind.map(|property| &property.value) {
            Some(Value::Long(1)) | None => Role::To,
            Some(Value::Long(2)) => Role::Cc,
            Some(Value::Long(3)) => Role::Bcc,
            Some(_) => return None,
        };
        Some(Self { role, properties: row.to_vec() })
    }

    /// The row of `ModifyRecipients`.
    pub(crate) fn row(&self) -> Vec<Property> {
        let other = self.properties.iter().filter(|property| property.tag.id() != tags::RECIPIENT_TYPE.id());
        let role = Property::new(tags::RECIPIENT_TYPE, Value::Long(self.role as i32));
        std::iter::once(role).chain(other.cloned()).collect()
    }

    pub(crate) fn address(&self) -> String {
        address_book::address(&self.properties)
    }
}

impl core::fmt::Display for Recipient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (name, address) = (text(&self.properties, tags::DISPLAY_NAME), self.address());
        match address.as_str() {
            "" => f.write_str(&name),
            address if address == name => f.write_str(address),
            address => write!(f, "{name} <{address}>"),
        }
    }
}

/// The recipients that a list names; names are looked up in the address book (`ResolveName`).
pub(crate) async fn resolve(session: &Session, role: Role, list: &str) -> anyhow::Result<Vec<Recipient>> {
    let mut book = None;
    let mut recipients = Vec::new();
    for entry in split(list)?.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty()) {
        recipients.push(match typed(entry)? {
            Some((name, address)) => Recipient::one_off(role, &name, &address),
            None => {
                if book.is_none() {
                    book = Some(address_book::open(session).await?);
                }
                let book = book.as_ref().context("the address book is not available")?;
                Recipient { role, properties: look_up(book, entry).await? }
            }
        });
    }
    ensure!(!recipients.is_empty(), "{list:?} names no recipient");
    Ok(recipients)
}

/// The recipients of a list that names each by its address; an empty list names none.
pub(crate) fn written(role: Role, list: &str) -> anyhow::Result<Vec<Recipient>> {
    let entries = split(list)?;
    let entries = entries.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty());
    let recipient = |entry: &str| {
        let (name, address) = typed(entry)?.with_context(|| format!("{entry:?} is a name; write its address"))?;
        Ok(Recipient::one_off(role, &name, &address))
    };
    entries.map(recipient).collect()
}

async fn look_up(book: &AddressBook, name: &str) -> anyhow::Result<Vec<Property>> {
    let list = vec![NamedRecipient::named(name).properties];
    let resolved = book.resolve_name(ResolveNameFlags::MAPI_UNICODE, list).await?;
    if let Some(failure) = resolved.unresolved {
        let advice = format!("{name:?} is neither an address nor a name of the address book; `mapi resolve` shows what it fits");
        return Err(anyhow::Error::new(failure).context(advice));
    }
    Ok(resolved.recipients.into_iter().next().map(|found| found.properties).unwrap_or_default())
}

/// The entries of a list: commas and semicolons separate, but not inside quotation marks.
fn split(list: &str) -> anyhow::Result<Vec<String>> {
    let mut entries = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in list.chars() {
        let entry = match c {
            ',' | ';' if !quoted => {
                entries.push(String::new());
                continue;
            }
            _ => entries.last_mut(),
        };
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        if let Some(entry) = entry {
            entry.push(c);
        }
    }
    ensure!(!quoted, "{list:?} has a quotation mark without its pair");
    Ok(entries)
}

/// Name and address of an entry that has an address; `None` for a name alone.
fn typed(entry: &str) -> anyhow::Result<Option<(String, String)>> {
    let (name, address) = match entry.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (unquoted(name.trim()), address.trim()),
        None if entry.contains('@') => (String::new(), entry),
        None => return Ok(None),
    };
    if address.parse::<lettre::Address>().is_err() {
        bail!("{entry:?} is no recipient; write an address such as \"ann@example.org\" or \"Ann <ann@example.org>\"");
    }
    let name = if name.is_empty() { address.to_owned() } else { name };
    Ok(Some((name, address.to_owned())))
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> Vec<Option<(String, String)>> {
        split(list).unwrap().iter().map(|entry| typed(entry.trim()).unwrap()).collect()
    }

    fn pair(name: &str, address: &str) -> Option<(String, String)> {
        Some((name.into(), address.into()))
    }

    #[test]
    fn names_may_hold_what_separates() {
        assert_eq!(
            read("Ann <ann@example.org>, ben@example.org; \"Last, First\" <x@example.org>, Zoe"),
            [
                pair("Ann", "ann@example.org"),
                pair("ben@example.org", "ben@example.org"),
                pair("Last, First", "x@example.org"),
                None
            ]
        );
        assert_eq!(read("\"A \\\"B\\\" C\" <a@b.example>"), [pair("A \"B\" C", "a@b.example")]);
    }

    #[test]
    fn what_is_no_recipient_is_refused_with_a_sentence() {
        assert!(typed("a b <c>").unwrap_err().to_string().contains("is no recipient"));
        assert!(typed("a@").unwrap_err().to_string().contains("is no recipient"));
        assert!(split("\"a <b@c.d>").unwrap_err().to_string().contains("pair"));
    }

    #[test]
    fn a_recipient_shows_as_it_is_written() {
        assert_eq!(Recipient::one_off(Role::To, "Ann", "ann@example.org").to_string(), "Ann <ann@example.org>");
        assert_eq!(Recipient::one_off(Role::To, "ann@example.org", "ann@example.org").to_string(), "ann@example.org");
    }
}
