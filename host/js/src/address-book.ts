/**
 * The integrated address book (IAddrBook): what all address book providers of a profile offer, as one.
 */

import { fail } from './error.js';
import { Handle, type Home } from './handle.js';
import { Item } from './property-bag.js';
import { type PropKey, type PropValue, type Values, fromValue, keyOf, toProperties } from './properties.js';
import type { Sinks } from './subscription.js';
import { Table } from './table.js';
import type { AddressBooks, Objects, Types } from './wire.js';

/** What became of a name that was looked up. */
export interface Resolved {
  /** The name as given. */
  name: string;
  /** What became of it. */
  verdict: Objects.NameVerdict;
  /** What is known of it. */
  properties: ReadonlyMap<PropKey, PropValue>;
}

const mapOf = (properties: readonly Types.Property[]): ReadonlyMap<PropKey, PropValue> =>
  new Map(properties.filter(({ value }) => value.tag !== 'error').map(({ tag, value }) => [keyOf(tag), fromValue(value) as PropValue]));

/** The columns tables of entries begin with. */
const ENTRIES = ['entryId', 'displayName', 'addressType', 'emailAddress', 'objectType'] as const;

/** A person or mailbox. */
export class MailUser extends Item<Objects.MailUser> {}

/** A container of entries. */
export class AddressBookContainer extends Item<Objects.Container> {
  readonly #sinks: Sinks;

  /** A container the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Objects.Container) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** Its entries, by name. */
  entries(): Table<(typeof ENTRIES)[number]> {
    return new Table(this.home, this.#sinks, this.call((wire) => wire.getContentsTable({ mapiUnicode: true })), ENTRIES);
  }

  /** The containers in it. */
  containers(): Table<'entryId' | 'displayName' | 'depth'> {
    const { table } = this.call((wire) => wire.getHierarchyTable({ mapiUnicode: true }));
    return new Table(this.home, this.#sinks, table, ['entryId', 'displayName', 'depth']);
  }

  /** Adds a person. */
  add(values: Values): void {
    const created = this.call((wire) => wire.createEntry(undefined, {}));
    if (created.tag !== 'mail-user') throw fail('mapi-e-unexpected-type', `a ${created.tag} was made in place of a person`);
    using user = new MailUser(this.home, created.val);
    user.properties.assign({ addressType: 'SMTP', ...values } as Values);
    user.properties.save();
  }

  /** Removes entries. */
  delete(...entryIds: Uint8Array[]): void {
    this.call((wire) => wire.deleteEntries(entryIds));
  }
}

/** The address book of a session. */
export class AddressBook extends Handle<AddressBooks.AddressBook> {
  readonly #sinks: Sinks;

  /** An address book the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: AddressBooks.AddressBook) {
    super(home, wire);
    this.#sinks = sinks;
  }

  /** Opens a container; without an identifier the root, below which are those of all providers. */
  container(entryId?: Uint8Array): AddressBookContainer {
    const { object } = this.call((wire) => wire.openEntry(entryId, { mapiBestAccess: true }, undefined));
    if (object.tag !== 'container') throw fail('mapi-e-unexpected-type', `the identifier names a ${object.tag}`);
    return new AddressBookContainer(this.home, this.#sinks, object.val);
  }

  /** The container people keep their own entries in. */
  get personal(): AddressBookContainer {
    const entryId = this.call((wire) => wire.getPab());
    if (!entryId) throw fail('mapi-e-not-found', 'the profile has no personal address book');
    return this.container(entryId);
  }

  /** Looks names up along the search path. */
  resolve(...names: string[]): Resolved[] {
    const recipients = names.map((displayName) => toProperties({ displayName }));
    const { recipients: found } = this.call((wire) => wire.resolveName(0n, { mapiUnicode: true }, recipients));
    return found.map(({ verdict, properties }, at) => ({ name: names[at] ?? '', verdict, properties: mapOf(properties) }));
  }
}
