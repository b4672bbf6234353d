//! Steps that change messages.

use super::{Checked, Run};
use crate::program::{Step, Which};
use crate::view::{Header, Key, Message};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, Property, Value};

impl Run<'_> {
    /// The names of some of the messages there are.
    fn names(&self, which: Which) -> Vec<i32> {
        let count = self.oracle.messages.len();
        (0..which.count.min(count)).map(|at| self.oracle.messages[(which.first + at) % count].name).collect()
    }

    /// Steps that change messages; the model follows at once, the subject when it looks.
    pub(super) fn change(&mut self, step: &Step) -> Checked<()> {
        let unseen = self.still_busy()? || self.oracle.is_pending();
        self.unsettled &= unseen;
        if self.unsettled {
            return Ok(());
        }
        let failed = |code: Code| format!("the messages cannot be changed: {code:?}");
        let (before, touched) = match step {
            Step::Create(draft) => {
                self.names += 1;
                let name = self.names;
                self.subject.create(name, draft).map_err(failed)?;
                let mut values = draft.values.clone();
                values.push(Property::new(crate::tags::NAME, Value::Long(name)));
                let (recipients, attachments) = (draft.recipients.clone(), draft.attachments.clone());
                let before = self.oracle.change(|oracle| {
                    let arrival = oracle.arrival();
                    oracle.messages.push(Message { name, arrival, read: false, values, recipients, attachments });
                });
                (before, vec![name])
            }
            Step::Change { message, set, delete } => {
                let Some(name) = self.names(Which { first: *message, count: 1 }).first().copied() else { return Ok(()) };
                let delete: Vec<PropTag> =
                    delete.iter().copied().filter(|tag| !set.iter().any(|value| value.tag.id() == tag.id())).collect();
                if set.is_empty() {
                    return Ok(());
                }
                self.subject.change(name, set, &delete).map_err(failed)?;
                let gone = |tag: PropTag| {
                    set.iter().any(|value| value.tag.id() == tag.id()) || delete.iter().any(|other| other.id() == tag.id())
                };
                let before = self.oracle.change(|oracle| {
                    for message in oracle.messages.iter_mut().filter(|message| message.name == name) {
                        message.values.retain(|value| !gone(value.tag));
                        message.values.extend(set.iter().cloned());
                    }
                });
                (before, vec![name])
            }
            Step::Delete { messages, hard } => {
                let names = self.names(*messages);
                if names.is_empty() {
                    return Ok(());
                }
                self.subject.delete(&names, *hard).map_err(failed)?;
                let before = self.oracle.change(|oracle| oracle.messages.retain(|message| !names.contains(&message.name)));
                (before, names)
            }
            Step::MoveAway(messages) => {
                let names = self.names(*messages);
                if names.is_empty() {
                    return Ok(());
                }
                self.subject.carry(&names, false).map_err(failed)?;
                let before = self.oracle.change(|oracle| {
                    for name in &names {
                        if let Some(at) = oracle.messages.iter().position(|message| message.name == *name) {
                            let message = oracle.messages.remove(at);
                            oracle.away.push(message);
                        }
                    }
                });
                (before, names)
            }
            Step::MoveBack => {
                let names: Vec<i32> = self.oracle.away.iter().map(|message| message.name).collect();
                if names.is_empty() {
                    return Ok(());
                }
                self.subject.carry(&names, true).map_err(failed)?;
                let before = self.oracle.change(|oracle| {
                    for message in std::mem::take(&mut oracle.away) {
                        let arrival = oracle.arrival();
                        oracle.messages.push(Message { arrival, ..message });
                    }
                });
                (before, names)
            }
            Step::Mark { messages, read } => {
                let mut names = self.names(*messages);
                let differs =
                    |name: &i32| self.oracle.messages.iter().any(|message| message.name == *name && message.read != *read);
                names.retain(differs);
                if names.is_empty() {
                    return Ok(());
                }
                self.subject.mark(&names, *read).map_err(failed)?;
                let before = self.oracle.change(|oracle| {
                    for message in oracle.messages.iter_mut().filter(|message| names.contains(&message.name)) {
                        message.read = *read;
                    }
                });
                (before, names)
            }
            _ => return Ok(()),
        };
        self.covered.changes += 1;
        let set = |mut keys: Vec<Key>| {
            keys.sort_unstable();
            keys
        };
        let headers = |headers: &[Header]| headers.iter().map(|header| Key::Header(header.id)).collect();
        let view = &self.oracle.view;
        self.unsettled = unseen
            && (set(before.keys.clone()) != set(view.keys()) || set(headers(&before.headers)) != set(headers(&view.headers)));
        let read_state = matches!(step, Step::Mark { .. });
        let expectation = self.advised.then(|| self.oracle.expectation(before, &touched, read_state));
        self.unseen = Some(expectation);
        Ok(())
    }
}
