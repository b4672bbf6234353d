//! Building commits: drafts and values become changes with identifiers, order keys and folded text
//! (`tables` 6.1; the index plan is the backend's).

use crate::backend::{Change, IndexPlan, ObjectId, ObjectKind, StagedValue, StoredProperty, StoredValue};
use crate::collation;
use crate::error::Result;
use crate::messages::{Draft, DraftAttachment, DraftKind, Values};
use crate::properties::{PropTag, Value};
use crate::stores::Connection;
use std::collections::BTreeSet;

/// Values above this many bytes are staged instead of travelling in the commit itself.
const STAGE_ABOVE: u64 = 1 << 20;

/// Bytes handed over in one call while a value is staged.
const STAGE_CHUNK: usize = 1 << 20;

/// Text above this many bytes is not handed over folded: the backend answers searches of it inexactly.
pub(crate) const FOLD_LIMIT: usize = 4 << 20;

/// Which identifiers a backend wants order keys and folded text for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexing {
    ordered: BTreeSet<PropTag>,
    searched: BTreeSet<u16>,
}

impl Indexing {
    pub(crate) fn of(plan: &IndexPlan) -> Self {
        Self { ordered: plan.ordered.iter().copied().collect(), searched: plan.searched.iter().map(|tag| tag.id()).collect() }
    }

    /// The stored form of a value.
    pub(crate) fn stored(&self, tag: PropTag, value: StoredValue) -> StoredProperty {
        let (mut order_key, mut folded) = (None, None);
        if let StoredValue::Inline(value) = &value {
            if self.ordered.contains(&tag) {
                order_key = collation::order_key(value);
            }
            if let Value::Unicode(text) = value
                && text.len() <= FOLD_LIMIT
                && self.searched.contains(&tag.id())
            {
                folded = Some(collation::fold(text).into_owned());
            }
        }
        StoredProperty { tag, value, order_key, folded }
    }
}

/// Changes being gathered for one commit. Values the set itself staged are given back to the backend when
/// it is dropped without a commit; those handed in staged stay their owner's.
pub struct ChangeSet<'a> {
    connection: &'a Connection,
    changes: Vec<Change>,
    staged: Vec<u64>,
}

impl<'a> ChangeSet<'a> {
    /// An empty set for that store.
    #[must_use]
    pub fn new(connection: &'a Connection) -> Self {
        Self { connection, changes: Vec::new(), staged: Vec::new() }
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds a message to a folder; its identifier. Everything a first save computes is computed here.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX` for too deep embedding; the backend's own. The set is then to be dropped.
    pub fn add_message(&mut self, folder: &ObjectId, draft: Draft) -> Result<ObjectId> {
        let object = self.connection.reserve()?;
        self.add_message_as(&object, folder, draft)?;
        Ok(object)
    }

    /// Adds a message under an identifier reserved before.
    ///
    /// # Errors
    /// As [`ChangeSet::add_message`].
    pub fn add_message_as(&mut self, object: &ObjectId, folder: &ObjectId, mut draft: Draft) -> Result<()> {
        draft.complete(self.connection.environment())?;
        let kind = match draft.kind {
            DraftKind::Message => ObjectKind::Message,
            DraftKind::Associated => ObjectKind::Associated,
        };
        self.add_completed(object, folder, kind, draft)
    }

    /// Adds a message whose computed properties are in place.
    pub(crate) fn add_completed(&mut self, object: &ObjectId, parent: &ObjectId, kind: ObjectKind, draft: Draft) -> Result<()> {
        self.create(object.clone(), parent, kind, draft.properties)?;
        for row in draft.recipients {
            let id = self.connection.reserve()?;
            self.create(id, object, ObjectKind::Recipient, row)?;
        }
        for attachment in draft.attachments {
            self.add_attachment(object, attachment)?;
        }
        Ok(())
    }

    /// Adds an attachment, computed properties in place, to a message.
    pub(crate) fn add_attachment(&mut self, message: &ObjectId, attachment: DraftAttachment) -> Result<ObjectId> {
        let id = self.connection.reserve()?;
        self.create(id.clone(), message, ObjectKind::Attachment, attachment.properties)?;
        if let Some(embedded) = attachment.embedded {
            let inner = self.connection.reserve()?;
            self.add_completed(&inner, &id, ObjectKind::EmbeddedMessage, *embedded)?;
        }
        Ok(id)
    }

    /// Creates an object with values.
    pub(crate) fn create(&mut self, object: ObjectId, parent: &ObjectId, kind: ObjectKind, values: Values) -> Result<()> {
        let properties = self.stored(values)?;
        self.changes.push(Change::Create { object, parent: parent.clone(), kind, properties });
        Ok(())
    }

    /// Adds a change as it is.
    pub(crate) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The stored forms of values, large ones staged.
    pub(crate) fn stored(&mut self, values: Values) -> Result<Vec<StoredProperty>> {
        let mut properties = Vec::new();
        for (tag, value) in values {
            properties.push(self.stored_one(tag, value)?);
        }
        Ok(properties)
    }

    fn stored_one(&mut self, tag: PropTag, value: StoredValue) -> Result<StoredProperty> {
        let mut property = self.connection.indexing().stored(tag, value);
        let staged = match &property.value {
            StoredValue::Inline(Value::Unicode(text)) if text.len() as u64 > STAGE_ABOVE => {
                Some((text.as_bytes(), crate::messages::stored_size(&property.value)))
            }
            StoredValue::Inline(Value::Binary(bytes)) if bytes.len() as u64 > STAGE_ABOVE => {
                Some((bytes.as_slice(), bytes.len() as u64))
            }
            _ => None,
        };
        if let Some((bytes, size)) = staged {
            let backend = self.connection.backend();
            let number = backend.stage()?;
            self.staged.push(number);
            for chunk in bytes.chunks(STAGE_CHUNK) {
                backend.append(number, chunk)?;
            }
            property.value = StoredValue::Staged(StagedValue { number, size });
        }
        Ok(property)
    }

    /// The place of the last change of that object, and so of its version in what the commit answers.
    pub(crate) fn last_of(&self, object: &ObjectId) -> Option<usize> {
        self.changes.iter().rposition(|change| match change {
            Change::Create { object: of, .. }
            | Change::Set { object: of, .. }
            | Change::Bits { object: of, .. }
            | Change::Move { object: of, .. }
            | Change::Copy { object: of, .. }
            | Change::Remove { object: of, .. } => of == object,
        })
    }

    /// Commits the changes, all or none.
    ///
    /// # Errors
    /// The backend's own (`MAPI_E_OBJECT_CHANGED`, `MAPI_E_OBJECT_DELETED`, `MAPI_E_COLLISION`,
    /// `MAPI_E_NOT_ENOUGH_DISK`, …); nothing is changed then.
    pub fn commit(mut self, how: CommitMode) -> Result<crate::backend::Committed> {
        let changes = core::mem::take(&mut self.changes);
        let committed = self.connection.commit(changes, how)?;
        self.staged.clear();
        Ok(committed)
    }
}

impl Drop for ChangeSet<'_> {
    fn drop(&mut self) {
        for number in self.staged.drain(..) {
            self.connection.backend().discard(number);
        }
    }
}

/// How a commit is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CommitMode {
    /// The text index may be brought up to date later; searches answer rightly meanwhile.
    pub defer_indexing: bool,
    /// The changes are a delivery (`NewMail`).
    pub delivery: bool,
}
