// Large values on their way into a commit: in memory while small, then in a temporary file without a name, so that nothing
// of them outlives the process.

import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { StoreFailure } from './failure.mjs';
import { storeLarge, storeLargeFrom } from './large.mjs';

/** @typedef {import('./database.mjs').Database} Database */

/** Bytes a value may have before it is written to a file. */
const IN_MEMORY = 1 << 20;

/** One value that is being staged. */
class Staged {
  /** @type {Uint8Array[]} */
  #parts = [];
  /** @type {number | undefined} */
  #file;
  length = 0;

  /**
   * @param {Uint8Array} bytes
   * @param {string} folder where its file lies
   */
  append(bytes, folder) {
    if (this.#file === undefined && this.length + bytes.length <= IN_MEMORY) {
      this.#parts.push(bytes.slice());
    } else {
      if (this.#file === undefined) {
        this.#file = nameless(folder);
        let at = 0;
        for (const part of this.#parts) at += writeAll(this.#file, part, at);
        this.#parts = [];
      }
      writeAll(this.#file, bytes, this.length);
    }
    this.length += bytes.length;
  }

  /**
   * Stores the value.
   * @param {Database} database
   * @param {number} number
   */
  store(database, number) {
    if (this.#file === undefined) storeLarge(database, number, Buffer.concat(this.#parts));
    else storeLargeFrom(database, number, this.#file, this.length);
  }

  close() {
    if (this.#file !== undefined) fs.closeSync(this.#file);
    this.#file = undefined;
  }
}

/**
 * A file that vanishes with the process.
 * @param {string} folder
 */
function nameless(folder) {
  const name = path.join(folder, `.staged-${randomBytes(8).toString('hex')}`);
  const file = fs.openSync(name, 'wx+', 0o600);
  fs.unlinkSync(name);
  return file;
}

/**
 * @param {number} file
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function writeAll(file, bytes, at) {
  let written = 0;
  while (written < bytes.length) written += fs.writeSync(file, bytes, written, bytes.length - written, at + written);
  return bytes.length;
}

/** The values being staged in an open store. */
export class Staging {
  #last = 0n;
  /** @type {Map<bigint, Staged>} */
  #values = new Map();

  begin() {
    this.#last += 1n;
    this.#values.set(this.#last, new Staged());
    return this.#last;
  }

  /** @param {bigint} number */
  find(number) {
    const staged = this.#values.get(number);
    if (!staged) throw new StoreFailure('mapi-e-not-found', 'No such value is being staged; it was used or discarded.');
    return staged;
  }

  /** @param {bigint} number */
  discard(number) {
    this.#values.get(number)?.close();
    this.#values.delete(number);
  }

  discardAll() {
    for (const number of [...this.#values.keys()]) this.discard(number);
  }
}
