// Objects that are deleted: softly, to be restored, or for good with all that lies in them.

import { children } from '../ancestry.mjs';
import { StoreFailure } from '../failure.mjs';
import { removeLarge } from '../large.mjs';
import { forgetOrder, ordersOf } from '../orders.mjs';
import { CLASS, DELETED, LAST, ROOT, STORE_OBJECT, counterOf, keepsLists } from '../schema.mjs';
import { withdrawTexts } from '../texts/sharing.mjs';
import { count, leave } from './listing.mjs';
import { unmarkUnsearched } from './values.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */

/**
 * Whether the object is still there, soft-deleted.
 * @param {Writer} writer
 * @param {Row} row
 * @param {boolean} hard
 */
export function remove(writer, row, hard) {
  if (row.id === STORE_OBJECT || row.id === ROOT) {
    throw new StoreFailure('mapi-e-no-access', 'The store object and the root folder cannot be removed.');
  }
  const soft = counterOf(row.objectClass | DELETED) !== undefined && row.kind !== 'embedded-message' && !hard;
  if (soft) writer.checkLive(row);
  leave(writer, row);
  if (soft) {
    row.objectClass |= DELETED;
    count(writer, row, 1);
    writer.places.moved(row.id);
  } else {
    erase(writer, row);
  }
  writer.record(row, { tag: 'deleted', val: soft });
  return soft;
}

/**
 * Removes an object that has left its container, with all below it.
 * @param {Writer} writer
 * @param {Row} row
 */
function erase(writer, row) {
  const waiting = children(writer.database, row.id);
  eraseOne(writer, row);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    waiting.push(...children(writer.database, id));
    const below = writer.load(id);
    if (below) eraseOne(writer, below);
  }
}

/**
 * @param {Writer} writer
 * @param {Row} row
 */
function eraseOne(writer, row) {
  const { database } = writer;
  for (const entry of row.bag.entries()) {
    if (entry.large) removeLarge(database, entry.large.number);
    unmarkUnsearched(writer, row, entry);
  }
  if (row.text !== null) withdrawTexts(database, row.text, row.id, LAST);
  if (keepsLists(row.kind)) {
    for (const objectClass of [CLASS.CONTENT, CLASS.ASSOCIATED]) {
      for (const order of ordersOf(database, row.id, objectClass)) {
        forgetOrder(database, order);
        writer.directories.delete(order.id);
      }
      writer.orders.delete(`${row.id} ${objectClass}`);
    }
    writer.counters.delete(row.id);
    database.run('DELETE FROM counters WHERE container = ?', row.id);
    database.run('DELETE FROM tags WHERE container = ?', row.id);
  }
  writer.places.gone(row.id);
  database.run('DELETE FROM objects WHERE id = ?', row.id);
  database.run('DELETE FROM bags WHERE id = ?', row.id);
}
