// Rows by columns (wit/types.wit, `column`): cells of one type lie in one list or arena, absent ones in a bit set.

import { PT, withKind } from './tags.mjs';
import { kindOfValue } from './values.mjs';

/** @typedef {import('./world.mjs').Value} Value */
/** @typedef {import('./world.mjs').Column} Column */
/** @typedef {import('./world.mjs').ByteArena} ByteArena */

/**
 * Many byte strings in one.
 * @param {Uint8Array[]} parts
 * @returns {ByteArena}
 */
export function arenaOf(parts) {
  const ends = new Uint32Array(parts.length);
  let end = 0;
  parts.forEach((part, row) => { ends[row] = end += part.length; });
  return { bytes: Buffer.concat(parts, end), ends };
}

/**
 * The column with these cells; `tag` is the one asked for.
 * @param {number} tag
 * @param {(Value | undefined)[]} cells
 * @returns {Column}
 */
export function columnOf(tag, cells) {
  let present = new Uint8Array(0);
  if (cells.includes(undefined)) {
    present = new Uint8Array(Math.ceil(cells.length / 8));
    cells.forEach((cell, row) => {
      if (cell) present[row >> 3] |= 1 << (row & 7);
    });
  }
  const first = cells.find((cell) => cell !== undefined);
  const kind = first ? kindOfValue(first) : tag & 0xffff;
  const uniform = !first || cells.every((cell) => cell === undefined || cell.tag === first.tag);
  const data = uniform ? compact(kind, cells) : undefined;
  if (data) return { tag: withKind(tag, kind), present, data };
  return { tag: tag >>> 0, present, data: { tag: 'mixed', val: cells.map((cell) => cell ?? { tag: 'null' }) } };
}

/**
 * @param {number} kind
 * @param {(Value | undefined)[]} cells
 * @returns {import('./world.mjs').ColumnData | undefined}
 */
function compact(kind, cells) {
  switch (kind) {
    case PT.LONG: case PT.BOOLEAN:
      return { tag: 'longs', val: Int32Array.from(cells, (cell) => Number(cell?.val ?? 0)) };
    case PT.I8: case PT.CURRENCY: case PT.SYSTIME:
      return { tag: 'i64s', val: BigInt64Array.from(cells, (cell) => BigInt.asIntN(64, cell?.val ?? 0n)) };
    case PT.UNICODE: {
      const ends = new Uint32Array(cells.length);
      let end = 0;
      cells.forEach((cell, row) => { ends[row] = end += cell ? Buffer.byteLength(cell.val, 'utf8') : 0; });
      return { tag: 'text', val: { text: cells.map((cell) => cell?.val ?? '').join(''), ends } };
    }
    case PT.BINARY:
      return { tag: 'bytes', val: arenaOf(cells.map((cell) => cell?.val ?? Buffer.alloc(0))) };
    default:
      return undefined;
  }
}
