/**
 * What a subsystem is granted: stores, address books, transports, profiles, services, a user interface, a log.
 *
 * There is no ambient authority. A backend that is not here does not exist for the session, whatever its profile
 * says: a session that was given no transport cannot send.
 */

import { Catalogue, type CatalogueBackend } from './backends/catalogue.js';
import { LocalTransport, PostOffice } from './backends/local-transport.js';
import { MemoryAddressBook } from './backends/memory-address-book.js';
import { MemoryProfiles, type ProfileStorageBackend } from './backends/memory-profiles.js';
import { MemoryStore } from './backends/memory-store.js';
import { type Presenter, presenter } from './backends/presenter.js';
import type { AddressBookBackend, BackendTypes, StoreBackend, TransportBackend, Types } from './wire.js';

/** How important a line of the log is. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** An opened provider with what it reported while it was opened. */
export interface Opened<T> {
  /** The provider. Sessions that open the same store may be given the same one. */
  provider: T;
  /** Columns of its status row, none if it has no row of its own. */
  statusRow?: Types.Property[];
  /** Active, but not everything worked. */
  warning?: Types.Failure;
  /** Calls that function when the provider has changed or has something to tell, until the one returned is called. */
  watch?: (changed: () => void) => () => void;
}

/** Opens a store by its profile section, or by its private entry identifier. */
export type OpenStore = (logon: BackendTypes.ProviderLogon, entry: Uint8Array | undefined) => Opened<StoreBackend.Store>;
/** Opens an address book. */
export type OpenAddressBook = (logon: BackendTypes.ProviderLogon) => Opened<AddressBookBackend.AddressBook>;
/** Opens a transport. */
export type OpenTransport = (logon: BackendTypes.ProviderLogon) => Opened<TransportBackend.Transport>;

/** What is granted besides providers. */
export interface Grants {
  /** Where profiles are kept; in memory if not given. */
  profiles?: ProfileStorageBackend;
  /** The message services a profile can have. */
  catalogue?: CatalogueBackend;
  /** The prompts there are. */
  presenter?: Partial<Presenter>;
  /** Is told diagnostics, never the text of a message. */
  log?: (level: LogLevel, text: string) => void;
  /** Is told the progress of long work, `done` of `total` (0: unknown); `false` stops it. */
  progress?: (done: bigint, total: bigint) => boolean;
}

/** The grants of a subsystem. */
export class Backends {
  readonly stores = new Map<string, OpenStore>();
  readonly addressBooks = new Map<string, OpenAddressBook>();
  readonly transports = new Map<string, OpenTransport>();
  readonly profiles: ProfileStorageBackend;
  readonly catalogue: CatalogueBackend;
  readonly presenter: Presenter;
  readonly log: (level: LogLevel, text: string) => void;
  readonly progress: (done: bigint, total: bigint) => boolean;

  constructor(grants: Grants = {}) {
    this.profiles = grants.profiles ?? new MemoryProfiles();
    this.catalogue = grants.catalogue ?? new Catalogue();
    this.presenter = presenter(grants.presenter);
    this.log = grants.log ?? ((level, text) => { if (level === 'error') console.error(text); });
    this.progress = grants.progress ?? (() => true);
  }

  /** Grants a kind of store under the name its profile sections carry; ASCII case does not count. */
  withStore(name: string, open: OpenStore): this {
    this.stores.set(name.toLowerCase(), open);
    return this;
  }

  /** Grants a kind of address book. */
  withAddressBook(name: string, open: OpenAddressBook): this {
    this.addressBooks.set(name.toLowerCase(), open);
    return this;
  }

  /** Grants a kind of transport. */
  withTransport(name: string, open: OpenTransport): this {
    this.transports.set(name.toLowerCase(), open);
    return this;
  }

  /**
   * Everything in memory: a mailbox and an address book for each service that names one, and mail between the
   * profiles. Two subsystems with the same grants share them.
   */
  static memory(grants: Grants = {}, office = new PostOffice()): Backends {
    const stores = new Map<string, MemoryStore>();
    const books = new Map<string, MemoryAddressBook>();
    const sectionKey = ({ section }: BackendTypes.ProviderLogon): string => `${section.hi.toString(16)}-${section.lo.toString(16)}`;
    const watched = <T extends MemoryStore | MemoryAddressBook>(provider: T): Opened<T> => ({ provider, watch: (changed) => provider.watch(changed) });
    return new Backends(grants)
      .withStore('memory', (logon, entry) => {
        const key = entry ? new TextDecoder().decode(entry) : sectionKey(logon);
        return watched(found(stores, key, () => new MemoryStore(key)));
      })
      .withAddressBook('memory-pab', (logon) => watched(found(books, sectionKey(logon), () => new MemoryAddressBook())))
      .withTransport('local', (logon) => {
        const address = configured(logon, 0x0c1f) ?? '';
        const provider = new LocalTransport(office, configured(logon, 0x0c1a) ?? address, address);
        const watch = (changed: () => void): (() => void) =>
          office.watch((delivered) => { if (delivered === address.toLowerCase()) changed(); });
        return { provider, statusRow: provider.statusRow(), watch };
      });
  }
}

function found<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key);
  if (value === undefined) known.set(key, value = make());
  return value;
}

/** The text a profile section holds under that identifier. */
function configured(logon: BackendTypes.ProviderLogon, id: number): string | undefined {
  const value = logon.configuration.find(({ tag }) => tag >>> 16 === id)?.value;
  return value?.tag === 'unicode' && value.val !== '' ? value.val : undefined;
}
