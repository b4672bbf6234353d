// A commit in progress: the object at hand, the numbers it moves, and what is written at its end - counters, orders and
// the feed.

import { Bag } from '../bag.mjs';
import { StoreFailure } from '../failure.mjs';
import { Records } from '../feed.mjs';
import { COUNTERS, isDeleted, isFolder, kindOfNumber, numberOf } from '../schema.mjs';
import { loadState } from '../state.mjs';
import { Places } from './places.mjs';
import { updateRow } from './set.mjs';

/** @typedef {import('../database.mjs').Database} Database */
/** @typedef {import('../orders.mjs').Order} Order */
/** @typedef {import('../orders.mjs').Directory} Directory */
/** @typedef {import('../world.mjs').ObjectKind} ObjectKind */
/** @typedef {import('../world.mjs').ObjectId} ObjectId */
/** @typedef {import('../world.mjs').Expected} Expected */
/** @typedef {import('../world.mjs').FeedVerb} FeedVerb */

/** What the writer remembers between commits. Each part is checked against the file before it is used. */
export class Memory {
  /** @type {Map<number, { stamp: number, directory: Directory }>} */
  directories = new Map();
  /** Tags known to be noted of containers.
   * @type {Set<string>} */
  tags = new Set();
}

/**
 * An object as it is to be stored.
 * @typedef {object} Row
 * @property {number} id
 * @property {{ parent: number, objectClass: number, arrival: number }} place where it is stored now
 * @property {number} parent
 * @property {number} objectClass
 * @property {number} arrival
 * @property {ObjectKind} kind
 * @property {number} version
 * @property {boolean} unread
 * @property {number | null} text the serial number of its searched texts
 * @property {Bag} bag
 */

/**
 * An object after its change.
 * @typedef {{ id: number, version: number, arrival: number }} Outcome
 */

export class Writer {
  /** Changes of counters, by container.
   * @type {Map<number, number[]>} */
  counters = new Map();
  /** @type {Map<string, Order[]>} */
  orders = new Map();
  /** @type {Map<number, { order: Order, directory: Directory }>} */
  directories = new Map();
  records = new Records();
  /** The staged values that were used.
   * @type {bigint[]} */
  staged = [];
  /** The object changed last, not written yet: several changes of one object cost one read and one write.
   * @type {Row | undefined} */
  #held;

  /**
   * @param {Database} database
   * @param {import('../staging.mjs').Staging} staging
   * @param {Memory} memory
   */
  constructor(database, staging, memory) {
    this.database = database;
    this.staging = staging;
    this.memory = memory;
    this.places = new Places(database);
    this.state = loadState(database);
    this.state.commits += 1;
  }

  /**
   * Writes what was gathered.
   * @param {bigint} token
   * @param {boolean} delivery
   */
  finish(token, delivery) {
    /** @type {Set<number>} */
    const reordered = new Set();
    for (const [id, { order, directory }] of this.directories) {
      directory.flush(this.database, order);
      reordered.add(order.container);
      this.countersOf(order.container);
      this.memory.directories.set(id, { stamp: this.state.commits, directory });
    }
    for (const [container, counters] of this.counters) {
      this.database.run(
        `INSERT INTO counters(container, ${COUNTERS.join(', ')}, stamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET ${COUNTERS.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')},
         stamp = max(stamp, excluded.stamp)`,
        container, ...counters, reordered.has(container) ? this.state.commits : 0,
      );
    }
    this.records.store(this.database, this.state, token, delivery);
  }

  /**
   * The changes of a container's counters.
   * @param {number} container
   */
  countersOf(container) {
    let counters = this.counters.get(container);
    if (!counters) {
      counters = COUNTERS.map(() => 0);
      this.counters.set(container, counters);
    }
    return counters;
  }

  /**
   * Keeps a changed object until another one is at hand.
   * @param {Row} row
   * @returns {Outcome}
   */
  hold(row) {
    this.#held = row;
    return row;
  }

  /** Writes the object that is held. */
  release() {
    const row = this.#held;
    this.#held = undefined;
    if (row) updateRow(this.database, row);
  }

  /**
   * @param {number} id
   * @returns {Row | undefined}
   */
  load(id) {
    const found = this.database.row(
      'SELECT parent, class, arrival, kind, version, unread, text, props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?', id,
    );
    if (!found) return undefined;
    const [storedParent, objectClass, arrival, kind, version, unread, text, bag, late] = found;
    const parent = storedParent ?? 0;
    return {
      id, place: { parent, objectClass, arrival }, parent, objectClass, arrival, kind: kindOfNumber(kind), version,
      unread: unread !== 0, text, bag: Bag.of(bag, late),
    };
  }

  /**
   * The object as it is by now, to be changed.
   * @param {ObjectId} object
   * @param {Expected} expected
   * @returns {Row}
   */
  expect(object, expected) {
    const id = numberOf(object);
    /** @type {Row | undefined} */
    let row;
    if (id !== undefined && this.#held?.id === id) {
      row = this.#held;
      this.#held = undefined;
    } else {
      this.release();
      row = id === undefined ? undefined : this.load(id);
    }
    if (!row) throw new StoreFailure('mapi-e-object-deleted', 'The object was deleted meanwhile.');
    if (expected.tag === 'version' && expected.val !== BigInt(row.version)) {
      throw new StoreFailure('mapi-e-object-changed', 'The object was changed meanwhile by someone else.');
    }
    return row;
  }

  /**
   * As `expect`, refusing an object that is soft-deleted or lies below one that is.
   * @param {ObjectId} object
   * @param {Expected} expected
   */
  expectLive(object, expected) {
    const row = this.expect(object, expected);
    this.checkLive(row);
    return row;
  }

  /** @param {Row} row */
  checkLive(row) {
    if (isDeleted(row.objectClass) || !this.places.isLive(row.parent)) {
      throw new StoreFailure('mapi-e-object-deleted', 'The object was deleted meanwhile.');
    }
  }

  /**
   * The container that is to take an object of that kind in.
   * @param {ObjectId} name
   * @param {ObjectKind} kind
   */
  parent(name, kind) {
    const id = numberOf(name);
    const found = id === undefined ? undefined : this.places.kind(id);
    if (id === undefined || found === undefined || !this.places.isLive(id)) {
      throw new StoreFailure('mapi-e-object-deleted', 'The container was deleted meanwhile.');
    }
    if (!fits(kind, found)) {
      throw new StoreFailure('mapi-e-invalid-parameter', 'An object of that kind cannot lie there.', { argument: 'parent' });
    }
    return id;
  }

  /** @param {ObjectId} object */
  newObject(object) {
    const id = numberOf(object);
    if (id === undefined || id >= this.state.nextObject) {
      throw new StoreFailure('mapi-e-invalid-parameter', 'The identifier was not reserved in this store.', { argument: 'object' });
    }
    return id;
  }

  arrive() {
    const arrival = this.state.nextArrival;
    this.state.nextArrival += 1;
    return arrival;
  }

  nextValue() {
    const number = this.state.nextValue;
    this.state.nextValue += 1;
    return number;
  }

  /**
   * Tells the feed what happened to an object.
   * @param {Row} row
   * @param {FeedVerb} verb
   * @param {number[]} [tags]
   */
  record(row, verb, tags = []) {
    this.records.add({ object: row.id, kind: row.kind, parent: row.parent, verb, tags });
  }
}

/**
 * Whether an object of that kind can lie in one of the other.
 * @param {ObjectKind} kind
 * @param {ObjectKind} container
 */
function fits(kind, container) {
  switch (kind) {
    case 'folder': case 'search-folder': case 'associated': return isFolder(container);
    // A distribution list is the container of its members.
    case 'message': case 'distribution-list': return isFolder(container) || container === 'distribution-list';
    case 'recipient': case 'attachment':
      return container === 'message' || container === 'associated' || container === 'embedded-message';
    case 'embedded-message': return container === 'attachment';
    default: return false;
  }
}
