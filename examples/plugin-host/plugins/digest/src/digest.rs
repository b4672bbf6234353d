//! One row a sender: a table in categories, all of them collapsed, of the unread messages.

use crate::mailbox;
use crate::mailbox::told;
use crate::world::mapi::session::method_flags::{
    GetContentsTableFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags, SortTableFlags, SubmitMessageFlags,
};
use crate::world::mapi::session::objects::Folder;
use crate::world::mapi::session::sessions;
use crate::world::mapi::session::types::{
    BitRelation, BitmaskTest, Node, Restriction, SortDirection, SortOrder, SortOrderSet, Value,
};
use crate::world::{Guest, export};

const PR_SENDER_NAME: u32 = 0x0C1A_001F;
const PR_CONTENT_COUNT: u32 = 0x3602_0003;
const PR_MESSAGE_FLAGS: u32 = 0x0E07_0003;
const MSGFLAG_READ: u32 = 1;
/// Rows fetched at once.
const PAGE: i32 = 100;
/// Turns taken for the message to leave.
const TURNS: u32 = 1_000;

struct Digest;

impl Guest for Digest {
    fn run(addresses: Vec<String>) -> Result<String, String> {
        let session = mailbox::logon()?;
        let store = mailbox::store(&session)?;
        let digest = unread(&mailbox::inbox(&store)?)?;
        for address in addresses {
            let message = mailbox::compose(&mailbox::outbox(&store)?, &address, "Unread by sender", &digest)?;
            message.submit_message(SubmitMessageFlags::empty()).map_err(told)?;
            for _ in 0..TURNS {
                if !sessions::pump(10_000).map_err(told)?.more {
                    break;
                }
            }
        }
        Ok(digest)
    }
}

/// A line for each sender: how many, and who.
fn unread(inbox: &Folder) -> Result<String, String> {
    let table = inbox.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).map_err(told)?;
    table.set_columns(&[PR_SENDER_NAME, PR_CONTENT_COUNT], SetColumnsFlags::empty()).map_err(told)?;
    let test = BitmaskTest { relation: BitRelation::Eqz, tag: PR_MESSAGE_FLAGS, mask: MSGFLAG_READ };
    let unread = Restriction { nodes: vec![Node::Bitmask(test)], constants: Vec::new() };
    table.restrict(Some(&unread), RestrictFlags::empty()).map_err(told)?;
    let order = SortOrder { tag: PR_SENDER_NAME, direction: SortDirection::Ascend };
    let by_sender = SortOrderSet { orders: vec![order], categories: 1, expanded: 0 };
    table.sort_table(&by_sender, SortTableFlags::empty()).map_err(told)?;
    let mut lines = String::new();
    loop {
        let rows = table.query_rows(PAGE, QueryRowsFlags::empty()).map_err(told)?;
        if rows.is_empty() {
            return Ok(lines);
        }
        for row in rows {
            let mut cells = row.cells.into_iter().map(|cell| cell.value);
            let sender = if let Some(Value::Unicode(name)) = cells.next() { name } else { "(nobody)".to_owned() };
            let count = if let Some(Value::Long(count)) = cells.next() { count } else { 0 };
            lines.push_str(&format!("{count} {sender}\n"));
        }
    }
}

export!(Digest with_types_in crate::world);
