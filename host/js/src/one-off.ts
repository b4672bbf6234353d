/**
 * One-off entry identifiers (`spec/properties` 6.3): an address that is no entry of any address book.
 */

import type { Types } from './wire.js';

const UID = [0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02];
/** MAPI_UNICODE. */
const UNICODE = 0x8000;

/** The entry identifier of a name and an Internet address. */
export function oneOff(name: string, address: string): Uint8Array {
  const texts = [name, 'SMTP', address].map((text) => `${text}\0`).join('');
  const bytes = new Uint8Array(24 + 2 * texts.length);
  bytes.set(UID, 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(22, UNICODE, true);
  for (let at = 0; at < texts.length; at++) view.setUint16(24 + 2 * at, texts.charCodeAt(at), true);
  return bytes;
}

/** PR_SEARCH_KEY of an Internet address. */
export function searchKey(address: string): Uint8Array {
  return new TextEncoder().encode(`SMTP:${address.toUpperCase()}\0`);
}

/** A name, an address, an entry identifier and a search key as properties with these identifiers. */
export function addressProperties(
  name: string, address: string, tags: { name?: number; type?: number; address?: number; entryId?: number; searchKey?: number },
): Types.Property[] {
  const text = (id: number | undefined, val: string): Types.Property[] => (id === undefined ? [] : [{ tag: ((id << 16) | 0x1f) >>> 0, value: { tag: 'unicode', val } }]);
  const bytes = (id: number | undefined, val: Uint8Array): Types.Property[] => (id === undefined ? [] : [{ tag: ((id << 16) | 0x102) >>> 0, value: { tag: 'binary', val } }]);
  return [
    ...text(tags.name, name), ...text(tags.type, 'SMTP'), ...text(tags.address, address),
    ...bytes(tags.entryId, oneOff(name, address)), ...bytes(tags.searchKey, searchKey(address)),
  ];
}
