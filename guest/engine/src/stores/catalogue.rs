//! Default column sets of the tables of stores, folders and messages (`tables` 14).

use crate::properties::{PropTag, tags};

/// Folder contents, associated contents and search results.
pub(crate) const CONTENTS: &[PropTag] = &[
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::PARENT_ENTRYID,
    tags::STORE_ENTRYID,
    tags::STORE_RECORD_KEY,
    tags::MAPPING_SIGNATURE,
    tags::OBJECT_TYPE,
    tags::MESSAGE_CLASS,
    tags::MESSAGE_FLAGS,
    tags::MSG_STATUS,
    tags::MESSAGE_SIZE,
    tags::HASATTACH,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::LAST_MODIFICATION_TIME,
    tags::SUBJECT,
    tags::NORMALIZED_SUBJECT,
    tags::CONVERSATION_INDEX,
    tags::SENDER_NAME,
    tags::SENT_REPRESENTING_NAME,
    tags::IMPORTANCE,
    tags::PRIORITY,
    tags::SENSITIVITY,
    tags::CLIENT_SUBMIT_TIME,
    tags::MESSAGE_DELIVERY_TIME,
];

/// Subfolders.
pub(crate) const HIERARCHY: &[PropTag] = &[
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::DEPTH,
    tags::OBJECT_TYPE,
    tags::DISPLAY_NAME,
    tags::DISPLAY_TYPE,
    tags::COMMENT,
    tags::STATUS,
    tags::FOLDER_TYPE,
    tags::SUBFOLDERS,
    tags::CONTENT_COUNT,
    tags::CONTENT_UNREAD,
    tags::PARENT_ENTRYID,
];

/// Recipients of a message.
pub(crate) const RECIPIENTS: &[PropTag] = &[
    tags::INSTANCE_KEY,
    tags::ROWID,
    tags::RECIPIENT_TYPE,
    tags::DISPLAY_NAME,
    tags::ENTRYID,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::SPOOLER_STATUS,
    tags::ADDRTYPE,
    tags::RESPONSIBILITY,
    tags::EMAIL_ADDRESS,
    tags::SEARCH_KEY,
];

/// Attachments of a message.
pub(crate) const ATTACHMENTS: &[PropTag] = &[
    tags::ATTACH_NUM,
    tags::INSTANCE_KEY,
    tags::RECORD_KEY,
    tags::RENDERING_POSITION,
    tags::ATTACH_METHOD,
    tags::ATTACH_FILENAME,
    tags::ATTACH_LONG_FILENAME,
    tags::DISPLAY_NAME,
    tags::ATTACH_SIZE,
];

/// Receive folders of a store.
pub(crate) const RECEIVE_FOLDERS: &[PropTag] =
    &[tags::INSTANCE_KEY, tags::ROWID, tags::ENTRYID, tags::RECORD_KEY, tags::MESSAGE_CLASS];
