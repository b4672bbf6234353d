/**
 * A message store in memory (`wit/store-backend.wit`). It lives as long as it is held; sessions that open it by its
 * name share it.
 */

import { fail } from '../error.js';
import { guidText, newGuid, parseGuid } from '../guid.js';
import { MemoryObjects } from './memory-objects.js';
import { bytesOf } from './values.js';
import type { BackendTypes, StoreBackend, Types } from '../wire.js';

/** The kind of store this is (PR_MDB_PROVIDER). */
const KIND = parseGuid('6d61706a-4d45-4d4f-5259-2d53544f5245');

/** A message store that is gone when nobody holds it any more. */
export class MemoryStore extends MemoryObjects implements StoreBackend.Store {
  readonly #name: string;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, Types.NamedProperty>();

  constructor(name = 'memory', uid = newGuid()) {
    super(uid);
    this.#name = name;
  }

  identity(): BackendTypes.StoreIdentity {
    return {
      uid: this.uid,
      kind: KIND,
      mappingSignature: this.uid,
      store: bytesOf(this.database.store),
      root: bytesOf(this.database.root),
      privateEntry: new TextEncoder().encode(this.#name),
      writable: true,
      capabilities: { feed: true, submit: true, attachments: true },
      index: this.index,
    };
  }

  idsOfNames(names: Types.NamedProperty[], create: boolean): (number | undefined)[] {
    return names.map((name) => {
      const text = JSON.stringify([guidText(name.set), name.name]);
      const known = this.#ids.get(text);
      const next = 0x8001 + this.#names.size;
      if (known !== undefined || !create || next > 0xfffe) return known;
      this.#ids.set(text, next);
      this.#names.set(next, name);
      return next;
    });
  }

  namesOfIds(ids: Uint16Array): (Types.NamedProperty | undefined)[] {
    return Array.from(ids, (id) => this.#names.get(id));
  }

  allNames(): BackendTypes.MappedName[] {
    return Array.from(this.#names, ([id, name]) => ({ id, name }));
  }

  quota(): BackendTypes.Quota {
    return { used: BigInt(this.database.used), limit: BigInt(this.database.limit) };
  }

  check(_repair: boolean): BackendTypes.CheckReport {
    const lost = [...this.database.items.values()].filter(({ parent }) => parent !== undefined && !this.database.items.has(parent));
    const findings = lost.map((item) => ({ object: bytesOf(item.key), message: 'lies in a container that is not there', repaired: false }));
    return { objects: BigInt(this.database.items.size), findings };
  }

  compact(): void {
    // Memory that is not used is given back without being asked.
  }

  backup(_target: string): void {
    throw fail('mapi-e-no-support', 'a store in memory has no file to copy; export it instead');
  }
}
