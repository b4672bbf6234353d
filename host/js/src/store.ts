/**
 * Message stores (IMsgStore).
 */

import { fail } from './error.js';
import { type Access, Folder } from './folder.js';
import type { Home } from './handle.js';
import { Message } from './message.js';
import { Item } from './property-bag.js';
import { type Events, type Notification, OBJECT_EVENTS, type Sinks, Subscription } from './subscription.js';
import { Table } from './table.js';
import type { Objects } from './wire.js';

/** What to be told of. */
export interface WatchOptions {
  /** Only what happens to this folder or message. */
  entryId?: Uint8Array;
  /** Which events; all that happen to objects if not given. */
  events?: Events;
}

/** A message store. */
export class Store extends Item<Objects.Store> {
  readonly #sinks: Sinks;

  /** A store the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Objects.Store) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** Its name. */
  get name(): string {
    return this.properties.get('displayName') ?? '';
  }

  /** Opens a folder or message of it. */
  open(entryId?: Uint8Array, access: Access = 'best'): Folder | Message {
    const { object } = this.call((wire) => wire.openEntry(entryId, { mapiBestAccess: access === 'best' }, undefined));
    if (object.tag === 'folder') return new Folder(this.home, this.#sinks, object.val);
    if (object.tag === 'message') return new Message(this.home, this.#sinks, object.val);
    throw fail('mapi-e-unexpected-type', `the identifier names a ${object.tag}`);
  }

  #folder(entryId: Uint8Array | undefined): Folder {
    const found = this.open(entryId);
    if (found instanceof Folder) return found;
    throw fail('mapi-e-unexpected-type', 'the identifier names a message');
  }

  /** Opens a message. */
  message(entryId: Uint8Array, access: Access = 'best'): Message {
    const found = this.open(entryId, access);
    if (found instanceof Message) return found;
    throw fail('mapi-e-unexpected-type', 'the identifier names a folder');
  }

  /** The root folder. */
  get root(): Folder {
    return this.#folder(undefined);
  }

  /** The folder people see as the top. */
  get top(): Folder {
    return this.#folder(this.properties.require('ipmSubtreeEntryId'));
  }

  /** Where mail arrives. */
  get inbox(): Folder {
    return this.#folder(this.call((wire) => wire.getReceiveFolder(undefined, { mapiUnicode: true })).entryId);
  }

  /** Where mail waits to be sent. */
  get outbox(): Folder {
    return this.#folder(this.properties.require('outboxEntryId'));
  }

  /** Where copies of what was sent are kept. */
  get sent(): Folder {
    return this.#folder(this.properties.require('sentFolderEntryId'));
  }

  /** Where deleted messages go. */
  get wastebasket(): Folder {
    return this.#folder(this.properties.require('wastebasketEntryId'));
  }

  /** A folder by its path below the top, such as `Inbox/2024`. */
  folder(path: string): Folder {
    let folder = this.top;
    for (const name of path.split('/').filter((part) => part !== '')) {
      using above = folder;
      folder = above.folder(name);
    }
    return folder;
  }

  /** The messages that wait to be sent. */
  outgoing(): Table<'entryId' | 'subject' | 'submittedAt'> {
    return new Table(this.home, this.#sinks, this.call((wire) => wire.getOutgoingQueue()), ['entryId', 'subject', 'submittedAt']);
  }

  /** Takes a message back that waits to be sent. */
  abortSubmit(entryId: Uint8Array): void {
    this.call((wire) => wire.abortSubmit(entryId));
  }

  /** Tells what happens to its objects: calls the function, or without one is read with `for await`. */
  watch(options: WatchOptions = {}, callback?: (event: Notification) => void): Subscription {
    const connection = this.call((wire) => wire.advise(options.entryId, options.events ?? OBJECT_EVENTS));
    return new Subscription(this.#sinks, connection, (number) => this.call((wire) => wire.unadvise(number)), callback);
  }
}
