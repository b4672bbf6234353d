// Posting lists: which documents of a segment contain a sequence of three bytes. A list holds exactly those that do:
// constants of three bytes need no further test.

import { Reader, Sink } from '../encoding.mjs';
import { damaged } from '../failure.mjs';

/** @typedef {import('../database.mjs').Database} Database */

/** Documents of a segment: their numbers fit in a byte. */
export const DOCUMENTS = 256;

/** Slots the posting lists of a segment are spread over. */
export const SLOTS = 256;

/** Words of a set of documents. */
const WORDS = DOCUMENTS / 32;

/** Members up to which a list names each. */
const NAMED = 31;

/**
 * Slot s of segment g is row g * 2^8 + s.
 * @param {number} segment
 * @param {number} slot
 */
export function postingId(segment, slot) {
  const id = segment * SLOTS + slot;
  if (!Number.isSafeInteger(id)) throw damaged('the text index has too many segments');
  return id;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 */
export const trigramAt = (bytes, at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);

/** @param {number} key */
const spread = (key) => Math.imul(key, 0x9e3779b1) >>> 0;

/** @param {number} key */
const slotOf = (key) => spread(key) >>> 24;

/** An open-addressed table from sequences of three bytes to sets of documents. */
class Table {
  #size = 1 << 16;
  /** The sequence plus one; 0 is free. */
  #keys = new Uint32Array(this.#size);
  #sets = new Uint32Array(this.#size * WORDS);
  #used = 0;

  /** @param {number} key */
  #place(key) {
    const mask = this.#size - 1;
    let place = (spread(key) >>> 8) & mask;
    while (this.#keys[place] !== 0 && this.#keys[place] !== key + 1) place = (place + 1) & mask;
    return place;
  }

  /**
   * @param {number} key
   * @param {number} document
   */
  add(key, document) {
    const place = this.#place(key);
    if (this.#keys[place] === 0) {
      this.#keys[place] = key + 1;
      this.#used += 1;
    }
    this.#sets[place * WORDS + (document >>> 5)] |= 1 << (document & 31);
    if (this.#used * 2 > this.#size) this.#grow();
  }

  #grow() {
    const keys = this.#keys;
    const sets = this.#sets;
    this.#size *= 2;
    this.#keys = new Uint32Array(this.#size);
    this.#sets = new Uint32Array(this.#size * WORDS);
    for (let old = 0; old < keys.length; old += 1) {
      if (keys[old] === 0) continue;
      const place = this.#place(keys[old] - 1);
      this.#keys[place] = keys[old];
      this.#sets.set(sets.subarray(old * WORDS, (old + 1) * WORDS), place * WORDS);
    }
  }

  /** The sequences with their sets, ascending. */
  *ascending() {
    const places = Array.from(this.#keys.keys()).filter((place) => this.#keys[place] !== 0);
    places.sort((a, b) => this.#keys[a] - this.#keys[b]);
    for (const place of places) {
      yield { key: this.#keys[place] - 1, set: this.#sets.subarray(place * WORDS, (place + 1) * WORDS) };
    }
  }
}

/** @param {Uint32Array} set */
export function members(set) {
  const found = [];
  for (let number = 0; number < DOCUMENTS; number += 1) {
    if ((set[number >>> 5] >>> (number & 31)) & 1) found.push(number);
  }
  return found;
}

/**
 * The posting lists by slot: three bytes, then the number of documents and each of them, or 0 and a set.
 * @param {Uint8Array} arena
 * @param {number[]} ends
 */
export function postingLists(arena, ends) {
  const table = new Table();
  ends.forEach((end, document) => {
    for (let at = document === 0 ? 0 : ends[document - 1]; at + 3 <= end; at += 1) table.add(trigramAt(arena, at), document);
  });
  /** @type {(Sink | undefined)[]} */
  const slots = new Array(SLOTS);
  for (const { key, set } of table.ascending()) {
    const sink = (slots[slotOf(key)] ??= new Sink());
    sink.u16(key & 0xffff);
    sink.byte(key >>> 16);
    const documents = members(set);
    if (documents.length <= NAMED) {
      sink.byte(documents.length);
      for (const document of documents) sink.byte(document);
    } else {
      sink.byte(0);
      for (const word of set) sink.u32(word);
    }
  }
  return slots.map((sink) => sink?.whole());
}

/** A set of all documents. */
export const everything = () => new Uint32Array(WORDS).fill(0xffffffff);

/**
 * Keeps the candidates that contain that sequence; whether any is left.
 * @param {Database} database
 * @param {number} segment
 * @param {number} key
 * @param {Uint32Array} candidates
 */
export function narrow(database, segment, key, candidates) {
  const found = new Uint32Array(WORDS);
  const data = database.value('SELECT data FROM postings WHERE id = ?', postingId(segment, slotOf(key)));
  const reader = new Reader(data ?? Buffer.alloc(0));
  while (reader.left > 0) {
    const here = trigramAt(reader.take(3), 0);
    const count = reader.byte();
    const list = new Reader(reader.take(count === 0 ? DOCUMENTS / 8 : count));
    if (here !== key) continue;
    if (count === 0) found.forEach((_, word) => { found[word] = list.u32(); });
    else for (const document of list.bytes) found[document >>> 5] |= 1 << (document & 31);
    break;
  }
  let left = 0;
  candidates.forEach((word, at) => { left |= candidates[at] = word & found[at]; });
  return left !== 0;
}
