//! What a view of a million rows takes.

use crate::allocated;
use crate::messages;
use crate::row::Figures;
use crate::stage::Stage;
use crate::tables::{ROWS, changes, native};
use anyhow::ensure;
use mapi_engine::tables::Table;
use mapi_session::collation;
use mapi_session::properties::tags;

/// `tables.memory`: bytes a row, besides those of the order keys, of a view with three columns and two levels of
/// categories, as it stands when it is sorted.
pub(crate) fn memory(_: &Stage) -> anyhow::Result<Figures> {
    let order = changes::categorised();
    let keys: usize = messages::all(ROWS)
        .flatten()
        .filter(|property| order.keys.iter().any(|key| key.tag == property.tag))
        .filter_map(|property| collation::order_key(&property.value))
        .map(|key| key.len())
        .sum();
    let mail = native::Mail::open()?;
    let table = || -> anyhow::Result<Table> {
        let table = mail.table()?;
        table.set_columns(&[tags::SENDER_NAME, tags::IMPORTANCE, tags::MESSAGE_DELIVERY_TIME], 0)?;
        Ok(table)
    };
    // The store keeps the columns it has read, which are not the view's: it reads them before.
    table()?.sort_table(Some(order.clone()), 0)?;
    let table = table()?;
    let (sorted, bytes) = allocated::by(|| table.sort_table(Some(order), 0));
    sorted?;
    let rows = table.get_row_count(0)?.value;
    ensure!(rows > ROWS, "{rows} rows, headers included");
    ensure!(bytes > keys, "{bytes} bytes are fewer than the {keys} of the keys");
    eprintln!("  {bytes} bytes, {keys} of them of keys");
    let own = u32::try_from((bytes - keys) / 100)?;
    Ok(Figures::alone(f64::from(own) * 100.0 / f64::from(ROWS)))
}
