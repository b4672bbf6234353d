//! The header block of a message on its way out.
//!
//! A message that was received has its header block in `PR_TRANSPORT_MESSAGE_HEADERS`. Each of its fields
//! that still says what the properties say is written as it was received, at its place; what was changed is
//! written anew, what was added comes behind. Fields of the MIME structure are not the header's but the
//! content's.

use crate::error::Result;
use crate::mime::compose::ComposeOptions;
use crate::mime::compose::facts::{COMPANIONS, FIELDS, Facts, Stated, States};
use crate::mime::compose::field::Block;
use crate::mime::envelope;
use crate::mime::header::{Header, Line};
use std::collections::BTreeSet;

/// Fields that tell of an earlier journey; they do not belong on a message that is sent anew.
const TRACE: &[&str] = &[
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "delivered-to",
    "dkim-filter",
    "dkim-signature",
    "domainkey-signature",
    "envelope-to",
    "errors-to",
    "received",
    "received-spf",
    "resent-bcc",
    "return-path",
    "x-original-to",
    "x-received",
];

/// Writes the header of a message but for the fields of its MIME structure; `received` is the block it was
/// received with, if it was.
pub(super) fn write(facts: &Facts, received: &str, options: &ComposeOptions, block: &mut Block) -> Result<()> {
    let received = parsed(received);
    let before = Facts::of_block(&received)?;
    let mut writer = Writer { facts, before, received: &received, options, seen: BTreeSet::new(), done: BTreeSet::new() };
    for (name, raw) in received.fields() {
        writer.received(name, raw, block);
    }
    writer.rest(block);
    Ok(())
}

/// Whether a field may be written at all.
fn is_wanted(name: &str, options: &ComposeOptions) -> bool {
    (options.trace || TRACE.binary_search(&name).is_err()) && (options.bcc || !matches!(name, "bcc" | "resent-bcc"))
}

struct Writer<'a> {
    facts: &'a Facts,
    before: Facts,
    received: &'a Header,
    options: &'a ComposeOptions,
    /// Fields the received block has, in lower case.
    seen: BTreeSet<String>,
    /// Fields written, or decided not to be; in lower case.
    done: BTreeSet<String>,
}

impl Writer<'_> {
    /// A field of the block the message was received with.
    fn received(&mut self, name: &str, raw: &[u8], block: &mut Block) {
        let lower = name.to_ascii_lowercase();
        let first = self.seen.insert(lower.clone());
        if !is_wanted(&lower, self.options) || self.done.contains(&lower) {
            return;
        }
        if lower == "received" {
            block.as_received(name, raw);
            return;
        }
        if let Some((field, states)) = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(&lower)) {
            if first && !self.is_kept(&lower, field, *states) {
                self.done.insert(lower);
                self.field(field, &states(self.facts), block);
            } else if first || adds_up(&lower) {
                block.as_received(name, raw);
            }
            return;
        }
        if envelope::is_known(&lower) {
            return;
        }
        match (self.facts.named.get(&lower), self.before.named.get(&lower)) {
            (Some(now), Some(before)) if now == before => {
                if !block.as_received(name, raw) {
                    // One occurrence of a joined value.
                    let text = crate::mime::header::text_of(raw, &mut crate::mime::Oddities::default());
                    block.text(name, &text);
                }
            }
            (Some(now), _) => {
                let now = now.clone();
                self.done.insert(lower);
                named(name, &now, block);
            }
            (None, _) => {}
        }
    }

    /// Whether a field with a property of its own says what it said, in all its occurrences that count.
    fn is_kept(&self, lower: &str, field: &str, states: States) -> bool {
        let leader = COMPANIONS.iter().find(|(companion, _)| *companion == lower).map_or(field, |(_, leader)| leader);
        let states = FIELDS.iter().find(|(field, _)| *field == leader).map_or(states, |(_, states)| *states);
        let mut occurrences = self.received.fields().filter(|(name, _)| name.eq_ignore_ascii_case(lower));
        let count = if adds_up(lower) { usize::MAX } else { 1 };
        states(self.facts) == states(&self.before)
            && occurrences.by_ref().take(count).all(|(name, raw)| Block::default().as_received(name, raw))
    }

    /// What the received block did not have.
    fn rest(&mut self, block: &mut Block) {
        for (field, states) in FIELDS {
            let lower = field.to_ascii_lowercase();
            if self.done.contains(&lower) || self.seen.contains(&lower) || !is_wanted(&lower, self.options) {
                continue;
            }
            let stated = states(self.facts);
            // Another field of the block may say it already.
            if stated != states(&self.before) {
                self.field(field, &stated, block);
            }
        }
        for (name, value) in &self.facts.named {
            let valid = !name.is_empty() && name.bytes().all(|byte| matches!(byte, 33..=57 | 59..=126)) && name.len() < 200;
            if valid && !self.seen.contains(name) && !envelope::is_known(name) && is_wanted(name, self.options) {
                named(&capitalised(name), value, block);
            }
        }
    }

    fn field(&self, name: &str, stated: &Stated, block: &mut Block) {
        match stated {
            Stated::Nothing => {}
            Stated::Text(text) => block.text(name, text),
            Stated::Tokens(text) => block.tokens(name, text),
            Stated::Date(time) => block.date(name, *time),
            Stated::Mailboxes(list) => block.mailboxes(name, list),
        }
    }
}

/// Whether all fields of that name count, not only the first.
fn adds_up(name: &str) -> bool {
    matches!(name, "to" | "cc" | "bcc" | "reply-to" | "keywords")
}

/// A field of that name for each line of the value.
fn named(name: &str, value: &str, block: &mut Block) {
    for line in value.split("\r\n") {
        block.text(name, line);
    }
}

/// A field name as people write it.
fn capitalised(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

/// A stored header block, parsed; what is no field ends it.
fn parsed(block: &str) -> Header {
    let mut header = Header::default();
    for line in block.split_inclusive('\n') {
        if header.push(line.as_bytes()) != Line::Taken {
            break;
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_journey_are_sorted() {
        assert!(TRACE.is_sorted());
    }

    #[test]
    fn every_field_of_the_table_is_known_to_the_reader() {
        for (field, _) in FIELDS {
            assert!(envelope::is_known(&field.to_ascii_lowercase()), "{field}");
        }
    }
}
