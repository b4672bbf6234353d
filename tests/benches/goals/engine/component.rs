//! The operations through the component.

use super::{MESSAGE_TAGS, Operation, about_budget, by_subject, fill, from_network, mail};
use crate::client::{self, COLUMNS};
use crate::stage::Stage;
use anyhow::{Context as _, bail};
use mapi_engine::memory::{MemoryAddressBook, MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::ProviderKind;
use mapi_session::flags::{
    FindRowFlags, GetContentsTableFlags, GetHierarchyTableFlags, GetMsgStoresTableFlags, GetPropsFlags, GetRecipientTableFlags,
    LogoffFlags, OpenMsgStoreFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags, SortTableFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{Guid, Value};
use mapi_session::tables::Bookmark;
use mapi_session::{
    Backends, Folder, ImportOptions, Limits, MessageOptions, MessageStore, Object, Opened, Session, SharedAddressBook,
    SharedStore, Subsystem, Table, Threading,
};
use std::sync::Arc;

/// A session with everything the operations need open.
pub(super) struct Component {
    subsystem: Subsystem,
    session: Session,
    store_id: Vec<u8>,
    store: MessageStore,
    folder: Folder,
    inbox: Folder,
    table: Table,
    message: Vec<u8>,
    mail: Vec<u8>,
}

impl Component {
    pub(super) async fn new(stage: &Stage, backend: Arc<MemoryStore>) -> anyhow::Result<Self> {
        let catalogue = MemoryCatalogue::new(vec![
            MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
            MemoryCatalogue::service("pab", "Personal Address Book", ProviderKind::AddressBook, "memory-pab"),
        ]);
        let (shared, book) = (Arc::clone(&backend), Arc::new(MemoryAddressBook::new(Guid([8; 16]))));
        let backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
            .with_store("memory", Threading::Immediate, move |_, _| Ok(Opened::<SharedStore>::new(shared.clone())))
            .with_address_book("memory-pab", Threading::Immediate, move |_| Ok(Opened::<SharedAddressBook>::new(book.clone())));
        let subsystem = stage.engine.subsystem(&backends, Limits::default()).await?;
        client::create_profile(&subsystem).await?;
        let session = client::logon(&subsystem).await?;
        let store_id = client::store_id(&session).await?;
        let store = client::default_store(&session).await?;
        let archive = client::create_folder(&store, "Archive").await?;
        let imported = client::create_folder(&store, "Imported").await?;
        fill(&backend, &archive)?;
        let folder = client::folder(&store, Some(&archive)).await?;
        let inbox = client::folder(&store, Some(&imported)).await?;
        let table = sorted(&folder).await?;
        let rows = table.query_rows(1, QueryRowsFlags::empty()).await?;
        let first = rows.into_iter().flatten().next().context("the folder is empty")?;
        let Value::Binary(message) = first.value else { bail!("the message has no identifier") };
        Ok(Self { subsystem, session, store_id, store, folder, inbox, table, message, mail: mail() })
    }

    /// Does it; a number that must be the same everywhere.
    pub(super) async fn run(&self, operation: Operation) -> anyhow::Result<usize> {
        Ok(match operation {
            Operation::Logon => {
                client::logon(&self.subsystem).await?.logoff(LogoffFlags::empty()).await?;
                0
            }
            Operation::Stores => {
                let table = self.session.get_msg_stores_table(GetMsgStoresTableFlags::MAPI_UNICODE).await?;
                table.query_rows(100, QueryRowsFlags::empty()).await?.len()
            }
            Operation::OpenStore => {
                let store = self.session.open_msg_store(&self.store_id, OpenMsgStoreFlags::MAPI_BEST_ACCESS, None).await?;
                client::folder(&store.value.object, None).await?;
                0
            }
            Operation::Hierarchy => {
                let root = client::folder(&self.store, None).await?;
                let flags = GetHierarchyTableFlags::CONVENIENT_DEPTH | GetHierarchyTableFlags::MAPI_UNICODE;
                root.get_hierarchy_table(flags).await?.query_rows(100, QueryRowsFlags::empty()).await?.len()
            }
            Operation::Sort => sorted(&self.folder).await?.query_rows(50, QueryRowsFlags::empty()).await?.len(),
            Operation::Restrict => {
                self.table.restrict(Some(&about_budget()), RestrictFlags::empty()).await?;
                let left = self.table.get_row_count().await?.value;
                self.table.restrict(None, RestrictFlags::empty()).await?;
                usize::try_from(left)?
            }
            Operation::Find => {
                self.table.find_row(&from_network(), Bookmark::BEGINNING, FindRowFlags::empty()).await?;
                usize::try_from(self.table.query_position().await?.row)?
            }
            Operation::Scroll => {
                self.table.seek_row_approx(1, 2).await?;
                let rows = self.table.query_rows(50, QueryRowsFlags::empty()).await?.len();
                rows + usize::try_from(self.table.query_position().await?.row)?
            }
            Operation::Message => {
                let opened = self.store.open_entry(Some(&self.message), StoreOpenEntryFlags::empty(), None).await?;
                let Object::Message(message) = opened.object else { bail!("the entry is no message") };
                let properties = message.properties().await?;
                let values = properties.get_props(Some(&MESSAGE_TAGS), GetPropsFlags::MAPI_UNICODE).await?.value;
                let table = message.get_recipient_table(GetRecipientTableFlags::MAPI_UNICODE).await?;
                values.len() + table.query_rows(100, QueryRowsFlags::empty()).await?.len()
            }
            Operation::Import => {
                let import = self.inbox.import_messages(ImportOptions::default()).await?;
                import.begin(MessageOptions { keep_original: true, ..MessageOptions::default() }).await?;
                import.write(self.mail.clone()).await?;
                let odd = import.finish().await?.oddities.len();
                import.flush().await?;
                odd
            }
        })
    }
}

async fn sorted(folder: &Folder) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    table.sort_table(by_subject(), SortTableFlags::empty()).await?;
    Ok(table)
}
