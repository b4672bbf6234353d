// Checking a store: SQLite's own check, and what must hold between the tables. What is kept beside the objects can be made
// again from them, so all of that is mended on request.

import { entriesOf, findTag } from './entries.mjs';
import { StoreFailure, sqliteCode } from './failure.mjs';
import { Directory, FIRST_PLACE, LAST_PLACE, allOrders, countBetween, createOrder, forgetOrder, placeIn, walk } from './orders.mjs';
import { COUNTERS, STORE_OBJECT, kindOfNumber, nameOf } from './schema.mjs';
import { findState, loadState } from './state.mjs';
import { idOf, kindOf } from './tags.mjs';
import { decodeValue } from './values.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./world.mjs').CheckReport} CheckReport */

/** The rows of `counters` as they follow from the objects; kind 7 is an embedded message, which no folder holds. */
const COUNTED = `SELECT parent, sum(class = 1), sum(class = 2), sum(class = 3), sum(class = 2 AND unread), sum(class = 9),
  sum(class = 10), sum(class = 11) FROM objects WHERE class IN (1, 2, 3, 9, 10, 11) AND kind <> 7 GROUP BY parent`;

/** Large values have the bits above these as their number. */
const CHUNKS = 2 ** 20;

/**
 * Checks the store; with `repair` in a transaction that may write.
 * @param {Database} database
 * @param {boolean} repair
 * @returns {CheckReport}
 */
export function check(database, repair) {
  const checking = new Checking(database, repair);
  try {
    checking.everything();
  } catch (error) {
    // Damage that ends the reading is what a check is there to find. A repair fails on it instead, so that nothing half
    // mended is kept.
    if (repair || sqliteCode(error) !== 'CORRUPT') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    checking.find(undefined, `the file is damaged so that the rest of it cannot be read: ${reason}`);
  }
  return checking.report;
}

class Checking {
  /** @type {CheckReport} */
  report = { objects: 0n, findings: [] };
  #database;
  #repair;

  /**
   * @param {Database} database
   * @param {boolean} repair
   */
  constructor(database, repair) {
    this.#database = database;
    this.#repair = repair;
  }

  /**
   * @param {number | undefined} object
   * @param {string} message
   * @param {boolean} [repaired]
   */
  find(object, message, repaired = false) {
    this.report.findings.push({ object: object === undefined ? undefined : nameOf(object), message, repaired });
  }

  everything() {
    for (const [line] of this.#database.rows('PRAGMA integrity_check(100)')) {
      if (line !== 'ok') this.find(undefined, `the file is damaged: ${line}`);
    }
    if (!findState(this.#database)) {
      this.find(undefined, 'its last commit is missing');
      return;
    }
    this.#objects();
    this.#counters();
    this.#orders();
    const { feedFloor } = loadState(this.#database);
    if (this.#database.value('SELECT min(number) FROM feed') < feedFloor) {
      this.find(undefined, 'the change feed does not fit the number of commits');
    }
  }

  /** Every object decodes, has a container that holds such objects, and all its large values. */
  #objects() {
    const database = this.#database;
    // Each large value, and how many objects have it.
    /** @type {Map<number, number>} */
    const values = new Map();
    for (const [id, kind, bagThere, containerThere, unborn, bag, late] of database.each(
      `SELECT o.id, o.kind, b.id IS NOT NULL, p.id IS NOT NULL, o.arrival >= s.next_arrival OR o.id >= s.next_object, b.props, o.late
       FROM objects o CROSS JOIN state s LEFT JOIN bags b ON b.id = o.id LEFT JOIN objects p ON p.id = o.parent`,
    )) {
      this.report.objects += 1n;
      const known = decodes(() => kindOfNumber(kind));
      if (known === undefined) this.find(id, 'is of an unknown kind');
      if (!containerThere && !(id === STORE_OBJECT && known === 'store')) this.find(id, 'lies in a container that is not there');
      if (unborn) this.find(id, 'has a number that has not been given out yet');
      if (!bagThere) {
        this.find(id, 'has lost its properties');
        continue;
      }
      const entries = decodes(() => entriesOf(bag, late));
      if (!entries) {
        this.find(id, 'has properties that cannot be decoded');
        continue;
      }
      let last = -1;
      for (const { tag, body, large } of entries) {
        const name = `0x${tag.toString(16).padStart(8, '0')}`;
        if (idOf(tag) <= last) this.find(id, `has property ${name} out of order`);
        last = idOf(tag);
        if (!large) {
          if (!decodes(() => decodeValue(kindOf(tag), body))) this.find(id, `has a value of ${name} that cannot be decoded`);
          continue;
        }
        const first = large.number * CHUNKS;
        const stored = database.value('SELECT coalesce(sum(length(data)), 0) FROM large WHERE id BETWEEN ? AND ?', first, first + CHUNKS - 1);
        if (stored !== large.bytes) this.find(id, `has lost a part of ${name}`);
        values.set(large.number, (values.get(large.number) ?? 0) + 1);
      }
    }
    const lost = database.rows('SELECT DISTINCT id >> 20 FROM large').filter(([number]) => !values.has(number)).length;
    if (lost > 0) this.find(undefined, `${lost} large values belong to no object`);
    this.#sharedValues(values);
  }

  /**
   * It is known how many objects have each large value, so that none is removed while one still has it.
   * @param {Map<number, number>} values
   */
  #sharedValues(values) {
    const counted = [...values].filter(([, objects]) => objects > 1).map(([value, objects]) => [value, objects - 1]);
    const kept = new Map(this.#database.rows('SELECT value, further FROM shared_values').map(([value, further]) => [value, further]));
    if (kept.size === counted.length && counted.every(([value, further]) => kept.get(value) === further)) return;
    this.find(undefined, 'counts wrongly how many objects share a large value', this.#repair);
    if (!this.#repair) return;
    this.#database.run('DELETE FROM shared_values');
    for (const shared of counted) this.#database.run('INSERT INTO shared_values(value, further) VALUES (?, ?)', ...shared);
  }

  #counters() {
    const database = this.#database;
    /** @param {string} sql */
    const read = (sql) => new Map(database.rows(sql).map(([container, ...counters]) => [container, counters.join()]));
    const kept = read(`SELECT container, ${COUNTERS.join(', ')} FROM counters`);
    const counted = read(COUNTED);
    const none = COUNTERS.map(() => 0).join();
    const wrong = [...new Set([...kept.keys(), ...counted.keys()])]
      .filter((container) => (kept.get(container) ?? none) !== (counted.get(container) ?? none));
    for (const container of wrong) this.find(container, 'counts its children wrongly', this.#repair);
    if (wrong.length === 0 || !this.#repair) return;
    database.run('DELETE FROM counters');
    // The repair is a commit of its own.
    database.run(`INSERT INTO counters SELECT counted.*, commits + 1 FROM (${COUNTED}) counted CROSS JOIN state`);
  }

  #orders() {
    for (const order of allOrders(this.#database)) {
      const wrong = this.#wrongOf(order);
      if (!wrong) continue;
      this.find(order.container, `its order by 0x${order.tag.toString(16).padStart(8, '0')} ${wrong}`, this.#repair);
      if (this.#repair) this.#makeAgain(order);
    }
  }

  /** @param {import('./orders.mjs').Order} order */
  #wrongOf(order) {
    const database = this.#database;
    let wrong;
    if (order.tag !== 0) {
      // Every object stands where its key puts it, and nothing else stands anywhere.
      /** @type {Map<string, number>} */
      const expected = new Map();
      /** @param {import('./orders.mjs').Place} place */
      const nameOfPlace = ({ sort, arrival }) => `${Buffer.from(sort).toString('latin1')} ${arrival}`;
      for (const [object, arrival, bag, late] of database.each(
        'SELECT id, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ? AND class = ?',
        order.container, order.objectClass,
      )) {
        const entry = decodes(() => findTag(bag, late, order.tag));
        expected.set(nameOfPlace(placeIn(order, entry?.key, arrival)), object);
      }
      let stood = 0;
      for (const [object, arrival, sort] of walk(database, order, FIRST_PLACE, LAST_PLACE, false)) {
        stood += 1;
        if (expected.get(nameOfPlace({ sort, arrival })) !== object) wrong = 'misplaces rows';
      }
      if (stood !== expected.size) wrong = 'misses rows';
    }
    const directory = decodes(() => Directory.load(database, order.id));
    if (!directory) return 'has no buckets';
    const buckets = directory.buckets();
    const miscounted = buckets.some(({ first, count }, number) => (
      countBetween(database, order, first, buckets[number + 1]?.first ?? LAST_PLACE) !== count
    ));
    return miscounted ? 'counts rows wrongly' : wrong;
  }

  /**
   * A forgotten order is made again when it is next asked for; the order of arrival at once.
   * @param {import('./orders.mjs').Order} order
   */
  #makeAgain(order) {
    const database = this.#database;
    forgetOrder(database, order);
    if (order.tag !== 0) return;
    const again = createOrder(database, order.container, order.objectClass, 0);
    const directory = Directory.load(database, again.id);
    for (const [, arrival, sort] of walk(database, again, FIRST_PLACE, LAST_PLACE, false)) directory.count({ sort, arrival }, 1);
    directory.flush(database, again);
  }
}

/**
 * What was decoded, `undefined` where that is damaged.
 * @template T
 * @param {() => T} work
 * @returns {T | undefined}
 */
function decodes(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreFailure && error.code === 'mapi-e-corrupt-data') return undefined;
    throw error;
  }
}
