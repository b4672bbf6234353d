// Serves a store or an address book to a process that asks by lines of JSON, as tests/src/remote_store says: so the conformance kit of the
// Rust host judges this backend.

import readline from 'node:readline';
import { SqliteAddressBook, SqliteStore } from '../index.mjs';

/** Variants whose values are floating-point numbers. */
const FLOATS = new Set(['r4', 'double', 'apptime', 'mv-r4', 'mv-double', 'mv-apptime']);
/** @type {Record<string, any>} */
const LISTS = {
  'mv-i2': Int16Array, 'mv-long': Int32Array, 'mv-i8': BigInt64Array, 'mv-currency': BigInt64Array, 'mv-systime': BigUint64Array,
};

const float = new DataView(new ArrayBuffer(8));

/**
 * @param {any} json
 * @returns {any}
 */
function revive(json) {
  if (json === null) return undefined;
  if (Array.isArray(json)) return json.map(revive);
  if (typeof json !== 'object') return json;
  if ('bytes' in json && !('ends' in json)) return Buffer.from(json.bytes, 'hex');
  if ('big' in json) return BigInt(json.big);
  if ('float' in json) {
    float.setBigUint64(0, BigInt(json.float));
    return float.getFloat64(0);
  }
  const object = Object.fromEntries(Object.entries(json).map(([name, value]) => [name, revive(value)]));
  const list = LISTS[object.tag];
  return list ? { tag: object.tag, val: list.from(object.val) } : object;
}

/**
 * @param {any} value
 * @param {boolean} [floats]
 * @returns {any}
 */
function flatten(value, floats = false) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return { big: String(value) };
  if (typeof value === 'number' && floats) {
    float.setFloat64(0, value);
    return { float: String(float.getBigUint64(0)) };
  }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value)) return Array.from(/** @type {any} */ (value), (item) => flatten(item, floats));
  if (Array.isArray(value)) return Array.from(value, (item) => flatten(item, floats));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, flatten(item, FLOATS.has(value.tag))]));
}

/** @type {any} */
let store;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { call, arguments: given } = JSON.parse(line);
  let answer;
  try {
    if (call === 'open') {
      const [kind, file] = given;
      store = kind === 'store' ? new SqliteStore(file, 'create') : new SqliteAddressBook(file, 'create');
      answer = { ok: null };
    } else {
      answer = { ok: flatten(store[call](...given.map(revive))) };
    }
  } catch (error) {
    const payload = /** @type {any} */ (error).payload;
    if (!payload) throw error;
    answer = { failure: flatten(payload) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
store?.close();
