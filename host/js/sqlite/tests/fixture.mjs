// What the tests share: a folder for store files, and commits in short.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PT, kindOf } from '../tags.mjs';
import { guidOf } from '../values.mjs';

/** @typedef {import('../store.mjs').SqliteStore} SqliteStore */
/** @typedef {import('../world.mjs').Value} Value */
/** @typedef {import('../world.mjs').StoredProperty} StoredProperty */

export const SUBJECT = 0x0037001f;
export const BODY = 0x1000001f;
export const IMPORTANCE = 0x00170003;
export const BINARY = 0x66010102;

/**
 * A folder that goes with the test.
 * @param {{ after(end: () => void): void }} test
 */
export function folderOf(test) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mapi-store-'));
  test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A property to be stored, with the key and the text a session would hand over for plain letters and numbers.
 * @param {number} tag
 * @param {any} val
 * @returns {StoredProperty}
 */
export function stored(tag, val) {
  const name = new Map([[PT.UNICODE, 'unicode'], [PT.LONG, 'long'], [PT.BINARY, 'binary']]).get(/** @type {any} */ (kindOf(tag))) ?? 'null';
  let orderKey;
  if (name === 'unicode') orderKey = Buffer.from(val.toLowerCase());
  if (name === 'long') {
    orderKey = Buffer.alloc(4);
    orderKey.writeUInt32BE((val ^ 0x80000000) >>> 0);
  }
  const folded = name === 'unicode' ? val.toLowerCase() : undefined;
  return { tag, value: { tag: 'inline', val: { tag: name, val } }, orderKey: tag === BODY ? undefined : orderKey, folded };
}

/**
 * @param {SqliteStore} store
 * @param {import('../world.mjs').Change[]} changes
 */
export const commit = (store, changes) => store.commit({ changes, token: 7n, deferIndexing: false, delivery: false });

/**
 * Creates an object below that one; its identifier.
 * @param {SqliteStore} store
 * @param {Uint8Array} parent
 * @param {import('../world.mjs').ObjectKind} kind
 * @param {StoredProperty[]} [properties]
 */
export function create(store, parent, kind, properties = []) {
  const [object] = store.reserve(1);
  commit(store, [{ tag: 'create', val: { object, parent, kind, properties } }]);
  return object;
}

/**
 * The subjects of a scan of a folder.
 * @param {SqliteStore} store
 * @param {Uint8Array} folder
 * @param {Partial<import('../world.mjs').ScanRequest>} [request]
 */
export function subjects(store, folder, request = {}) {
  const page = store.scan({
    scope: { tag: 'one', val: folder }, kind: 'contents', columns: Uint32Array.of(SUBJECT), cellLimit: 0, filters: [], order: [],
    start: { tag: 'start' }, backwards: false, max: 10_000, ...request,
  });
  const { data } = page.batch.columns[0];
  if (data.tag !== 'text') throw new Error(`the subjects are ${data.tag}`);
  const text = Buffer.from(data.val.text);
  return Array.from(data.val.ends, (end, row) => text.subarray(row === 0 ? 0 : data.val.ends[row - 1], end).toString());
}

/**
 * One value of each type.
 * @returns {Value[]}
 */
export const everyValue = () => [
  { tag: 'null' }, { tag: 'object' }, { tag: 'i2', val: -3 }, { tag: 'long', val: -0x80000000 }, { tag: 'r4', val: 1.5 },
  { tag: 'double', val: -2.25 }, { tag: 'currency', val: -(1n << 62n) }, { tag: 'apptime', val: 3.5 }, { tag: 'error', val: 0x8004010f },
  { tag: 'boolean', val: true }, { tag: 'i8', val: -5n }, { tag: 'string8', val: Buffer.of(1, 255) }, { tag: 'unicode', val: '\ufeffGrüße 🙂' },
  { tag: 'systime', val: (1n << 64n) - 1n }, { tag: 'clsid', val: guidOf(Buffer.alloc(16, 7)) }, { tag: 'svreid', val: Buffer.of(9) },
  {
    tag: 'srestriction', val: {
      nodes: [
        { tag: 'and', val: 3 }, { tag: 'not' }, { tag: 'exist', val: 1 },
        { tag: 'content', val: { fuzzy: { flSubstring: true, flPrefix: false, flPrefixOnAnyWord: false, flPhraseMatch: false, flIgnorecase: true, flIgnorenonspace: false, flLoose: false }, tag: 2 } },
        { tag: 'comment', val: { properties: 1, hasChild: true } }, { tag: 'property', val: { relop: 'member-of-dl', tag: 3 } },
      ],
      constants: [
        { tag: SUBJECT, value: { tag: 'unicode', val: 'x' } }, { tag: 4, value: { tag: 'mv-long', val: Int32Array.of(1, -2) } },
        { tag: 5, value: { tag: 'boolean', val: false } },
      ],
    },
  },
  { tag: 'actions', val: Buffer.of(3, 4) }, { tag: 'binary', val: Buffer.of(0, 1, 255) }, { tag: 'mv-i2', val: Int16Array.of(-1, 2) },
  { tag: 'mv-long', val: Int32Array.of(1, -2) }, { tag: 'mv-r4', val: Float32Array.of(0.5) }, { tag: 'mv-double', val: Float64Array.of(1e300) },
  { tag: 'mv-currency', val: BigInt64Array.of(-1n) }, { tag: 'mv-apptime', val: Float64Array.of(2) }, { tag: 'mv-i8', val: BigInt64Array.of(1n << 40n) },
  { tag: 'mv-string8', val: [Buffer.of(), Buffer.of(8)] }, { tag: 'mv-unicode', val: ['', 'ä'] }, { tag: 'mv-systime', val: BigUint64Array.of(1n << 63n) },
  { tag: 'mv-clsid', val: [guidOf(Buffer.alloc(16, 1))] }, { tag: 'mv-binary', val: [Buffer.of(1), Buffer.of()] },
];
