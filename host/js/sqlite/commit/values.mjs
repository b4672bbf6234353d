// The values of a change on their way into the file: large ones beside their object, folded texts into the text index.

import { INLINE, storeLarge } from '../large.mjs';
import { isSearched } from '../plan.mjs';
import { PT, idOf, kindOf, withKind } from '../tags.mjs';
import { appendTexts } from '../texts/index.mjs';
import { withdrawTexts } from '../texts/sharing.mjs';
import { encodeValue, kindOfValue, sizeOfValue } from '../values.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */
/** @typedef {import('../entries.mjs').Entry} Entry */
/** @typedef {import('../texts/index.mjs').Texts} Texts */

/**
 * Stores the values and splits off the folded texts.
 * @param {Writer} writer
 * @param {import('../world.mjs').StoredProperty[]} properties
 * @returns {{ entries: Entry[], texts: Texts }}
 */
export function takeIn(writer, properties) {
  /** @type {Texts} */
  const texts = new Map();
  const entries = properties.map(({ tag: asked, value, orderKey, folded }) => {
    const searched = isSearched(idOf(asked));
    let tag = asked;
    /** @type {Uint8Array} */
    let body = Buffer.alloc(0);
    let large;
    if (value.tag === 'inline') {
      tag = withKind(asked, kindOfValue(value.val));
      body = encodeValue(value.val);
      if (body.length > INLINE) {
        large = { number: writer.nextValue(), bytes: body.length, size: sizeOfValue(value.val) };
        storeLarge(writer.database, large.number, body);
      }
    } else {
      const staged = writer.staging.find(value.val.number);
      large = { number: writer.nextValue(), bytes: staged.length, size: Number(value.val.size) };
      staged.store(writer.database, large.number);
      writer.staged.push(value.val.number);
    }
    if (searched && folded !== undefined) texts.set(idOf(tag), Buffer.from(folded, 'utf8'));
    return { tag, body, large, key: orderKey, unsearched: searched && folded === undefined && kindOf(tag) === PT.UNICODE };
  });
  return { entries, texts };
}

/**
 * Appends searched texts of an object; their serial number.
 * @param {Writer} writer
 * @param {number} object
 * @param {Texts} texts
 */
export function addTexts(writer, object, texts) {
  if (texts.size === 0) return null;
  const serial = writer.state.nextText;
  writer.state.nextText += 1;
  const ascending = new Map([...texts].sort(([a], [b]) => a - b));
  appendTexts(writer.database, serial, object, ascending);
  return serial;
}

/**
 * Replaces the searched texts of an object.
 * @param {Writer} writer
 * @param {Row} row
 * @param {Texts} texts
 */
export function replaceTexts(writer, row, texts) {
  const serial = addTexts(writer, row.id, texts);
  if (row.text !== null) withdrawTexts(writer.database, row.text, row.id, serial ?? writer.state.nextText);
  row.text = serial;
}

/**
 * Notes the properties of an object whose text was too long to be handed over.
 * @param {Writer} writer
 * @param {Row} row
 */
export function markUnsearched(writer, row) {
  for (const entry of row.bag.entries()) {
    if (entry.unsearched) writer.database.run('INSERT OR IGNORE INTO unsearched(tag, object) VALUES (?, ?)', idOf(entry.tag), row.id);
  }
}

/**
 * The opposite of `markUnsearched`, of one property.
 * @param {Writer} writer
 * @param {Row} row
 * @param {Entry} entry
 */
export function unmarkUnsearched(writer, row, entry) {
  if (entry.unsearched) writer.database.run('DELETE FROM unsearched WHERE tag = ? AND object = ?', idOf(entry.tag), row.id);
}
