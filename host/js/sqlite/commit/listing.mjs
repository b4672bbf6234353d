// What a container keeps of the objects in it: how many there are, their tags, and their orders.

import { findTag } from '../entries.mjs';
import { Directory, comparePlaces, createOrder, findOrder, insertEntry, ordersOf, placeIn, removeEntry } from '../orders.mjs';
import { EAGER, ORDERED } from '../plan.mjs';
import { sameBytes } from '../encoding.mjs';
import { CLASS, DELETED, UNREAD, counterOf, hasOrders, keepsLists } from '../schema.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */
/** @typedef {import('../orders.mjs').Order} Order */

/**
 * Whether orders are kept of the container it lies in; an embedded message lies in an attachment.
 * @param {Row} row
 */
const isOrdered = (row) => hasOrders(row.objectClass) && row.kind !== 'embedded-message';

/**
 * Counts an object in its container and adds it to the orders kept there.
 * @param {Writer} writer
 * @param {Row} row
 */
export function enter(writer, row) {
  count(writer, row, 1);
  const container = writer.places.kind(row.parent);
  if (container === undefined || !keepsLists(container)) return;
  noteTags(writer, row, row.bag.entries().map((entry) => entry.tag));
  if (!isOrdered(row)) return;
  for (const order of keptOrders(writer, row)) {
    const place = placeIn(order, row.bag.key(order.tag), row.arrival);
    insertEntry(writer.database, order, place, row.id);
    directoryOf(writer, order).count(place, 1);
  }
}

/**
 * The opposite of `enter`.
 * @param {Writer} writer
 * @param {Row} row
 */
export function leave(writer, row) {
  count(writer, row, -1);
  if (!isOrdered(row)) return;
  for (const order of keptOrders(writer, row)) {
    const place = placeIn(order, row.bag.key(order.tag), row.arrival);
    removeEntry(writer.database, order, place);
    directoryOf(writer, order).count(place, -1);
  }
}

/**
 * @param {Writer} writer
 * @param {Row} row
 * @param {1 | -1} by
 */
export function count(writer, row, by) {
  const counter = counterOf(row.objectClass);
  if (counter === undefined || row.kind === 'embedded-message') return;
  const counters = writer.countersOf(row.parent);
  counters[counter] += by;
  if (row.objectClass === CLASS.CONTENT && row.unread) counters[UNREAD] += by;
}

/**
 * Notes that objects of that container have these properties.
 * @param {Writer} writer
 * @param {Row} row
 * @param {number[]} tags
 */
export function noteTags(writer, row, tags) {
  const objectClass = row.objectClass & ~DELETED;
  for (const tag of tags) {
    const name = `${row.parent} ${objectClass} ${tag}`;
    if (writer.memory.tags.has(name)) continue;
    writer.memory.tags.add(name);
    writer.database.run('INSERT OR IGNORE INTO tags(container, class, tag) VALUES (?, ?, ?)', row.parent, objectClass, tag);
  }
}

/**
 * The order keys of an object, as `ORDERED`.
 * @param {Row} row
 */
export const keysOf = (row) => ORDERED.map((tag) => row.bag.key(tag));

/**
 * Moves an object within the orders whose keys have changed.
 * @param {Writer} writer
 * @param {Row} row
 * @param {(Uint8Array | undefined)[]} oldKeys
 */
export function reorder(writer, row, oldKeys) {
  if (!isOrdered(row) || keysOf(row).every((key, place) => sameBytes(key, oldKeys[place]))) return;
  for (const order of keptOrders(writer, row)) {
    const at = ORDERED.indexOf(order.tag);
    if (at < 0) continue;
    const before = placeIn(order, oldKeys[at], row.arrival);
    const now = placeIn(order, row.bag.key(order.tag), row.arrival);
    if (comparePlaces(before, now) === 0) continue;
    removeEntry(writer.database, order, before);
    directoryOf(writer, order).count(before, -1);
    insertEntry(writer.database, order, now, row.id);
    directoryOf(writer, order).count(now, 1);
  }
}

/**
 * The orders kept of the container an object lies in; the usual ones begin with its first object.
 * @param {Writer} writer
 * @param {Row} row
 * @returns {Order[]}
 */
function keptOrders(writer, { parent, objectClass }) {
  const name = `${parent} ${objectClass}`;
  let orders = writer.orders.get(name);
  if (!orders) {
    orders = ordersOf(writer.database, parent, objectClass);
    if (orders.length === 0) orders = [0, ...EAGER].map((tag) => createOrder(writer.database, parent, objectClass, tag));
    writer.orders.set(name, orders);
  }
  return orders;
}

/**
 * @param {Writer} writer
 * @param {Order} order
 */
function directoryOf(writer, order) {
  let known = writer.directories.get(order.id);
  if (!known) {
    const remembered = writer.memory.directories.get(order.id);
    // It is remembered again when this commit has written it.
    writer.memory.directories.delete(order.id);
    const directory = remembered?.stamp === order.stamp ? remembered.directory : Directory.load(writer.database, order.id);
    known = { order, directory };
    writer.directories.set(order.id, known);
  }
  return known.directory;
}

/**
 * Begins to keep an order of a folder by that tag.
 * @param {Writer} writer
 * @param {{ container: number, objectClass: number, tag: number }} wanted
 */
export function keepOrder(writer, { container, objectClass, tag }) {
  const { database } = writer;
  if (findOrder(database, container, objectClass, tag)) return;
  const order = createOrder(database, container, objectClass, tag);
  const entries = [];
  for (const [object, arrival, bag, late] of database.each(
    'SELECT id, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ? AND class = ?', container, objectClass,
  )) {
    entries.push({ object, place: placeIn(order, findTag(bag, late, tag)?.key, arrival) });
  }
  entries.sort((a, b) => comparePlaces(a.place, b.place));
  for (const { object, place } of entries) {
    insertEntry(database, order, place, object);
    directoryOf(writer, order).count(place, 1);
  }
}
