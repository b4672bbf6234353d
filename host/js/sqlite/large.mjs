// Large values: kept in chunks beside the objects, written once, read in ranges.

import fs from 'node:fs';
import { damaged } from './failure.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./entries.mjs').Large} Large */

/** Values up to this size lie in the object's own bag. */
export const INLINE = 1024;

/** Bytes of a chunk. */
const CHUNK = 256 << 10;

/** Chunk c of value v is row v * 2^20 + c. */
const CHUNKS = 2 ** 20;

/**
 * @param {number} number
 * @param {number} chunk
 */
function identifier(number, chunk) {
  const id = number * CHUNKS + chunk;
  if (chunk >= CHUNKS || !Number.isSafeInteger(id)) throw damaged('a large value has too many chunks');
  return id;
}

/**
 * @param {Database} database
 * @param {number} number
 * @param {number} chunk
 * @param {Uint8Array} bytes
 */
function insert(database, number, chunk, bytes) {
  database.run('INSERT INTO large(id, data) VALUES (?, ?)', identifier(number, chunk), bytes);
}

/**
 * Stores a value that is in memory.
 * @param {Database} database
 * @param {number} number
 * @param {Uint8Array} bytes
 */
export function storeLarge(database, number, bytes) {
  for (let start = 0; start < bytes.length; start += CHUNK) {
    insert(database, number, start / CHUNK, bytes.subarray(start, start + CHUNK));
  }
}

/**
 * Stores a value from an open file.
 * @param {Database} database
 * @param {number} number
 * @param {number} file
 * @param {number} length
 */
export function storeLargeFrom(database, number, file, length) {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let start = 0; start < length; start += CHUNK) {
    const wanted = Math.min(CHUNK, length - start);
    let filled = 0;
    while (filled < wanted) {
      const read = fs.readSync(file, buffer, filled, wanted - filled, start + filled);
      if (read === 0) throw new Error('a staged value is shorter than what was written to it');
      filled += read;
    }
    insert(database, number, start / CHUNK, buffer.subarray(0, wanted));
  }
}

/**
 * Takes a value from an object; with the last one that has it, it is gone.
 * @param {Database} database
 * @param {number} number
 */
export function removeLarge(database, number) {
  const further = database.value('SELECT further FROM shared_values WHERE value = ?', number);
  if (further === undefined) {
    database.run('DELETE FROM large WHERE id BETWEEN ? AND ?', identifier(number, 0), identifier(number, CHUNKS - 1));
  } else if (further > 1) {
    database.run('UPDATE shared_values SET further = further - 1 WHERE value = ?', number);
  } else {
    database.run('DELETE FROM shared_values WHERE value = ?', number);
  }
}

/**
 * Gives a value to one more object. A value never changes, so a copy of an object has the same.
 * @param {Database} database
 * @param {number} number
 */
export function shareLarge(database, number) {
  database.run('INSERT INTO shared_values(value, further) VALUES (?, 1) ON CONFLICT DO UPDATE SET further = further + 1', number);
}

/**
 * Reads bytes `offset..offset + length`, fewer at the end of the value.
 * @param {Database} database
 * @param {Large} value
 * @param {number} offset
 * @param {number} length
 * @returns {Buffer}
 */
export function readLarge(database, value, offset, length) {
  const end = Math.min(offset + length, value.bytes);
  /** @type {Buffer[]} */
  const parts = [];
  let place = offset;
  while (place < end) {
    const chunk = Math.floor(place / CHUNK);
    const skip = place % CHUNK;
    /** @type {Buffer | undefined} */
    const data = database.value('SELECT data FROM large WHERE id = ?', identifier(value.number, chunk));
    const part = data?.subarray(skip, skip + (end - place));
    if (!part || part.length === 0) throw damaged('a part of a large value is missing');
    parts.push(part);
    place += part.length;
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}
