// What a commit knows of containers: their kinds, and which of them are alive. A commit of thousands of changes concerns a
// few containers, so each is looked up once.

import { isDeleted, kindOfNumber } from '../schema.mjs';

/** @typedef {import('../database.mjs').Database} Database */
/** @typedef {import('../world.mjs').ObjectKind} ObjectKind */

export class Places {
  /** An object keeps its kind as long as it is there.
   * @type {Map<number, ObjectKind>} */
  #kinds = new Map();
  /** Objects that neither are soft-deleted nor lie below one that is; with each all above it.
   * @type {Set<number>} */
  #live = new Set();
  #database;

  /** @param {Database} database */
  constructor(database) {
    this.#database = database;
  }

  /**
   * The kind of an object, if it is there.
   * @param {number} id
   */
  kind(id) {
    let kind = this.#kinds.get(id);
    if (kind === undefined) {
      const number = this.#database.value('SELECT kind FROM objects WHERE id = ?', id);
      if (number === undefined) return undefined;
      kind = kindOfNumber(number);
      this.#kinds.set(id, kind);
    }
    return kind;
  }

  /**
   * Whether an object neither is soft-deleted nor lies below one that is.
   * @param {number} id
   */
  isLive(id) {
    const passed = new Set();
    for (let place = id; !this.#live.has(place) && !passed.has(place);) {
      passed.add(place);
      const row = this.#database.row('SELECT parent, class FROM objects WHERE id = ?', place);
      if (!row) break;
      const [parent, objectClass] = row;
      if (isDeleted(objectClass)) return false;
      if (parent === null) break;
      place = parent;
    }
    for (const place of passed) this.#live.add(place);
    return true;
  }

  /**
   * An object is not where it was any more: what lies below it may not be alive.
   * @param {number} id
   */
  moved(id) {
    if (this.#live.has(id)) this.#live.clear();
  }

  /**
   * An object is gone.
   * @param {number} id
   */
  gone(id) {
    this.moved(id);
    this.#kinds.delete(id);
  }
}
