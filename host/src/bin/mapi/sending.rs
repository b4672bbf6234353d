//! Submitting a message, and the spooler's turns until it is gone or cannot go now.

use crate::commands::{queue, spool};
use crate::compose::Draft;
use crate::context::Context;
use crate::output::cell_text;
use crate::target;
use crate::terminal::harmless;
use mapi_session::flags::{
    GetContentsTableFlags, GetPropsFlags, QueryRowsFlags, RestrictFlags, SaveChangesFlags, SetColumnsFlags, SubmitMessageFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::{MessageStore, Subsystem};
use serde_json::json;

/// Sends a message, and says what became of it.
pub(crate) async fn send(context: &Context, subsystem: &Subsystem, store: &MessageStore, draft: &Draft) -> anyhow::Result<()> {
    let message = draft.create(store).await?;
    let object = message.properties().await?;
    object.save_changes(SaveChangesFlags::KEEP_OPEN_READWRITE).await?;
    let keys = object.get_props(Some(&[tags::ENTRYID, tags::SEARCH_KEY]), GetPropsFlags::empty()).await?.value;
    let [Property { value: Value::Binary(entry_id), .. }, Property { value: Value::Binary(search_key), .. }] = keys.as_slice()
    else {
        anyhow::bail!("the message was saved, but has no identifier");
    };
    message.submit_message(SubmitMessageFlags::empty()).await?;
    spool::turn_until_idle(subsystem).await?;
    let waiting = queue::rows(store).await?.into_iter().find(|row| row.entry_id() == entry_id);
    let failed = failures(store, search_key).await?;
    if context.output.json {
        let waits = waiting.as_ref().map(queue::Waiting::object);
        return context.output.object(&json!({ "sent": waiting.is_none(), "waiting": waits, "failed": failed }));
    }
    match &waiting {
        None => context.output.line("Sent.")?,
        Some(row) => context.output.line(&format!("Not sent yet: {}. `mapi spool` tries again.", harmless(&row.reason())))?,
    }
    for report in failed {
        context.output.line(&format!("Undeliverable: {}; the report is in the Inbox.", harmless(&report)))?;
    }
    Ok(())
}

/// The recipients that non-delivery reports on a message name.
async fn failures(store: &MessageStore, search_key: &[u8]) -> anyhow::Result<Vec<String>> {
    let folder = target::folder(store, "Inbox", false).await?;
    let table = target::contents(&folder, GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::DISPLAY_TO], SetColumnsFlags::empty()).await?;
    let original = Property::new(tags::ORIGINAL_SEARCH_KEY, Value::Binary(search_key.to_vec()));
    let reports = Restriction::Property { relop: Relop::Eq, tag: tags::ORIGINAL_SEARCH_KEY, value: original };
    table.restrict(Some(&reports), RestrictFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    Ok(rows.iter().flatten().map(|cell| cell_text(&cell.value)).collect())
}
