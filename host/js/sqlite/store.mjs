// A message store in one SQLite file, as the session sees it (wit/store-backend.wit).

import path from 'node:path';
import { Cache } from './cache.mjs';
import { check } from './check.mjs';
import { apply } from './commit/apply.mjs';
import { keepOrder } from './commit/listing.mjs';
import { rekey } from './commit/set.mjs';
import { Memory, Writer } from './commit/writer.mjs';
import { Database } from './database.mjs';
import { StoreFailure, damaged } from './failure.mjs';
import { changesSince, cursorAt } from './feed.mjs';
import { groupRows } from './groups.mjs';
import { allNames, createNames, idsOfNames, namesOfIds } from './names.mjs';
import { ORDERED, SEARCHED, groupsPay, isOrderable, supportOf } from './plan.mjs';
import { containerTags, listTags, readBatch, readObject, readRange } from './rows.mjs';
import { ROOT, STORE_OBJECT, nameOf, numberOf } from './schema.mjs';
import { countRows, rankRow, scanPage, subjectOf, wantedOrder } from './scan.mjs';
import { Staging } from './staging.mjs';
import { findState, loadState, reserveObjects } from './state.mjs';
import { consolidate, dropSuperseded, segmentWaits } from './texts/consolidation.mjs';
import { guidOf } from './values.mjs';
import { watchCommits } from './watch.mjs';

/** @typedef {import('./world.mjs').ObjectId} ObjectId */

/** The kind of store this is (PR_MDB_PROVIDER): {6D617069-5351-4C49-5445-2D53544F5245}. */
const KIND = guidOf(Buffer.from('6970616d5153494c54452d53544f5245', 'hex'));

/** Identifiers reserved in the file at a time: one small write for thousands of messages. */
const BLOCK = 4096;

export class SqliteStore {
  #database;
  #cache;
  #staging = new Staging();
  #memory = new Memory();
  /** @type {Buffer} */
  #uid;
  /** @type {Buffer} */
  #mapping;
  /** @type {number[]} */
  #reserved = [];
  /** @type {(() => void)[]} */
  #watches = [];

  /**
   * Opens a store. Fails with MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_CORRUPT_STORE for a file of another kind,
   * MAPI_E_VERSION for one of another format, MAPI_E_NOT_ENOUGH_DISK.
   * @param {string} file
   * @param {import('./database.mjs').Access} [access]
   */
  constructor(file, access = 'write') {
    const database = new Database(path.resolve(file), access);
    this.#database = database;
    this.#cache = new Cache(database);
    try {
      [this.#uid, this.#mapping] = database.read(() => ['uid', 'mapping'].map((name) => {
        const value = database.value('SELECT value FROM meta WHERE name = ?', name);
        if (!Buffer.isBuffer(value) || value.length !== 16) throw damaged('it has no identity');
        return value;
      }));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The file. */
  get path() {
    return this.#database.path;
  }

  /** The store's private entry identifier. */
  get privateEntry() {
    return this.#uid;
  }

  /** Ends the use of the file. */
  close() {
    for (const end of this.#watches.splice(0)) end();
    this.#staging.discardAll();
    this.#database.close();
  }

  /** What jco calls when the session lets go of the store. */
  [Symbol.dispose]() {
    this.close();
  }

  /**
   * Calls `changed` after each commit, or after several, of this and of other processes, until what is returned is called
   * or the store is closed.
   * @param {() => void} changed
   * @returns {() => void}
   */
  watchChanges(changed) {
    const commits = () => this.#database.read(() => loadState(this.#database).commits);
    const end = watchCommits(this.path, commits, changed);
    this.#watches.push(end);
    return end;
  }

  /**
   * Limits the bytes the file may take, 0: no limit; durable.
   * @param {number} bytes
   */
  setLimit(bytes) {
    this.#write(() => this.#database.run("UPDATE meta SET value = CAST(? AS INTEGER) WHERE name = 'limit'", bytes));
  }

  /**
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  #read(work) {
    return this.#database.read(work);
  }

  /**
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  #write(work) {
    try {
      return this.#database.write(work);
    } catch (error) {
      // It may hold what was undone.
      this.#memory = new Memory();
      throw error;
    }
  }

  #writer() {
    return new Writer(this.#database, this.#staging, this.#memory);
  }

  /**
   * Reads in an order, after beginning to keep it if that pays.
   * @template T
   * @param {import('./matching.mjs').Subject} subject
   * @param {() => T} work
   * @returns {T}
   */
  #readOrdered(subject, work) {
    const database = this.#database;
    if (database.writable && subject.order.length === 1) {
      const wanted = this.#read(() => wantedOrder(database, subject));
      if (wanted) this.#keepOrder(wanted);
    }
    return this.#read(work);
  }

  /**
   * Begins to keep an order. That it could not be made is no failure of the scan, which then sorts in memory.
   * @param {{ container: number, objectClass: number, tag: number }} wanted
   */
  #keepOrder(wanted) {
    try {
      this.#write(() => {
        const writer = this.#writer();
        keepOrder(writer, wanted);
        writer.finish(0n, false);
      });
    } catch (error) {
      const damage = error instanceof StoreFailure && (error.code === 'mapi-e-corrupt-store' || error.code === 'mapi-e-corrupt-data');
      if (damage || !(error instanceof StoreFailure)) throw error;
    }
  }

  /** @returns {import('./world.mjs').StoreIdentity} */
  identity() {
    let keyVersion = 0;
    try {
      keyVersion = this.#read(() => findState(this.#database)?.keyVersion ?? 0);
    } catch (error) {
      // An unreadable file answers every other call with the reason.
      if (!(error instanceof StoreFailure)) throw error;
    }
    return {
      uid: guidOf(this.#uid), kind: KIND, mappingSignature: guidOf(this.#mapping), store: nameOf(STORE_OBJECT), root: nameOf(ROOT),
      privateEntry: this.#uid, writable: this.#database.writable,
      capabilities: { feed: true, submit: true, attachments: true, softDelete: true },
      index: { ordered: Uint32Array.from(ORDERED), searched: Uint32Array.from(SEARCHED), keyVersion },
    };
  }

  /**
   * @param {ObjectId} object
   * @param {import('./world.mjs').Want} want
   * @param {number} inlineLimit
   */
  read(object, want, inlineLimit) {
    return this.#read(() => readObject(this.#database, object, want, inlineLimit));
  }

  /** @param {ObjectId} object */
  listTags(object) {
    return this.#read(() => listTags(this.#database, object));
  }

  /**
   * @param {ObjectId[]} objects
   * @param {Uint32Array} columns
   * @param {number} cellLimit
   */
  readRows(objects, columns, cellLimit) {
    const numbers = objects.map(numberOf).filter((number) => number !== undefined);
    return this.#read(() => readBatch(this.#database, numbers, columns, cellLimit, true));
  }

  /**
   * @param {import('./world.mjs').PlanRequest} request
   * @returns {import('./world.mjs').Plan}
   */
  plan(request) {
    return this.#read(() => {
      const queue = request.kind === 'queue' && request.order.length === 0;
      const orderable = queue || isOrderable(request.order);
      return {
        filters: request.filters.map((filter) => supportOf(this.#database, filter)),
        order: orderable ? 'exact' : 'unsupported',
        counts: true,
        positions: orderable,
        groups: orderable && !queue && groupsPay(this.#database, request),
      };
    });
  }

  /** @param {import('./world.mjs').ScanRequest} request */
  scan(request) {
    const subject = subjectOf(request, request.order);
    return this.#readOrdered(subject, () => scanPage(this.#database, this.#cache, request));
  }

  /** @param {import('./world.mjs').CountRequest} request */
  count(request) {
    return this.#read(() => BigInt(countRows(this.#database, this.#cache, subjectOf(request, []))));
  }

  /**
   * @param {import('./world.mjs').CountRequest} request
   * @param {import('./world.mjs').OrderKey[]} order
   * @param {import('./world.mjs').RowKey} key
   */
  rank(request, order, key) {
    const subject = subjectOf(request, order);
    return this.#readOrdered(subject, () => BigInt(rankRow(this.#database, this.#cache, subject, key)));
  }

  /** @param {import('./world.mjs').GroupRequest} request */
  groups(request) {
    const subject = subjectOf(request, request.order.slice(0, request.levels));
    return this.#readOrdered(subject, () => groupRows(this.#database, this.#cache, request));
  }

  /**
   * @param {ObjectId} container
   * @param {import('./world.mjs').ScanKind} kind
   */
  containerTags(container, kind) {
    return this.#read(() => containerTags(this.#database, container, kind));
  }

  /**
   * @param {ObjectId} object
   * @param {number} tag
   * @param {bigint} offset
   * @param {number} length
   */
  readRange(object, tag, offset, length) {
    return this.#read(() => readRange(this.#database, object, tag, offset, length));
  }

  /** @param {number} count */
  reserve(count) {
    const missing = count - this.#reserved.length;
    if (missing > 0) {
      const block = Math.max(missing, BLOCK);
      const first = this.#write(() => reserveObjects(this.#database, block));
      for (let number = 0; number < block; number += 1) this.#reserved.push(first + number);
    }
    return this.#reserved.splice(0, count).map(nameOf);
  }

  stage() {
    return this.#staging.begin();
  }

  /**
   * @param {bigint} staged
   * @param {Uint8Array} bytes
   */
  append(staged, bytes) {
    this.#database.guard(() => this.#staging.find(staged).append(bytes, path.dirname(this.path)));
  }

  /** @param {bigint} staged */
  discard(staged) {
    this.#staging.discard(staged);
  }

  /**
   * @param {import('./world.mjs').CommitRequest} request
   * @returns {import('./world.mjs').Committed}
   */
  commit(request) {
    const { objects, staged, commits } = this.#write(() => {
      const before = this.#space();
      const writer = this.#writer();
      const changed = apply(writer, request);
      if (before.limit > 0) {
        const after = this.#space();
        if (after.used > before.limit && after.used > before.used) {
          throw new StoreFailure('mapi-e-not-enough-disk', 'The store has reached its size limit. Delete something, or raise the limit.');
        }
      }
      return { objects: changed, staged: writer.staged, commits: writer.state.commits };
    });
    for (const number of staged) this.#staging.discard(number);
    return { objects, cursor: cursorAt(this.#uid, commits) };
  }

  feedCursor() {
    return this.#read(() => cursorAt(this.#uid, loadState(this.#database).commits));
  }

  /**
   * @param {Uint8Array} since
   * @param {number} max
   */
  changes(since, max) {
    return this.#read(() => changesSince(this.#database, this.#uid, since, max));
  }

  /**
   * @param {import('./world.mjs').RekeyedObject[]} objects
   * @param {number} keyVersion
   * @param {boolean} finished
   */
  rekey(objects, keyVersion, finished) {
    this.#write(() => {
      const writer = this.#writer();
      for (const object of objects) rekey(writer, object);
      if (finished) writer.state.keyVersion = keyVersion;
      writer.finish(0n, false);
    });
  }

  /** @param {bigint} budget in microseconds */
  indexStep(budget) {
    // Looked up first: a turn with nothing to do must not wait for other writers.
    if (!this.#database.writable || !this.#read(() => segmentWaits(this.#database))) return false;
    return this.#write(() => consolidate(this.#database, Number(budget) / 1000));
  }

  takeEffects() {
    return [];
  }

  validateState() {}

  settingsDialog() {
    throw new StoreFailure('mapi-e-no-support', 'A store in a file has no settings to be shown.');
  }

  changePassword() {
    throw new StoreFailure('mapi-e-no-support', 'A store in a file has no password.');
  }

  setStatusProperties() {
    return [];
  }

  /**
   * @param {import('./world.mjs').NamedProperty[]} names
   * @param {boolean} create
   */
  idsOfNames(names, create) {
    const known = this.#read(() => idsOfNames(this.#database, names));
    if (!create || known.every((id) => id !== undefined)) return known;
    return this.#write(() => createNames(this.#database, names));
  }

  /** @param {Uint16Array} ids */
  namesOfIds(ids) {
    return this.#read(() => namesOfIds(this.#database, ids));
  }

  allNames() {
    return this.#read(() => allNames(this.#database));
  }

  /** Bytes in use and allowed. */
  #space() {
    const database = this.#database;
    const pages = database.pragma('page_count') - database.pragma('freelist_count');
    return {
      used: pages * database.pragma('page_size'),
      limit: Number(database.value("SELECT value FROM meta WHERE name = 'limit'") ?? 0),
    };
  }

  quota() {
    const { used, limit } = this.#read(() => this.#space());
    return { used: BigInt(used), limit: BigInt(limit) };
  }

  /** @param {boolean} repair */
  check(repair) {
    if (!repair) return this.#read(() => check(this.#database, false));
    return this.#write(() => {
      const report = check(this.#database, true);
      // Whatever was remembered of the old state no longer holds.
      this.#memory = new Memory();
      this.#writer().finish(0n, false);
      return report;
    });
  }

  compact() {
    this.#write(() => dropSuperseded(this.#database));
    this.#database.maintain('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);');
  }

  /** @param {string} target */
  backup(target) {
    this.#database.backup(target);
  }
}
