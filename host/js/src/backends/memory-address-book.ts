/**
 * An address book in memory (`wit/address-book-backend.wit`): one container people keep their own entries in. Matching
 * names and forms are left to the session.
 */

import { fail } from '../error.js';
import { newGuid, parseGuid } from '../guid.js';
import { MemoryObjects } from './memory-objects.js';
import { bytesOf } from './values.js';
import type { AddressBookBackend, BackendTypes, Flags, Types } from '../wire.js';

/** The kind of address book this is (PR_AB_PROVIDER_ID). */
const KIND = parseGuid('6d61706a-4d45-4d4f-5259-2d41424f4f4b');
/** AB_RECIPIENTS, AB_MODIFIABLE and AB_UNICODE_OK. */
const CONTAINER_FLAGS = 0x1 | 0x4 | 0x40;
/** DT_MODIFIABLE. */
const MODIFIABLE = 0x10000;

/** An address book that is gone when nobody holds it any more. */
export class MemoryAddressBook extends MemoryObjects implements AddressBookBackend.AddressBook {
  constructor(name = 'Personal Address Book', uid = newGuid()) {
    super(uid);
    const [object] = this.reserve(1);
    const inline = (tag: number, val: Types.Value): BackendTypes.StoredProperty => ({ tag, value: { tag: 'inline', val } });
    const properties = [
      inline(0x3001001f, { tag: 'unicode', val: name }),
      inline(0x36000003, { tag: 'long', val: CONTAINER_FLAGS }),
      inline(0x39000003, { tag: 'long', val: MODIFIABLE }),
    ];
    const val = { object: object!, parent: bytesOf(this.database.root), kind: 'folder', properties } as const;
    this.commit({ changes: [{ tag: 'create', val }], token: 0n, deferIndexing: false, delivery: false });
  }

  identity(): BackendTypes.AddressBookIdentity {
    return { uid: this.uid, kind: KIND, root: bytesOf(this.database.root), writable: true, feed: true, index: this.index };
  }

  resolve(_container: Uint8Array, _names: string[], _tags: Uint32Array, _how: Flags.ResolveNamesFlags): BackendTypes.Resolution[] {
    throw fail('mapi-e-no-support', 'matching is left to the session');
  }

  templates(_container: Uint8Array | undefined): Types.Property[][] {
    throw fail('mapi-e-no-support', 'there are no templates');
  }

  details(_object: Uint8Array): Types.Property[][] {
    throw fail('mapi-e-no-support', 'there is no form');
  }

  controlEnabled(_object: Uint8Array, _control: number): boolean {
    throw fail('mapi-e-not-found', 'there is no such button');
  }

  controlActivate(_object: Uint8Array, _control: number, _ui: bigint): void {
    throw fail('mapi-e-not-found', 'there is no such button');
  }

  searchForm(_container: Uint8Array): Types.Property[][] {
    throw fail('mapi-e-no-support', 'there is no form');
  }

  search(_container: Uint8Array, _criteria: Types.Property[], _request: BackendTypes.ScanRequest): BackendTypes.ScanPage {
    throw fail('mapi-e-no-support', 'there is no search');
  }

  openTemplate(_template: Uint8Array, _how: object, _entry: Types.Property[]): never {
    throw fail('mapi-e-unknown-entryid', 'there are no templates');
  }

  templateGet(_binding: bigint, _tags: Uint32Array): Types.Property[] {
    throw fail('mapi-e-not-found', 'there are no templates');
  }

  templateSet(_binding: bigint, _values: Types.Property[]): void {
    throw fail('mapi-e-not-found', 'there are no templates');
  }

  templateClose(_binding: bigint): void {
    // No binding was ever handed out.
  }
}
