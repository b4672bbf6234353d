// Message stores and personal address books in SQLite files, the same files the Rust host keeps (docs/format.md).

import { SqliteAddressBook } from './address-book.mjs';
import { sameBytes } from './encoding.mjs';
import { SqliteStore } from './store.mjs';

export { StoreFailure } from './failure.mjs';
export { SqliteAddressBook, SqliteStore };

/**
 * The import `mapi:session/store-backend` over files.
 * @param {(logon: import('./world.mjs').ProviderLogon, entry: Uint8Array | undefined) => { file: string, access?: import('./database.mjs').Access }} locate
 *   says which file a profile section, or the private entry identifier of a store, stands for; what it throws is the answer
 *   to the opening
 */
export function storeBackend(locate) {
  return {
    Store: SqliteStore,
    /**
     * @param {import('./world.mjs').ProviderLogon} logon
     * @param {Uint8Array | undefined} entry
     * @returns {import('./world.mjs').OpenedStore}
     */
    open(logon, entry) {
      const { file, access } = locate(logon, entry);
      return { store: new SqliteStore(file, access), report: { effects: [], warning: undefined } };
    },
    /**
     * @param {string} _backend
     * @param {Uint8Array} first
     * @param {Uint8Array} second
     */
    compareStoreIds: (_backend, first, second) => sameBytes(first, second),
  };
}

/**
 * The import `mapi:session/address-book-backend` over files.
 * @param {(logon: import('./world.mjs').ProviderLogon) => { file: string, access?: import('./database.mjs').Access }} locate
 *   says which file a profile section stands for; what it throws is the answer to the opening
 */
export function addressBookBackend(locate) {
  return {
    AddressBook: SqliteAddressBook,
    /** @param {import('./world.mjs').ProviderLogon} logon */
    open(logon) {
      const { file, access } = locate(logon);
      return { addressBook: new SqliteAddressBook(file, access), report: { effects: [], warning: undefined } };
    },
  };
}
