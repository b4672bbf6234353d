//! `CopyTo` and `CopyProps` of folders (`properties` 4.7, 4.8, `stores` 10): at once, like every change of a
//! folder.

use crate::backend::StoredValue;
use crate::error::{Code, Failure, Result};
use crate::messages::{PropertyEdit, Transfer, Values};
use crate::properties::copy::{CopyRules, Outcome};
use crate::properties::tags::{self, Settable};
use crate::properties::{Numbered, Problem, PropTag, Property, PropertyHolder, StreamTarget};
use crate::stores::Folder;
use crate::stores::completion::Completion;
use crate::stores::copy_folder::{Extent, is_own};
use crate::stores::object::ImmediateObject;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What stands for the parts of a folder.
const PARTS: [PropTag; 3] = [tags::CONTAINER_CONTENTS, tags::FOLDER_ASSOCIATED_CONTENTS, tags::CONTAINER_HIERARCHY];

impl ImmediateObject {
    pub(crate) fn copy_to(&self, target: &Rc<Self>, rules: &CopyRules) -> Result<Outcome> {
        let same_store = self.store.connection.uid() == target.store.connection.uid();
        if same_store && self.store.lies_in(&target.object, &self.object)? {
            return Err(Failure::new(Code::FolderCycle, "A folder cannot be copied into a folder below it."));
        }
        let mut outcome = Outcome::default();
        let mut completion = Completion::new(self.store.connection.environment(), 1);
        self.copy_values(target, rules, &mut outcome)?;
        completion.succeeded(1);
        let [contents, associated, subfolders] = PARTS.map(|tag| rules.takes_parts(tag));
        let extent = Extent { contents, associated, subfolders, moving: rules.moving };
        let from = Folder::of(self.store.clone(), self.object.clone(), self.kind, true);
        let to = Folder::of(target.store.clone(), target.object.clone(), target.kind, true);
        from.copy_within(&to, extent, &mut completion)?;
        outcome.partial = completion.into_failure()?;
        Ok(outcome)
    }

    fn copy_values(&self, target: &Rc<Self>, rules: &CopyRules, outcome: &mut Outcome) -> Result<()> {
        let kept: BTreeSet<u16> =
            if rules.keeps_existing { target.list()?.into_iter().map(PropTag::id).collect() } else { BTreeSet::new() };
        let takes =
            |tag: PropTag| rules.takes(tag) && is_own(tag) && target.settable(tag) == Settable::Free && !kept.contains(&tag.id());
        let transfer = Transfer::new(&self.store, &target.store);
        let (values, lost) = transfer.values(&self.object, &PropertyEdit::default(), &takes)?;
        outcome.problems.extend(lost.iter().map(|(tag, code)| rules.problem(*tag, *code)));
        self.note_missing(target, rules, &values, &lost, outcome);
        let mut copied: Vec<PropTag> = values.iter().map(|(tag, _)| tag).collect();
        let (mut inline, mut staged) = (Vec::new(), Vec::new());
        for (tag, value) in values {
            match value {
                StoredValue::Inline(value) => inline.push(Numbered { index: 0, tag, item: Property { tag, value } }),
                StoredValue::Staged(value) => staged.push((tag, value)),
            }
        }
        let problems = if inline.is_empty() { Vec::new() } else { target.change(inline, Vec::new())? };
        for Problem { tag, code, .. } in problems {
            copied.retain(|copied| copied.id() != tag.id());
            outcome.problems.push(rules.problem(tag, code));
        }
        for (tag, value) in staged {
            target.store(tag, StoredValue::Staged(value))?;
        }
        copied.retain(|tag| tag.id() != tags::DISPLAY_NAME.id());
        if rules.moving && !copied.is_empty() {
            let gone = copied.into_iter().map(|tag| Numbered { index: 0, tag, item: () }).collect();
            self.change(Vec::new(), gone)?;
        }
        Ok(())
    }

    /// Properties asked for by name that the destination computes, or that this folder does not have.
    fn note_missing(
        &self,
        target: &Rc<Self>,
        rules: &CopyRules,
        values: &Values,
        lost: &[(PropTag, Code)],
        outcome: &mut Outcome,
    ) {
        for tag in rules.listed().unwrap_or_default() {
            let told = values.contains(tag) || lost.iter().any(|(have, _)| have.id() == tag.id());
            let kept = rules.keeps_existing && target.list().is_ok_and(|list| list.iter().any(|have| have.id() == tag.id()));
            if told || kept || PARTS.iter().any(|part| part.id() == tag.id()) {
                continue;
            }
            let free = is_own(tag) && target.settable(tag) == Settable::Free;
            outcome.problems.push(rules.problem(tag, if free { Code::NotFound } else { Code::Computed }));
        }
    }
}
