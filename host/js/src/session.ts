/**
 * Sessions (IMAPISession): one client's handle of who is logged on.
 */

import { AddressBook } from './address-book.js';
import { fail } from './error.js';
import { type Access, Folder } from './folder.js';
import { Handle, type Home } from './handle.js';
import { Message } from './message.js';
import { Services } from './profiles.js';
import { Store, type WatchOptions } from './store.js';
import { type Notification, OBJECT_EVENTS, type Sinks, Subscription } from './subscription.js';
import { Table } from './table.js';
import type { Flags, Sessions } from './wire.js';

/** How to log on. */
export interface LogonOptions {
  /** The profile; the default one if not given. */
  profile?: string;
  /** How, by the flags of MAPILogonEx. */
  flags?: Flags.LogonFlags;
}

/** A session. Disposing of it logs off; one that is forgotten stays until its subsystem ends. */
export class Session extends Handle<Sessions.Session> {
  readonly #sinks: Sinks;
  readonly #gone: () => void;

  /** A session the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Sessions.Session, gone: () => void) {
    super(home, wire);
    this.#sinks = sinks;
    this.#gone = gone;
  }

  override dispose(): void {
    this.#gone();
    super.dispose();
  }

  /** The stores of the profile, opened or not. */
  stores(): Table<'entryId' | 'displayName' | 'defaultStore'> {
    const table = this.call((wire) => wire.getMsgStoresTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, ['entryId', 'displayName', 'defaultStore']);
  }

  /** Opens a store by an identifier of that table. */
  openStore(entryId: Uint8Array): Store {
    return new Store(this.home, this.#sinks, this.call((wire) => wire.openMsgStore(0n, entryId, { mapiBestAccess: true }, undefined)).store);
  }

  /** Opens a store, folder or message by its identifier, whichever open store it lies in. */
  open(entryId: Uint8Array, access: Access = 'best'): Store | Folder | Message {
    const { entry } = this.call((wire) => wire.openEntry(entryId, { mapiBestAccess: access === 'best' }, undefined));
    switch (entry.tag) {
      case 'store': return new Store(this.home, this.#sinks, entry.val);
      case 'folder': return new Folder(this.home, this.#sinks, entry.val);
      case 'message': return new Message(this.home, this.#sinks, entry.val);
      default: throw fail('mapi-e-unexpected-type', `the identifier names a ${entry.tag}`);
    }
  }

  /** The store mail arrives in. */
  get defaultStore(): Store {
    using stores = this.stores();
    for (const { entryId, defaultStore } of stores) if (defaultStore && entryId) return this.openStore(entryId);
    throw fail('mapi-e-not-found', 'the profile has no default store');
  }

  /** The address book. */
  addressBook(): AddressBook {
    return new AddressBook(this.home, this.#sinks, this.call((wire) => wire.openAddressBook(0n, {})).addressBook);
  }

  /** The status of the subsystem and of every provider. */
  status(): Table<'entryId' | 'displayName' | 'resourceType' | 'statusCode'> {
    const table = this.call((wire) => wire.getStatusTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, ['entryId', 'displayName', 'resourceType', 'statusCode']);
  }

  /** The services of the session's profile. */
  services(): Services {
    return new Services(this.home, this.#sinks, this.call((wire) => wire.adminServices()));
  }

  /** Whether two identifiers name the same object. */
  isSame(first: Uint8Array, second: Uint8Array): boolean {
    return this.call((wire) => wire.compareEntryIds(first, second));
  }

  /** The address types of all active transports. */
  addressTypes(): string[] {
    return this.call((wire) => wire.enumAdrTypes({ mapiUnicode: true }));
  }

  /** Who is logged on. */
  identity(): Uint8Array {
    return this.call((wire) => wire.queryIdentity()).entryId;
  }

  /** Tells what happens to the session, or to an object: calls the function, or without one is read with `for await`. */
  watch(options: WatchOptions = {}, callback?: (event: Notification) => void): Subscription {
    const events = options.events ?? (options.entryId ? OBJECT_EVENTS : { fnevCriticalError: true, fnevExtended: true });
    const connection = this.call((wire) => wire.advise(options.entryId, events));
    return new Subscription(this.#sinks, connection, (number) => this.call((wire) => wire.unadvise(number)), callback);
  }

  /** Ends this handle; everything opened through it becomes invalid. */
  logoff(): void {
    this.call((wire) => wire.logoff(0n, {}));
    this.dispose();
  }
}
