//! `IMsgStore`, `IMAPIFolder`, `IMessage`, `IAttach`.

use crate::address_book::{DistList, MailUser};
use crate::failure::warning;
use crate::notifications::{Subscription, mask};
use crate::properties::Properties;
use crate::table::Table;
use crate::transfer::{Export, Imported, Oddities};
use crate::values::properties;
use crate::waiting::answer;
use mapi_session::properties::PropTag;
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{ExportOptions, FolderType, Object, flags as f};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pub(crate) use crate::address_book::Container;

/// What an `OpenEntry` opened.
pub(crate) fn object(py: Python<'_>, object: Object) -> PyResult<Py<PyAny>> {
    Ok(match object {
        Object::Store(store) => Py::new(py, Store(store))?.into_any(),
        Object::Folder(folder) => Py::new(py, Folder(folder))?.into_any(),
        Object::Container(container) => Py::new(py, Container(container))?.into_any(),
        Object::Message(message) => Py::new(py, Message(message))?.into_any(),
        Object::MailUser(user) => Py::new(py, MailUser(user))?.into_any(),
        Object::DistList(list) => Py::new(py, DistList(list))?.into_any(),
        Object::Properties(properties) => Py::new(py, Properties(properties))?.into_any(),
        _ => return Err(pyo3::exceptions::PyTypeError::new_err("this version of the package does not know such objects")),
    })
}

/// A message store.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Store(pub(crate) mapi_session::MessageStore);

#[pymethods]
impl Store {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }

    /// `OpenEntry`: without an identifier the root folder; with as much access as there is, or for reading only.
    #[pyo3(signature = (entry_id = None, read_only = false, deleted = false))]
    fn open(&self, py: Python<'_>, entry_id: Option<&[u8]>, read_only: bool, deleted: bool) -> PyResult<Py<PyAny>> {
        let how = flags!(StoreOpenEntryFlags, !read_only => MAPI_BEST_ACCESS, deleted => SHOW_SOFT_DELETES);
        object(py, answer(py, self.0.open_entry(entry_id, how, None))?.object)
    }

    /// `Advise` for events of the store, or of one object.
    #[pyo3(signature = (events, entry_id = None))]
    fn advise(&self, py: Python<'_>, events: u32, entry_id: Option<&[u8]>) -> PyResult<Subscription> {
        Ok(Subscription::new(answer(py, self.0.advise(entry_id, mask(events)))?))
    }

    /// `CompareEntryIDs`.
    fn compare_entry_ids(&self, py: Python<'_>, first: &[u8], second: &[u8]) -> PyResult<bool> {
        answer(py, self.0.compare_entry_ids(first, second))
    }

    /// `GetReceiveFolder`: the folder and the class that decided it.
    #[pyo3(signature = (message_class = None))]
    fn receive_folder<'py>(&self, py: Python<'py>, message_class: Option<&str>) -> PyResult<(Bound<'py, PyBytes>, String)> {
        let (entry_id, class) = answer(py, self.0.get_receive_folder(message_class))?;
        Ok((PyBytes::new(py, &entry_id), class))
    }

    /// `SetReceiveFolder`.
    #[pyo3(signature = (message_class = None, entry_id = None))]
    fn set_receive_folder(&self, py: Python<'_>, message_class: Option<&str>, entry_id: Option<&[u8]>) -> PyResult<()> {
        answer(py, self.0.set_receive_folder(message_class, entry_id))
    }

    /// `AbortSubmit`.
    fn abort_submit(&self, py: Python<'_>, entry_id: &[u8]) -> PyResult<()> {
        answer(py, self.0.abort_submit(entry_id))
    }

    /// `GetOutgoingQueue`.
    fn outgoing_queue(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_outgoing_queue()).map(Table)
    }
}

/// A folder.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Folder(pub(crate) mapi_session::Folder);

#[pymethods]
impl Folder {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }

    /// `GetContentsTable`.
    #[pyo3(signature = (associated = false, deleted = false))]
    fn contents(&self, py: Python<'_>, associated: bool, deleted: bool) -> PyResult<Table> {
        let how = flags!(
            GetContentsTableFlags,
            true => MAPI_UNICODE,
            associated => MAPI_ASSOCIATED,
            deleted => SHOW_SOFT_DELETES
        );
        answer(py, self.0.get_contents_table(how)).map(Table)
    }

    /// `GetHierarchyTable`.
    #[pyo3(signature = (deep = false, deleted = false))]
    fn hierarchy(&self, py: Python<'_>, deep: bool, deleted: bool) -> PyResult<Table> {
        let how = flags!(
            GetHierarchyTableFlags,
            true => MAPI_UNICODE,
            deep => CONVENIENT_DEPTH,
            deleted => SHOW_SOFT_DELETES
        );
        answer(py, self.0.get_hierarchy_table(how)).map(Table)
    }

    /// `OpenEntry`.
    #[pyo3(signature = (entry_id = None, read_only = false, deleted = false))]
    fn open(&self, py: Python<'_>, entry_id: Option<&[u8]>, read_only: bool, deleted: bool) -> PyResult<Py<PyAny>> {
        let how = flags!(StoreOpenEntryFlags, !read_only => MAPI_BEST_ACCESS, deleted => SHOW_SOFT_DELETES);
        object(py, answer(py, self.0.open_entry(entry_id, how, None))?.object)
    }

    /// `CreateMessage`.
    #[pyo3(signature = (associated = false))]
    fn create_message(&self, py: Python<'_>, associated: bool) -> PyResult<Message> {
        let how = flags!(CreateMessageFlags, associated => MAPI_ASSOCIATED);
        answer(py, self.0.create_message(how)).map(Message)
    }

    /// `CreateFolder`.
    #[pyo3(signature = (name, comment = None, open_existing = false))]
    fn create_folder(&self, py: Python<'_>, name: &str, comment: Option<&str>, open_existing: bool) -> PyResult<Self> {
        let how = flags!(CreateFolderFlags, true => MAPI_UNICODE, open_existing => OPEN_IF_EXISTS);
        answer(py, self.0.create_folder(FolderType::Generic, name, comment, how)).map(Self)
    }

    /// `CopyMessages`; a warning tells that not all could be treated.
    #[pyo3(signature = (entry_ids, destination, moving = false))]
    fn copy_messages(
        &self,
        py: Python<'_>,
        entry_ids: Vec<Vec<u8>>,
        destination: &Self,
        moving: bool,
    ) -> PyResult<Option<String>> {
        let how = flags!(CopyMessagesFlags, moving => MESSAGE_MOVE);
        Ok(warning(answer(py, self.0.copy_messages(&entry_ids, &destination.0, how))?.warning))
    }

    /// `DeleteMessages`.
    #[pyo3(signature = (entry_ids, hard = false))]
    fn delete_messages(&self, py: Python<'_>, entry_ids: Vec<Vec<u8>>, hard: bool) -> PyResult<Option<String>> {
        let how = flags!(DeleteMessagesFlags, hard => DELETE_HARD_DELETE);
        Ok(warning(answer(py, self.0.delete_messages(&entry_ids, how))?.warning))
    }

    /// `CopyFolder`.
    #[pyo3(signature = (entry_id, destination, new_name = None, moving = false, subfolders = true))]
    fn copy_folder(
        &self,
        py: Python<'_>,
        entry_id: &[u8],
        destination: &Self,
        new_name: Option<&str>,
        moving: bool,
        subfolders: bool,
    ) -> PyResult<Option<String>> {
        let how = flags!(
            CopyFolderFlags,
            true => MAPI_UNICODE,
            moving => FOLDER_MOVE,
            subfolders => COPY_SUBFOLDERS
        );
        Ok(warning(answer(py, self.0.copy_folder(entry_id, &destination.0, new_name, how))?.warning))
    }

    /// `DeleteFolder`.
    #[pyo3(signature = (entry_id, messages = false, folders = false, hard = false))]
    fn delete_folder(
        &self,
        py: Python<'_>,
        entry_id: &[u8],
        messages: bool,
        folders: bool,
        hard: bool,
    ) -> PyResult<Option<String>> {
        let how = flags!(
            DeleteFolderFlags,
            messages => DEL_MESSAGES,
            folders => DEL_FOLDERS,
            hard => DELETE_HARD_DELETE
        );
        Ok(warning(answer(py, self.0.delete_folder(entry_id, how))?.warning))
    }

    /// `EmptyFolder`.
    #[pyo3(signature = (associated = false, hard = false))]
    fn empty(&self, py: Python<'_>, associated: bool, hard: bool) -> PyResult<Option<String>> {
        let how = flags!(EmptyFolderFlags, associated => DEL_ASSOCIATED, hard => DELETE_HARD_DELETE);
        Ok(warning(answer(py, self.0.empty_folder(how))?.warning))
    }

    /// `SetReadFlags`; without identifiers of all messages.
    #[pyo3(signature = (entry_ids = None, read = true, receipts = true))]
    fn set_read_flags(
        &self,
        py: Python<'_>,
        entry_ids: Option<Vec<Vec<u8>>>,
        read: bool,
        receipts: bool,
    ) -> PyResult<Option<String>> {
        let how = flags!(SetReadFlagsFlags, !read => CLEAR_READ_FLAG, !receipts => SUPPRESS_RECEIPT);
        Ok(warning(answer(py, self.0.set_read_flags(entry_ids.as_deref(), how))?.warning))
    }

    /// `GetMessageStatus`.
    fn message_status(&self, py: Python<'_>, entry_id: &[u8]) -> PyResult<u32> {
        answer(py, self.0.get_message_status(entry_id))
    }

    /// `SetMessageStatus`: the status before.
    fn set_message_status(&self, py: Python<'_>, entry_id: &[u8], status: u32, mask: u32) -> PyResult<u32> {
        answer(py, self.0.set_message_status(entry_id, status, mask))
    }

    /// `SaveContentsSort`.
    fn save_sort(&self, py: Python<'_>, keys: Vec<(u32, u32)>) -> PyResult<()> {
        let keys = keys.into_iter().map(|(tag, order)| SortOrder { tag: PropTag(tag), order }).collect();
        answer(py, self.0.save_contents_sort(SortOrderSet::plain(keys), f::SaveContentsSortFlags::empty()))
    }

    /// Takes archives in, once each message: messages seen, added, known already, and what was odd in them.
    #[pyo3(signature = (paths, defer_indexing = false))]
    fn import_archives(&self, py: Python<'_>, paths: Vec<std::path::PathBuf>, defer_indexing: bool) -> PyResult<Imported> {
        crate::transfer::import_archives(py, &self.0, &paths, defer_indexing)
    }

    /// Takes one message in RFC 5322 form in, however often it is there already: its size, and what was odd in it.
    #[pyo3(signature = (data, received = None, seen = false))]
    fn import_message(
        &self,
        py: Python<'_>,
        data: &[u8],
        received: Option<&Bound<'_, PyAny>>,
        seen: bool,
    ) -> PyResult<(u64, Oddities)> {
        crate::transfer::import_message(py, &self.0, data, received, seen)
    }

    /// Begins to export messages in RFC 5322 form.
    fn export(&self, py: Python<'_>, entry_ids: Vec<Vec<u8>>) -> PyResult<Export> {
        answer(py, self.0.export_messages(entry_ids, ExportOptions::default())).map(Export)
    }
}

/// A message.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Message(pub(crate) mapi_session::Message);

#[pymethods]
impl Message {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }

    /// `GetAttachmentTable`.
    fn attachments(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_attachment_table(f::GetAttachmentTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `OpenAttach`.
    #[pyo3(signature = (number, read_only = false))]
    fn open_attachment(&self, py: Python<'_>, number: u32, read_only: bool) -> PyResult<Attachment> {
        let how = flags!(OpenAttachFlags, !read_only => MAPI_BEST_ACCESS);
        Ok(Attachment(answer(py, self.0.open_attach(number, how, None))?.object))
    }

    /// `CreateAttach`: its number and the attachment.
    fn create_attachment(&self, py: Python<'_>) -> PyResult<(u32, Attachment)> {
        let (number, attachment) = answer(py, self.0.create_attach(f::CreateAttachFlags::empty()))?;
        Ok((number, Attachment(attachment)))
    }

    /// `DeleteAttach`.
    fn delete_attachment(&self, py: Python<'_>, number: u32) -> PyResult<()> {
        answer(py, self.0.delete_attach(number, f::DeleteAttachFlags::empty()))
    }

    /// `GetRecipientTable`.
    fn recipients(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_recipient_table(f::GetRecipientTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `ModifyRecipients`: `add`, `modify`, `remove`, or `replace` for all there are.
    fn modify_recipients(&self, py: Python<'_>, how: &str, rows: Vec<Vec<(u32, Bound<'_, PyAny>)>>) -> PyResult<()> {
        let how = match how {
            "add" => f::ModifyRecipientsFlags::MODRECIP_ADD,
            "modify" => f::ModifyRecipientsFlags::MODRECIP_MODIFY,
            "remove" => f::ModifyRecipientsFlags::MODRECIP_REMOVE,
            "replace" => f::ModifyRecipientsFlags::empty(),
            _ => return Err(pyo3::exceptions::PyValueError::new_err("how is add, modify, remove or replace")),
        };
        let rows = rows.iter().map(|row| properties(row)).collect::<PyResult<Vec<_>>>()?;
        answer(py, self.0.modify_recipients(how, rows))
    }

    /// `SubmitMessage`.
    fn submit(&self, py: Python<'_>) -> PyResult<()> {
        answer(py, self.0.submit_message(f::SubmitMessageFlags::empty()))
    }

    /// `SetReadFlag`.
    #[pyo3(signature = (read = true, receipt = true))]
    fn set_read_flag(&self, py: Python<'_>, read: bool, receipt: bool) -> PyResult<Option<String>> {
        let how = flags!(SetReadFlagFlags, !read => CLEAR_READ_FLAG, !receipt => SUPPRESS_RECEIPT);
        Ok(warning(answer(py, self.0.set_read_flag(how))?.warning))
    }

    /// Begins to export the message in RFC 5322 form, with what is not saved yet.
    fn export(&self, py: Python<'_>) -> PyResult<Export> {
        answer(py, self.0.export_message(ExportOptions::default())).map(Export)
    }
}

/// An attachment.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Attachment(mapi_session::Attachment);

#[pymethods]
impl Attachment {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }
}
