/**
 * A transport that delivers between the profiles of one program (`wit/transport-backend.wit`), so that everything can
 * be tried without a server.
 *
 * A post office has a mailbox for each address that has logged on once. An address without one in a domain it serves
 * has failed; other domains are left for the next transport.
 */

import { fail } from '../error.js';
import { byteArena } from './batch.js';
import { addressProperties } from '../one-off.js';
import type { BackendTypes, Flags, TransportBackend, Types } from '../wire.js';

/** What PR_STATUS_CODE says (STATUS_*). */
const STATUS = { available: 0x1, inboundEnabled: 0x10000, inboundFlush: 0x40000, outboundEnabled: 0x100000, outboundFlush: 0x400000 };
/** Which bits of it each flag of `notify` sets and clears. */
const DIRECTIONS: readonly [keyof Flags.TransportNotifyFlags, number, number][] = [
  ['notifyBeginInbound', STATUS.inboundEnabled, 0], ['notifyBeginOutbound', STATUS.outboundEnabled, 0],
  ['notifyEndInbound', 0, STATUS.inboundEnabled], ['notifyEndOutbound', 0, STATUS.outboundEnabled],
  ['notifyEndInboundFlush', 0, STATUS.inboundFlush], ['notifyEndOutboundFlush', 0, STATUS.outboundFlush],
];
/** STATUS_VALIDATE_STATE and STATUS_FLUSH_QUEUES. */
const METHODS = 0x1 | 0x8;

const long = (tag: number, val: number): Types.Property => ({ tag, value: { tag: 'long', val } });
const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/** Mailboxes by address, in lower case, each with its waiting messages. */
export class PostOffice {
  readonly #mailboxes = new Map<string, Uint8Array[]>();
  readonly #watchers = new Set<(address: string) => void>();

  /** The mailbox of an address, made if there is none. */
  mailbox(address: string): Uint8Array[] {
    const key = address.toLowerCase();
    let mailbox = this.#mailboxes.get(key);
    if (!mailbox) this.#mailboxes.set(key, mailbox = []);
    return mailbox;
  }

  /** The mailbox of an address, if it has one. */
  existing(address: string): Uint8Array[] | undefined {
    return this.#mailboxes.get(address.toLowerCase());
  }

  /** Whether any mailbox is in the domain of that address. */
  serves(address: string): boolean {
    const domain = domainOf(address.toLowerCase());
    return [...this.#mailboxes.keys()].some((known) => domainOf(known) === domain);
  }

  /** Puts a message into a mailbox, as if it came from outside. */
  deliver(address: string, message: Uint8Array): void {
    this.mailbox(address).push(message);
    for (const told of this.#watchers) told(address.toLowerCase());
  }

  /** Calls that function with the address of every delivery, until the function that is returned is called. */
  watch(delivered: (address: string) => void): () => void {
    this.#watchers.add(delivered);
    return () => this.#watchers.delete(delivered);
  }
}

/** What becomes of a row of an envelope. */
type Standing = { to: string } | { outcome: BackendTypes.RecipientOutcome };

interface Transfer { number: bigint; parts: Uint8Array[]; rows: [number, Standing][] }

/** The transport of one profile. */
export class LocalTransport implements TransportBackend.Transport {
  readonly #office: PostOffice;
  readonly #name: string;
  readonly #address: string;
  #transfer: Transfer | undefined;
  #received: { number: bigint; message: Uint8Array } | undefined;
  #numbers = 0n;
  #status = STATUS.available;
  #effects: BackendTypes.Effect[] = [];
  /** Messages that waited when new mail was last announced. */
  #announced = 0;

  constructor(office: PostOffice, name: string, address: string) {
    if (!/^[^@\s]+@[^@\s]+$/.test(address)) {
      throw fail('mapi-e-unconfigured', `${JSON.stringify(address)} is no Internet address; write one such as ann@example.org`, { tag: 0x0c1f001f });
    }
    this.#office = office;
    this.#name = name;
    this.#address = address;
    office.mailbox(address);
  }

  /** The columns of its status row: by them the session knows who sends. */
  statusRow(): Types.Property[] {
    const identity = addressProperties(this.#name, this.#address, { name: 0x3e00, entryId: 0x3e01, searchKey: 0x3e05 });
    return [long(0x3e040003, this.#status), long(0x3e020003, METHODS), ...identity];
  }

  identity(): BackendTypes.TransportIdentity {
    return { addressTypes: ['SMTP'], uids: [], polls: true, idles: false, resolves: false };
  }

  registerOptions(): BackendTypes.OptionData[] {
    throw fail('mapi-e-no-support', 'there are no options');
  }

  #show(set: number, clear: number): void {
    const status = (this.#status & ~clear) | set;
    if (status === this.#status) return;
    this.#status = status;
    this.#effects.push({ tag: 'status-row', val: { properties: [long(0x3e040003, status)], how: { statusrowUpdate: true } } });
  }

  notify(how: Flags.TransportNotifyFlags, _entryId: Uint8Array | undefined): void {
    for (const [flag, set, clear] of DIRECTIONS) if (how[flag]) this.#show(set, clear);
  }

  #standing(recipient: BackendTypes.EnvelopeRecipient): Standing {
    const text = (id: number): string | undefined => {
      const value = recipient.properties.find(({ tag }) => tag >>> 16 === id)?.value;
      return value?.tag === 'unicode' && value.val !== '' ? value.val : undefined;
    };
    const isSmtp = (text(0x3002) ?? 'SMTP').toUpperCase() === 'SMTP';
    const address = (isSmtp ? text(0x3003) : undefined) ?? text(0x39fe);
    if (address === undefined) return { outcome: { tag: 'not-done' } };
    if (this.#office.existing(address)) return { to: address };
    if (!this.#office.serves(address)) return { outcome: { tag: 'not-done' } };
    // 5.1.1, bad destination mailbox address, as the reason and the diagnosis a report carries.
    const val = { reason: 1, diagnostic: 35, status: 511, text: `nobody here has the address ${address}` };
    return { outcome: { tag: 'failed', val } };
  }

  begin(envelope: BackendTypes.Envelope): bigint {
    if (this.#transfer) throw fail('mapi-e-busy', 'another message is in transfer', { retry: true });
    const rows = envelope.recipients.filter(({ serve }) => serve).map((recipient): [number, Standing] => [recipient.row, this.#standing(recipient)]);
    if (rows.every(([, standing]) => 'outcome' in standing && standing.outcome.tag === 'not-done')) {
      throw fail('mapi-e-not-me', 'no recipient is in a domain of this post office');
    }
    this.#transfer = { number: ++this.#numbers, parts: [], rows };
    return this.#numbers;
  }

  #running(transfer: bigint): Transfer {
    if (this.#transfer?.number !== transfer) throw fail('mapi-e-invalid-parameter', 'no message is in transfer under that number', { argument: 'transfer' });
    return this.#transfer;
  }

  write(transfer: bigint, bytes: Uint8Array): void {
    // The bytes lie in the memory of the session and change after the call.
    this.#running(transfer).parts.push(bytes.slice());
  }

  finish(transfer: bigint): TransportBackend.TransferOutcome {
    const { parts, rows } = this.#running(transfer);
    this.#transfer = undefined;
    const message = byteArena(parts).bytes;
    const recipients = rows.map(([row, standing]): BackendTypes.RowOutcome => {
      if ('outcome' in standing) return { row, outcome: standing.outcome, set: [] };
      this.#office.deliver(standing.to, message);
      return { row, outcome: { tag: 'delivered' }, set: [] };
    });
    return { failure: undefined, retryAfter: 0, end: {}, recipients, set: [] };
  }

  cancel(transfer: bigint): void {
    if (this.#transfer?.number === transfer) this.#transfer = undefined;
  }

  poll(): boolean {
    return !this.#received && this.#office.mailbox(this.#address).length > 0;
  }

  idle(): void {
    // Nothing is put off until then.
  }

  receive(): BackendTypes.InboundMessage | undefined {
    // One that was not acknowledged is offered again.
    this.#received = undefined;
    const [message] = this.#office.mailbox(this.#address);
    if (!message) return undefined;
    this.#received = { number: ++this.#numbers, message };
    const properties = [
      ...addressProperties(this.#name, this.#address, { name: 0x0040, type: 0x0075, address: 0x0076, entryId: 0x003f, searchKey: 0x0051 }),
      ...addressProperties(this.#name, this.#address, { name: 0x0044, type: 0x0077, address: 0x0078, entryId: 0x0043, searchKey: 0x0052 }),
    ];
    return { number: this.#numbers, size: BigInt(message.length), properties, recipients: [this.#address] };
  }

  read(message: bigint, offset: bigint, length: number): Uint8Array {
    if (this.#received?.number !== message) throw fail('mapi-e-not-found', 'no such message is being received');
    return this.#received.message.slice(Number(offset), Number(offset) + length);
  }

  acknowledge(message: bigint, stored: boolean): void {
    if (this.#received?.number !== message) throw fail('mapi-e-not-found', 'no such message is being received');
    if (stored) this.#office.mailbox(this.#address).shift();
    this.#received = undefined;
    this.#announced = 0;
  }

  flushQueues(_ui: bigint, how: Flags.FlushQueuesFlags): void {
    this.#show((how.flushUpload ? STATUS.outboundFlush : 0) | (how.flushDownload ? STATUS.inboundFlush : 0), 0);
  }

  validateState(_ui: bigint, _how: Flags.ValidateStateFlags): void {
    if (this.#transfer) throw fail('mapi-e-busy', 'a message is in transfer', { retry: true });
  }

  settingsDialog(_ui: bigint, _how: Flags.SettingsDialogFlags): void {
    throw fail('mapi-e-no-support', 'there is no dialogue; configure the service instead');
  }

  changePassword(_oldPassword: string, _newPassword: string): void {
    throw fail('mapi-e-no-support', 'there is no password');
  }

  setStatusProperties(properties: Types.Property[]): { tag: number; code: Types.Scode }[] {
    return properties.map(({ tag }) => ({ tag, code: { code: 'mapi-e-no-access', raw: 0 } }));
  }

  takeEffects(): BackendTypes.Effect[] {
    const waiting = this.#office.mailbox(this.#address).length;
    if (this.#status & STATUS.inboundEnabled && !this.#received && waiting > this.#announced) {
      this.#effects.push({ tag: 'spooler-notify', val: { how: { notifyNewmail: true }, entryId: undefined, error: undefined } });
    }
    this.#announced = waiting;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
