/**
 * Rows by column (`batch` of `backend-types.wit`): numbers as typed arrays, texts and bytes as one arena a column.
 *
 * A column is first filled as the type that was asked for; only one with cells of other types is handed over value
 * by value, which costs ten times as much.
 */

import { Database, type Item } from './database.js';
import { cut, cutBytes, cutText, typeOf } from './values.js';
import type { BackendTypes, Types } from '../wire.js';

/** Bytes of a text in UTF-8. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Of a surrogate pair each half counts two of its four bytes.
    length += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return length;
}

/** Byte strings as one. */
export function byteArena(parts: readonly Uint8Array[]): Types.ByteArena {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const ends = new Uint32Array(parts.length);
  let end = 0;
  parts.forEach((part, row) => {
    bytes.set(part, end);
    end += part.length;
    ends[row] = end;
  });
  return { bytes, ends };
}

/** Keys as the identifiers they are strings of. */
function idArena(items: readonly Item[], keyOf: (item: Item) => string): Types.ByteArena {
  const ends = new Uint32Array(items.length);
  let end = 0;
  for (let row = 0; row < items.length; row++) ends[row] = end += keyOf(items[row]!).length;
  const bytes = new Uint8Array(end);
  let at = 0;
  for (const item of items) {
    const key = keyOf(item);
    for (let place = 0; place < key.length; place++) bytes[at++] = key.charCodeAt(place);
  }
  return { bytes, ends };
}

/** The cells of one type, filled row by row. */
interface Filler {
  /** Takes a cell; false: it is of another type. */
  take(row: number, value: Types.Value): boolean;
  data(): Types.ColumnData;
}

function numbers(count: number, kind: 'long' | 'boolean'): Filler {
  const val = new Int32Array(count);
  return {
    take(row, value) {
      if (value.tag !== kind) return false;
      val[row] = Number(value.val);
      return true;
    },
    data: () => ({ tag: 'longs', val }),
  };
}

function wideNumbers(count: number, kind: 'i8' | 'currency' | 'systime'): Filler {
  const val = new BigInt64Array(count);
  return {
    take(row, value) {
      if (value.tag !== kind) return false;
      // A time is 64 bits without a sign, handed over as they are.
      val[row] = value.val;
      return true;
    },
    data: () => ({ tag: 'i64s', val }),
  };
}

/** Rows without a cell end where the row before them ends. */
function closed(ends: Uint32Array): Uint32Array {
  let end = 0;
  for (let row = 0; row < ends.length; row++) {
    if (ends[row] === 0) ends[row] = end;
    else end = ends[row]!;
  }
  return ends;
}

function texts(count: number, limit: number): Filler {
  const ends = new Uint32Array(count);
  let [text, end] = ['', 0];
  return {
    take(row, value) {
      if (value.tag !== 'unicode') return false;
      const val = cutText(value.val, limit);
      text += val;
      ends[row] = end += utf8Length(val);
      return true;
    },
    data: () => ({ tag: 'text', val: { text, ends: closed(ends) } }),
  };
}

function byteStrings(count: number, limit: number): Filler {
  const parts: Uint8Array[] = new Array<Uint8Array>(count).fill(NONE);
  return {
    take(row, value) {
      if (value.tag !== 'binary') return false;
      parts[row] = cutBytes(value.val, limit);
      return true;
    },
    data: () => ({ tag: 'bytes', val: byteArena(parts) }),
  };
}

const NONE = new Uint8Array();

/** What fills a column of that type; types without an array of their own have none. */
function filler(type: number, count: number, limit: number): Filler | undefined {
  switch (type) {
    case 0x03: return numbers(count, 'long');
    case 0x0b: return numbers(count, 'boolean');
    case 0x14: return wideNumbers(count, 'i8');
    case 0x06: return wideNumbers(count, 'currency');
    case 0x40: return wideNumbers(count, 'systime');
    case 0x1f: return texts(count, limit);
    case 0x102: return byteStrings(count, limit);
    default: return undefined;
  }
}

/** Finds the value of a row; folders count some of theirs. */
function valueOf(database: Database, item: Item, id: number, counted: boolean): Types.Value | undefined {
  return counted ? database.value(item, id)?.value : item.cells.get(id)?.value;
}

/** A column of these rows. */
function column(database: Database, items: readonly Item[], tag: number, limit: number): Types.Column {
  const id = tag >>> 16;
  const counted = Database.COUNTED.includes(id);
  const cells = filler(typeOf(tag), items.length, limit);
  const bits = new Uint8Array(Math.ceil(items.length / 8));
  let [count, alike] = [0, cells !== undefined];
  for (let row = 0; row < items.length; row++) {
    const value = valueOf(database, items[row]!, id, counted);
    if (!value) continue;
    bits[row >> 3]! |= 1 << (row & 7);
    count++;
    alike &&= cells?.take(row, value) ?? false;
  }
  const present = count === items.length ? NONE : bits;
  if (cells && alike) return { tag, present, data: cells.data() };
  const val = items.map((item): Types.Value => {
    const value = valueOf(database, item, id, counted);
    return value ? cut(value, limit) : { tag: 'null' };
  });
  return { tag, present, data: { tag: 'mixed', val } };
}

/** Rows by column, with their parents or without. */
export function batch(database: Database, items: readonly Item[], columns: Uint32Array, limit: number, parents: boolean): BackendTypes.Batch {
  const arrivals = new BigUint64Array(items.length);
  // Two halves each: making a BigInt of every number costs more than all the rest.
  const halves = new Uint32Array(arrivals.buffer);
  items.forEach(({ arrival }, row) => {
    halves[2 * row] = arrival >>> 0;
    halves[2 * row + 1] = Math.floor(arrival / 2 ** 32);
  });
  return {
    ids: idArena(items, (item) => item.key),
    arrivals,
    parents: parents ? idArena(items, (item) => item.parent ?? item.key) : { bytes: NONE, ends: new Uint32Array() },
    kinds: items.map((item) => item.kind),
    columns: Array.from(columns, (tag) => column(database, items, tag, limit)),
  };
}
