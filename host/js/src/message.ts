/**
 * Messages and their attachments (IMessage, IAttach).
 */

import { fail } from './error.js';
import type { Home } from './handle.js';
import { Item } from './property-bag.js';
import { toProperties, type Values } from './properties.js';
import type { Sinks } from './subscription.js';
import { Table } from './table.js';
import { oneOff } from './one-off.js';
import type { Objects } from './wire.js';

/** Bytes read or written at once. */
const PIECE = 1 << 20;

/** Whom a message goes to. */
export interface Recipient {
  /** The address. */
  address: string;
  /** The name; the address if there is none. */
  name?: string;
  /** Of which kind. */
  kind?: 'to' | 'cc' | 'bcc';
  /** The identifier of its entry in an address book. */
  entryId?: Uint8Array;
}

/** PR_NATIVE_BODY_INFO of a message written in HTML. */
const NATIVE_HTML = 3;
const KINDS = { to: 1, cc: 2, bcc: 3 };

/** An attachment. */
export class Attachment extends Item<Objects.Attachment> {
  /** Its name. */
  get name(): string | undefined {
    return this.properties.get('attachmentName');
  }

  /** Its bytes. */
  get bytes(): Uint8Array {
    return this.properties.get('attachmentData') ?? new Uint8Array();
  }
}

/** A message. */
export class Message extends Item<Objects.Message> {
  readonly #sinks: Sinks;

  /** A message the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Objects.Message) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** Its subject. */
  get subject(): string {
    return this.properties.get('subject') ?? '';
  }

  /** Its text. */
  get body(): string {
    return this.properties.get('body') ?? '';
  }

  /** Whether it was written in HTML; else its HTML is made from its text. */
  get isHtml(): boolean {
    return this.properties.get('nativeBody') === NATIVE_HTML;
  }

  /** Its text as HTML, as its sender wrote it: never to be shown without protection. */
  get html(): string | undefined {
    const bytes = this.properties.get('html');
    if (!bytes) return undefined;
    const page = this.properties.get('internetCodePage') ?? 65001;
    return new TextDecoder(ENCODINGS[page] ?? 'utf-8').decode(bytes);
  }

  /** Its recipients. */
  recipients(): Table<'displayName' | 'emailAddress' | 'recipientType'> {
    const table = this.call((wire) => wire.getRecipientTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, ['displayName', 'emailAddress', 'recipientType']);
  }

  /** Its attachments. */
  attachments(): Table<'attachmentNumber' | 'attachmentName' | 'attachmentSize' | 'attachmentType'> {
    const table = this.call((wire) => wire.getAttachmentTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, ['attachmentNumber', 'attachmentName', 'attachmentSize', 'attachmentType']);
  }

  /** Opens an attachment by its number. */
  attachment(number: number): Attachment {
    return new Attachment(this.home, this.call((wire) => wire.openAttach(number, { mapiBestAccess: true }, undefined)).attachment);
  }

  /** Attaches bytes under a name. */
  attach(name: string, bytes: Uint8Array, type?: string): void {
    const { attachment } = this.call((wire) => wire.createAttach({}));
    const created = new Attachment(this.home, attachment);
    try {
      created.properties.assign({ attachmentName: name, attachmentMethod: 1, ...(type === undefined ? {} : { attachmentType: type }) });
      created.properties.set('attachmentData', bytes);
      created.properties.save();
    } finally {
      created.dispose();
    }
  }

  /** Adds recipients. */
  addRecipients(...recipients: Recipient[]): this {
    const rows = recipients.map(({ address, name = address, kind = 'to', entryId }) => toProperties({
      recipientType: KINDS[kind], displayName: name, addressType: 'SMTP', emailAddress: address, entryId: entryId ?? oneOff(name, address),
    }));
    this.call((wire) => wire.modifyRecipients({ modrecipAdd: true }, rows));
    return this;
  }

  /** Makes its changes durable. */
  save(): void {
    this.properties.save();
  }

  /**
   * Saves it and puts it into the outgoing queue; transports take it at turns. Afterwards it is disposed of. A copy
   * is kept in the folder `sentFolder` names.
   */
  submit(sentFolder?: Uint8Array): void {
    if (sentFolder) this.properties.assign({ sentMailEntryId: sentFolder } satisfies Values);
    this.call((wire) => wire.submitMessage({}));
    this.dispose();
  }

  /** Marks it as read, or as unread. */
  markRead(read = true): void {
    this.call((wire) => wire.setReadFlag(read ? { suppressReceipt: true } : { clearReadFlag: true }));
  }

  /** Its RFC 5322 form. */
  export(options: Partial<Objects.ExportOptions> = {}): Uint8Array {
    const all = { original: true, bcc: true, trace: true, complete: true, networkLineEnds: true, ...options };
    const stream = this.call((wire) => wire.exportMessage(all)) as Objects.MessageExport & Partial<Disposable>;
    try {
      if (!this.home.run(() => stream.nextMessage())) throw fail('mapi-e-not-found', 'the message is gone');
      const parts: Uint8Array[] = [];
      for (;;) {
        const part = this.home.run(() => stream.read(PIECE));
        if (part.length === 0) break;
        parts.push(part);
      }
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      parts.reduce((at, part) => { bytes.set(part, at); return at + part.length; }, 0);
      return bytes;
    } finally {
      stream[Symbol.dispose]?.();
    }
  }

}

/** Code pages HTML comes in. */
const ENCODINGS: Record<number, string> = {
  65001: 'utf-8', 20127: 'latin1', 1252: 'windows-1252', 28591: 'iso-8859-1', 28592: 'iso-8859-2', 28605: 'iso-8859-15', 1250: 'windows-1250',
  1251: 'windows-1251', 20866: 'koi8-r', 932: 'shift_jis', 50220: 'iso-2022-jp', 51932: 'euc-jp', 936: 'gbk', 950: 'big5', 949: 'euc-kr',
};
