/**
 * Rows read by columns: numbers are typed arrays, texts one string a column. A row or a cell is made when it is
 * looked at.
 */

import { FileTime } from './file-time.js';
import { type PropKey, type PropValue, type ValueOf, fromValue } from './properties.js';
import type { Tables, Types } from './wire.js';

/** A row: its cells by the names of the columns, `undefined` where there is no value. */
export type Row<K extends PropKey> = { readonly [Key in K]: ValueOf<Key> | undefined };

/** Where each text ends in UTF-16 units, from where it ends in bytes of UTF-8. */
function unitEnds(text: string, ends: Uint32Array): Uint32Array {
  // Text without anything beyond ASCII: a unit is a byte.
  if (ends.length === 0 || text.length === ends[ends.length - 1]) return ends;
  const units = new Uint32Array(ends.length);
  let [at, bytes] = [0, 0];
  ends.forEach((end, row) => {
    while (bytes < end) {
      const unit = text.charCodeAt(at++);
      // Of a surrogate pair each half counts two of its four bytes.
      bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
    }
    units[row] = at;
  });
  return units;
}

/** A column of rows. */
export class Column<V = PropValue> implements Iterable<V | undefined> {
  readonly #column: Types.Column;
  readonly #read: (row: number) => PropValue | undefined;
  /** How many cells it has. */
  readonly length: number;

  constructor(column: Types.Column, length: number) {
    this.#column = column;
    this.length = length;
    this.#read = reader(column);
  }

  /** The tag with the type of the cells. */
  get tag(): number {
    return this.#column.tag;
  }

  /** Whether a row has a value. */
  has(row: number): boolean {
    const { present } = this.#column;
    return row >= 0 && row < this.length && (present.length === 0 || ((present[row >> 3] ?? 0) >> (row & 7) & 1) === 1);
  }

  /** The value of a row. */
  at(row: number): V | undefined {
    return this.has(row) ? this.#read(row) as V | undefined : undefined;
  }

  /** The cells as a typed array, for a column of numbers: booleans as 0 and 1, times as their ticks. Absent ones are 0. */
  get numbers(): Int32Array | BigInt64Array | undefined {
    const { data } = this.#column;
    return data.tag === 'longs' || data.tag === 'i64s' ? data.val : undefined;
  }

  *[Symbol.iterator](): Generator<V | undefined, void, undefined> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }
}

/** Reads the cells of a column. */
function reader({ tag, data }: Types.Column): (row: number) => PropValue | undefined {
  switch (data.tag) {
    case 'longs': return (tag & 0xffff) === 0x0b ? (row) => data.val[row] !== 0 : (row) => data.val[row];
    case 'i64s': return (tag & 0xffff) === 0x40 ? (row) => new FileTime(BigInt.asUintN(64, data.val[row] ?? 0n)) : (row) => data.val[row];
    case 'text': {
      const { text } = data.val;
      const ends = unitEnds(text, data.val.ends);
      return (row) => text.slice(row === 0 ? 0 : ends[row - 1], ends[row]);
    }
    case 'bytes': return (row) => data.val.bytes.slice(row === 0 ? 0 : data.val.ends[row - 1], data.val.ends[row]);
    case 'mixed': return (row) => { const value = data.val[row]; return value && fromValue(value); };
  }
}

/** Rows read together. */
export class RowBatch<K extends PropKey> implements Iterable<Row<K>> {
  /** How many rows. */
  readonly length: number;
  readonly #columns = new Map<PropKey, Column>();
  readonly #Row: new (row: number) => Row<K>;

  constructor(keys: readonly K[], batch: Tables.RowBatch) {
    this.length = batch.rows;
    keys.forEach((key, at) => {
      const column = batch.columns[at];
      if (column) this.#columns.set(key, new Column(column, batch.rows));
    });
    class LazyRow {
      readonly row!: number;

      constructor(row: number) {
        Object.defineProperty(this, 'row', { value: row });
      }
    }
    for (const [key, column] of this.#columns) {
      Object.defineProperty(LazyRow.prototype, key, { enumerable: true, get(this: LazyRow) { return column.at(this.row); } });
    }
    this.#Row = LazyRow as unknown as new (row: number) => Row<K>;
  }

  /** A column. */
  column<Key extends K>(key: Key): Column<ValueOf<Key>> {
    const column = this.#columns.get(key);
    if (!column) throw new RangeError(`there is no column ${String(key)}`);
    return column as unknown as Column<ValueOf<Key>>;
  }

  /** A row; its cells are read when they are looked at. */
  at(row: number): Row<K> | undefined {
    return row >= 0 && row < this.length ? new this.#Row(row) : undefined;
  }

  *[Symbol.iterator](): Generator<Row<K>, void, undefined> {
    for (let row = 0; row < this.length; row++) yield new this.#Row(row);
  }

  /** The rows as plain objects. */
  toArray(): { [Key in K]: ValueOf<Key> | undefined }[] {
    const keys = [...this.#columns.keys()];
    return Array.from(this, (row) => Object.fromEntries(keys.map((key) => [key, (row as Record<PropKey, unknown>)[key]])) as { [Key in K]: ValueOf<Key> | undefined });
  }
}
