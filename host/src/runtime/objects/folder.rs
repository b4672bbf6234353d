//! `IMAPIFolder`.

use super::{
    ExportOptions, ImportOptions, Message, MessageExport, MessageImport, Object, Table, WithValues, has_properties, object,
};
use super::{completion, raw_tags, with_values};
use crate::runtime::flags;
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::{Result, Warned};
use mapi_engine::properties::PropTag;
use mapi_engine::tables::SortOrderSet;

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

    /// `CopyMessages`: copies or moves messages of this folder into another one, of any store of the subsystem.
    ///
    /// # Errors
    /// `stores` 5.2; `MAPI_E_INVALID_PARAMETER` for a folder of another subsystem.
    pub async fn copy_messages(
        &self,
        entry_ids: &[Vec<u8>],
        destination: &Folder,
        flags: flags::CopyMessagesFlags,
    ) -> Result<Warned<()>> {
        let (this, entry_ids, to) = (self.handle.resource, entry_ids.to_vec(), self.handle.beside(&destination.handle)?);
        completion(call!(self.subsystem(), "IMAPIFolder::CopyMessages", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_copy_messages(&mut live.store, this, &entry_ids, to, flags).await
        })?)
    }

    /// `DeleteMessages`.
    ///
    /// # Errors
    /// `stores` 5.3.
    pub async fn delete_messages(&self, entry_ids: &[Vec<u8>], flags: flags::DeleteMessagesFlags) -> Result<Warned<()>> {
        let (this, entry_ids) = (self.handle.resource, entry_ids.to_vec());
        completion(call!(self.subsystem(), "IMAPIFolder::DeleteMessages", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_delete_messages(&mut live.store, this, &entry_ids, flags).await
        })?)
    }

    /// `CopyFolder`: copies or moves a subfolder of this folder into another one, of any store of the
    /// subsystem, under a new name if one is given.
    ///
    /// # Errors
    /// `stores` 5.5; `MAPI_E_INVALID_PARAMETER` for a folder of another subsystem.
    pub async fn copy_folder(
        &self,
        entry_id: &[u8],
        destination: &Folder,
        new_name: Option<&str>,
        flags: flags::CopyFolderFlags,
    ) -> Result<Warned<()>> {
        let (this, to) = (self.handle.resource, self.handle.beside(&destination.handle)?);
        let (entry_id, new_name) = (entry_id.to_vec(), new_name.map(str::to_owned));
        completion(call!(self.subsystem(), "IMAPIFolder::CopyFolder", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_copy_folder(&mut live.store, this, &entry_id, to, new_name.as_deref(), flags).await
        })?)
    }

    /// `DeleteFolder`.
    ///
    /// # Errors
    /// `stores` 5.6.
    pub async fn delete_folder(&self, entry_id: &[u8], flags: flags::DeleteFolderFlags) -> Result<Warned<()>> {
        let (this, entry_id) = (self.handle.resource, entry_id.to_vec());
        completion(call!(self.subsystem(), "IMAPIFolder::DeleteFolder", |live| {
            live.world.mapi_session_objects().folder().call_delete_folder(&mut live.store, this, &entry_id, flags).await
        })?)
    }

    /// `EmptyFolder`.
    ///
    /// # Errors
    /// `stores` 5.7.
    pub async fn empty_folder(&self, flags: flags::EmptyFolderFlags) -> Result<Warned<()>> {
        let this = self.handle.resource;
        completion(call!(self.subsystem(), "IMAPIFolder::EmptyFolder", |live| {
            live.world.mapi_session_objects().folder().call_empty_folder(&mut live.store, this, flags).await
        })?)
    }

    /// `SetReadFlags`: of the messages of a list, or of all of the folder.
    ///
    /// # Errors
    /// `stores` 5.8.
    pub async fn set_read_flags(&self, entry_ids: Option<&[Vec<u8>]>, flags: flags::SetReadFlagsFlags) -> Result<Warned<()>> {
        let (this, entry_ids) = (self.handle.resource, entry_ids.map(<[Vec<u8>]>::to_vec));
        completion(call!(self.subsystem(), "IMAPIFolder::SetReadFlags", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_set_read_flags(&mut live.store, this, entry_ids.as_deref(), flags).await
        })?)
    }

    /// `GetMessageStatus`: the `MSGSTATUS_*` bits of a message of this folder.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn get_message_status(&self, entry_id: &[u8]) -> Result<u32> {
        let (this, entry_id) = (self.handle.resource, entry_id.to_vec());
        call!(self.subsystem(), "IMAPIFolder::GetMessageStatus", |live| {
            live.world.mapi_session_objects().folder().call_get_message_status(&mut live.store, this, &entry_id).await
        })
    }

    /// `SetMessageStatus`: sets the bits of `mask` to those of `status`; the status before comes back.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn set_message_status(&self, entry_id: &[u8], status: u32, mask: u32) -> Result<u32> {
        let (this, entry_id) = (self.handle.resource, entry_id.to_vec());
        call!(self.subsystem(), "IMAPIFolder::SetMessageStatus", |live| {
            let folder = live.world.mapi_session_objects().folder();
            folder.call_set_message_status(&mut live.store, this, &entry_id, status, mask).await
        })
    }

    /// `SaveContentsSort`: the order later contents tables of this folder begin with.
    ///
    /// # Errors
    /// `stores` 5.10.
    pub async fn save_contents_sort(&self, order: SortOrderSet, flags: flags::SaveContentsSortFlags) -> Result<()> {
        let (this, order) = (self.handle.resource, crate::runtime::convert::to_sort_order(order)?);
        call!(self.subsystem(), "IMAPIFolder::SaveContentsSort", |live| {
            live.world.mapi_session_objects().folder().call_save_contents_sort(&mut live.store, this, &order, flags).await
        })
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
