// Searches of the text index.

import { bufferOf } from '../encoding.mjs';
import { splitTexts, supersededTexts } from './index.mjs';
import { everything, members, narrow, trigramAt } from './postings.mjs';
import { documentsOf, readArena } from './segment.mjs';
import { sharersOf, sharesAny } from './sharing.mjs';

/** @typedef {import('../database.mjs').Database} Database */
/** @typedef {import('../world.mjs').TextMatch} TextMatch */

/**
 * @param {TextMatch} how
 * @param {Buffer} needle
 * @returns {(text: Uint8Array) => boolean}
 */
function matcher(how, needle) {
  switch (how) {
    case 'full': return (text) => Buffer.compare(text, needle) === 0;
    case 'prefix': return (text) => text.length >= needle.length && Buffer.compare(text.subarray(0, needle.length), needle) === 0;
    default: return (text) => needle.length === 0 || bufferOf(text).includes(needle);
  }
}

/**
 * The objects whose text of that property matches.
 * @param {Database} database
 * @param {number} id
 * @param {TextMatch} how
 * @param {string} folded
 * @returns {Set<number>}
 */
export function searchTexts(database, id, how, folded) {
  const needle = Buffer.from(folded, 'utf8');
  const matches = matcher(how, needle);
  const superseded = supersededTexts(database);
  const shared = sharesAny(database);
  /** @type {Set<number>} */
  const hits = new Set();
  /**
   * @param {number} object
   * @param {number} serial
   */
  const hit = (object, serial) => {
    if (serial >= (superseded.get(object) ?? 0)) hits.add(object);
    if (shared) for (const sharer of sharersOf(database, serial)) hits.add(sharer);
  };
  for (const [serial, object, texts] of database.each('SELECT serial, object, texts FROM tail')) {
    if (splitTexts(texts).some(([here, text]) => here === id && matches(text))) hit(object, serial);
  }
  /** @type {Set<number>} */
  const keys = new Set();
  for (let at = 0; at + 3 <= needle.length; at += 1) keys.add(trigramAt(needle, at));
  const certain = needle.length === 3 && how === 'substring';
  const all = needle.length === 0 && how !== 'full';
  for (const [segment, isPosted, docs] of database.each('SELECT id, posted, docs FROM segments WHERE tag = ? ORDER BY first', id)) {
    const posted = isPosted !== 0;
    const documents = documentsOf(docs);
    const candidates = everything();
    if (posted && ![...keys].every((key) => narrow(database, segment, key, candidates))) continue;
    const numbers = members(candidates).filter((number) => number < documents.length);
    if (numbers.length === 0) continue;
    if ((posted && certain) || all) {
      for (const number of numbers) hit(documents[number].object, documents[number].serial);
      continue;
    }
    // One read of everything is faster than many small ones.
    const whole = numbers.length * 3 >= documents.length
      ? readArena(database, segment, posted, 0, documents[documents.length - 1].end)
      : undefined;
    for (const number of numbers) {
      const { object, serial, start, end } = documents[number];
      if (matches(whole?.subarray(start, end) ?? readArena(database, segment, posted, start, end))) hit(object, serial);
    }
  }
  return hits;
}
