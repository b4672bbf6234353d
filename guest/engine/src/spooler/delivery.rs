//! One message while the spooler works on it: what is known of it, and how every step is made durable.
//!
//! A commit of the spooler carries the version the last one left, so that a claim that was lost is noticed;
//! what a transport said of a recipient is saved in any case.

use crate::backend::{Change, Expected, ObjectId, OutcomeKind, QUEUE_NUMBER, ScanKind, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::Values;
use crate::messages::content::stored_rows;
use crate::properties::{FileTime, Guid, INLINE_LIMIT, PropTag, Property, Value, tags};
use crate::spooler::queue_state::{Claim, QueueState};
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, CommitMode};
use std::rc::Rc;

/// A delivery report is owed for the recipient.
pub(crate) const OWES_DR: i32 = 0x1;
/// A non-delivery report is owed.
pub(crate) const OWES_NDR: i32 = 0x2;

/// A recipient.
pub(crate) struct Row {
    pub(crate) object: ObjectId,
    pub(crate) values: Values,
    /// Transports that may take it, best first, by their place in transport order.
    pub(crate) candidates: Vec<usize>,
    /// Which of them is next.
    pub(crate) next: usize,
    /// What is not saved yet.
    unsaved: Values,
}

/// What became of recipients and could not be saved.
pub(crate) struct Unsaved {
    pub(crate) store: Guid,
    rows: Vec<(ObjectId, Values)>,
}

/// A message being worked on.
pub(crate) struct Delivery {
    pub(crate) store: Rc<StoreReference>,
    pub(crate) message: ObjectId,
    pub(crate) folder: ObjectId,
    /// The message's properties that fit inline.
    pub(crate) values: Values,
    pub(crate) rows: Vec<Row>,
    pub(crate) state: QueueState,
    /// What a transport set on the message and is not saved yet.
    unsaved: Vec<Property>,
    version: u64,
    owner: Guid,
    lease: u64,
}

impl Row {
    pub(crate) fn is_done(&self) -> bool {
        self.values.get(tags::RESPONSIBILITY) == Some(&Value::Boolean(true))
    }

    pub(crate) fn number(&self) -> u32 {
        self.values.long(tags::ROWID).unwrap_or_default().cast_unsigned()
    }

    pub(crate) fn owes(&self) -> i32 {
        self.values.long(private::REPORTS_OWED).unwrap_or(0)
    }

    /// The transport whose turn it is.
    pub(crate) fn candidate(&self) -> Option<usize> {
        self.candidates.get(self.next).copied()
    }

    pub(crate) fn put(&mut self, tag: PropTag, value: Value) {
        self.values.put(tag, value.clone());
        self.unsaved.put(tag, value);
    }
}

impl Delivery {
    /// Reads a queued message; `None` when it is not in the queue any more.
    pub(crate) fn read(store: &Rc<StoreReference>, message: &ObjectId, owner: Guid, lease: u64) -> Result<Option<Self>> {
        let backend = store.connection.backend();
        let (head, properties) = match backend.read(message, Want::All, INLINE_LIMIT) {
            Ok(read) => read,
            Err(failure) if failure.code() == Code::NotFound => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let values: Values = properties.into_iter().filter(|property| !matches!(property.value, Value::Error(_))).collect();
        let (Some(folder), false, true) = (head.parent, head.deleted, values.contains(QUEUE_NUMBER)) else { return Ok(None) };
        let columns = backend.container_tags(message, ScanKind::Recipients)?;
        let mut rows: Vec<Row> = stored_rows(store, message, ScanKind::Recipients, &columns)?
            .into_iter()
            .map(|(object, values)| Row {
                object,
                values: values.into_iter().collect(),
                candidates: Vec::new(),
                next: 0,
                unsaved: Values::new(),
            })
            .collect();
        rows.sort_by_key(|row| row.values.long(tags::ROWID).unwrap_or(i32::MAX));
        let state = QueueState::of(&values);
        Ok(Some(Self {
            store: Rc::clone(store),
            message: message.clone(),
            folder,
            values,
            rows,
            state,
            unsaved: Vec::new(),
            version: head.version,
            owner,
            lease,
        }))
    }

    pub(crate) fn now(&self) -> FileTime {
        self.store.connection.environment().clock.now()
    }

    /// The entry identifier transports know it by.
    pub(crate) fn entry_id(&self) -> Vec<u8> {
        self.store.entry_id(&self.message)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Whether somebody else works on it.
    pub(crate) fn is_foreign(&self) -> bool {
        self.state.claim.is_some_and(|claim| claim.is_live(self.now()) && !claim.is_of(self.owner))
    }

    /// Makes it ours, or keeps it so.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when another spooler, or a client, was quicker; the backend's own.
    pub(crate) fn claim(&mut self) -> Result<()> {
        self.state.claim = Some(Claim::new(self.owner, FileTime(self.now().0.saturating_add(self.lease))));
        self.save(Vec::new())
    }

    /// Renews a claim of which less than three quarters are left.
    ///
    /// # Errors
    /// As [`Delivery::claim`].
    pub(crate) fn keep(&mut self) -> Result<()> {
        let until = self.state.claim.map_or(FileTime(0), |claim| claim.until());
        if until.0.saturating_sub(self.now().0) > self.lease / 4 * 3 {
            return Ok(());
        }
        self.claim()
    }

    /// Whether nothing is left to do but to take the message out of the queue.
    pub(crate) fn is_over(&self) -> bool {
        self.rows.iter().all(|row| row.is_done() && row.owes() == 0)
    }

    /// Keeps properties of the message for the next commit.
    pub(crate) fn keep_back(&mut self, set: Vec<Property>) {
        self.unsaved.extend(set);
    }

    /// Adds what is not saved yet: of recipients to the changes, of the message to its values.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn add_unsaved(&self, changes: &mut ChangeSet<'_>, values: &mut Values) -> Result<()> {
        for row in self.rows.iter().filter(|row| !row.unsaved.is_empty()) {
            changes.set(&row.object, Expected::Exists, row.unsaved.clone(), Vec::new())?;
        }
        for property in &self.unsaved {
            if !values.contains(property.tag) {
                values.put(property.tag, property.value.clone());
            }
        }
        Ok(())
    }

    /// Saves what is not saved yet, and these properties of the message.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when the claim was lost; the backend's own.
    pub(crate) fn save(&mut self, set: Vec<Property>) -> Result<()> {
        let mut values: Values = set.into_iter().collect();
        let mut delete = Vec::new();
        match self.state.to_bytes() {
            Some(bytes) => values.put(private::QUEUE_STATE, Value::Binary(bytes)),
            None => delete.push(private::QUEUE_STATE),
        }
        let store = Rc::clone(&self.store);
        let mut changes = ChangeSet::new(&store.connection);
        self.add_unsaved(&mut changes, &mut values)?;
        changes.set(&self.message, Expected::Version(self.version), values, delete)?;
        self.commit(changes, CommitMode::default())
    }

    /// Commits changes of which the message's own is under the version known.
    pub(crate) fn commit(&mut self, changes: ChangeSet<'_>, how: CommitMode) -> Result<()> {
        let place = changes.last_of(&self.message);
        let committed = changes.commit(how)?;
        if let Some((version, _)) = place.and_then(|place| committed.objects.get(place)) {
            self.version = *version;
        }
        self.rows.iter_mut().for_each(|row| row.unsaved = Values::new());
        self.unsaved.clear();
        Ok(())
    }

    /// A change of the message itself.
    pub(crate) fn expected(&self) -> Expected {
        Expected::Version(self.version)
    }

    /// Lets others at it, with what is known of the transports.
    ///
    /// # Errors
    /// As [`Delivery::save`].
    pub(crate) fn release(&mut self) -> Result<()> {
        self.state.claim = None;
        self.save(Vec::new())
    }

    /// What became of recipients and is not saved.
    pub(crate) fn unsaved(&self) -> Option<Unsaved> {
        let rows: Vec<(ObjectId, Values)> =
            self.rows.iter().filter(|row| !row.unsaved.is_empty()).map(|row| (row.object.clone(), row.unsaved.clone())).collect();
        (!rows.is_empty()).then(|| Unsaved { store: self.store.connection.uid(), rows })
    }

    /// The row of that number.
    pub(crate) fn row(&mut self, number: u32) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.number() == number)
    }

    /// Notes what became of a recipient.
    pub(crate) fn note(&mut self, number: u32, outcome: &OutcomeKind) {
        let now = self.now();
        let wants = crate::spooler::report::Wanted::of(&self.values);
        let Some(row) = self.row(number).filter(|row| !row.is_done()) else { return };
        match outcome {
            OutcomeKind::NotDone => {}
            OutcomeKind::Delivered => {
                row.put(tags::RESPONSIBILITY, Value::Boolean(true));
                row.put(tags::SPOOLER_STATUS, Value::Long(0));
                if wants.delivery(&row.values) {
                    row.put(tags::DELIVER_TIME, Value::SysTime(now));
                    let owed = row.owes() | OWES_DR;
                    row.put(private::REPORTS_OWED, Value::Long(owed));
                }
            }
            OutcomeKind::Failed { reason, diagnostic, status, text } => {
                row.put(tags::RESPONSIBILITY, Value::Boolean(true));
                row.put(tags::SPOOLER_STATUS, Value::Long(Code::CallFailed.raw().cast_signed()));
                row.put(tags::NDR_REASON_CODE, Value::Long(*reason));
                row.put(tags::NDR_DIAG_CODE, Value::Long(*diagnostic));
                row.put(tags::NDR_STATUS_CODE, Value::Long(*status));
                row.put(tags::REPORT_TIME, Value::SysTime(now));
                row.put(tags::REPORT_TEXT, Value::Unicode(text.clone()));
                if wants.non_delivery(&row.values) {
                    let owed = row.owes() | OWES_NDR;
                    row.put(private::REPORTS_OWED, Value::Long(owed));
                }
            }
        }
    }

    /// Whether the message lies in the folder of deleted items, or below it.
    pub(crate) fn is_thrown_away(&self) -> Result<bool> {
        let identity = self.store.connection.identity();
        let (_, values) = self.store.read(&identity.store, &[tags::IPM_WASTEBASKET_ENTRYID])?;
        let wastebasket = values.into_iter().find_map(|property| match property.value {
            Value::Binary(entry_id) => Some(entry_id),
            _ => None,
        });
        let Some(crate::stores::reference::Named::Object(wastebasket)) =
            wastebasket.and_then(|entry_id| self.store.resolve(&entry_id).ok())
        else {
            return Ok(false);
        };
        let mut folder = self.folder.clone();
        for _ in 0..FOLDERS_UP {
            if folder == wastebasket {
                return Ok(true);
            }
            match self.store.read(&folder, &[])?.0.parent {
                Some(parent) if parent != folder => folder = parent,
                _ => break,
            }
        }
        Ok(false)
    }
}

/// Folders looked through on the way to the root.
const FOLDERS_UP: usize = 64;

impl Unsaved {
    /// Saves it now; it was sent, whoever has the message by now.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn save(&self, store: &StoreReference) -> Result<()> {
        for (object, values) in &self.rows {
            let mut changes = ChangeSet::new(&store.connection);
            changes.set(object, Expected::Exists, values.clone(), Vec::new())?;
            match changes.commit(CommitMode::default()) {
                Ok(_) => {}
                // The message is gone, or its recipients were replaced: nothing to remember any more.
                Err(failure) if matches!(failure.code(), Code::NotFound | Code::ObjectDeleted) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

/// Why the spooler leaves a message alone.
pub(crate) fn is_lost_race(failure: &Failure) -> bool {
    matches!(failure.code(), Code::ObjectChanged | Code::ObjectDeleted | Code::NotFound)
}

/// A change that moves a message under the version its own change leaves.
pub(crate) fn moved(message: &ObjectId, parent: ObjectId) -> Change {
    Change::Move { object: message.clone(), expected: Expected::Exists, parent, set: Vec::new(), restore: false }
}
