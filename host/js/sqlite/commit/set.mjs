// Objects whose properties change.

import { removeLarge } from '../large.mjs';
import { isOrdered, isSearched } from '../plan.mjs';
import { CLASS, UNREAD, keepsLists, numberOf } from '../schema.mjs';
import { idOf } from '../tags.mjs';
import { fetchTexts } from '../texts/index.mjs';
import { keysOf, noteTags, reorder } from './listing.mjs';
import { markUnsearched, replaceTexts, takeIn, unmarkUnsearched } from './values.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */
/** @typedef {import('../world.mjs').StoredProperty} StoredProperty */

/** Bytes of what changed since the bag was written, up to which the bag is left alone. */
const LATE = 256;

/**
 * @param {Writer} writer
 * @param {Row} row
 * @param {StoredProperty[]} set
 * @param {Iterable<number>} gone
 * @param {boolean} quiet
 */
export function setProperties(writer, row, set, gone, quiet) {
  const changed = merge(writer, row, set, gone);
  if (!quiet) row.version += 1;
  writer.record(row, { tag: 'modified' }, changed);
}

/**
 * Changes the properties of a stored object and everything kept beside them, but not its row. The tags changed.
 * @param {Writer} writer
 * @param {Row} row
 * @param {StoredProperty[]} set
 * @param {Iterable<number>} gone
 * @returns {number[]}
 */
export function merge(writer, row, set, gone) {
  const { entries, texts } = takeIn(writer, set);
  const deleted = Array.from(gone, idOf);
  const reorders = [...deleted, ...entries.map((entry) => idOf(entry.tag))].some(isOrdered);
  const oldKeys = reorders ? keysOf(row) : undefined;
  /** @type {number[]} */
  const changed = [];
  const former = [];
  for (const id of deleted) {
    const old = row.bag.remove(id);
    if (!old) continue;
    changed.push(old.tag);
    former.push(old);
  }
  for (const entry of entries) {
    changed.push(entry.tag);
    const old = row.bag.insert(entry);
    if (old) former.push(old);
  }
  for (const old of former) {
    if (old.large) removeLarge(writer.database, old.large.number);
    unmarkUnsearched(writer, row, old);
  }
  if (texts.size > 0 || former.some((old) => isSearched(idOf(old.tag)))) {
    const now = row.text === null ? new Map() : fetchTexts(writer.database, row.text);
    for (const id of [...deleted, ...changed.map(idOf)]) now.delete(id);
    for (const [id, text] of texts) now.set(id, text);
    replaceTexts(writer, row, now);
  }
  markUnsearched(writer, row);
  if (oldKeys) reorder(writer, row, oldKeys);
  const unread = row.bag.unread(row.kind);
  if (row.objectClass === CLASS.CONTENT && unread !== row.unread) writer.countersOf(row.parent)[UNREAD] += unread ? 1 : -1;
  row.unread = unread;
  if (row.objectClass !== CLASS.NONE && changed.length > 0) {
    const container = writer.places.kind(row.parent);
    if (container !== undefined && keepsLists(container)) noteTags(writer, row, changed);
  }
  return changed;
}

/**
 * Writes the row of an object.
 * @param {import('../database.mjs').Database} database
 * @param {Row} row
 */
export function updateRow(database, row) {
  const queue = row.bag.queueNumber(row.kind);
  /** @type {Buffer | null} */
  let late = row.bag.late();
  if (late.length > LATE) {
    late = null;
    database.run('UPDATE bags SET props = ? WHERE id = ?', row.bag.whole(), row.id);
  }
  const { place } = row;
  const unread = row.unread ? 1 : 0;
  if (place.parent === row.parent && place.objectClass === row.objectClass && place.arrival === row.arrival) {
    // The index of the children stays as it is.
    database.run(
      'UPDATE objects SET version = ?, unread = ?, queue = ?, text = ?, late = ? WHERE id = ?',
      row.version, unread, queue, row.text, late, row.id,
    );
    return;
  }
  database.run(
    `UPDATE objects SET parent = ?, class = ?, arrival = ?, version = ?, unread = ?, queue = ?, text = ?, late = ? WHERE id = ?`,
    row.kind === 'store' ? null : row.parent, row.objectClass, row.arrival, row.version, unread, queue, row.text, late, row.id,
  );
}

/**
 * Replaces order keys and folded texts of an object; its version stays.
 * @param {Writer} writer
 * @param {import('../world.mjs').RekeyedObject} rekeyed
 */
export function rekey(writer, { object, properties }) {
  const id = numberOf(object);
  const row = id === undefined ? undefined : writer.load(id);
  if (!row) return;
  const oldKeys = keysOf(row);
  const texts = new Map();
  for (const { tag, orderKey, folded } of properties) {
    const known = row.bag.get(idOf(tag));
    if (!known) continue;
    const text = isSearched(idOf(tag)) ? folded : undefined;
    if (text !== undefined) {
      unmarkUnsearched(writer, row, known);
      texts.set(idOf(tag), Buffer.from(text, 'utf8'));
    }
    row.bag.insert({ ...known, key: orderKey, unsearched: known.unsearched && text === undefined });
  }
  if (texts.size > 0) {
    const kept = row.text === null ? new Map() : fetchTexts(writer.database, row.text);
    replaceTexts(writer, row, new Map([...kept, ...texts]));
  }
  reorder(writer, row, oldKeys);
  updateRow(writer.database, row);
}
