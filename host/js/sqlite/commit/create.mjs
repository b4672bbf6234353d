// Objects that come into being.

import { Bag } from '../bag.mjs';
import { StoreFailure, sqliteCode } from '../failure.mjs';
import { classOf, kindNumber } from '../schema.mjs';
import { enter } from './listing.mjs';
import { addTexts, markUnsearched, takeIn } from './values.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */

/**
 * @param {Writer} writer
 * @param {import('../world.mjs').CreateChange} change
 * @returns {Row}
 */
export function create(writer, { object, parent, kind, properties }) {
  const id = writer.newObject(object);
  const container = writer.parent(parent, kind);
  const { entries, texts } = takeIn(writer, properties);
  const row = insertRow(writer, id, container, kind, Bag.from(entries), addTexts(writer, id, texts));
  writer.record(row, { tag: 'created' });
  return row;
}

/**
 * Adds an object with everything kept beside it, but no record.
 * @param {Writer} writer
 * @param {number} id
 * @param {number} parent
 * @param {import('../world.mjs').ObjectKind} kind
 * @param {Bag} bag
 * @param {number | null} text
 * @returns {Row}
 */
export function insertRow(writer, id, parent, kind, bag, text) {
  const { database } = writer;
  const arrival = writer.arrive();
  const objectClass = classOf(kind);
  /** @type {Row} */
  const row = {
    id, place: { parent, objectClass, arrival }, parent, objectClass, arrival, kind, version: 1, unread: bag.unread(kind), text, bag,
  };
  if (kind === 'embedded-message' && database.row('SELECT 1 FROM objects WHERE parent = ? LIMIT 1', parent)) {
    throw new StoreFailure('mapi-e-collision', 'The attachment has an embedded message already.');
  }
  try {
    database.run(
      'INSERT INTO objects(id, parent, class, arrival, kind, version, unread, queue, text) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)',
      id, parent, objectClass, arrival, kindNumber(kind), row.unread ? 1 : 0, bag.queueNumber(kind), text,
    );
  } catch (error) {
    if (sqliteCode(error) !== 'CONSTRAINT') throw error;
    throw new StoreFailure('mapi-e-collision', 'An object with that identifier exists already.', { cause: error });
  }
  database.run('INSERT INTO bags(id, props) VALUES (?, ?)', id, bag.whole());
  markUnsearched(writer, row);
  enter(writer, row);
  return row;
}
