// The change feed: what each commit did and the state it left, one row a commit, the oldest forgotten in time.

import { Reader, Sink, bufferOf, sameBytes } from './encoding.mjs';
import { damaged } from './failure.mjs';
import { kindNumber, kindOfNumber, nameOf, numberOf } from './schema.mjs';
import { loadState } from './state.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./state.mjs').State} State */
/** @typedef {import('./world.mjs').FeedVerb} FeedVerb */
/** @typedef {import('./world.mjs').FeedRecord} FeedRecord */
/** @typedef {import('./world.mjs').FeedPage} FeedPage */
/** @typedef {import('./world.mjs').ObjectKind} ObjectKind */

/** Commits the feed goes back. A reader that has slept through more reads everything again. */
const KEPT = 20_000;

const VERBS = ['created', 'modified', 'deleted', 'soft-deleted', 'moved', 'copied'];

/** The records of a commit in their stored form: verb, kind, object, parent, what the verb carries, tags. */
export class Records {
  #sink = new Sink();

  /**
   * Adds a record. Recipients and attachments have none of their own: their message's changes with them.
   * @param {{ object: number, kind: ObjectKind, parent: number, verb: FeedVerb, tags: number[] }} record
   */
  add({ object, kind, parent, verb, tags }) {
    if (kind === 'recipient' || kind === 'attachment' || kind === 'embedded-message') return;
    const sink = this.#sink;
    sink.number(VERBS.indexOf(verb.tag === 'deleted' && verb.val ? 'soft-deleted' : verb.tag));
    sink.number(kindNumber(kind));
    sink.number(object);
    sink.number(parent);
    if (verb.tag === 'moved') sink.number(numberOf(verb.val) ?? 0);
    if (verb.tag === 'copied') {
      sink.number(numberOf(verb.val.source) ?? 0);
      sink.number(numberOf(verb.val.sourceParent) ?? 0);
    }
    sink.number(tags.length);
    for (const tag of tags) sink.number(tag);
  }

  /**
   * Writes the records and the state under the commit's number, and forgets old commits now and then.
   * @param {Database} database
   * @param {State} state
   * @param {bigint} token
   * @param {boolean} delivery
   */
  store(database, state, token, delivery) {
    const floor = state.commits - KEPT;
    if (floor >= state.feedFloor + KEPT / 10) {
      database.run('DELETE FROM feed WHERE number <= ?', floor);
      state.feedFloor = floor;
    }
    database.run(
      `INSERT INTO feed(number, token, delivery, next_object, next_arrival, next_value, next_text, feed_floor, key_version, records)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      state.commits, BigInt.asIntN(64, token), delivery ? 1 : 0, state.nextObject, state.nextArrival, state.nextValue,
      state.nextText, state.feedFloor, state.keyVersion, this.#sink.whole(),
    );
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {bigint} commit
 * @param {bigint} token
 * @param {boolean} delivery
 * @returns {FeedRecord[]}
 */
function decode(bytes, commit, token, delivery) {
  const reader = new Reader(bytes);
  const records = [];
  while (reader.left > 0) {
    const code = VERBS[reader.number()];
    const kind = kindOfNumber(reader.number());
    const object = nameOf(reader.number());
    const parent = nameOf(reader.number());
    /** @type {FeedVerb} */
    let verb;
    switch (code) {
      case 'created': case 'modified': verb = { tag: code }; break;
      case 'deleted': verb = { tag: 'deleted', val: false }; break;
      case 'soft-deleted': verb = { tag: 'deleted', val: true }; break;
      case 'moved': verb = { tag: 'moved', val: nameOf(reader.number()) }; break;
      case 'copied': verb = { tag: 'copied', val: { source: nameOf(reader.number()), sourceParent: nameOf(reader.number()) } }; break;
      default: throw damaged('the change feed cannot be decoded');
    }
    const count = reader.number();
    if (count > reader.left) throw damaged('the change feed cannot be decoded');
    const tags = Uint32Array.from({ length: count }, () => reader.number());
    records.push({ commit, token, object, kind, parent, verb, tags, delivery });
  }
  return records;
}

/**
 * The cursor at a place: the store, the last commit read, and how many records of the next one.
 * @param {Uint8Array} uid
 * @param {number} commit
 * @param {number} [passed]
 * @returns {Buffer}
 */
export function cursorAt(uid, commit, passed = 0) {
  const cursor = Buffer.alloc(28);
  cursor.set(uid);
  cursor.writeBigInt64BE(BigInt(commit), 16);
  cursor.writeUInt32BE(passed, 24);
  return cursor;
}

/**
 * The records since a cursor.
 * @param {Database} database
 * @param {Uint8Array} uid
 * @param {Uint8Array} since
 * @param {number} max
 * @returns {FeedPage}
 */
export function changesSince(database, uid, since, max) {
  const state = loadState(database);
  const cursor = bufferOf(since);
  const commit = cursor.length === 28 ? Number(cursor.readBigInt64BE(16)) : -1;
  // Otherwise another store was put in this one's place, it was put back to an older state, or the reader has slept too
  // long.
  const known = cursor.length === 28 && sameBytes(cursor.subarray(0, 16), uid) && commit >= state.feedFloor && commit <= state.commits;
  if (!known) return { records: [], cursor: cursorAt(uid, state.commits), gap: true, more: false };
  const most = Math.max(max, 1);
  /** @type {FeedPage} */
  const page = { records: [], cursor: cursorAt(uid, commit, cursor.readUInt32BE(24)), gap: false, more: false };
  let passed = cursor.readUInt32BE(24);
  let last = commit;
  // A token has 64 bits, more than a number of JavaScript holds.
  const rows = database.each('SELECT number, CAST(CAST(token AS INTEGER) AS TEXT), delivery, records FROM feed WHERE number > ? ORDER BY number', commit);
  for (const [number, token, delivery, stored] of rows) {
    if (page.records.length >= most) {
      page.more = true;
      break;
    }
    const fresh = decode(stored, BigInt(number), BigInt.asUintN(64, BigInt(token)), delivery !== 0).slice(passed);
    const taken = fresh.slice(0, most - page.records.length);
    page.records.push(...taken);
    if (taken.length < fresh.length) {
      page.cursor = cursorAt(uid, last, passed + taken.length);
      page.more = true;
      break;
    }
    passed = 0;
    last = number;
    page.cursor = cursorAt(uid, last);
  }
  return page;
}
