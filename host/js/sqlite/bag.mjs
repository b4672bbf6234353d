// The properties of an object while they change: its bag as it is stored, and what differs from it. Most commits touch a
// few properties of many, so what stays is copied as it is.

import { Sink } from './encoding.mjs';
import { eachEntry, putEntry, splitLate } from './entries.mjs';
import { MESSAGE_FLAGS, PT, QUEUE_NUMBER, idOf, kindOf, sameFamily } from './tags.mjs';

/** @typedef {import('./entries.mjs').Entry} Entry */

export class Bag {
  /** @type {Uint8Array} */
  #stored = Buffer.alloc(0);
  /** @type {Map<number, { entry: Entry, start: number, end: number }>} */
  #places = new Map();
  /** What differs; `null`: the object has it no more.
   * @type {Map<number, Entry | null>} */
  #changes = new Map();

  /**
   * The properties of a stored object.
   * @param {Uint8Array} stored
   * @param {Uint8Array | null} late
   */
  static of(stored, late) {
    const bag = new Bag();
    bag.#stored = stored;
    eachEntry(stored, (entry, start, end) => bag.#places.set(idOf(entry.tag), { entry, start, end }));
    if (late && late.length > 0) {
      const { gone, changed } = splitLate(late);
      for (const id of gone) bag.#changes.set(id, null);
      eachEntry(changed, (entry) => bag.#changes.set(idOf(entry.tag), entry));
    }
    return bag;
  }

  /**
   * The properties of a new object.
   * @param {Entry[]} entries
   */
  static from(entries) {
    const bag = new Bag();
    for (const entry of entries) bag.#changes.set(idOf(entry.tag), entry);
    return bag;
  }

  /**
   * @param {number} id
   * @returns {Entry | undefined}
   */
  get(id) {
    const change = this.#changes.get(id);
    return change === undefined ? this.#places.get(id)?.entry : change ?? undefined;
  }

  /** All properties, in no particular order. */
  entries() {
    const kept = [...this.#places].filter(([id]) => !this.#changes.has(id)).map(([, { entry }]) => entry);
    return kept.concat([...this.#changes.values()].filter((entry) => entry !== null));
  }

  /**
   * Adds a property or replaces it; what was there before.
   * @param {Entry} entry
   */
  insert(entry) {
    const former = this.get(idOf(entry.tag));
    this.#changes.set(idOf(entry.tag), entry);
    return former;
  }

  /**
   * Takes a property away.
   * @param {number} id
   */
  remove(id) {
    const former = this.get(id);
    if (former) this.#changes.set(id, null);
    return former;
  }

  #ascending() {
    return [...this.#changes].sort(([a], [b]) => a - b);
  }

  /** The stored form of what differs from the bag; `null` if nothing does. */
  late() {
    const changes = this.#ascending();
    const gone = changes.filter(([id, change]) => change === null && this.#places.has(id));
    const sink = new Sink();
    sink.number(gone.length);
    for (const [id] of gone) sink.u16(id);
    for (const [, change] of changes) {
      if (change) putEntry(change, sink);
    }
    return sink.length === 1 ? Buffer.alloc(0) : sink.whole();
  }

  /** The stored form of all of them as one bag. */
  whole() {
    if (this.#changes.size === 0) return this.#stored;
    const sink = new Sink();
    const ids = new Set([...this.#places.keys(), ...this.#changes.keys()]);
    for (const id of [...ids].sort((a, b) => a - b)) {
      const change = this.#changes.get(id);
      const place = this.#places.get(id);
      if (change) putEntry(change, sink);
      else if (change === undefined && place) sink.raw(this.#stored.subarray(place.start, place.end));
    }
    return sink.whole();
  }

  /**
   * The order key of a property, if its type has that order.
   * @param {number} tag
   */
  key(tag) {
    const entry = this.get(idOf(tag));
    return entry && sameFamily(kindOf(entry.tag), kindOf(tag)) ? entry.key : undefined;
  }

  /**
   * @param {number} tag
   * @param {number} kind
   * @param {number} width
   */
  #fixed(tag, kind, width) {
    const entry = this.get(idOf(tag));
    if (!entry || kindOf(entry.tag) !== kind || entry.large || entry.body.length !== width) return undefined;
    return Buffer.from(entry.body.buffer, entry.body.byteOffset, width);
  }

  /**
   * A property of the type PT_LONG, as its bits.
   * @param {number} tag
   */
  long(tag) {
    return this.#fixed(tag, PT.LONG, 4)?.readUInt32LE(0);
  }

  /**
   * A message is unread while bit 0 of its flags is clear.
   * @param {import('./world.mjs').ObjectKind} kind
   */
  unread(kind) {
    return (kind === 'message' || kind === 'distribution-list') && ((this.long(MESSAGE_FLAGS) ?? 0) & 1) === 0;
  }

  /**
   * The place of a message in the outgoing queue.
   * @param {import('./world.mjs').ObjectKind} kind
   */
  queueNumber(kind) {
    return kind === 'message' ? this.#fixed(QUEUE_NUMBER, PT.I8, 8)?.readBigInt64LE(0) ?? null : null;
  }
}
