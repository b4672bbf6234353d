//! `IMAPIFolder`.

use super::{
    ExportOptions, ImportOptions, Message, MessageExport, MessageImport, Object, Table, WithValues, has_properties, object,
};
use super::{raw_tags, with_values};
use crate::runtime::flags;
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::Result;
use mapi_engine::properties::PropTag;

/// `FOLDER_*`: what kind of folder is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderType {
    /// `FOLDER_ROOT`; never created.
    Root,
    /// `FOLDER_GENERIC`.
    Generic,
    /// `FOLDER_SEARCH`.
    Search,
}

object! {
    /// A folder (`IMAPIFolder`).
    Folder
}

impl Folder {
    has_properties!(mapi_session_objects, folder);

    /// `GetContentsTable`.
    ///
    /// # Errors
    /// `stores` 4.1.
    pub async fn get_contents_table(&self, flags: flags::GetContentsTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMAPIContainer::GetContentsTable", |live| {
            live.world.mapi_session_objects().folder().call_get_contents_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `GetHierarchyTable`.
    ///
    /// # Errors
    /// `stores` 4.2.
    pub async fn get_hierarchy_table(&self, flags: flags::GetHierarchyTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMAPIContainer::GetHierarchyTable", |live| {
            live.world.mapi_session_objects().folder().call_get_hierarchy_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `OpenEntry`; without an identifier the store's root folder.
    ///
    /// # Errors
    /// `stores` 4.3.
    pub async fn open_entry(
        &self,
        entry_id: Option<&[u8]>,
        flags: flags::StoreOpenEntryFlags,
        tags: Option<&[PropTag]>,
    ) -> Result<WithValues<Object>> {
        let (this, entry_id, tags) = (self.handle.resource, entry_id.map(<[u8]>::to_vec), raw_tags(tags));
        let opened = call!(self.subsystem(), "IMAPIContainer::OpenEntry", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_open_entry(&mut live.store, this, entry_id.as_ref(), flags, tags.as_deref()).await
        })?;
        with_values(self.subsystem().object(opened.object), opened.values)
    }

    /// `CreateMessage`; it exists from its first `save_changes` on.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` for a folder opened read-only.
    pub async fn create_message(&self, flags: flags::CreateMessageFlags) -> Result<Message> {
        let this = self.handle.resource;
        let message = call!(self.subsystem(), "IMAPIFolder::CreateMessage", |live| {
            live.world.mapi_session_objects().folder().call_create_message(&mut live.store, this, flags).await
        })?;
        Ok(Message::new(self.subsystem().hold(message)))
    }

    /// `CreateFolder`.
    ///
    /// # Errors
    /// `MAPI_E_COLLISION` when the name is taken and `OPEN_IF_EXISTS` is not set.
    pub async fn create_folder(
        &self,
        kind: FolderType,
        name: &str,
        comment: Option<&str>,
        flags: flags::CreateFolderFlags,
    ) -> Result<Folder> {
        let kind = match kind {
            FolderType::Root => wit::FolderType::Root,
            FolderType::Generic => wit::FolderType::Generic,
            FolderType::Search => wit::FolderType::Search,
        };
        let (this, name, comment) = (self.handle.resource, name.to_owned(), comment.map(str::to_owned));
        let folder = call!(self.subsystem(), "IMAPIFolder::CreateFolder", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_create_folder(&mut live.store, this, kind, &name, comment.as_deref(), flags).await
        })?;
        Ok(Folder::new(self.subsystem().hold(folder)))
    }

    /// Begins to import messages in RFC 5322 form.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` for a folder opened read-only.
    pub async fn import_messages(&self, options: ImportOptions) -> Result<MessageImport> {
        let (this, options) = (self.handle.resource, options.into_wit());
        let import = call!(self.subsystem(), "ImportMessages", |live| {
            live.world.mapi_session_objects().folder().call_import_messages(&mut live.store, this, options).await
        })?;
        Ok(MessageImport::new(self.subsystem().hold(import)))
    }

    /// Begins to export messages of this store in RFC 5322 form, in the order given.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn export_messages(&self, entry_ids: Vec<Vec<u8>>, options: ExportOptions) -> Result<MessageExport> {
        let (this, options) = (self.handle.resource, options.into_wit());
        let export = call_plain!(self.subsystem(), "ExportMessages", |live| {
            live.world.mapi_session_objects().folder().call_export_messages(&mut live.store, this, &entry_ids, options).await
        })?;
        Ok(MessageExport::new(self.subsystem().hold(export)))
    }
}
