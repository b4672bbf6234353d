//! `CopyTo` and `CopyProps` of messages and attachments (`properties` 4.7, 4.8, `stores` 10). Both sides are
//! transacted: the destination keeps what it was given, and the source loses what was moved, with their save.

use crate::backend::{ObjectId, StoredValue};
use crate::error::{Code, Failure, Result};
use crate::messages::attachment::AttachmentState;
use crate::messages::content::{AttachmentContent, Content};
use crate::messages::message::MessageState;
use crate::messages::{DraftAttachment, MODRECIP_ADD, Parts, Transfer, Values, body};
use crate::properties::copy::{CopyRules, Outcome};
use crate::properties::tags::{self, Settable};
use crate::properties::{PropTag, Property, PropertyHolder, StreamTarget, Value};
use crate::stores::computed::private;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a destination takes.
struct Taking<'a> {
    rules: &'a CopyRules,
    /// Identifiers it has and keeps.
    kept: BTreeSet<u16>,
    /// Formats of the body that follow from the one that is taken.
    left: Vec<PropTag>,
}

impl Taking<'_> {
    fn of<'a>(rules: &'a CopyRules, target: &dyn PropertyHolder) -> Result<Taking<'a>> {
        let kept = if rules.keeps_existing { target.list()?.into_iter().map(PropTag::id).collect() } else { BTreeSet::new() };
        Ok(Taking { rules, kept, left: Vec::new() })
    }

    /// Whether the destination takes a property that the source has.
    fn takes(&self, tag: PropTag, target: &dyn PropertyHolder) -> bool {
        self.rules.takes(tag)
            && !self.kept.contains(&tag.id())
            && !self.left.iter().any(|left| left.id() == tag.id())
            && !is_computed(tag, target)
    }

    /// Properties asked for by name that the destination computes, or that the source does not have.
    fn missing(&self, target: &dyn PropertyHolder, taken: &Values, lost: &[(PropTag, Code)], parts: &[PropTag]) -> Outcome {
        let mut outcome = Outcome::default();
        for (tag, code) in lost {
            outcome.problems.push(self.rules.problem(*tag, *code));
        }
        let is_told = |tag: PropTag| taken.contains(tag) || lost.iter().any(|(have, _)| have.id() == tag.id());
        let is_part = |tag: PropTag| parts.iter().any(|part| part.id() == tag.id());
        for tag in self.rules.listed().unwrap_or_default() {
            if is_told(tag) || is_part(tag) || self.kept.contains(&tag.id()) {
                continue;
            }
            let code = if is_computed(tag, target) { Code::Computed } else { Code::NotFound };
            outcome.problems.push(self.rules.problem(tag, code));
        }
        outcome
    }
}

/// Whether the destination, not who copies, decides on a property.
fn is_computed(tag: PropTag, target: &dyn PropertyHolder) -> bool {
    private::RANGE.contains(&tag.id())
        || match target.settable(tag) {
            Settable::Free => false,
            Settable::UntilSaved => target.is_saved(),
            Settable::Computed => true,
        }
}

/// Hands values over, formats of the body in the order in which the last one counts (`messages` 5).
fn give(values: Values, put: impl Fn(Property), store: impl Fn(PropTag, StoredValue) -> Result<()>) -> Result<()> {
    let rank = |tag: PropTag| match tag.id() {
        id if id == tags::BODY.id() => 1,
        id if id == tags::HTML.id() => 2,
        id if id == tags::RTF_COMPRESSED.id() => 3,
        _ => 0,
    };
    let mut values: Vec<(PropTag, StoredValue)> = values.into_iter().collect();
    values.sort_by_key(|(tag, _)| rank(*tag));
    for (tag, value) in values {
        match value {
            StoredValue::Inline(value) => put(Property { tag, value }),
            staged @ StoredValue::Staged(_) => store(tag, staged)?,
        }
    }
    Ok(())
}

/// What cannot be copied of the parts.
fn partial(lost: &[(PropTag, Code)]) -> Option<Failure> {
    let (tag, code) = lost.first()?;
    Some(Failure::new(*code, "A property of a recipient, attachment or embedded message could not be copied.").with_tag(*tag))
}

impl MessageState {
    /// Whether both are handles onto one message.
    pub(crate) fn is_object(&self, other: &Self) -> bool {
        let stored = |state: &Self| state.object.clone().map(|object| (state.store.connection.uid(), object));
        std::ptr::eq(self, other) || (self.object.is_some() && stored(self) == stored(other))
    }

    pub(crate) fn copy_to(&self, target: &Rc<Self>, rules: &CopyRules) -> Result<Outcome> {
        let mut taking = Taking::of(rules, &**target)?;
        if rules.listed().is_none() {
            taking.left = self.formats_left(&taking)?;
        }
        let recipients = rules.takes_parts(tags::MESSAGE_RECIPIENTS) && !(rules.keeps_existing && target.has_recipients()?);
        let attachments =
            rules.takes_parts(tags::MESSAGE_ATTACHMENTS) && (!rules.keeps_existing || target.attachment_numbers()?.is_empty());
        let content = match &*self.content.borrow() {
            Content::New(draft) => Content::New(draft.clone()),
            Content::Stored(edit) => Content::Stored(edit.clone()),
        };
        let transfer = Transfer::new(&self.store, &target.store);
        let wanted = |tag: PropTag| taking.takes(tag, &**target);
        let parts = Parts { wanted: &wanted, recipients, attachments };
        let mut taken = transfer.message(&content, parts, target.depth())?;
        self.add_generated(&taking, target, &mut taken.draft.properties)?;
        let parts = [tags::MESSAGE_RECIPIENTS, tags::MESSAGE_ATTACHMENTS];
        let mut outcome = taking.missing(&**target, &taken.draft.properties, &taken.lost, &parts);
        outcome.partial = partial(&taken.lost_within);
        let copied: Vec<PropTag> = taken.draft.properties.iter().map(|(tag, _)| tag).collect();
        give(taken.draft.properties, |property| target.put(property), |tag, value| target.store(tag, value))?;
        let rows: Vec<Vec<Property>> = taken.draft.recipients.into_iter().map(row_of).collect();
        if !rows.is_empty() {
            target.modify_recipients(MODRECIP_ADD, &rows)?;
        }
        if let Err(failure) = target.take_attachments(taken.draft.attachments) {
            outcome.partial.get_or_insert(failure);
        }
        if rules.moving {
            copied.into_iter().filter(|tag| tag.id() != tags::MESSAGE_CLASS.id()).for_each(|tag| self.take_away(tag));
            if outcome.partial.is_none() && recipients {
                self.modify_recipients(0, &[])?;
            }
            if outcome.partial.is_none() && attachments {
                self.attachment_numbers()?.into_iter().for_each(|number| self.remove_attachment(number));
                self.refresh_attachment_table()?;
            }
        }
        Ok(outcome)
    }

    /// The formats of the body that are not to be copied, because they follow from the master.
    fn formats_left(&self, taking: &Taking<'_>) -> Result<Vec<PropTag>> {
        let formats = [tags::BODY, tags::HTML, tags::RTF_COMPRESSED];
        if formats.iter().any(|tag| taking.kept.contains(&tag.id())) {
            return Ok(formats.to_vec());
        }
        let values: Values = self.read(crate::backend::Want::Tags(&[tags::NATIVE_BODY_INFO]), 64)?.into_iter().collect();
        let master = match values.long(tags::NATIVE_BODY_INFO) {
            Some(2) => tags::RTF_COMPRESSED,
            Some(3) => tags::HTML,
            _ => tags::BODY,
        };
        // An excluded master leaves the plain text.
        let taken = if taking.rules.takes(master) { master } else { tags::BODY };
        Ok(formats.into_iter().filter(|tag| tag.id() != taken.id()).collect())
    }

    /// Formats of the body that were asked for and are generated when they are read.
    fn add_generated(&self, taking: &Taking<'_>, target: &Rc<Self>, values: &mut Values) -> Result<()> {
        for tag in taking.rules.listed().unwrap_or_default().into_iter().filter(|tag| body::is_format(*tag)) {
            if !values.contains(tag)
                && taking.takes(tag, &**target)
                && self.source(tag)?.is_none()
                && let Some(value) = self.generated(tag)?
            {
                values.put(tag.with_kind(value.kind()), value);
            }
        }
        Ok(())
    }

    /// Takes copies of attachments in, each under the lowest number that is free.
    fn take_attachments(&self, attachments: Vec<DraftAttachment>) -> Result<()> {
        let backend = self.store.connection.backend();
        if !attachments.is_empty() && !self.store.connection.identity().capabilities.attachments {
            attachments.iter().for_each(|attachment| attachment.discard(&**backend));
            return Err(Failure::new(Code::NoSupport, "The destination's store holds no attachments."));
        }
        let mut used = self.attachment_numbers()?;
        used.extend(self.open_attachments.borrow().iter());
        for mut attachment in attachments {
            let number = (0..i32::MAX).find(|number| !used.contains(number)).unwrap_or(i32::MAX);
            used.insert(number);
            attachment.properties.put(tags::ATTACH_NUM, Value::Long(number));
            self.put_attachment(number, AttachmentContent::New(attachment))?;
        }
        Ok(())
    }
}

fn row_of(values: Values) -> Vec<Property> {
    let inline = values.into_iter().filter_map(|(tag, value)| match value {
        StoredValue::Inline(value) => Some(Property { tag, value }),
        StoredValue::Staged(_) => None,
    });
    inline.collect()
}

impl AttachmentState {
    /// Whether both are handles onto one attachment.
    pub(crate) fn is_object(&self, other: &Self) -> bool {
        let stored = |state: &Self| match &*state.content.borrow() {
            AttachmentContent::Stored(edit) => Some(edit.object.clone()),
            AttachmentContent::New(_) => None,
        };
        let same: Option<ObjectId> = stored(self);
        std::ptr::eq(self, other)
            || (self.number == other.number && self.message.is_object(&other.message))
            || (same.is_some() && same == stored(other) && self.store.connection.uid() == other.store.connection.uid())
    }

    pub(crate) fn copy_to(&self, target: &Rc<Self>, rules: &CopyRules) -> Result<Outcome> {
        let mut taking = Taking::of(rules, &**target)?;
        if !rules.takes_parts(tags::ATTACH_DATA_OBJ) {
            taking.left.push(tags::ATTACH_DATA_OBJ);
        }
        let content = self.content.borrow().clone();
        let transfer = Transfer::new(&self.store, &target.store);
        let wanted = |tag: PropTag| taking.takes(tag, &**target);
        let taken = transfer.attachment(&content, &wanted, target.message.depth())?;
        let found = if taken.draft.embedded.is_some() { &[tags::ATTACH_DATA_OBJ][..] } else { &[] };
        let mut outcome = taking.missing(&**target, &taken.draft.properties, &taken.lost, found);
        outcome.partial = partial(&taken.lost_within);
        let copied: Vec<PropTag> = taken.draft.properties.iter().map(|(tag, _)| tag).collect();
        give(taken.draft.properties, |property| target.put(property), |tag, value| target.store(tag, value))?;
        let embedded = taken.draft.embedded.is_some();
        if let Some(message) = taken.draft.embedded {
            target.take_embedded(Content::New(*message))?;
        }
        if rules.moving {
            let also = if embedded && outcome.partial.is_none() { Some(tags::ATTACH_DATA_OBJ) } else { None };
            for tag in copied.into_iter().chain(also) {
                self.take_away(tag);
            }
        }
        Ok(outcome)
    }
}
