/**
 * Folders (IMAPIFolder), with import and export of mail.
 */

import { type ArchivedMessage, isMbox, splitMbox } from './archive.js';
import { fail } from './error.js';
import { ticksOf } from './file-time.js';
import type { Home } from './handle.js';
import { Message } from './message.js';
import { Item } from './property-bag.js';
import type { PropKey, Values } from './properties.js';
import { toProperties } from './properties.js';
import type { Sinks } from './subscription.js';
import { Table } from './table.js';
import type { Objects } from './wire.js';

/** How mail is imported. */
export interface ImportOptions {
  /** Whether the messages count as read; an archive may say so of each. */
  seen?: boolean;
  /** Whether to keep the original form, to be given back byte for byte. */
  keepOriginal?: boolean;
  /** Values to set on every message. */
  properties?: Values;
  /** Called after each message with how many there are and how far in the archive that is; `false` stops. */
  progress?: (messages: number, bytes: number) => boolean | void;
}

/** What was imported. */
export interface Imported {
  /** How many messages. */
  messages: number;
  /** Their bytes. */
  bytes: number;
  /** What was odd about them and was read as well as it could be. */
  oddities: number;
}

/** The columns a contents table begins with. */
export const CONTENTS = ['entryId', 'subject', 'senderName', 'deliveredAt', 'size', 'messageFlags', 'hasAttachments', 'importance'] as const;
/** The columns a hierarchy table begins with. */
export const HIERARCHY = ['entryId', 'displayName', 'depth', 'contentCount', 'unreadCount', 'hasSubfolders'] as const;

/** How an object is opened: for writing if that is allowed, or for reading only, which leaves it free for others. */
export type Access = 'best' | 'read';

/** A folder. */
export class Folder extends Item<Objects.Folder> {
  readonly #sinks: Sinks;

  /** A folder the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Objects.Folder) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** Its name. */
  get name(): string {
    return this.properties.get('displayName') ?? '';
  }

  /** Its identifier. */
  get entryId(): Uint8Array {
    return this.properties.require('entryId');
  }

  /** Its messages. */
  contents<K extends PropKey = (typeof CONTENTS)[number]>(...columns: K[]): Table<K> {
    const table = this.call((wire) => wire.getContentsTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, columns.length > 0 ? columns : CONTENTS as unknown as K[]);
  }

  /** The folders in it, or with `deep` all below it. */
  folders(deep = false): Table<(typeof HIERARCHY)[number]> {
    const table = this.call((wire) => wire.getHierarchyTable({ mapiUnicode: true, convenientDepth: deep }));
    return new Table(this.home, this.#sinks, table, HIERARCHY);
  }

  /** Opens a folder or message. */
  open(entryId: Uint8Array, access: Access = 'best'): Folder | Message {
    const { object } = this.call((wire) => wire.openEntry(entryId, { mapiBestAccess: access === 'best' }, undefined));
    if (object.tag === 'folder') return new Folder(this.home, this.#sinks, object.val);
    if (object.tag === 'message') return new Message(this.home, this.#sinks, object.val);
    throw fail('mapi-e-unexpected-type', `the identifier names a ${object.tag}`);
  }

  /** Opens the folder in it that has that name. */
  folder(name: string): Folder {
    using table = this.folders();
    for (const row of table) {
      if (row.displayName?.toLowerCase() !== name.toLowerCase() || !row.entryId) continue;
      const found = this.open(row.entryId);
      if (found instanceof Folder) return found;
    }
    throw fail('mapi-e-not-found', `there is no folder ${JSON.stringify(name)} in ${JSON.stringify(this.name)}`);
  }

  /** Creates a folder in it, or opens the one that has that name. */
  createFolder(name: string, comment?: string): Folder {
    const wire = this.call((folder) => folder.createFolder('generic', name, comment, { openIfExists: true, mapiUnicode: true }));
    return new Folder(this.home, this.#sinks, wire);
  }

  /** Creates a message in it, to be seen by others after its first save. */
  createMessage(values?: Values): Message {
    const message = new Message(this.home, this.#sinks, this.call((wire) => wire.createMessage({})));
    if (values) message.properties.assign(values);
    return message;
  }

  /** Imports one message or an .mbox archive into it. */
  import(bytes: Uint8Array, options: ImportOptions = {}): Imported {
    const steps = this.importing(bytes, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** The same in steps of one message, for who has to do other things meanwhile. What was read is kept if it is ended. */
  *importing(bytes: Uint8Array, options: ImportOptions = {}): Generator<number, Imported, undefined> {
    const messages: Iterable<ArchivedMessage> = isMbox(bytes) ? splitMbox(bytes) : [{ bytes, seen: options.seen ?? false, received: undefined }];
    const running = this.call((wire) => wire.importMessages({ deferIndexing: true })) as Objects.MessageImport & Partial<Disposable>;
    const done: Imported = { messages: 0, bytes: 0, oddities: 0 };
    try {
      for (const message of messages) {
        const received = message.received && ticksOf(message.received);
        const imported = this.home.run(() => {
          running.begin({
            received, keepOriginal: options.keepOriginal ?? true, seen: options.seen ?? message.seen,
            properties: toProperties(options.properties ?? {}),
          });
          running.write(message.bytes);
          return running.finish();
        });
        done.messages++;
        done.oddities += imported.oddities.length;
        done.bytes += Number(imported.size);
        if (options.progress?.(done.messages, done.bytes) === false) break;
        yield done.bytes;
      }
    } finally {
      try {
        this.home.run(() => running.flush());
      } finally {
        running[Symbol.dispose]?.();
      }
    }
    return done;
  }

  /** Throws what kept a call on many objects from doing all of it; the rest is done. */
  #complete({ warning }: Objects.Completion): void {
    if (!warning) return;
    const reason = this.properties.lastError(warning);
    throw fail(warning.code, reason ?? 'not everything could be done');
  }

  /** Copies messages of this folder into another one. Fails with MAPI_W_PARTIAL_COMPLETION when some could not be, likewise below. */
  copyTo(destination: Folder, ...entryIds: Uint8Array[]): void {
    this.#complete(this.call((wire) => wire.copyMessages(entryIds, destination.wire, {})));
  }

  /** Moves messages of this folder into another one. */
  moveTo(destination: Folder, ...entryIds: Uint8Array[]): void {
    this.#complete(this.call((wire) => wire.copyMessages(entryIds, destination.wire, { messageMove: true })));
  }

  /** Deletes messages of this folder. */
  delete(...entryIds: Uint8Array[]): void {
    this.#complete(this.call((wire) => wire.deleteMessages(entryIds, {})));
  }

  /** Deletes a folder of this folder, with everything in it. */
  deleteFolder(entryId: Uint8Array): void {
    this.#complete(this.call((wire) => wire.deleteFolder(entryId, { delMessages: true, delFolders: true })));
  }

  /** Marks messages of this folder as read, or as unread; without identifiers all of them. */
  markRead(read: boolean, ...entryIds: Uint8Array[]): void {
    const how = read ? { suppressReceipt: true } : { clearReadFlag: true };
    this.#complete(this.call((wire) => wire.setReadFlags(entryIds.length > 0 ? entryIds : undefined, how)));
  }
}
