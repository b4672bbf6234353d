/**
 * GUIDs and MAPIUIDs: 16 bytes whose text form is the usual one, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
 */

import { fail } from './error.js';
import type { Types } from './wire.js';

/** The text form. */
export type Guid = string;

/** Bytes of the text form in the order of the 16 bytes: the first three fields are little-endian. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** The 16 bytes of a GUID as it crosses the border. */
export function guidBytes(guid: Types.Guid): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, guid.hi);
  view.setBigUint64(8, guid.lo);
  return bytes;
}

/** A GUID of 16 bytes. */
export function guidOfBytes(bytes: Uint8Array): Types.Guid {
  if (bytes.length !== 16) throw fail('mapi-e-invalid-parameter', `a GUID has 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return { hi: view.getBigUint64(0), lo: view.getBigUint64(8) };
}

/** The text form. */
export function guidText(guid: Types.Guid): Guid {
  const bytes = guidBytes(guid);
  const hex = ORDER.map((place) => (bytes[place] ?? 0).toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A GUID of its text form, with or without braces. */
export function parseGuid(text: Guid): Types.Guid {
  const hex = text.replace(/^\{|\}$/g, '').replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw fail('mapi-e-invalid-parameter', `${JSON.stringify(text)} is no GUID`);
  const bytes = new Uint8Array(16);
  ORDER.forEach((place, at) => { bytes[place] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16); });
  return guidOfBytes(bytes);
}

/** A GUID nobody has had before. */
export function newGuid(): Types.Guid {
  return guidOfBytes(crypto.getRandomValues(new Uint8Array(16)));
}
