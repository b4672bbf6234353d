// Orders of a container's rows, with counted buckets (docs/format.md, "Orders").
//
// An order is kept in the table `entries`, keyed by a sort key (00 and the order key, or 01 for an absent value) and the
// arrival number; the order of arrival is the index `children` itself. Beside it, `buckets` cuts the order into runs of
// about a thousand entries and holds how many stand in each, so that a position, a rank or a count costs one search in a
// small directory and a walk inside one run.

import { damaged } from './failure.mjs';
import { LAST } from './schema.mjs';

/** @typedef {import('./database.mjs').Database} Database */

/** A bucket is cut when it holds more entries than this. */
const FULL = 2000;

/** Entries of a bucket after a cut. */
const CUT = 1000;

/**
 * A place in an order.
 * @typedef {{ sort: Uint8Array, arrival: number }} Place
 */

/** @type {Place} before every entry */
export const FIRST_PLACE = Object.freeze({ sort: Buffer.alloc(0), arrival: 0 });
/** @type {Place} behind every present value and before every absent one */
export const ABSENT_PLACE = Object.freeze({ sort: Buffer.of(1), arrival: 0 });
/** @type {Place} behind every entry */
export const LAST_PLACE = Object.freeze({ sort: Buffer.of(2), arrival: 0 });

/**
 * @param {Place} a
 * @param {Place} b
 */
export function comparePlaces(a, b) {
  return Buffer.compare(a.sort, b.sort) || a.arrival - b.arrival;
}

/**
 * The place right behind one.
 * @param {Place} place
 * @returns {Place}
 */
export const behind = (place) => ({ sort: place.sort, arrival: place.arrival + 1 });

/**
 * The sort key of an order key.
 * @param {Uint8Array | undefined} key
 */
export function sortKey(key) {
  if (key === undefined) return Buffer.of(1);
  const sort = Buffer.allocUnsafe(key.length + 1);
  sort[0] = 0;
  sort.set(key, 1);
  return sort;
}

/**
 * The order key of a sort key.
 * @param {Uint8Array} sort
 */
export const keyOfSort = (sort) => (sort[0] === 0 ? sort.subarray(1) : undefined);

/**
 * One kept order.
 * @typedef {object} Order
 * @property {number} id
 * @property {number} container
 * @property {number} objectClass
 * @property {number} tag identifier and type of the property, 0: the order of arrival
 * @property {number} stamp the last commit that changed an order of that container
 */

const ORDERS = 'SELECT id, container, class, tag, coalesce(stamp, 0) FROM orders LEFT JOIN counters USING (container)';

/**
 * @param {import('./database.mjs').Row} row
 * @returns {Order}
 */
const orderOf = ([id, container, objectClass, tag, stamp]) => ({ id, container, objectClass, tag, stamp });

/**
 * The orders kept for a container.
 * @param {Database} database
 * @param {number} container
 * @param {number} objectClass
 */
export function ordersOf(database, container, objectClass) {
  return database.rows(`${ORDERS} WHERE container = ? AND class = ?`, container, objectClass).map(orderOf);
}

/**
 * The order of a container by that tag, if it is kept.
 * @param {Database} database
 * @param {number} container
 * @param {number} objectClass
 * @param {number} tag
 */
export function findOrder(database, container, objectClass, tag) {
  const row = database.row(`${ORDERS} WHERE container = ? AND class = ? AND tag = ?`, container, objectClass, tag);
  return row && orderOf(row);
}

/**
 * All orders of the store.
 * @param {Database} database
 */
export const allOrders = (database) => database.rows(ORDERS).map(orderOf);

/**
 * Begins to keep an order; its entries are the caller's to add.
 * @param {Database} database
 * @param {number} container
 * @param {number} objectClass
 * @param {number} tag
 * @returns {Order}
 */
export function createOrder(database, container, objectClass, tag) {
  const { inserted } = database.run('INSERT INTO orders(container, class, tag) VALUES (?, ?, ?)', container, objectClass, tag);
  writeBucket(database, inserted, FIRST_PLACE, 0);
  return { id: inserted, container, objectClass, tag, stamp: 0 };
}

/**
 * Forgets an order.
 * @param {Database} database
 * @param {Order} order
 */
export function forgetOrder(database, order) {
  database.run('DELETE FROM orders WHERE id = ?', order.id);
  database.run('DELETE FROM entries WHERE ord = ?', order.id);
  database.run('DELETE FROM buckets WHERE ord = ?', order.id);
}

/**
 * The place of an object in an order.
 * @param {Order} order
 * @param {Uint8Array | undefined} key
 * @param {number} arrival
 * @returns {Place}
 */
export function placeIn(order, key, arrival) {
  return order.tag === 0 ? { sort: FIRST_PLACE.sort, arrival } : { sort: sortKey(key), arrival };
}

/**
 * The order of arrival has empty sort keys: a bound with one lies behind all of it.
 * @param {Place} place
 */
const arrivalBound = (place) => (place.sort.length === 0 ? place.arrival : LAST);

const BETWEEN = 'ord = ? AND (sort, arrival) >= (?, ?) AND (sort, arrival) < (?, ?)';
const ARRIVED_BETWEEN = 'parent = ? AND class = ? AND arrival >= ? AND arrival < ?';

/**
 * How many entries stand between two places, the first included; linear.
 * @param {Database} database
 * @param {Order} order
 * @param {Place} from
 * @param {Place} to
 * @returns {number}
 */
export function countBetween(database, order, from, to) {
  if (order.tag === 0) {
    return database.value(
      `SELECT count(*) FROM objects WHERE ${ARRIVED_BETWEEN}`, order.container, order.objectClass, arrivalBound(from), arrivalBound(to),
    );
  }
  return database.value(`SELECT count(*) FROM entries WHERE ${BETWEEN}`, order.id, from.sort, from.arrival, to.sort, to.arrival);
}

/**
 * The entries from `from` (included) to `to` (left out), after skipping some: object, arrival number, sort key.
 * @param {Database} database
 * @param {Order} order
 * @param {Place} from
 * @param {Place} to
 * @param {boolean} descending
 * @param {number} [skip]
 * @returns {Generator<import('./database.mjs').Row, void>}
 */
export function walk(database, order, from, to, descending, skip = 0) {
  const direction = descending ? 'DESC' : '';
  if (order.tag === 0) {
    return database.each(
      `SELECT id, arrival, x'' FROM objects WHERE ${ARRIVED_BETWEEN} ORDER BY arrival ${direction} LIMIT -1 OFFSET ?`,
      order.container, order.objectClass, arrivalBound(from), arrivalBound(to), skip,
    );
  }
  return database.each(
    `SELECT object, arrival, sort FROM entries WHERE ${BETWEEN} ORDER BY sort ${direction}, arrival ${direction} LIMIT -1 OFFSET ?`,
    order.id, from.sort, from.arrival, to.sort, to.arrival, skip,
  );
}

/**
 * Adds an entry to a kept order.
 * @param {Database} database
 * @param {Order} order
 * @param {Place} place
 * @param {number} object
 */
export function insertEntry(database, order, place, object) {
  if (order.tag === 0) return;
  database.run('INSERT INTO entries(ord, sort, arrival, object) VALUES (?, ?, ?, ?)', order.id, place.sort, place.arrival, object);
}

/**
 * Removes an entry from a kept order.
 * @param {Database} database
 * @param {Order} order
 * @param {Place} place
 */
export function removeEntry(database, order, place) {
  if (order.tag === 0) return;
  database.run('DELETE FROM entries WHERE ord = ? AND sort = ? AND arrival = ?', order.id, place.sort, place.arrival);
}

/**
 * @param {Database} database
 * @param {number} order
 * @param {Place} first
 * @param {number} count
 */
function writeBucket(database, order, first, count) {
  database.run(
    'INSERT INTO buckets(ord, sort, arrival, count) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = excluded.count',
    order, first.sort, first.arrival, count,
  );
}

/**
 * @typedef {object} Bucket
 * @property {Place} first
 * @property {number} count
 * @property {boolean} dirty
 */

/** The buckets of one order. */
export class Directory {
  /** @type {Bucket[]} */
  #buckets;
  /** How many entries stand before each bucket; made when it is asked for.
   * @type {number[] | undefined} */
  #sums;

  /** @param {Bucket[]} buckets */
  constructor(buckets) {
    this.#buckets = buckets;
  }

  /**
   * Reads the buckets of an order.
   * @param {Database} database
   * @param {number} order
   */
  static load(database, order) {
    const rows = database.rows('SELECT sort, arrival, count FROM buckets WHERE ord = ? ORDER BY sort, arrival', order);
    const buckets = rows.map(([sort, arrival, count]) => ({ first: { sort, arrival }, count, dirty: false }));
    if (buckets.length === 0 || comparePlaces(buckets[0].first, FIRST_PLACE) !== 0) throw damaged('an order has no buckets');
    return new Directory(buckets);
  }

  /** Entries of the whole order. */
  total() {
    return this.#buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  }

  /** The buckets, for a check. */
  buckets() {
    return this.#buckets.map(({ first, count }) => ({ first, count }));
  }

  /** @param {Place} place */
  #bucketOf(place) {
    let low = 0;
    let high = this.#buckets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(this.#buckets[middle].first, place) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }

  /** @returns {number[]} */
  #sumsBefore() {
    if (!this.#sums) {
      let sum = 0;
      this.#sums = this.#buckets.map((bucket) => {
        const before = sum;
        sum += bucket.count;
        return before;
      });
    }
    return this.#sums;
  }

  /**
   * Counts an entry that was added, or with -1 one that was removed.
   * @param {Place} place
   * @param {1 | -1} by
   */
  count(place, by) {
    const bucket = this.#buckets[this.#bucketOf(place)];
    bucket.count = Math.max(bucket.count + by, 0);
    bucket.dirty = true;
    this.#sums = undefined;
  }

  /**
   * Writes what changed, cutting buckets that have become full and dropping empty ones.
   * @param {Database} database
   * @param {Order} order
   */
  flush(database, order) {
    /** @type {Bucket[]} */
    const kept = [];
    this.#buckets.forEach((bucket, number) => {
      if (!bucket.dirty) {
        kept.push(bucket);
      } else if (bucket.count === 0 && number > 0) {
        database.run('DELETE FROM buckets WHERE ord = ? AND sort = ? AND arrival = ?', order.id, bucket.first.sort, bucket.first.arrival);
      } else {
        const end = this.#buckets[number + 1]?.first ?? LAST_PLACE;
        for (const piece of bucket.count > FULL ? cut(database, order, bucket, end) : [{ ...bucket, dirty: false }]) {
          writeBucket(database, order.id, piece.first, piece.count);
          kept.push(piece);
        }
      }
    });
    this.#buckets = kept;
    this.#sums = undefined;
  }

  /**
   * How many entries stand before that place.
   * @param {Database} database
   * @param {Order} order
   * @param {Place} place
   */
  rank(database, order, place) {
    const bucket = this.#bucketOf(place);
    return this.#sumsBefore()[bucket] + countBetween(database, order, this.#buckets[bucket].first, place);
  }

  /**
   * The place to begin a walk at, and how many entries to skip, so that its first entry is the one at that position;
   * `undefined` behind the last. A descending walk begins before the place answered.
   * @param {number} position
   * @param {boolean} descending
   */
  seek(position, descending) {
    const sums = this.#sumsBefore();
    let bucket = sums.length - 1;
    while (bucket >= 0 && sums[bucket] > position) bucket -= 1;
    if (bucket < 0) return undefined;
    const { first, count } = this.#buckets[bucket];
    const inside = position - sums[bucket];
    if (inside >= count) return undefined;
    return descending
      ? { place: this.#buckets[bucket + 1]?.first ?? LAST_PLACE, skip: count - 1 - inside }
      : { place: first, skip: inside };
  }
}

/**
 * The buckets a full one is cut into.
 * @param {Database} database
 * @param {Order} order
 * @param {Bucket} bucket
 * @param {Place} end
 * @returns {Bucket[]}
 */
function cut(database, order, bucket, end) {
  const firsts = [bucket.first];
  let passed = 0;
  for (const [, arrival, sort] of walk(database, order, bucket.first, end, false)) {
    if (passed > 0 && passed % CUT === 0 && bucket.count - passed >= CUT / 2) firsts.push({ sort, arrival });
    passed += 1;
  }
  return firsts.map((first, number) => {
    const count = number + 1 < firsts.length ? CUT : bucket.count - number * CUT;
    return { first, count, dirty: false };
  });
}
