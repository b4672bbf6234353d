/**
 * Stored values: their size, their type family, their cut form, and bytes as text that compares like bytes.
 */

import { fail } from '../error.js';
import type { Types } from '../wire.js';

/** The types a value of which may be asked for under another one of the same family: text is text. */
const TEXT = [0x1e, 0x1f];
/** `PT_UNSPECIFIED`. */
const ANY = 0;
/** `MVI_FLAG`: each element has a row of its own. */
const INSTANCE = 0x3000;

/** The identifier of a tag. */
export const idOf = (tag: number): number => tag >>> 16;
/** The type of a tag. */
export const typeOf = (tag: number): number => tag & 0xffff;
/** Whether each element of that column has a row of its own. */
export const isInstance = (tag: number): boolean => (tag & INSTANCE) === INSTANCE;

/** Whether a value of one type answers a question for another. */
export function sameFamily(stored: number, asked: number): boolean {
  const [a, b] = [typeOf(stored), typeOf(asked)];
  return a === b || b === ANY || (TEXT.includes(a) && TEXT.includes(b));
}

/** Bytes as a string of one character a byte: it compares as the bytes do, and is a key of a `Map`. */
export function byteString(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** The bytes again. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Bytes of a value as PR_MESSAGE_SIZE counts them; text counts two a UTF-16 unit. */
export function sizeOf(value: Types.Value): number {
  switch (value.tag) {
    case 'null': case 'object': return 0;
    case 'i2': case 'boolean': return 2;
    case 'long': case 'r4': case 'error': return 4;
    case 'double': case 'currency': case 'apptime': case 'i8': case 'systime': return 8;
    case 'clsid': return 16;
    case 'unicode': return value.val.length * 2;
    case 'string8': case 'svreid': case 'actions': case 'binary': return value.val.length;
    case 'srestriction': return value.val.nodes.length * 16;
    case 'mv-unicode': return value.val.reduce((sum, text) => sum + text.length * 2, 0);
    case 'mv-string8': case 'mv-binary': return value.val.reduce((sum, bytes) => sum + bytes.length, 0);
    case 'mv-clsid': return value.val.length * 16;
    case 'mv-i2': return value.val.length * 2;
    case 'mv-long': case 'mv-r4': return value.val.length * 4;
    default: return value.val.length * 8;
  }
}

/** The bytes of a value that is read in ranges. */
export function rangeBytes(value: Types.Value): Uint8Array {
  switch (value.tag) {
    case 'unicode': return new TextEncoder().encode(value.val);
    case 'string8': case 'svreid': case 'actions': case 'binary': return value.val;
    default: throw fail('mapi-e-no-support', 'only strings and binaries are read in ranges');
  }
}

/** The value of staged bytes: text is staged as UTF-8. */
export function stagedValue(tag: number, bytes: Uint8Array): Types.Value {
  switch (typeOf(tag)) {
    case 0x1f:
      try {
        return { tag: 'unicode', val: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
      } catch {
        throw fail('mapi-e-invalid-parameter', 'a staged PT_UNICODE value is not UTF-8', { tag });
      }
    case 0x102: case 0x0d: return { tag: 'binary', val: bytes };
    default: throw fail('mapi-e-invalid-parameter', 'only strings, binaries and objects are staged', { tag });
  }
}

/** A text as it is handed over: cut at so many UTF-16 units; 0: not cut. */
export function cutText(text: string, limit: number): string {
  if (limit === 0 || text.length <= limit) return text;
  // Half of a surrogate pair is no text.
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit);
}

/** Bytes as they are handed over: cut at twice as many. */
export function cutBytes(bytes: Uint8Array, limit: number): Uint8Array {
  return limit === 0 || bytes.length <= 2 * limit ? bytes : bytes.slice(0, 2 * limit);
}

/** A cell as it is handed over. */
export function cut(value: Types.Value, limit: number): Types.Value {
  if (value.tag === 'unicode') return { tag: 'unicode', val: cutText(value.val, limit) };
  return value.tag === 'binary' ? { tag: 'binary', val: cutBytes(value.val, limit) } : value;
}
