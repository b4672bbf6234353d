//! What a container keeps of the objects in it: how many there are, their tags, and their orders.

use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::orders::{Directory, Order, Place, insert_entry, remove_entry};
use crate::backends::sqlite::plan::{EAGER, ORDERED};
use crate::backends::sqlite::schema::{Class, keeps_lists};
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::ObjectKind;
use mapi_engine::properties::PropTag;
use std::collections::hash_map;

impl Writer<'_> {
    /// Counts an object in its container and adds it to the orders kept there.
    pub(super) fn enter(&mut self, row: &Row) -> Outcome<()> {
        self.count(row, 1);
        if !self.places.kind(self.connection, row.parent)?.is_some_and(keeps_lists) {
            return Ok(());
        }
        self.note_tags(row, row.bag.entries().map(|entry| entry.tag))?;
        if row.is_ordered() {
            for order in self.orders_of(row.parent, row.class)? {
                let place = order.place(row.bag.key(PropTag(order.tag)), row.arrival);
                insert_entry(self.connection, &order, &place, row.id)?;
                self.directory(&order)?.add(&place);
            }
        }
        Ok(())
    }

    /// The opposite of `enter`.
    pub(super) fn leave(&mut self, row: &Row) -> Outcome<()> {
        self.count(row, -1);
        if row.is_ordered() {
            for order in self.orders_of(row.parent, row.class)? {
                let place = order.place(row.bag.key(PropTag(order.tag)), row.arrival);
                remove_entry(self.connection, &order, &place)?;
                self.directory(&order)?.subtract(&place);
            }
        }
        Ok(())
    }

    pub(super) fn count(&mut self, row: &Row, by: i64) {
        let Some(counter) = row.class.counter() else { return };
        if row.kind == ObjectKind::EmbeddedMessage {
            return;
        }
        let counters = self.counters.entry(row.parent).or_default();
        counters[counter] += by;
        if row.class == Class::CONTENT && row.unread {
            counters[3] += by;
        }
    }

    /// Notes that objects of that container have these properties.
    pub(super) fn note_tags(&mut self, row: &Row, tags: impl Iterator<Item = PropTag>) -> Outcome<()> {
        let class = row.class.live();
        for tag in tags {
            if self.memory.tags.insert((row.parent, class.0, tag.0)) {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO tags(container, class, tag) VALUES (?1, ?2, ?3)")?
                    .execute((row.parent, class.0, tag.0))?;
            }
        }
        Ok(())
    }

    /// Moves an object within the orders whose keys have changed; `old_keys` as `ORDERED`.
    pub(super) fn reorder(&mut self, row: &Row, old_keys: &[Option<Vec<u8>>]) -> Outcome<()> {
        if !row.is_ordered() {
            return Ok(());
        }
        let same = ORDERED.iter().zip(old_keys).all(|(tag, old)| old.as_deref() == row.bag.key(*tag));
        if same {
            return Ok(());
        }
        for order in self.orders_of(row.parent, row.class)? {
            let Some(place) = ORDERED.iter().position(|tag| tag.0 == order.tag) else { continue };
            let old = order.place(old_keys.get(place).and_then(Option::as_deref), row.arrival);
            let new = order.place(row.bag.key(PropTag(order.tag)), row.arrival);
            if old != new {
                remove_entry(self.connection, &order, &old)?;
                self.directory(&order)?.subtract(&old);
                insert_entry(self.connection, &order, &new, row.id)?;
                self.directory(&order)?.add(&new);
            }
        }
        Ok(())
    }

    /// The orders kept for a folder; the usual ones begin with its first object.
    fn orders_of(&mut self, container: i64, class: Class) -> Outcome<Vec<Order>> {
        if let Some(orders) = self.orders.get(&(container, class)) {
            return Ok(orders.clone());
        }
        let mut orders = Order::of(self.connection, container, class)?;
        if orders.is_empty() {
            orders.push(Order::create(self.connection, container, class, 0)?);
            for tag in EAGER {
                orders.push(Order::create(self.connection, container, class, tag.0)?);
            }
        }
        self.orders.insert((container, class), orders.clone());
        Ok(orders)
    }

    fn directory(&mut self, order: &Order) -> Outcome<&mut Directory> {
        match self.directories.entry(order.id) {
            hash_map::Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
            hash_map::Entry::Vacant(entry) => {
                let directory = match self.memory.directories.remove(&order.id) {
                    Some((stamp, directory)) if stamp == order.stamp => directory,
                    _ => Directory::load(self.connection, order.id)?,
                };
                Ok(&mut entry.insert((*order, directory)).1)
            }
        }
    }

    /// Begins to keep an order of a folder by that tag.
    pub(in crate::backends::sqlite) fn keep_order(&mut self, container: i64, class: Class, tag: u32) -> Outcome<()> {
        if Order::find(self.connection, container, class, tag)?.is_some() {
            return Ok(());
        }
        let order = Order::create(self.connection, container, class, tag)?;
        let mut places: Vec<(Place, i64)> = Vec::new();
        {
            let mut statement = self.connection.prepare_cached(
                "SELECT id, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ?1 AND class = ?2",
            )?;
            let mut rows = statement.query((container, class.0))?;
            while let Some(row) = rows.next()? {
                let wanted = PropTag(tag);
                let key = Stored::of(row, 2)?
                    .find(wanted.id())?
                    .filter(|entry| entry.tag.kind().same_family(wanted.kind()))
                    .and_then(|entry| entry.key);
                places.push((order.place(key, row.get(1)?), row.get(0)?));
            }
        }
        places.sort_unstable();
        for (place, object) in &places {
            insert_entry(self.connection, &order, place, *object)?;
            self.directory(&order)?.add(place);
        }
        Ok(())
    }
}
