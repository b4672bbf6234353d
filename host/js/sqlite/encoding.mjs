// How numbers, byte strings and texts are stored (docs/format.md, "Properties"): little-endian numbers, LEB128 varints,
// bytes behind their length. The reader takes no byte on trust.

import { damaged } from './failure.mjs';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const undecodable = () => damaged("an object's properties cannot be decoded");

/**
 * The text of stored bytes.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function textOf(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw undecodable();
  }
}

/**
 * Whether two byte strings are the same.
 * @param {Uint8Array | undefined} a
 * @param {Uint8Array | undefined} b
 */
export function sameBytes(a, b) {
  return a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0);
}

/**
 * Bytes as a Buffer over the same memory.
 * @param {Uint8Array} bytes
 */
export function bufferOf(bytes) {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads stored bytes from their start. */
export class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    // A damaged row may have none.
    if (!bytes) throw undecodable();
    this.bytes = bufferOf(bytes);
    this.at = 0;
  }

  get left() {
    return this.bytes.length - this.at;
  }

  /** @param {number} length */
  take(length) {
    if (!(length <= this.left)) throw undecodable();
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  /** @param {number} length */
  skip(length) {
    if (!(length <= this.left)) throw undecodable();
    this.at += length;
  }

  byte() {
    if (this.left < 1) throw undecodable();
    return this.bytes[this.at++];
  }

  u16() {
    if (this.left < 2) throw undecodable();
    this.at += 2;
    return this.bytes.readUInt16LE(this.at - 2);
  }

  u32() {
    if (this.left < 4) throw undecodable();
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  u64() {
    if (this.left < 8) throw undecodable();
    this.at += 8;
    return this.bytes.readBigUInt64LE(this.at - 8);
  }

  /** A varint; numbers beyond 2^53 only a damaged file has. */
  number() {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw undecodable();
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  /** Bytes behind their length. */
  sized() {
    return this.take(this.number());
  }
}

/** Collects bytes to be stored. */
export class Sink {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  /** @param {number} more */
  #room(more) {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  get length() {
    return this.#length;
  }

  /** @param {number} value */
  byte(value) {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** @param {number} value */
  u16(value) {
    this.#room(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  /** @param {number} value */
  u32(value) {
    this.#room(4);
    this.#length = this.#bytes.writeUInt32LE(value >>> 0, this.#length);
  }

  /** @param {bigint} value */
  u64(value) {
    this.#room(8);
    this.#length = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
  }

  /**
   * A varint.
   * @param {number} value
   */
  number(value) {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** @param {Uint8Array} bytes */
  raw(bytes) {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Bytes behind their length.
   * @param {Uint8Array} bytes
   */
  sized(bytes) {
    this.number(bytes.length);
    this.raw(bytes);
  }

  /** What was collected. */
  whole() {
    return this.#bytes.subarray(0, this.#length);
  }
}
