/**
 * Rows by column (`batch` of `backend-types.wit`): numbers as typed arrays, texts and bytes as one arena a column.
 */

import { cut } from './values.js';
import type { BackendTypes, Types } from '../wire.js';

/** Bytes of a text in UTF-8. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit >= 0xd800 && unit < 0xdc00) { length += 2; at++; } else length += 2;
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

function textArena(cells: readonly (Types.Value | undefined)[]): Types.TextArena {
  const ends = new Uint32Array(cells.length);
  const texts: string[] = [];
  let end = 0;
  cells.forEach((cell, row) => {
    if (cell?.tag === 'unicode') {
      texts.push(cell.val);
      end += utf8Length(cell.val);
    }
    ends[row] = end;
  });
  return { text: texts.join(''), ends };
}

/** The types whose cells have an array of their own, by the case of their values. */
const TYPES: Partial<Record<Types.Value['tag'], number>> = {
  long: 0x03, boolean: 0x0b, i8: 0x14, currency: 0x06, systime: 0x40, unicode: 0x1f, binary: 0x102,
};

function data(kind: Types.Value['tag'], cells: readonly (Types.Value | undefined)[]): Types.ColumnData {
  switch (kind) {
    case 'long': case 'boolean':
      return { tag: 'longs', val: Int32Array.from(cells, (cell) => Number(cell?.tag === 'long' || cell?.tag === 'boolean' ? cell.val : 0)) };
    case 'i8': case 'currency': case 'systime':
      return {
        tag: 'i64s',
        val: BigInt64Array.from(cells, (cell) => (cell?.tag === 'i8' || cell?.tag === 'currency' || cell?.tag === 'systime' ? cell.val : 0n)),
      };
    case 'unicode': return { tag: 'text', val: textArena(cells) };
    case 'binary': {
      const none = new Uint8Array();
      return { tag: 'bytes', val: byteArena(cells.map((cell) => (cell?.tag === 'binary' ? cell.val : none))) };
    }
    default: return { tag: 'mixed', val: cells.map((cell) => cell ?? { tag: 'null' }) };
  }
}

/** A column of these cells, as narrow as they allow. */
export function column(tag: number, cells: readonly (Types.Value | undefined)[], limit: number): Types.Column {
  const shown = cells.map((cell) => cell && cut(cell, limit));
  const first = shown.find((cell) => cell !== undefined);
  const kind = first && shown.every((cell) => !cell || cell.tag === first.tag) ? first.tag : 'null';
  const type = TYPES[kind];
  let present = new Uint8Array();
  if (shown.includes(undefined)) {
    present = new Uint8Array(Math.ceil(shown.length / 8));
    for (let row = 0; row < shown.length; row++) if (shown[row]) present[row >> 3]! |= 1 << (row & 7);
  }
  return { tag: type === undefined ? tag : ((tag & 0xffff0000) | type) >>> 0, present, data: data(kind, shown) };
}

/** A row to be handed over. */
export interface Row {
  id: Uint8Array;
  arrival: number;
  parent: Uint8Array;
  kind: BackendTypes.ObjectKind;
  cell(id: number): Types.Value | undefined;
}

/** Rows by column, with their parents or without. */
export function batch(rows: readonly Row[], columns: Uint32Array, limit: number, parents: boolean): BackendTypes.Batch {
  return {
    ids: byteArena(rows.map((row) => row.id)),
    arrivals: BigUint64Array.from(rows, (row) => BigInt(row.arrival)),
    parents: byteArena(parents ? rows.map((row) => row.parent) : []),
    kinds: rows.map((row) => row.kind),
    columns: Array.from(columns, (tag) => column(tag, rows.map((row) => row.cell(tag >>> 16)), limit)),
  };
}

