//! One of those who write to each other: a session that has its Inbox open and is told what happens there.

use super::{entry_id, first_cell};
use crate::compose::Draft;
use crate::target;
use anyhow::{Context as _, bail, ensure};
use mapi_session::flags::{
    DeleteMessagesFlags, EventMask, FindRowFlags, GetContentsTableFlags, GetPropsFlags, QueryRowsFlags, SetColumnsFlags,
    SortTableFlags, StoreOpenEntryFlags, SubmitMessageFlags,
};
use mapi_session::notifications::{NewMailNotification, Notification, TableEvent, TableNotification};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{Folder, Message, MessageStore, Object, Session, Subscription, Table};
use std::time::Duration;

pub(super) const INBOX: &str = "Inbox";
/// How long a notification may take: less than the minute after which mail is looked for in any case.
const PATIENCE: Duration = Duration::from_secs(50);
/// How often the queue is looked at until it is empty.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A session, its Inbox by subject, and what it is told.
pub(super) struct Correspondent {
    pub(super) session: Session,
    pub(super) store: MessageStore,
    inbox: Folder,
    table: Table,
    mail: Subscription,
    rows: Subscription,
}

/// A message that was announced, and its place in the open table.
pub(super) struct Arrival {
    pub(super) entry_id: Vec<u8>,
    pub(super) message_class: String,
    pub(super) row: u32,
    pub(super) rows: u32,
    /// The subject of the row before it.
    pub(super) behind: Option<String>,
}

/// What an Inbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) messages: i32,
    pub(super) deleted: i32,
}

impl Correspondent {
    /// Opens the Inbox and asks to be told.
    pub(super) async fn new(session: Session, store: MessageStore) -> anyhow::Result<Self> {
        let inbox = target::folder(&store, INBOX, false).await?;
        let table = inbox.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
        table.set_columns(&[tags::SUBJECT, tags::ENTRYID, tags::INSTANCE_KEY], SetColumnsFlags::empty()).await?;
        let order = SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]);
        table.sort_table(order, SortTableFlags::empty()).await?;
        let mail = store.advise(None, EventMask::FNEV_NEW_MAIL).await?;
        let rows = table.advise(EventMask::FNEV_TABLE_MODIFIED).await?;
        Ok(Self { session, store, inbox, table, mail, rows })
    }

    /// Creates the message and submits it; the spooler sends it afterwards.
    pub(super) async fn submit(&self, draft: &Draft) -> anyhow::Result<()> {
        Ok(draft.create(&self.store).await?.submit_message(SubmitMessageFlags::empty()).await?)
    }

    /// Waits until a message is announced whose row has that subject, and checks that the table says the same as
    /// the notifications.
    pub(super) async fn arrival(&mut self, subject: &str) -> anyhow::Result<Arrival> {
        let NewMailNotification { entry_id: announced, parent_id, message_class, .. } = match next(&mut self.mail).await? {
            Notification::NewMail(mail) => mail,
            other => bail!("something else than new mail was announced: {other:?}"),
        };
        let (receive_folder, _) = self.store.get_receive_folder(Some(&message_class)).await?;
        ensure!(self.store.compare_entry_ids(&parent_id, &receive_folder).await?, "the mail was received somewhere else");
        let added = self.row_event(TableEvent::RowAdded).await?;
        let row = std::slice::from_ref(&added.row);
        ensure!(first_cell(row) == subject, "a row was added for {:?}, not for {subject:?}", first_cell(row));
        ensure!(entry_id(row)? == announced, "the row added is not that of the message announced");
        let (row, behind) = self.place(&added).await?;
        let rows = self.table.get_row_count().await?.value;
        Ok(Arrival { entry_id: announced, message_class, row, rows, behind })
    }

    /// Where the row of a notification stands in the table, and the subject before it, which must be that of the
    /// row the notification says.
    async fn place(&self, added: &TableNotification) -> anyhow::Result<(u32, Option<String>)> {
        let key = added.index.clone();
        let row = Restriction::Property { relop: Relop::Eq, tag: tags::INSTANCE_KEY, value: key };
        self.table.find_row(&row, Bookmark::BEGINNING, FindRowFlags::empty()).await?;
        let row = self.table.query_position().await?.row;
        if row == 0 {
            ensure!(added.prior.tag == PropTag::NULL, "the first row was said to stand behind another one");
            return Ok((row, None));
        }
        self.table.seek_row(Bookmark::BEGINNING, i32::try_from(row - 1)?).await?;
        let before = self.table.query_rows(1, QueryRowsFlags::empty()).await?;
        let key = before.first().and_then(|row| row.get(2));
        ensure!(key == Some(&added.prior), "row {row} was said to stand behind another row than it does");
        Ok((row, Some(first_cell(&before))))
    }

    /// Deletes a message of the Inbox, and waits until its row is gone.
    pub(super) async fn delete(&mut self, entry_id: &[u8]) -> anyhow::Result<()> {
        let done = self.inbox.delete_messages(&[entry_id.to_vec()], DeleteMessagesFlags::empty()).await?;
        ensure!(done.warning.is_none(), "the message was not deleted");
        self.row_event(TableEvent::RowDeleted).await?;
        let refused = self.store.open_entry(Some(entry_id), StoreOpenEntryFlags::empty(), None).await;
        ensure!(refused.is_err(), "a deleted message can be opened like any other");
        Ok(())
    }

    /// How many messages the Inbox says it holds; the tables must say the same.
    pub(super) async fn counts(&self) -> anyhow::Result<Counts> {
        let wanted = [tags::CONTENT_COUNT, tags::DELETED_MSG_COUNT];
        let values = self.inbox.properties().await?.get_props(Some(&wanted), GetPropsFlags::empty()).await?.value;
        let [Property { value: Value::Long(messages), .. }, Property { value: Value::Long(deleted), .. }] = values.as_slice()
        else {
            bail!("the Inbox does not count what it holds: {values:?}");
        };
        let table = self.inbox.get_contents_table(GetContentsTableFlags::SHOW_SOFT_DELETES).await?;
        let rows = (self.table.get_row_count().await?.value, table.get_row_count().await?.value);
        let counts = Counts { messages: *messages, deleted: *deleted };
        ensure!(
            (i64::from(rows.0), i64::from(rows.1)) == (i64::from(*messages), i64::from(*deleted)),
            "the Inbox has {rows:?} rows, but counts {counts:?}"
        );
        Ok(counts)
    }

    pub(super) async fn open(&self, entry_id: &[u8]) -> anyhow::Result<Message> {
        match self.store.open_entry(Some(entry_id), StoreOpenEntryFlags::empty(), None).await?.object {
            Object::Message(message) => Ok(message),
            _ => bail!("the row is not a message"),
        }
    }

    /// Waits until nothing is left to send.
    pub(super) async fn sent(&self) -> anyhow::Result<()> {
        let queue = self.store.get_outgoing_queue().await?;
        let emptied = async {
            while queue.get_row_count().await?.value > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, emptied).await.context("a message was not sent in time")?
    }

    /// Takes the registrations back; the session goes on.
    pub(super) async fn unadvise(self) -> anyhow::Result<Session> {
        self.mail.unadvise().await?;
        self.rows.unadvise().await?;
        Ok(self.session)
    }

    /// The next event of that kind in the table.
    async fn row_event(&mut self, wanted: TableEvent) -> anyhow::Result<TableNotification> {
        loop {
            match next(&mut self.rows).await? {
                Notification::TableModified(change) if change.event == wanted => return Ok(change),
                // Read marks and the like.
                Notification::TableModified(change) if change.event == TableEvent::RowModified => {}
                other => bail!("{wanted:?} was expected, {other:?} was told"),
            }
        }
    }
}

async fn next(subscription: &mut Subscription) -> anyhow::Result<Notification> {
    let next = tokio::time::timeout(PATIENCE, subscription.next()).await;
    next.context("a notification did not come in time")?.context("no more notifications come")
}
