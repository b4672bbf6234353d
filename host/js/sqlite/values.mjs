// The stored form of a property's value, without its type (docs/format.md, "Properties").

import { Reader, Sink, bufferOf, textOf } from './encoding.mjs';
import { damaged } from './failure.mjs';
import { putRestriction, takeRestriction } from './restrictions.mjs';
import { MV_FLAG, PT, isMulti } from './tags.mjs';

/** @typedef {import('./world.mjs').Value} Value */
/** @typedef {import('./world.mjs').Guid} Guid */

const undecodable = () => damaged("an object's properties cannot be decoded");

/** The type of a value, by the name of its case. */
const KINDS = /** @type {Record<string, number>} */ ({
  'null': PT.NULL, 'i2': PT.I2, 'long': PT.LONG, 'r4': PT.R4, 'double': PT.DOUBLE, 'currency': PT.CURRENCY, 'apptime': PT.APPTIME,
  'error': PT.ERROR, 'boolean': PT.BOOLEAN, 'object': PT.OBJECT, 'i8': PT.I8, 'string8': PT.STRING8, 'unicode': PT.UNICODE,
  'systime': PT.SYSTIME, 'clsid': PT.CLSID, 'svreid': PT.SVREID, 'srestriction': PT.SRESTRICT, 'actions': PT.ACTIONS,
  'binary': PT.BINARY,
});
const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind, name]));

/** Types whose values have a width of their own.
 * @type {Map<number, number>} */
const WIDTHS = new Map([
  [PT.I2, 2], [PT.LONG, 4], [PT.R4, 4], [PT.DOUBLE, 8], [PT.APPTIME, 8], [PT.CURRENCY, 8], [PT.I8, 8], [PT.SYSTIME, 8],
  [PT.CLSID, 16],
]);

/**
 * The type of a value.
 * @param {Value} value
 */
export function kindOfValue(value) {
  const multi = value.tag.startsWith('mv-');
  const kind = KINDS[multi ? value.tag.slice(3) : value.tag];
  if (kind === undefined) throw undecodable();
  return multi ? kind | MV_FLAG : kind;
}

/** @param {Guid} guid */
export function guidBytes(guid) {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(guid.hi, 0);
  bytes.writeBigUInt64BE(guid.lo, 8);
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Guid}
 */
export function guidOf(bytes) {
  if (bytes.length !== 16) throw undecodable();
  const buffer = bufferOf(bytes);
  return { hi: buffer.readBigUInt64BE(0), lo: buffer.readBigUInt64BE(8) };
}

/**
 * The stored form of a value.
 * @param {Value} value
 * @returns {Buffer}
 */
export function encodeValue(value) {
  const kind = kindOfValue(value);
  if (isMulti(kind)) return encodeMulti(kind & ~MV_FLAG, value.val);
  switch (kind) {
    case PT.NULL: case PT.OBJECT: return Buffer.alloc(0);
    case PT.UNICODE: return Buffer.from(value.val, 'utf8');
    case PT.STRING8: case PT.SVREID: case PT.ACTIONS: case PT.BINARY: return bufferOf(value.val);
    case PT.BOOLEAN: return Buffer.of(value.val ? 1 : 0);
    case PT.CLSID: return guidBytes(value.val);
    case PT.SRESTRICT: {
      const sink = new Sink();
      putRestriction(value.val, sink);
      return sink.whole();
    }
    default: {
      const width = kind === PT.ERROR ? 4 : WIDTHS.get(kind);
      if (width === undefined) throw undecodable();
      const bytes = Buffer.alloc(width);
      putNumber(kind, value.val, bytes, 0);
      return bytes;
    }
  }
}

/**
 * @param {number} kind
 * @param {any} value
 * @param {Buffer} bytes
 * @param {number} at
 */
function putNumber(kind, value, bytes, at) {
  switch (kind) {
    case PT.I2: bytes.writeInt16LE(value, at); break;
    case PT.LONG: bytes.writeInt32LE(value, at); break;
    case PT.ERROR: bytes.writeUInt32LE(value >>> 0, at); break;
    case PT.R4: bytes.writeFloatLE(value, at); break;
    case PT.DOUBLE: case PT.APPTIME: bytes.writeDoubleLE(value, at); break;
    default: bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }
}

/**
 * @param {number} base
 * @param {any} values
 */
function encodeMulti(base, values) {
  const sink = new Sink();
  sink.number(values.length);
  for (const value of values) {
    if (base === PT.UNICODE) sink.sized(Buffer.from(value, 'utf8'));
    else if (base === PT.STRING8 || base === PT.BINARY) sink.sized(value);
    else if (base === PT.CLSID) sink.raw(guidBytes(value));
    else {
      const bytes = Buffer.alloc(WIDTHS.get(base) ?? 0);
      putNumber(base, value, bytes, 0);
      sink.raw(bytes);
    }
  }
  return sink.whole();
}

/**
 * The value of that type with that stored form.
 * @param {number} kind
 * @param {Uint8Array} stored
 * @param {number} [depth] how deep in restrictions the value lies
 * @returns {Value}
 */
export function decodeValue(kind, stored, depth = 0) {
  const bytes = bufferOf(stored);
  if (isMulti(kind)) return decodeMulti(kind & ~MV_FLAG, bytes);
  const tag = NAMES.get(kind);
  if (tag === undefined) throw undecodable();
  /** @param {number} width */
  const needs = (width) => {
    if (bytes.length < width) throw undecodable();
  };
  switch (kind) {
    case PT.NULL: case PT.OBJECT: return { tag };
    case PT.UNICODE: return { tag, val: textOf(bytes) };
    case PT.STRING8: case PT.SVREID: case PT.ACTIONS: case PT.BINARY: return { tag, val: bytes };
    case PT.BOOLEAN: needs(1); return { tag, val: bytes[0] !== 0 };
    case PT.I2: needs(2); return { tag, val: bytes.readInt16LE(0) };
    case PT.LONG: needs(4); return { tag, val: bytes.readInt32LE(0) };
    case PT.ERROR: needs(4); return { tag, val: bytes.readUInt32LE(0) };
    case PT.R4: needs(4); return { tag, val: bytes.readFloatLE(0) };
    case PT.DOUBLE: case PT.APPTIME: needs(8); return { tag, val: bytes.readDoubleLE(0) };
    case PT.SYSTIME: needs(8); return { tag, val: bytes.readBigUInt64LE(0) };
    case PT.CURRENCY: case PT.I8: needs(8); return { tag, val: bytes.readBigInt64LE(0) };
    case PT.CLSID: needs(16); return { tag, val: guidOf(bytes.subarray(0, 16)) };
    case PT.SRESTRICT: return { tag, val: takeRestriction(new Reader(bytes), depth) };
    default: throw undecodable();
  }
}

/**
 * @param {number} base
 * @param {Buffer} bytes
 * @returns {Value}
 */
function decodeMulti(base, bytes) {
  const reader = new Reader(bytes);
  const count = reader.number();
  // Every element takes at least a byte.
  if (count > bytes.length) throw undecodable();
  const name = NAMES.get(base);
  if (name === undefined) throw undecodable();
  const tag = `mv-${name}`;
  const list = /** @type {<T>(one: () => T) => T[]} */ ((one) => Array.from({ length: count }, one));
  switch (base) {
    case PT.I2: return { tag, val: Int16Array.from(list(() => reader.take(2).readInt16LE(0))) };
    case PT.LONG: return { tag, val: Int32Array.from(list(() => reader.take(4).readInt32LE(0))) };
    case PT.R4: return { tag, val: Float32Array.from(list(() => reader.take(4).readFloatLE(0))) };
    case PT.DOUBLE: case PT.APPTIME: return { tag, val: Float64Array.from(list(() => reader.take(8).readDoubleLE(0))) };
    case PT.CURRENCY: case PT.I8: return { tag, val: BigInt64Array.from(list(() => reader.take(8).readBigInt64LE(0))) };
    case PT.SYSTIME: return { tag, val: BigUint64Array.from(list(() => reader.take(8).readBigUInt64LE(0))) };
    case PT.CLSID: return { tag, val: list(() => guidOf(reader.take(16))) };
    case PT.UNICODE: return { tag, val: list(() => textOf(reader.sized())) };
    case PT.STRING8: case PT.BINARY: return { tag, val: list(() => reader.sized()) };
    default: throw undecodable();
  }
}

/**
 * The size of a value as RES_SIZE counts: text two bytes a UTF-16 unit.
 * @param {Value} value
 * @returns {number}
 */
export function sizeOfValue(value) {
  const kind = kindOfValue(value);
  if (isMulti(kind)) {
    const base = kind & ~MV_FLAG;
    if (base === PT.UNICODE) return value.val.reduce((/** @type {number} */ sum, /** @type {string} */ text) => sum + 2 * text.length, 0);
    if (base === PT.STRING8 || base === PT.BINARY) {
      return value.val.reduce((/** @type {number} */ sum, /** @type {Uint8Array} */ bytes) => sum + bytes.length, 0);
    }
    return (WIDTHS.get(base) ?? 0) * value.val.length;
  }
  switch (kind) {
    case PT.NULL: case PT.OBJECT: case PT.SRESTRICT: return 0;
    case PT.BOOLEAN: return 2;
    case PT.ERROR: return 4;
    case PT.UNICODE: return 2 * value.val.length;
    case PT.STRING8: case PT.SVREID: case PT.ACTIONS: case PT.BINARY: return value.val.length;
    default: return WIDTHS.get(kind) ?? 0;
  }
}
