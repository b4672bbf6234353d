// One SQLite file: opened, recognised, created, read and written in transactions.
//
// The file is in WAL mode with `synchronous = FULL`: only FULL makes SQLite sync the log at every commit, so that a commit
// that returned survives a loss of power. Several processes may use one file: writes begin with BEGIN IMMEDIATE, everyone
// waits for a busy file.

import fs from 'node:fs';
import path from 'node:path';
import { Driver } from './driver.mjs';
import { StoreFailure, aboutFile, damaged, sqliteCode } from './failure.mjs';
import { APPLICATION, CREATION, FORMAT } from './schema.mjs';

/**
 * How a file is opened: `read`, it must exist and nothing is written; `write`, it must exist; `create`, it is made with
 * its folder when it does not exist.
 * @typedef {'read' | 'write' | 'create'} Access
 */

/** @typedef {any[]} Row the columns of a row */

/** How long everyone waits for another writer, in milliseconds. */
const BUSY_TIMEOUT = 30_000;

/** Pages of the log from which on a commit copies it into the file. */
const LONG_LOG = 4_000;

export class Database {
  /** @type {import('better-sqlite3').Database} */
  #connection;
  /** @type {Map<string, { statement: import('better-sqlite3').Statement, types: (string | null)[] }>} */
  #statements = new Map();

  /**
   * Fails with MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_CORRUPT_STORE for a file of another kind, MAPI_E_VERSION for
   * one of another format, MAPI_E_NOT_ENOUGH_DISK.
   * @param {string} file
   * @param {Access} access
   */
  constructor(file, access) {
    this.path = file;
    this.writable = access !== 'read';
    try {
      preparePlace(file, access);
      this.#connection = new Driver(file, { readonly: !this.writable, fileMustExist: access !== 'create', timeout: BUSY_TIMEOUT });
    } catch (error) {
      throw aboutFile(error, file);
    }
    try {
      this.#setUp();
    } catch (error) {
      this.#connection.close();
      throw aboutFile(error, file);
    }
  }

  #setUp() {
    const found = this.#recognise();
    const connection = this.#connection;
    connection.pragma('cache_size = -32768');
    connection.pragma('temp_store = MEMORY');
    connection.pragma('foreign_keys = OFF');
    if (!this.writable) {
      if (found === 0) throw foreign(this.path);
      connection.pragma('query_only = ON');
      return;
    }
    connection.pragma('synchronous = FULL');
    connection.pragma(`wal_autocheckpoint = ${LONG_LOG}`);
    connection.pragma(`journal_size_limit = ${96 << 20}`);
    // Only takes effect on a file without pages.
    connection.pragma('page_size = 8192');
    this.#switchToWal();
    if (found === 0) this.#create();
  }

  /** The format of the file, 0 for an empty one. Refuses other kinds and formats, which are left untouched. */
  #recognise() {
    /** @param {string} name */
    const number = (name) => Number(this.#connection.pragma(name, { simple: true }));
    let application;
    try {
      application = number('application_id');
    } catch (error) {
      if (sqliteCode(error) === 'NOTADB') throw foreign(this.path);
      throw error;
    }
    const version = number('user_version');
    if (application !== APPLICATION) {
      // A process that died while it made the file leaves an empty one behind.
      const tables = this.value('SELECT count(*) FROM sqlite_master');
      if (application === 0 && version === 0 && tables === 0) return 0;
      throw foreign(this.path);
    }
    if (version > FORMAT) {
      throw new StoreFailure('mapi-e-version', `The message store ${this.path} has format ${version}, this program knows format ${FORMAT}. Use a newer version of the program.`);
    }
    if (version < FORMAT) {
      throw new StoreFailure('mapi-e-version', `The message store ${this.path} has format ${version}, this program knows format ${FORMAT}. Open it once with the mapi command, which brings it up to date.`);
    }
    return version;
  }

  /** Turns the write-ahead log on. SQLite answers busy at once, without waiting, while another process does the same. */
  #switchToWal() {
    const began = Date.now();
    for (;;) {
      try {
        const mode = String(this.#connection.pragma('journal_mode = WAL', { simple: true }));
        if (mode.toLowerCase() === 'wal') return;
        throw new StoreFailure('mapi-e-no-support', `The file system does not support a shared write-ahead log (journal mode ${mode}); use a local disk.`);
      } catch (error) {
        const code = sqliteCode(error);
        if ((code !== 'BUSY' && code !== 'LOCKED') || Date.now() - began >= BUSY_TIMEOUT) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }

  #create() {
    this.#transact('BEGIN IMMEDIATE', () => {
      // Another process may have been faster.
      if (this.#recognise() !== 0) return;
      this.#connection.exec(CREATION);
      this.#connection.pragma(`application_id = ${APPLICATION}`);
      this.#connection.pragma(`user_version = ${FORMAT}`);
    });
  }

  /**
   * A statement, and the types its columns were declared with.
   * @param {string} sql
   */
  #prepared(sql) {
    let prepared = this.#statements.get(sql);
    if (!prepared) {
      const statement = this.#connection.prepare(sql);
      if (statement.reader) statement.raw(true);
      prepared = { statement, types: statement.reader ? statement.columns().map(({ type }) => type) : [] };
      this.#statements.set(sql, prepared);
    }
    return prepared;
  }

  /**
   * The first row.
   * @param {string} sql
   * @param {...any} parameters
   * @returns {Row | undefined}
   */
  row(sql, ...parameters) {
    const { statement, types } = this.#prepared(sql);
    const row = /** @type {Row | undefined} */ (statement.get(...parameters));
    return row && checked(row, types);
  }

  /**
   * The first column of the first row.
   * @param {string} sql
   * @param {...any} parameters
   * @returns {any}
   */
  value(sql, ...parameters) {
    return this.row(sql, ...parameters)?.[0];
  }

  /**
   * All rows.
   * @param {string} sql
   * @param {...any} parameters
   * @returns {Row[]}
   */
  rows(sql, ...parameters) {
    const { statement, types } = this.#prepared(sql);
    const rows = /** @type {Row[]} */ (statement.all(...parameters));
    for (const row of rows) checked(row, types);
    return rows;
  }

  /**
   * The rows one after the other; nothing is written meanwhile, and the statement is not used again.
   * @param {string} sql
   * @param {...any} parameters
   * @returns {Generator<Row, void>}
   */
  * each(sql, ...parameters) {
    const { statement, types } = this.#prepared(sql);
    for (const row of /** @type {Iterable<Row>} */ (statement.iterate(...parameters))) yield checked(row, types);
  }

  /**
   * Writes; how many rows it concerned, and the number of the row written last.
   * @param {string} sql
   * @param {...any} parameters
   */
  run(sql, ...parameters) {
    const { changes, lastInsertRowid } = this.#prepared(sql).statement.run(...parameters);
    return { changes, inserted: Number(lastInsertRowid) };
  }

  /**
   * Runs `work`; what SQLite or the system fails with is about this file.
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  guard(work) {
    try {
      return work();
    } catch (error) {
      throw aboutFile(error, this.path);
    }
  }

  /** @param {string} name */
  pragma(name) {
    return Number(this.#connection.pragma(name, { simple: true }));
  }

  /**
   * @template T
   * @param {string} begin
   * @param {() => T} work
   * @returns {T}
   */
  #transact(begin, work) {
    this.#prepared(begin).statement.run();
    try {
      const value = work();
      this.#prepared('COMMIT').statement.run();
      return value;
    } finally {
      // SQLite may have undone it by itself.
      if (this.#connection.inTransaction) this.#prepared('ROLLBACK').statement.run();
    }
  }

  /**
   * Runs `work` on one consistent state of the file.
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  read(work) {
    return this.guard(() => this.#transact('BEGIN', work));
  }

  /**
   * Runs `work` in a transaction that is durable when this returns, or is undone.
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  write(work) {
    this.#checkWritable();
    return this.guard(() => this.#transact('BEGIN IMMEDIATE', work));
  }

  /**
   * Runs statements outside a transaction, which SQLite refuses inside one.
   * @param {string} sql
   */
  maintain(sql) {
    this.#checkWritable();
    this.guard(() => this.#connection.exec(sql));
  }

  /**
   * Copies the file, in use or not, to a new one that appears when it is whole.
   * @param {string} target
   */
  backup(target) {
    if (fs.existsSync(target)) {
      throw new StoreFailure('mapi-e-collision', `${target} exists already. Name a new file for the backup.`);
    }
    const partial = `${target}.partial`;
    try {
      fs.rmSync(partial, { force: true });
      this.#prepared('VACUUM INTO ?').statement.run(partial);
      const copy = fs.openSync(partial, 'r+');
      fs.fsyncSync(copy);
      fs.closeSync(copy);
      fs.renameSync(partial, target);
    } catch (error) {
      fs.rmSync(partial, { force: true });
      throw aboutFile(error, target);
    }
  }

  #checkWritable() {
    if (!this.writable) throw new StoreFailure('mapi-e-no-access', `The message store ${this.path} was opened for reading only.`);
  }

  close() {
    this.#connection.close();
  }
}

/**
 * A row whose columns hold what they were declared with: SQLite itself takes anything anywhere.
 * @param {Row} row
 * @param {(string | null)[]} types
 */
function checked(row, types) {
  for (let column = 0; column < types.length; column += 1) {
    const value = row[column];
    if (value === null) continue;
    if (types[column] === 'INTEGER' ? !Number.isInteger(value) : types[column] === 'BLOB' && !Buffer.isBuffer(value)) {
      throw damaged('a row holds what no program writes');
    }
  }
  return row;
}

/** @param {string} file */
function foreign(file) {
  return new StoreFailure('mapi-e-corrupt-store', `${file} is not a message store of this program; it was left untouched. Name another file.`);
}

/**
 * Makes sure that the file, or the folder it is to be made in, is there.
 * @param {string} file
 * @param {Access} access
 */
function preparePlace(file, access) {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    throw new StoreFailure('mapi-e-invalid-parameter', `${file} is a folder; name a message store file.`);
  }
  if (access === 'create') fs.mkdirSync(path.dirname(file), { recursive: true });
  else if (!found) throw new StoreFailure('mapi-e-not-found', `There is no message store ${file}.`);
}
