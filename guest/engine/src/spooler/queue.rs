//! The outgoing queue of a store (`stores` 2.9): its numbers and its table.

use crate::backend::{ObjectId, ObjectKind, QUEUE_NUMBER, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Code, Failure, Result, check_reserved};
use crate::properties::{FileTime, PropTag, Value, tags};
use crate::spooler::queue_state::QueueState;
use crate::stores::Connection;
use crate::stores::computed::{StoreColumns, private};
use crate::stores::reference::StoreReference;
use crate::tables::{
    Abilities, ComputedColumns, ComputedRow, DefaultOrder, SortOrder, SortOrderSet, StoredRows, StoredRowsOptions, Table,
};
use std::rc::Rc;

/// A column of the queue: not to be tried before (`PT_SYSTIME`); absent when nothing but its turn is waited for.
pub const NEXT_ATTEMPT: PropTag = PropTag(0x67D0_0040);
/// A column of the queue: the last failure, for people.
pub const LAST_ERROR: PropTag = PropTag(0x67D1_001F);

/// The columns of the outgoing queue.
const COLUMNS: &[PropTag] = &[
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::CLIENT_SUBMIT_TIME,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::DISPLAY_BCC,
    tags::MESSAGE_FLAGS,
    tags::MESSAGE_SIZE,
    tags::PRIORITY,
    tags::SENDER_NAME,
    tags::SUBJECT,
    tags::SUBMIT_FLAGS,
    tags::SPOOLER_STATUS,
    NEXT_ATTEMPT,
    LAST_ERROR,
];

/// Where a queued message is deferred by its sender (`messages` 7.6).
pub(crate) const DEFERRAL: [PropTag; 4] =
    [tags::DEFERRED_SEND_NUMBER, tags::DEFERRED_SEND_UNITS, tags::DEFERRED_SEND_TIME, tags::CLIENT_SUBMIT_TIME];

/// When the sender wants a message to go out; `None`: at once.
pub(crate) fn release_time(value: &dyn Fn(PropTag) -> Option<Value>) -> Option<FileTime> {
    let long = |tag| match value(tag) {
        Some(Value::Long(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    let time = |tag| match value(tag) {
        Some(Value::SysTime(time)) => Some(time),
        _ => None,
    };
    const MINUTE: u64 = 60 * 10_000_000;
    let unit = match long(tags::DEFERRED_SEND_UNITS) {
        Some(0) => Some(MINUTE),
        Some(1) => Some(60 * MINUTE),
        Some(2) => Some(24 * 60 * MINUTE),
        Some(3) => Some(7 * 24 * 60 * MINUTE),
        _ => None,
    };
    match (long(tags::DEFERRED_SEND_NUMBER), unit, time(tags::CLIENT_SUBMIT_TIME)) {
        (Some(number), Some(unit), Some(submitted)) => Some(FileTime(submitted.0.saturating_add(number.saturating_mul(unit)))),
        _ => time(tags::DEFERRED_SEND_TIME),
    }
}

/// The number of a message that enters the queue now: above all that are in it. Numbers are times, so that
/// they rise over messages that have left it, too.
pub(crate) fn next_number(connection: &Connection) -> Result<i64> {
    let scope = Scope::One(connection.root().clone());
    let page = connection.backend().scan(&ScanRequest {
        scope: &scope,
        kind: ScanKind::Queue,
        columns: &[QUEUE_NUMBER],
        cell_limit: 0,
        filters: &[],
        order: &[],
        from: ScanFrom::Start,
        backwards: true,
        max: 1,
    })?;
    let last = match page.batch.columns.first().and_then(|column| column.value(0)) {
        Some(Value::I8(number)) => number,
        _ => 0,
    };
    let now = i64::try_from(connection.environment().clock.now().0).unwrap_or(i64::MAX);
    Ok(now.max(last.saturating_add(1)))
}

/// `GetOutgoingQueue`.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER` for flags other than 0, `MAPI_E_NO_SUPPORT` in a store that cannot send.
pub(crate) fn table(store: &Rc<StoreReference>, flags: u32) -> Result<Table> {
    store.opening.alive.check()?;
    check_reserved(flags)?;
    let capabilities = store.connection.identity().capabilities;
    if !capabilities.submit || capabilities.public_folders {
        return Err(Failure::new(Code::NoSupport, "This store has no outgoing queue: its messages cannot be sent."));
    }
    let computed = Rc::new(QueueColumns {
        store: StoreColumns::new(Rc::clone(store), ObjectKind::Message),
        connection: Rc::clone(&store.connection),
    });
    let keys = [tags::CLIENT_SUBMIT_TIME, QUEUE_NUMBER].map(SortOrder::ascending).to_vec();
    let options = StoredRowsOptions {
        container: store.connection.root().clone(),
        kind: ScanKind::Queue,
        abilities: Abilities::IN_MEMORY,
        default_columns: COLUMNS.to_vec(),
        default_order: DefaultOrder { order: SortOrderSet::plain(keys), reported: false },
    };
    let rows = StoredRows::new(store.connection.backend().clone(), computed, store.connection.feed().cloned(), options);
    Ok(Table::new(rows, true).bound_to(store.opening.alive.clone()))
}

/// What the queue shows beside what messages show.
struct QueueColumns {
    store: Rc<StoreColumns>,
    connection: Rc<Connection>,
}

const NEXT_ATTEMPT_FROM: &[PropTag] = &[private::QUEUE_STATE, DEFERRAL[0], DEFERRAL[1], DEFERRAL[2], DEFERRAL[3]];

impl ComputedColumns for QueueColumns {
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]> {
        match tag.id() {
            id if id == NEXT_ATTEMPT.id() => Some(NEXT_ATTEMPT_FROM),
            id if id == LAST_ERROR.id() => Some(&[private::QUEUE_STATE]),
            _ => self.store.inputs(tag),
        }
    }

    fn compute(&self, tag: PropTag, row: &ComputedRow<'_>) -> Option<Value> {
        let state = || match row.stored(private::QUEUE_STATE) {
            Some(Value::Binary(bytes)) => QueueState::parse(&bytes),
            _ => QueueState::default(),
        };
        match tag.id() {
            id if id == NEXT_ATTEMPT.id() => {
                let now = self.connection.environment().clock.now();
                let released = release_time(&|tag| row.stored(tag)).filter(|time| *time > now);
                released.or_else(|| state().next_attempt()).map(Value::SysTime)
            }
            id if id == LAST_ERROR.id() => Some(state().last_error).filter(|text| !text.is_empty()).map(Value::Unicode),
            _ => self.store.compute(tag, row),
        }
    }

    fn object_of(&self, tag: PropTag, value: &Value) -> Option<ObjectId> {
        self.store.object_of(tag, value)
    }

    fn tags(&self) -> Vec<PropTag> {
        let mut tags = self.store.tags();
        tags.extend([NEXT_ATTEMPT, LAST_ERROR]);
        tags
    }
}
