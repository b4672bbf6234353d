//! The way to the default store of the profile and its folders, for both plugins.

use crate::world::mapi::session::method_flags::{
    CreateMessageFlags, GetMsgStoresTableFlags, GetPropsFlags, GetReceiveFolderFlags, LogonFlags, ModifyRecipientsFlags,
    OpenMsgStoreFlags, QueryRowsFlags, SetColumnsFlags, StoreOpenEntryFlags,
};
use crate::world::mapi::session::objects::{Folder, Message, Object, Store};
use crate::world::mapi::session::sessions::{self, LogonOptions, Session};
use crate::world::mapi::session::types::{Failure, Property, Value};

const PR_ENTRYID: u32 = 0x0FFF_0102;
const PR_DISPLAY_NAME: u32 = 0x3001_001F;
const PR_ADDRTYPE: u32 = 0x3002_001F;
const PR_EMAIL_ADDRESS: u32 = 0x3003_001F;
const PR_RECIPIENT_TYPE: u32 = 0x0C15_0003;
const PR_SUBJECT: u32 = 0x0037_001F;
const PR_BODY: u32 = 0x1000_001F;
const PR_IPM_OUTBOX_ENTRYID: u32 = 0x35E2_0102;

/// What a failure says.
pub(crate) fn told(failure: Failure) -> String {
    format!("{:?}: {}", failure.code.code, failure.message)
}

/// Logs on to the default profile.
pub(crate) fn logon() -> Result<Session, String> {
    let how = LogonFlags::MAPI_EXTENDED | LogonFlags::MAPI_NEW_SESSION | LogonFlags::MAPI_USE_DEFAULT | LogonFlags::MAPI_UNICODE;
    let options = LogonOptions { ui: 0, profile: None, password: None, how };
    sessions::logon(&options).map_err(|failure| told(failure.failure))
}

/// The entry identifiers of the stores of the profile.
pub(crate) fn store_ids(session: &Session) -> Result<Vec<Vec<u8>>, String> {
    let table = session.get_msg_stores_table(GetMsgStoresTableFlags::empty()).map_err(told)?;
    table.set_columns(&[PR_ENTRYID], SetColumnsFlags::empty()).map_err(told)?;
    let rows = table.query_rows(100, QueryRowsFlags::empty()).map_err(told)?;
    let cells = rows.into_iter().filter_map(|row| row.cells.into_iter().next());
    Ok(cells.filter_map(|cell| if let Value::Binary(id) = cell.value { Some(id) } else { None }).collect())
}

/// Opens the first store of the profile.
pub(crate) fn store(session: &Session) -> Result<Store, String> {
    let ids = store_ids(session)?;
    let id = ids.first().ok_or("the profile has no store")?;
    Ok(session.open_msg_store(0, id, OpenMsgStoreFlags::MAPI_BEST_ACCESS, None).map_err(told)?.store)
}

/// The folder messages are received in.
pub(crate) fn inbox(store: &Store) -> Result<Folder, String> {
    let receives = store.get_receive_folder(None, GetReceiveFolderFlags::empty()).map_err(told)?;
    folder(store, &receives.entry_id)
}

/// The folder messages leave from.
pub(crate) fn outbox(store: &Store) -> Result<Folder, String> {
    let values = store.properties().get_props(Some(&[PR_IPM_OUTBOX_ENTRYID]), GetPropsFlags::empty()).map_err(told)?;
    match values.properties.into_iter().next().map(|property| property.value) {
        Some(Value::Binary(id)) => folder(store, &id),
        _ => Err("the store has no Outbox".into()),
    }
}

fn folder(store: &Store, id: &[u8]) -> Result<Folder, String> {
    match store.open_entry(Some(id), StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).map_err(told)?.object {
        Object::Folder(folder) => Ok(folder),
        _ => Err("that is no folder".into()),
    }
}

/// A new message in the Outbox to that address.
pub(crate) fn compose(outbox: &Folder, to: &str, subject: &str, body: &str) -> Result<Message, String> {
    let text = |tag, text: &str| Property { tag, value: Value::Unicode(text.to_owned()) };
    let message = outbox.create_message(CreateMessageFlags::empty()).map_err(told)?;
    message.properties().set_props(&[text(PR_SUBJECT, subject), text(PR_BODY, body)]).map_err(told)?;
    let recipient = vec![
        Property { tag: PR_RECIPIENT_TYPE, value: Value::Long(1) },
        text(PR_DISPLAY_NAME, to),
        text(PR_ADDRTYPE, "SMTP"),
        text(PR_EMAIL_ADDRESS, to),
        Property { tag: PR_ENTRYID, value: Value::Binary(one_off(to)) },
    ];
    message.modify_recipients(ModifyRecipientsFlags::MODRECIP_ADD, &[recipient]).map_err(told)?;
    Ok(message)
}

/// A one-off entry identifier: flags, MAPI_ONE_OFF_UID, version, MAPI_ONE_OFF_UNICODE, then name, type and address.
fn one_off(address: &str) -> Vec<u8> {
    let mut id = vec![0, 0, 0, 0];
    id.extend([0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02]);
    id.extend([0, 0, 1, 0x80]);
    for text in [address, "SMTP", address] {
        id.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }
    id
}
