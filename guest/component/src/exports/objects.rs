//! `objects`.

use crate::exports::Component;
use crate::world::exports::mapi::session::objects as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;

pub(crate) enum ExportedProperties {}
pub(crate) enum ExportedDataStream {}
pub(crate) enum ExportedStore {}
pub(crate) enum ExportedFolder {}
pub(crate) enum ExportedMessage {}
pub(crate) enum ExportedAttachment {}
pub(crate) enum ExportedContainer {}
pub(crate) enum ExportedMailUser {}
pub(crate) enum ExportedDistList {}
pub(crate) enum ExportedControl {}
pub(crate) enum ExportedMessageImport {}

impl export::Guest for Component {
    type Properties = ExportedProperties;
    type DataStream = ExportedDataStream;
    type Store = ExportedStore;
    type Folder = ExportedFolder;
    type Message = ExportedMessage;
    type Attachment = ExportedAttachment;
    type Container = ExportedContainer;
    type MailUser = ExportedMailUser;
    type DistList = ExportedDistList;
    type Control = ExportedControl;
    type MessageImport = ExportedMessageImport;
}

impl export::GuestProperties for ExportedProperties {
    fn get_last_error(
        &self,
        _code: wire::Scode,
        _how: flags::GetLastErrorFlags,
    ) -> Result<Option<wire::MapiError>, wire::Failure> {
        match *self {}
    }
    fn save_changes(&self, _how: flags::SaveChangesFlags) -> Result<(), wire::Failure> {
        match *self {}
    }
    fn get_props(&self, _tags: Option<Vec<u32>>, _how: flags::GetPropsFlags) -> Result<export::Values, wire::Failure> {
        match *self {}
    }
    fn get_prop_list(&self, _how: flags::GetPropListFlags) -> Result<Vec<u32>, wire::Failure> {
        match *self {}
    }
    fn open_property(
        &self,
        _tag: u32,
        _what: export::PropertyInterface,
        _options: flags::OpenPropertyOptions,
        _how: flags::OpenPropertyFlags,
    ) -> Result<export::OpenedProperty, wire::Failure> {
        match *self {}
    }
    fn set_props(&self, _values: Vec<wire::Property>) -> Result<Vec<wire::PropProblem>, wire::Failure> {
        match *self {}
    }
    fn delete_props(&self, _tags: Vec<u32>) -> Result<Vec<wire::PropProblem>, wire::Failure> {
        match *self {}
    }
    fn get_names_from_ids(
        &self,
        _tags: Option<Vec<u32>>,
        _set: Option<wire::Guid>,
        _how: flags::GetNamesFromIdsFlags,
    ) -> Result<export::Names, wire::Failure> {
        match *self {}
    }
    fn get_ids_from_names(
        &self,
        _names: Option<Vec<wire::NamedProperty>>,
        _how: flags::GetIdsFromNamesFlags,
    ) -> Result<export::NamedTags, wire::Failure> {
        match *self {}
    }
}

impl export::GuestDataStream for ExportedDataStream {
    fn read(&self, _length: u32) -> Result<Vec<u8>, wire::Failure> {
        match *self {}
    }
    fn write(&self, _bytes: Vec<u8>) -> Result<(), wire::Failure> {
        match *self {}
    }
    fn seek(&self, _offset: i64, _origin: export::SeekOrigin) -> Result<u64, wire::Failure> {
        match *self {}
    }
    fn size(&self) -> Result<u64, wire::Failure> {
        match *self {}
    }
    fn set_size(&self, _size: u64) -> Result<(), wire::Failure> {
        match *self {}
    }
    fn commit(&self) -> Result<(), wire::Failure> {
        match *self {}
    }
}

impl export::GuestStore for ExportedStore {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
    fn open_entry(
        &self,
        _entry_id: Option<Vec<u8>>,
        _how: flags::StoreOpenEntryFlags,
        _tags: Option<Vec<u32>>,
    ) -> Result<export::OpenedObject, wire::Failure> {
        match *self {}
    }
    fn compare_entry_ids(&self, _first: Vec<u8>, _second: Vec<u8>) -> Result<bool, wire::Failure> {
        match *self {}
    }
}

impl export::GuestFolder for ExportedFolder {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
    fn get_contents_table(&self, _how: flags::GetContentsTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }
    fn get_hierarchy_table(&self, _how: flags::GetHierarchyTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }
    fn open_entry(
        &self,
        _entry_id: Option<Vec<u8>>,
        _how: flags::StoreOpenEntryFlags,
        _tags: Option<Vec<u32>>,
    ) -> Result<export::OpenedObject, wire::Failure> {
        match *self {}
    }
    fn create_message(&self, _how: flags::CreateMessageFlags) -> Result<export::Message, wire::Failure> {
        match *self {}
    }
    fn create_folder(
        &self,
        _kind: export::FolderType,
        _name: String,
        _comment: Option<String>,
        _how: flags::CreateFolderFlags,
    ) -> Result<export::Folder, wire::Failure> {
        match *self {}
    }
    fn import_messages(&self, _options: export::ImportOptions) -> Result<export::MessageImport, wire::Failure> {
        match *self {}
    }
}

impl export::GuestMessage for ExportedMessage {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
    fn get_attachment_table(&self, _how: flags::GetAttachmentTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }
    fn open_attach(
        &self,
        _number: u32,
        _how: flags::OpenAttachFlags,
        _tags: Option<Vec<u32>>,
    ) -> Result<export::OpenedAttachment, wire::Failure> {
        match *self {}
    }
    fn get_recipient_table(&self, _how: flags::GetRecipientTableFlags) -> Result<Table, wire::Failure> {
        match *self {}
    }
}

impl export::GuestAttachment for ExportedAttachment {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
}

impl export::GuestContainer for ExportedContainer {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
}

impl export::GuestMailUser for ExportedMailUser {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
}

impl export::GuestDistList for ExportedDistList {
    fn properties(&self) -> export::Properties {
        match *self {}
    }
}

impl export::GuestControl for ExportedControl {
    fn get_state(&self) -> Result<bool, wire::Failure> {
        match *self {}
    }
}

impl export::GuestMessageImport for ExportedMessageImport {
    fn begin(&self, _properties: Vec<wire::Property>) -> Result<(), wire::Failure> {
        match *self {}
    }
    fn write(&self, _bytes: Vec<u8>) -> Result<(), wire::Failure> {
        match *self {}
    }
    fn finish(&self) -> Result<export::ImportedMessage, wire::Failure> {
        match *self {}
    }
    fn cancel(&self) {
        match *self {}
    }
    fn flush(&self) -> Result<(), wire::Failure> {
        match *self {}
    }
}
