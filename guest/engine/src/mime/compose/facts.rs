//! What the header of a message states, told by its properties: one canonical value a field
//! (`messages` 10, first table). The same is told of the header block a message was received with, so that
//! a field whose value did not change can be given back as it was received.

use crate::backend::{NamedProperty, PropertyName};
use crate::entry_id::{OneOff, parse_flat_entry_list};
use crate::error::Result;
use crate::messages::{Draft, RECIPIENT_SUBMITTED, Values};
use crate::mime::collect::{Context, Destination};
use crate::mime::envelope::{self, INTERNET_HEADERS, KEYWORDS, PUBLIC_STRINGS, Role};
use crate::mime::header::{Header, Mailbox};
use crate::mime::{Oddities, ReadOptions};
use crate::properties::{FileTime, PropTag, Value, tags};
use encodify::base64;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The properties a header is made of.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) values: Values,
    pub(super) recipients: Vec<Values>,
    /// Fields without a property of their own, by their name in lower case.
    pub(super) named: BTreeMap<String, String>,
    pub(super) keywords: Vec<String>,
    /// The rows a delivery report reports on.
    pub(super) reported: Vec<Values>,
}

/// What one field says.
#[derive(Debug, PartialEq)]
pub(super) enum Stated {
    Nothing,
    Text(String),
    /// Identifiers, numbers, words: never encoded.
    Tokens(String),
    Date(FileTime),
    Mailboxes(Vec<Mailbox>),
}

/// What a field of a message says.
pub(super) type States = fn(&Facts) -> Stated;

/// Fields with properties of their own, in the order in which they are written.
pub(super) const FIELDS: &[(&str, States)] = &[
    ("Date", |facts| facts.date(tags::CLIENT_SUBMIT_TIME)),
    ("From", Facts::from),
    ("Sender", Facts::sender),
    ("Reply-To", Facts::reply_to),
    ("To", |facts| mailboxes(facts.recipients(1))),
    ("Cc", |facts| mailboxes(facts.recipients(2))),
    ("Bcc", |facts| mailboxes(facts.recipients(3))),
    ("Subject", |facts| facts.values.text(tags::SUBJECT).map_or(Stated::Nothing, |text| Stated::Text(text.to_owned()))),
    ("Message-ID", |facts| tokens(facts.values.text(tags::INTERNET_MESSAGE_ID).map(bracketed))),
    ("In-Reply-To", |facts| tokens(facts.values.text(tags::IN_REPLY_TO_ID).map(str::to_owned))),
    ("References", |facts| tokens(facts.values.text(tags::INTERNET_REFERENCES).map(str::to_owned))),
    ("Thread-Topic", Facts::thread_topic),
    ("Thread-Index", |facts| tokens(facts.values.bytes(tags::CONVERSATION_INDEX).map(|index| base64::STANDARD.encode(index)))),
    ("Importance", |facts| {
        // Without it the importance would follow from a priority that says otherwise.
        let normal = if facts.values.long(tags::PRIORITY).unwrap_or(0) == 0 { 3 } else { 1 };
        word(facts.importance(), &[(0, "low"), (normal, "normal"), (2, "high")])
    }),
    ("X-Priority", |facts| word(facts.importance(), &[(0, "5 (Lowest)"), (2, "1 (Highest)")])),
    ("X-MSMail-Priority", |_| Stated::Nothing),
    ("Priority", Facts::priority),
    ("Sensitivity", |facts| {
        word(facts.values.long(tags::SENSITIVITY), &[(1, "Personal"), (2, "Private"), (3, "Company-Confidential")])
    }),
    ("Disposition-Notification-To", Facts::read_receipt),
    ("Return-Receipt-To", |facts| {
        if facts.is_set(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED) { mailboxes(facts.author()) } else { Stated::Nothing }
    }),
    ("Reply-By", |facts| facts.date(tags::REPLY_TIME)),
    ("Expires", |facts| facts.date(tags::EXPIRY_TIME)),
    ("Expiry-Date", |_| Stated::Nothing),
    ("Auto-Submitted", |_| Stated::Nothing),
    ("X-Auto-Response-Suppress", Facts::suppressed),
    ("Precedence", |facts| facts.text(tags::INTERNET_PRECEDENCE)),
    ("List-Help", |facts| facts.text(tags::LIST_HELP)),
    ("List-Subscribe", |facts| facts.text(tags::LIST_SUBSCRIBE)),
    ("List-Unsubscribe", |facts| facts.text(tags::LIST_UNSUBSCRIBE)),
    ("Keywords", |facts| if facts.keywords.is_empty() { Stated::Nothing } else { Stated::Text(facts.keywords.join(", ")) }),
    ("Content-Language", |facts| {
        tokens(facts.values.long(tags::MESSAGE_LOCALE_ID).and_then(envelope::language_of).map(str::to_owned))
    }),
    ("Content-Class", |_| Stated::Nothing),
    ("X-Message-Class", Facts::message_class),
    ("X-MS-TNEF-Correlator", |_| Stated::Nothing),
];

/// Fields that share the value of another one: they are out of date when it is.
pub(super) const COMPANIONS: &[(&str, &str)] = &[
    ("x-msmail-priority", "X-Priority"),
    ("expiry-date", "Expires"),
    ("auto-submitted", "X-Auto-Response-Suppress"),
    ("content-class", "X-Message-Class"),
];

impl Facts {
    /// Those of a message in a store whose names these are.
    pub(super) fn of_message(values: Values, recipients: Vec<Values>, names: &[(PropTag, NamedProperty)]) -> Self {
        let mut facts = Self { values, recipients, ..Self::default() };
        for (tag, name) in names {
            match (&name.name, facts.values.get(*tag)) {
                (PropertyName::Text(text), Some(Value::Unicode(value))) if name.set == INTERNET_HEADERS => {
                    facts.named.insert(text.to_ascii_lowercase(), value.clone());
                }
                (PropertyName::Text(text), Some(Value::MvUnicode(words))) if name.set == PUBLIC_STRINGS && text == KEYWORDS => {
                    facts.keywords.clone_from(words);
                }
                _ => {}
            }
        }
        facts
    }

    /// Those a header block says.
    ///
    /// # Errors
    /// None of its own: the block goes nowhere.
    pub(super) fn of_block(header: &Header) -> Result<Self> {
        let mut draft = Draft::default();
        let mut context = Context::new(Rc::new(Nowhere));
        envelope::read(header, &mut draft, ReadOptions::default(), true, &mut context)?;
        crate::messages::derive_subject(&mut draft.properties);
        let mut facts = Self { values: draft.properties, recipients: draft.recipients, ..Self::default() };
        for (name, value) in envelope::named_fields(header, &mut Oddities::default()) {
            match (name.name, value) {
                (PropertyName::Text(text), Value::Unicode(value)) => drop(facts.named.insert(text, value)),
                (_, Value::MvUnicode(words)) => facts.keywords = words,
                _ => {}
            }
        }
        Ok(facts)
    }

    fn is_set(&self, tag: PropTag) -> bool {
        matches!(self.values.get(tag), Some(Value::Boolean(true)))
    }

    fn text(&self, tag: PropTag) -> Stated {
        self.values.text(tag).filter(|text| !text.is_empty()).map_or(Stated::Nothing, |text| Stated::Text(text.to_owned()))
    }

    fn date(&self, tag: PropTag) -> Stated {
        match self.values.get(tag) {
            Some(Value::SysTime(time)) => Stated::Date(*time),
            _ => Stated::Nothing,
        }
    }

    /// Who the message is from.
    pub(super) fn author(&self) -> Vec<Mailbox> {
        let mailbox = mailbox_of(&self.values, &envelope::SENT_REPRESENTING);
        mailbox.or_else(|| mailbox_of(&self.values, &envelope::SENDER)).into_iter().collect()
    }

    fn from(&self) -> Stated {
        mailboxes(self.author())
    }

    fn sender(&self) -> Stated {
        let sender: Vec<Mailbox> = mailbox_of(&self.values, &envelope::SENDER).into_iter().collect();
        if sender == self.author() { Stated::Nothing } else { mailboxes(sender) }
    }

    fn reply_to(&self) -> Stated {
        let entries = self.values.bytes(tags::REPLY_RECIPIENT_ENTRIES).map(parse_flat_entry_list);
        let entries = entries.and_then(core::result::Result::ok).unwrap_or_default();
        mailboxes(entries.iter().filter_map(|entry| mailbox_of_entry(entry)).collect())
    }

    /// The recipients of a type that are shown: no envelope rows (`messages` 7.5).
    pub(super) fn recipients(&self, kind: i32) -> Vec<Mailbox> {
        let shown = |row: &&Values| row.long(tags::RECIPIENT_TYPE).unwrap_or(1) & !RECIPIENT_SUBMITTED == kind;
        self.recipients.iter().filter(shown).filter_map(|row| mailbox_of(row, &envelope::RECIPIENT)).collect()
    }

    /// The topic is written when there is more to it than the subject.
    fn thread_topic(&self) -> Stated {
        let subject = self.values.text(tags::NORMALIZED_SUBJECT);
        let topic = self.values.text(tags::CONVERSATION_TOPIC).or(subject);
        match topic {
            Some(topic) if !topic.is_empty() && (Some(topic) != subject || self.values.contains(tags::CONVERSATION_INDEX)) => {
                Stated::Text(topic.to_owned())
            }
            _ => Stated::Nothing,
        }
    }

    fn importance(&self) -> Option<i32> {
        self.values.long(tags::IMPORTANCE)
    }

    /// Written when it does not follow from the importance.
    fn priority(&self) -> Stated {
        let priority = self.values.long(tags::PRIORITY).unwrap_or(0);
        if self.importance().unwrap_or(1) == priority + 1 {
            return Stated::Nothing;
        }
        word(Some(priority), &[(-1, "non-urgent"), (0, "normal"), (1, "urgent")])
    }

    fn read_receipt(&self) -> Stated {
        if !self.is_set(tags::READ_RECEIPT_REQUESTED) {
            return Stated::Nothing;
        }
        let named = [tags::READ_RECEIPT_ENTRYID, tags::REPORT_ENTRYID]
            .into_iter()
            .find_map(|tag| mailbox_of_entry(self.values.bytes(tag)?));
        mailboxes(named.map_or_else(|| self.author(), |mailbox| vec![mailbox]))
    }

    fn suppressed(&self) -> Stated {
        const BITS: [(i32, &str); 6] = [(1, "DR"), (2, "NDR"), (4, "RN"), (8, "NRN"), (0x10, "OOF"), (0x20, "AutoReply")];
        let bits = self.values.long(tags::AUTO_RESPONSE_SUPPRESS).unwrap_or(0);
        if bits == -1 {
            return Stated::Tokens("All".into());
        }
        let words: Vec<&str> = BITS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect();
        if words.is_empty() { Stated::Nothing } else { Stated::Tokens(words.join(", ")) }
    }

    /// The class, unless it is the usual one or told by the structure of the message.
    fn message_class(&self) -> Stated {
        let class = self.values.text(tags::MESSAGE_CLASS).unwrap_or_default();
        let starts = |prefix: &str| class.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if !starts("IPM.") || class.eq_ignore_ascii_case("IPM.Note") || starts("IPM.Note.SMIME") {
            return Stated::Nothing;
        }
        Stated::Tokens(class.to_owned())
    }
}

fn mailboxes(list: Vec<Mailbox>) -> Stated {
    if list.is_empty() { Stated::Nothing } else { Stated::Mailboxes(list) }
}

fn tokens(text: Option<String>) -> Stated {
    text.filter(|text| !text.trim().is_empty()).map_or(Stated::Nothing, Stated::Tokens)
}

fn word(number: Option<i32>, words: &[(i32, &str)]) -> Stated {
    tokens(number.and_then(|number| words.iter().find(|(known, _)| *known == number)).map(|(_, word)| (*word).to_owned()))
}

/// An identifier between angle brackets.
pub(super) fn bracketed(id: &str) -> String {
    let id = id.trim();
    if id.is_empty() || id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

/// Who a role names. An address of another type than SMTP is no mailbox: the person is named by it only.
pub(super) fn mailbox_of(values: &Values, role: &Role) -> Option<Mailbox> {
    let text = |tag| values.text(tag).filter(|text| !text.is_empty());
    let name = text(role.name);
    let is_smtp = text(role.kind).is_none_or(|kind| kind.eq_ignore_ascii_case("SMTP"));
    let address = text(role.smtp).or_else(|| text(role.address).filter(|_| is_smtp)).map(str::to_owned);
    let entry = || values.bytes(role.entry).and_then(mailbox_of_entry);
    match address.map(|address| Mailbox { name: String::new(), address }).or_else(entry) {
        Some(found) => {
            let name = name.map(str::to_owned).or(Some(found.name).filter(|name| !name.is_empty()));
            Some(Mailbox { name: name.unwrap_or_else(|| found.address.clone()), address: found.address })
        }
        None => {
            let address = text(role.address).map(|address| format!("{}:{address}", text(role.kind).unwrap_or("?")));
            let name = name.map(str::to_owned).or_else(|| address.clone())?;
            Some(Mailbox { name, address: address.unwrap_or_default() })
        }
    }
}

fn mailbox_of_entry(entry: &[u8]) -> Option<Mailbox> {
    let one_off = OneOff::parse(entry).ok()?;
    let smtp = one_off.address_type.eq_ignore_ascii_case("SMTP") && !one_off.address.is_empty();
    let address = if smtp { one_off.address } else { return None };
    let name = if one_off.display_name.is_empty() { address.clone() } else { one_off.display_name };
    Some(Mailbox { name, address })
}

/// A destination for a header that is only looked at.
struct Nowhere;

impl Destination for Nowhere {
    fn stage(&self) -> Result<u64> {
        Ok(0)
    }

    fn append(&self, _staged: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn discard(&self, _staged: u64) {}

    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
        Ok(vec![None; names.len()])
    }
}
