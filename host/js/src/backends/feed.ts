/**
 * The change feed: the newest changes, each with its number. A cursor is the number behind which one has read; one of
 * another store, or of changes forgotten since, meets a gap.
 */

import { guidBytes } from '../guid.js';
import type { BackendTypes, Types } from '../wire.js';

/** Changes kept: a reader that is further behind reads everything again. */
const KEPT = 50_000;

export class FeedLog {
  readonly #uid: Uint8Array;
  #records: BackendTypes.FeedRecord[] = [];
  /** Changes dropped from the front. */
  #forgotten = 0;
  #commits = 0n;

  constructor(uid: Types.Guid) {
    this.#uid = guidBytes(uid);
  }

  /** Adds the changes of one commit. */
  add(records: readonly Omit<BackendTypes.FeedRecord, 'commit'>[]): void {
    this.#commits += 1n;
    for (const record of records) this.#records.push({ ...record, commit: this.#commits });
    // Twice as many before any is dropped: dropping costs the whole array.
    if (this.#records.length > 2 * KEPT) this.forget(KEPT);
  }

  /** Drops all but the newest. */
  forget(keep: number): void {
    const drop = Math.max(0, this.#records.length - keep);
    this.#records = this.#records.slice(drop);
    this.#forgotten += drop;
  }

  get #newest(): number {
    return this.#forgotten + this.#records.length;
  }

  /** The place behind the newest change. */
  cursor(place = this.#newest): Uint8Array {
    const cursor = new Uint8Array(24);
    cursor.set(this.#uid);
    new DataView(cursor.buffer).setBigUint64(16, BigInt(place));
    return cursor;
  }

  #place(cursor: Uint8Array): number | undefined {
    if (cursor.length !== 24 || this.#uid.some((byte, at) => cursor[at] !== byte)) return undefined;
    const place = Number(new DataView(cursor.buffer, cursor.byteOffset).getBigUint64(16));
    return place <= this.#newest ? place : undefined;
  }

  /** The changes since a cursor. */
  since(cursor: Uint8Array, max: number): BackendTypes.FeedPage {
    const place = this.#place(cursor);
    if (place === undefined) return { records: [], cursor: this.cursor(), gap: true, more: false };
    const start = Math.max(place, this.#forgotten);
    const records = this.#records.slice(start - this.#forgotten, start - this.#forgotten + Math.max(1, max));
    const end = start + records.length;
    return { records, cursor: this.cursor(end), gap: place < this.#forgotten, more: end < this.#newest };
  }
}
