// Segments of the text index: the texts of up to 256 objects end to end. Long ones lie in pieces of their own.

import { Sink, bufferOf } from '../encoding.mjs';
import { damaged } from '../failure.mjs';
import { DOCUMENTS, SLOTS, postingId, postingLists } from './postings.mjs';

/** @typedef {import('../database.mjs').Database} Database */

/** An arena of at least this many bytes gets posting lists; a smaller one is scanned faster than they are read. */
const POSTED_BYTES = 128 << 10;

/** Bytes of a piece: with what SQLite keeps of it, it fills a page. */
const PIECE = 8000;

/** Piece p of segment g is row g * 2^16 + p. */
const PIECES = 1 << 16;

/** Bytes of a document in `docs`. */
const WIDTH = 20;

/**
 * One text of a segment.
 * @typedef {{ object: number, serial: number, start: number, end: number }} Document
 */

/**
 * The documents of a segment, ascending by serial number.
 * @param {Uint8Array} docs
 * @returns {Document[]}
 */
export function documentsOf(docs) {
  const bytes = bufferOf(docs);
  const count = bytes.length / WIDTH;
  if (!Number.isInteger(count) || count > DOCUMENTS) throw damaged('a segment of the text index cannot be decoded');
  let start = 0;
  return Array.from({ length: count }, (_, number) => {
    const at = number * WIDTH;
    const document = {
      object: Number(bytes.readBigInt64LE(at)), serial: Number(bytes.readBigInt64LE(at + 8)), start, end: bytes.readUInt32LE(at + 16),
    };
    if (document.end < start) throw damaged('a segment of the text index cannot be decoded');
    start = document.end;
    return document;
  });
}

/** A segment being made. */
export class SegmentBuilder {
  #documents = new Sink();
  #arena = new Sink();
  /** @type {number[]} */
  #ends = [];
  #first = 0;
  #last = 0;

  get count() {
    return this.#ends.length;
  }

  /**
   * @param {number} object
   * @param {number} serial
   * @param {Uint8Array} text
   */
  add(object, serial, text) {
    if (this.count === 0) this.#first = serial;
    this.#last = serial;
    this.#arena.raw(text);
    this.#ends.push(this.#arena.length);
    this.#documents.u64(BigInt(object));
    this.#documents.u64(BigInt(serial));
    this.#documents.u32(this.#arena.length);
  }

  /**
   * @param {Database} database
   * @param {number} id of the property
   */
  store(database, id) {
    const arena = this.#arena.whole();
    const posted = arena.length >= POSTED_BYTES;
    const { inserted: segment } = database.run(
      'INSERT INTO segments(tag, first, last, posted, docs, arena) VALUES (?, ?, ?, ?, ?, ?)',
      id, this.#first, this.#last, posted ? 1 : 0, this.#documents.whole(), posted ? Buffer.alloc(0) : arena,
    );
    if (!posted) return;
    for (let start = 0; start < arena.length; start += PIECE) {
      database.run('INSERT INTO pieces(id, data) VALUES (?, ?)', pieceId(segment, start / PIECE), arena.subarray(start, start + PIECE));
    }
    postingLists(arena, this.#ends).forEach((data, slot) => {
      if (data) database.run('INSERT INTO postings(id, data) VALUES (?, ?)', postingId(segment, slot), data);
    });
  }
}

/**
 * @param {number} segment
 * @param {number} number
 */
function pieceId(segment, number) {
  const id = segment * PIECES + number;
  if (number >= PIECES || !Number.isSafeInteger(id)) throw damaged('the text index has too large a segment');
  return id;
}

/**
 * Bytes `start..end` of a segment's texts.
 * @param {Database} database
 * @param {number} segment
 * @param {boolean} posted
 * @param {number} start
 * @param {number} end
 * @returns {Buffer}
 */
export function readArena(database, segment, posted, start, end) {
  if (start >= end) return Buffer.alloc(0);
  let bytes;
  if (posted) {
    const pieces = database.rows(
      'SELECT data FROM pieces WHERE id BETWEEN ? AND ? ORDER BY id',
      pieceId(segment, Math.floor(start / PIECE)), pieceId(segment, Math.floor((end - 1) / PIECE)),
    );
    const skip = start % PIECE;
    bytes = Buffer.concat(pieces.map(([data]) => data)).subarray(skip, skip + end - start);
  } else {
    bytes = database.value('SELECT CAST(substr(arena, ?, ?) AS BLOB) FROM segments WHERE id = ?', start + 1, end - start, segment) ?? Buffer.alloc(0);
  }
  if (bytes.length !== end - start) throw damaged('a segment of the text index is cut short');
  return bytes;
}

/**
 * Removes a segment with its posting lists.
 * @param {Database} database
 * @param {number} segment
 */
export function removeSegment(database, segment) {
  database.run('DELETE FROM segments WHERE id = ?', segment);
  database.run('DELETE FROM postings WHERE id BETWEEN ? AND ?', postingId(segment, 0), postingId(segment, SLOTS - 1));
  database.run('DELETE FROM pieces WHERE id BETWEEN ? AND ?', pieceId(segment, 0), pieceId(segment, PIECES - 1));
}
