// The rows that pass filters: found once for a state of the file, then counted, put in any order, read from any place.

import { liesInDeleted } from './ancestry.mjs';
import { findTag } from './entries.mjs';
import { equalityOf, hitsOf, passesAll, reads } from './filter.mjs';
import { findOrder, placeIn } from './orders.mjs';
import { Counts } from './rows.mjs';
import { CLASS, LAST, isDeleted, kindNumber, numberOf, scannedClass } from './schema.mjs';
import { QUEUE_NUMBER, idOf } from './tags.mjs';
import { bufferOf } from './encoding.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./filter.mjs').Test} Test */
/** @typedef {import('./world.mjs').RowKey} RowKey */
/** @typedef {import('./world.mjs').OrderKey} OrderKey */

/**
 * What a scan is about.
 * @typedef {object} Subject
 * @property {import('./world.mjs').Scope} scope
 * @property {import('./world.mjs').ScanKind} kind
 * @property {import('./world.mjs').Filter[]} filters
 * @property {OrderKey[]} order
 */

/**
 * The objects that pass, with their arrival numbers.
 * @typedef {Map<number, number>} Found
 */

/**
 * One matching row.
 * @typedef {{ key: RowKey, object: number }} Match
 */

/** Entries of an index passed in the time it takes to look one object up. */
const PASSED = 20;

const STORED = 'objects CROSS JOIN bags USING (id)';

/**
 * The containers of a scope.
 * @param {Database} database
 * @param {import('./world.mjs').Scope} scope
 * @returns {number[]}
 */
function containersOf(database, scope) {
  if (scope.tag === 'one') return [numberOf(scope.val)].filter((container) => container !== undefined);
  const open = scope.val.ids.map(numberOf).filter((container) => container !== undefined).reverse();
  /** @type {Set<number>} */
  const found = new Set();
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    if (found.has(container)) continue;
    found.add(container);
    if (scope.val.recursive) {
      const below = database.rows(
        'SELECT id FROM objects WHERE parent = ? AND class = ? AND kind = ? ORDER BY arrival DESC',
        container, CLASS.SUBFOLDER, kindNumber('folder'),
      );
      open.push(...below.map(([id]) => id));
    }
  }
  return [...found];
}

/**
 * How many rows of a class lie in containers.
 * @param {Database} database
 * @param {number[]} containers
 * @param {number} objectClass
 */
export function totalOf(database, containers, objectClass) {
  return containers.reduce((total, container) => total + (Counts.of(database, container).class(objectClass) ?? 0), 0);
}

/**
 * Whether a page of that many rows is found sooner by passing along an order of `total` rows than by looking up all that
 * pass.
 * @param {Found} found
 * @param {number} page
 * @param {number} total
 */
export const isDense = (found, page, total) => page * total <= found.size * found.size * PASSED;

/**
 * Whether so many rows pass that the order of all is passed along sooner than these are sorted.
 * @param {Found} found
 * @param {number} total
 */
export const isMost = (found, total) => found.size * PASSED >= total;

/**
 * Finds the rows that pass.
 * @param {Database} database
 * @param {Subject} subject
 * @param {Test[]} tests
 * @returns {Found}
 */
export function find(database, subject, tests) {
  const objectClass = scannedClass(subject.kind);
  if (objectClass === undefined) return findQueued(database, tests);
  const containers = containersOf(database, subject.scope);
  const looksAtProperties = tests.some(reads);
  const among = candidatesOf(database, containers, objectClass, tests);
  // Properties are read of each row that is looked at, wherever it is found.
  if (among && (looksAtProperties || among.length * PASSED < totalOf(database, containers, objectClass))) {
    return findAmong(database, among, containers, objectClass, tests);
  }
  /** @type {Found} */
  const found = new Map();
  for (const container of containers) {
    const rows = looksAtProperties
      ? database.each(`SELECT id, arrival, props, late FROM ${STORED} WHERE parent = ? AND class = ?`, container, objectClass)
      : database.each("SELECT id, arrival, x'', NULL FROM objects WHERE parent = ? AND class = ?", container, objectClass);
    for (const [object, arrival, bag, late] of rows) {
      if (passesAll(tests, object, { bag, late })) found.set(object, arrival);
    }
  }
  return found;
}

/**
 * The only objects that can pass, where an index tells.
 * @param {Database} database
 * @param {number[]} containers
 * @param {number} objectClass
 * @param {Test[]} tests
 * @returns {number[] | undefined}
 */
function candidatesOf(database, containers, objectClass, tests) {
  const equality = equalityOf(tests);
  if (!equality) {
    const hits = hitsOf(tests);
    return hits && [...hits];
  }
  const found = [];
  for (const container of containers) {
    const order = findOrder(database, container, objectClass, equality.of);
    if (!order) return undefined;
    const from = placeIn(order, equality.key, 0);
    const rows = database.each(
      'SELECT object FROM entries WHERE ord = ? AND sort = ? AND arrival >= 0 AND arrival < ?', order.id, from.sort, LAST,
    );
    for (const [object] of rows) found.push(object);
  }
  return found;
}

/**
 * Looks the candidates up.
 * @param {Database} database
 * @param {number[]} candidates
 * @param {number[]} containers
 * @param {number} objectClass
 * @param {Test[]} tests
 * @returns {Found}
 */
function findAmong(database, candidates, containers, objectClass, tests) {
  const places = new Set(containers);
  /** @type {Found} */
  const found = new Map();
  for (const object of candidates) {
    const row = database.row(`SELECT parent, class, arrival, props, late FROM ${STORED} WHERE id = ?`, object);
    if (!row) continue;
    const [parent, here, arrival, bag, late] = row;
    if (here === objectClass && places.has(parent) && passesAll(tests, object, { bag, late })) found.set(object, arrival);
  }
  return found;
}

/**
 * The messages of the queue.
 * @param {Database} database
 * @param {Test[]} tests
 * @returns {Found}
 */
function findQueued(database, tests) {
  /** @type {Found} */
  const found = new Map();
  for (const [object, arrival, parent, objectClass, bag, late] of database.rows(
    `SELECT id, arrival, parent, class, props, late FROM ${STORED} WHERE queue IS NOT NULL`,
  )) {
    const deleted = isDeleted(objectClass) || (parent !== null && liesInDeleted(database, parent));
    if (!deleted && passesAll(tests, object, { bag, late })) found.set(object, arrival);
  }
  return found;
}

/**
 * Puts the rows found in order.
 * @param {Database} database
 * @param {OrderKey[]} order
 * @param {Found} found
 * @returns {Match[]}
 */
export function arrange(database, order, found) {
  const matches = Array.from(found, ([object, arrival]) => {
    const row = order.length === 0 ? undefined : database.row(`SELECT props, late FROM ${STORED} WHERE id = ?`, object);
    const keys = row ? order.map((key) => orderKey(row[0], row[1], key.tag)) : [];
    return { key: { keys, arrival: BigInt(arrival) }, object };
  });
  return matches.sort((a, b) => compareKeys(order, a.key, b.key));
}

/**
 * @param {Uint8Array} bag
 * @param {Uint8Array | null} late
 * @param {number} tag
 * @returns {Uint8Array | undefined}
 */
function orderKey(bag, late, tag) {
  const entry = findTag(bag, late, tag);
  if (!entry || idOf(tag) !== idOf(QUEUE_NUMBER)) return entry?.key;
  // Its order key is not handed over: big-endian with the sign bit flipped.
  if (entry.large || entry.body.length !== 8) return undefined;
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(bufferOf(entry.body).readBigUInt64LE(0) ^ (1n << 63n));
  return key;
}

/**
 * The order of two rows: absent values last, ties by arrival in the direction of the last key.
 * @param {OrderKey[]} order
 * @param {RowKey} a
 * @param {RowKey} b
 */
export function compareKeys(order, a, b) {
  for (let place = 0; place < order.length; place += 1) {
    const [first, second] = [a.keys[place], b.keys[place]];
    if (first === undefined && second === undefined) continue;
    if (first === undefined) return 1;
    if (second === undefined) return -1;
    const result = Buffer.compare(first, second);
    if (result !== 0) return order[place].descending ? -result : result;
  }
  const result = a.arrival < b.arrival ? -1 : a.arrival > b.arrival ? 1 : 0;
  return order[order.length - 1]?.descending ? -result : result;
}

/**
 * How many rows stand before a place; with `included` those at it too.
 * @param {Match[]} rows
 * @param {OrderKey[]} order
 * @param {RowKey} key
 * @param {boolean} included
 */
export function rankAmong(rows, order, key, included) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const result = compareKeys(order, rows[middle].key, key);
    if (result < 0 || (included && result === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The rows still to be read, as a half-open range.
 * @param {Match[]} rows
 * @param {OrderKey[]} order
 * @param {import('./world.mjs').ScanStart} start
 * @param {boolean} backwards
 * @returns {[number, number]}
 */
export function rangeFrom(rows, order, start, backwards) {
  switch (start.tag) {
    case 'start': return [0, rows.length];
    case 'after': case 'at': {
      const place = rankAmong(rows, order, start.val, (start.tag === 'after') !== backwards);
      return backwards ? [0, place] : [place, rows.length];
    }
    default: {
      const position = Number(start.val);
      return backwards ? [0, Math.min(position + 1, rows.length)] : [Math.min(position, rows.length), rows.length];
    }
  }
}

