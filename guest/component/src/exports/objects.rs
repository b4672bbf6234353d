//! `objects`: stores, folders, messages and attachments.

use crate::exports::Component;
use crate::exports::address_books::{ExportedContainer, ExportedDistList, ExportedMailUser};
use crate::exports::export::{ExportedExport, compose_options};
use crate::exports::import::ExportedImport;
use crate::exports::properties::{ExportedProperties, ExportedStream, along, exported as exported_properties};
use crate::exports::tables::exported as exported_table;
use crate::types::{Bits, properties, scode};
use crate::world::exports::mapi::session::objects as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Result as EngineResult, Warned};
use mapi_engine::messages::{Attachment, Message};
use mapi_engine::mime::{Exporter, Importer};
use mapi_engine::stores::{Folder, OpenedEntry, StoreObject};
use mapi_engine::tables::SortOrderSet;

impl export::Guest for Component {
    type Properties = ExportedProperties;
    type DataStream = ExportedStream;
    type Store = ExportedStore;
    type Folder = ExportedFolder;
    type Message = ExportedMessage;
    type Attachment = ExportedAttachment;
    type Container = ExportedContainer;
    type MailUser = ExportedMailUser;
    type DistList = ExportedDistList;
    type Control = NoControl;
    type MessageImport = ExportedImport;
    type MessageExport = ExportedExport;
}

/// A message store.
pub(crate) struct ExportedStore(pub(crate) StoreObject);

/// A folder.
pub(crate) struct ExportedFolder(pub(crate) Folder);

/// A message.
pub(crate) struct ExportedMessage(pub(crate) Message);

/// An attachment.
pub(crate) struct ExportedAttachment(Attachment);

/// Controls are part of the world's variants; no call makes one.
pub(crate) enum NoControl {}

/// A store for the world.
pub(crate) fn exported_store(store: StoreObject) -> export::Store {
    export::Store::new(ExportedStore(store))
}

/// A folder for the world.
pub(crate) fn exported_folder(folder: Folder) -> export::Folder {
    export::Folder::new(ExportedFolder(folder))
}

/// A message for the world.
pub(crate) fn exported_message(message: Message) -> export::Message {
    export::Message::new(ExportedMessage(message))
}

fn opened(entry: OpenedEntry, wanted: Option<Vec<u32>>) -> EngineResult<export::OpenedObject> {
    Ok(match entry {
        OpenedEntry::Store(store) => {
            let values = along(wanted, || store.properties())?;
            export::OpenedObject { object: export::Object::Store(exported_store(store)), values }
        }
        OpenedEntry::Folder(folder) => {
            let values = along(wanted, || folder.properties())?;
            export::OpenedObject { object: export::Object::Folder(exported_folder(folder)), values }
        }
        OpenedEntry::Message(message) => {
            let values = along(wanted, || message.properties())?;
            export::OpenedObject { object: export::Object::Message(exported_message(message)), values }
        }
    })
}

fn completion(done: Warned<()>) -> export::Completion {
    export::Completion { warning: scode(done.warning) }
}

impl export::GuestStore for ExportedStore {
    fn properties(&self) -> export::Properties {
        exported_properties(self.0.properties())
    }

    fn open_entry(
        &self,
        entry_id: Option<Vec<u8>>,
        how: flags::StoreOpenEntryFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<export::OpenedObject, wire::Failure> {
        Ok(opened(self.0.open_entry(entry_id.as_deref(), None, how.raw())?, wanted)?)
    }

    fn compare_entry_ids(&self, first: Vec<u8>, second: Vec<u8>) -> Result<bool, wire::Failure> {
        Ok(self.0.compare_entry_ids(&first, &second, 0)?)
    }

    fn advise(&self, entry_id: Option<Vec<u8>>, events: flags::EventMask) -> Result<u32, wire::Failure> {
        Ok(self.0.advise(entry_id.as_deref(), events.raw())?)
    }

    fn unadvise(&self, connection: u32) -> Result<(), wire::Failure> {
        Ok(self.0.unadvise(connection)?)
    }

    fn set_receive_folder(
        &self,
        message_class: Option<String>,
        entry_id: Option<Vec<u8>>,
        how: flags::SetReceiveFolderFlags,
    ) -> Result<(), wire::Failure> {
        Ok(self.0.set_receive_folder(message_class.as_deref(), how.raw(), entry_id.as_deref())?)
    }

    fn get_receive_folder(
        &self,
        message_class: Option<String>,
        how: flags::GetReceiveFolderFlags,
    ) -> Result<export::ReceiveFolder, wire::Failure> {
        let (entry_id, message_class) = self.0.get_receive_folder(message_class.as_deref(), how.raw())?;
        Ok(export::ReceiveFolder { entry_id, message_class })
    }

    fn abort_submit(&self, entry_id: Vec<u8>) -> Result<(), wire::Failure> {
        Ok(self.0.abort_submit(&entry_id, 0)?)
    }

    fn get_outgoing_queue(&self) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_outgoing_queue(0)?))
    }

    fn get_receive_folder_table(&self, how: flags::GetReceiveFolderTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_receive_folder_table(how.raw())?))
    }
}

impl export::GuestFolder for ExportedFolder {
    fn properties(&self) -> export::Properties {
        exported_properties(self.0.properties())
    }

    fn get_contents_table(&self, how: flags::GetContentsTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_contents_table(how.raw())?))
    }

    fn get_hierarchy_table(&self, how: flags::GetHierarchyTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_hierarchy_table(how.raw())?))
    }

    fn open_entry(
        &self,
        entry_id: Option<Vec<u8>>,
        how: flags::StoreOpenEntryFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<export::OpenedObject, wire::Failure> {
        Ok(opened(self.0.open_entry(entry_id.as_deref(), None, how.raw())?, wanted)?)
    }

    fn create_message(&self, how: flags::CreateMessageFlags) -> Result<export::Message, wire::Failure> {
        Ok(exported_message(self.0.create_message(None, how.raw())?))
    }

    fn create_folder(
        &self,
        kind: export::FolderType,
        name: String,
        comment: Option<String>,
        how: flags::CreateFolderFlags,
    ) -> Result<export::Folder, wire::Failure> {
        let kind = match kind {
            export::FolderType::Root => 0,
            export::FolderType::Generic => mapi_engine::stores::FOLDER_GENERIC,
            export::FolderType::Search => mapi_engine::stores::FOLDER_SEARCH,
        };
        Ok(exported_folder(self.0.create_folder(kind, &name, comment.as_deref(), None, how.raw())?))
    }

    fn copy_messages(
        &self,
        entry_ids: Vec<Vec<u8>>,
        destination: export::FolderBorrow<'_>,
        how: flags::CopyMessagesFlags,
    ) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.copy_messages(&entry_ids, None, &destination.get::<Self>().0, how.raw())?))
    }

    fn delete_messages(
        &self,
        entry_ids: Vec<Vec<u8>>,
        how: flags::DeleteMessagesFlags,
    ) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.delete_messages(&entry_ids, how.raw())?))
    }

    fn copy_folder(
        &self,
        entry_id: Vec<u8>,
        destination: export::FolderBorrow<'_>,
        new_name: Option<String>,
        how: flags::CopyFolderFlags,
    ) -> Result<export::Completion, wire::Failure> {
        let destination = &destination.get::<Self>().0;
        Ok(completion(self.0.copy_folder(&entry_id, None, destination, new_name.as_deref(), how.raw())?))
    }

    fn delete_folder(&self, entry_id: Vec<u8>, how: flags::DeleteFolderFlags) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.delete_folder(&entry_id, how.raw())?))
    }

    fn empty_folder(&self, how: flags::EmptyFolderFlags) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.empty_folder(how.raw())?))
    }

    fn set_read_flags(
        &self,
        entry_ids: Option<Vec<Vec<u8>>>,
        how: flags::SetReadFlagsFlags,
    ) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.set_read_flags(entry_ids.as_deref(), how.raw())?))
    }

    fn get_message_status(&self, entry_id: Vec<u8>) -> Result<u32, wire::Failure> {
        Ok(self.0.get_message_status(&entry_id, 0)?)
    }

    fn set_message_status(&self, entry_id: Vec<u8>, status: u32, mask: u32) -> Result<u32, wire::Failure> {
        Ok(self.0.set_message_status(&entry_id, status, mask)?)
    }

    fn save_contents_sort(&self, order: wire::SortOrderSet, how: flags::SaveContentsSortFlags) -> Result<(), wire::Failure> {
        Ok(self.0.save_contents_sort(&SortOrderSet::from(order), how.raw())?)
    }

    fn import_messages(&self, options: export::ImportOptions) -> Result<export::MessageImport, wire::Failure> {
        let connection = self.0.import_into()?.clone();
        let importer = Importer::new(connection, self.0.object().clone(), options.defer_indexing);
        Ok(export::MessageImport::new(ExportedImport::new(importer)))
    }

    fn export_messages(&self, entry_ids: Vec<Vec<u8>>, options: export::ExportOptions) -> export::MessageExport {
        let exporter = Exporter::of_entries(&self.0, entry_ids, compose_options(options));
        export::MessageExport::new(ExportedExport::new(exporter))
    }
}

impl export::GuestMessage for ExportedMessage {
    fn properties(&self) -> export::Properties {
        exported_properties(self.0.properties())
    }

    fn get_attachment_table(&self, how: flags::GetAttachmentTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_attachment_table(how.raw())?))
    }

    fn open_attach(
        &self,
        number: u32,
        how: flags::OpenAttachFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<export::OpenedAttachment, wire::Failure> {
        let attachment = self.0.open_attach(number, None, how.raw())?;
        let values = along(wanted, || attachment.properties())?;
        Ok(export::OpenedAttachment { attachment: export::Attachment::new(ExportedAttachment(attachment)), values })
    }

    fn create_attach(&self, how: flags::CreateAttachFlags) -> Result<export::NewAttach, wire::Failure> {
        let (number, attachment) = self.0.create_attach(None, how.raw())?;
        Ok(export::NewAttach { number, attachment: export::Attachment::new(ExportedAttachment(attachment)) })
    }

    fn delete_attach(&self, number: u32, how: flags::DeleteAttachFlags) -> Result<(), wire::Failure> {
        Ok(self.0.delete_attach(number, how.raw())?)
    }

    fn get_recipient_table(&self, how: flags::GetRecipientTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_recipient_table(how.raw())?))
    }

    fn modify_recipients(&self, how: flags::ModifyRecipientsFlags, rows: Vec<Vec<wire::Property>>) -> Result<(), wire::Failure> {
        let rows = rows.into_iter().map(properties).collect::<EngineResult<Vec<_>>>()?;
        Ok(self.0.modify_recipients(how.raw(), &rows)?)
    }

    fn submit_message(&self, how: flags::SubmitMessageFlags) -> Result<(), wire::Failure> {
        Ok(self.0.submit_message(how.raw())?)
    }

    fn export_message(&self, options: export::ExportOptions) -> export::MessageExport {
        let exporter = Exporter::of_message(self.0.clone(), compose_options(options));
        export::MessageExport::new(ExportedExport::new(exporter))
    }

    fn set_read_flag(&self, how: flags::SetReadFlagFlags) -> Result<export::Completion, wire::Failure> {
        Ok(completion(self.0.set_read_flag(how.raw())?))
    }
}

impl export::GuestAttachment for ExportedAttachment {
    fn properties(&self) -> export::Properties {
        exported_properties(self.0.properties())
    }
}

impl export::GuestControl for NoControl {
    fn get_state(&self) -> Result<bool, wire::Failure> {
        match *self {}
    }
}
