//! The properties the programs use. Some are such that a store keeps an order of them, the others it has to leave to the engine.

use mapi_engine::properties::{PropTag, tags};

pub(crate) use mapi_engine::properties::tags::{CONTENT_COUNT, CONTENT_UNREAD, DEPTH, INSTANCE_KEY, MESSAGE_FLAGS, ROW_TYPE};

/// Names a message in both worlds.
pub(crate) const NAME: PropTag = PropTag(0x6810_0003);
pub(crate) const TEXT: PropTag = tags::SENDER_NAME;
pub(crate) const OTHER: PropTag = tags::SENT_REPRESENTING_NAME;
pub(crate) const DATE: PropTag = tags::MESSAGE_DELIVERY_TIME;
pub(crate) const NUMBER: PropTag = PropTag(0x6812_0003);
pub(crate) const RANK: PropTag = PropTag(0x6813_0003);
pub(crate) const FLAG: PropTag = PropTag(0x6814_000B);
pub(crate) const BYTES: PropTag = PropTag(0x6815_0102);
pub(crate) const REAL: PropTag = PropTag(0x6816_0005);
pub(crate) const TAGS: PropTag = PropTag(0x6817_101F);
pub(crate) const NUMBERS: PropTag = PropTag(0x6818_1003);
/// No message has it.
pub(crate) const NOTHING: PropTag = PropTag(0x6819_0003);
pub(crate) const INSTANCE_NUM: PropTag = tags::INSTANCE_NUM;
pub(crate) const RECIPIENTS: PropTag = PropTag(0x0E12_000D);
pub(crate) const ATTACHMENTS: PropTag = PropTag(0x0E13_000D);

/// What messages may have.
pub(crate) const STORED: [PropTag; 10] = [TEXT, OTHER, DATE, NUMBER, RANK, FLAG, BYTES, REAL, TAGS, NUMBERS];

/// The instance form of a multi-valued tag.
pub(crate) const fn instance(tag: PropTag) -> PropTag {
    PropTag(tag.0 | 0x2000)
}
