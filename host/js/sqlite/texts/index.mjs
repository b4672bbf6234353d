// The text index: folded texts in segments, with sequences of three bytes in front of the long ones (docs/format.md,
// "Texts"). A commit appends the folded texts of an object as one row of `tail`; some hundred rows together become
// segments, one for each property. A search looks through the tail as well, so it is exact however far indexing lags
// behind.

import { Reader, Sink } from '../encoding.mjs';
import { idOf } from '../tags.mjs';
import { SEARCHED } from '../plan.mjs';
import { documentsOf, readArena } from './segment.mjs';

/** @typedef {import('../database.mjs').Database} Database */

/**
 * The searched texts of an object, by identifier of the property.
 * @typedef {Map<number, Uint8Array>} Texts
 */

/**
 * Appends the searched texts of an object.
 * @param {Database} database
 * @param {number} serial
 * @param {number} object
 * @param {Texts} texts
 */
export function appendTexts(database, serial, object, texts) {
  const sink = new Sink();
  for (const [id, text] of texts) {
    sink.u16(id);
    sink.sized(text);
  }
  database.run('INSERT INTO tail(serial, object, texts) VALUES (?, ?, ?)', serial, object, sink.whole());
}

/**
 * The texts of a row of `tail`.
 * @param {Uint8Array} bytes
 * @returns {[number, Uint8Array][]}
 */
export function splitTexts(bytes) {
  const reader = new Reader(bytes);
  /** @type {[number, Uint8Array][]} */
  const texts = [];
  while (reader.left > 0) texts.push([reader.u16(), reader.sized()]);
  return texts;
}

/**
 * From which serial number on the texts of objects hold that have older ones which do not.
 * @param {Database} database
 * @returns {Map<number, number>}
 */
export function supersededTexts(database) {
  return new Map(database.rows('SELECT object, serial FROM superseded').map(([object, serial]) => [object, serial]));
}

/**
 * The texts appended under that serial number.
 * @param {Database} database
 * @param {number} serial
 * @returns {Texts}
 */
export function fetchTexts(database, serial) {
  const waiting = database.value('SELECT texts FROM tail WHERE serial = ?', serial);
  if (waiting !== undefined) return new Map(splitTexts(waiting));
  /** @type {Texts} */
  const found = new Map();
  for (const tag of SEARCHED) {
    // Segments of one property follow each other, so the last one that begins before the text has it, if any has.
    const row = database.row(
      'SELECT id, posted, docs FROM segments WHERE tag = ? AND first <= ? ORDER BY first DESC LIMIT 1', idOf(tag), serial,
    );
    const document = row && documentsOf(row[2]).find((one) => one.serial === serial);
    if (row && document) found.set(idOf(tag), readArena(database, row[0], row[1] !== 0, document.start, document.end));
  }
  return found;
}

/**
 * Whether texts of that property were too long to be handed over.
 * @param {Database} database
 * @param {number} id
 */
export const hasUnsearched = (database, id) => database.row('SELECT 1 FROM unsearched WHERE tag = ? LIMIT 1', id) !== undefined;

/**
 * The objects whose text of that property was too long to be handed over.
 * @param {Database} database
 * @param {number} id
 * @returns {number[]}
 */
export const unsearchedObjects = (database, id) => database.rows('SELECT object FROM unsearched WHERE tag = ?', id).map(([object]) => object);
