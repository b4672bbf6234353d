// Message stores in SQLite files, the same files the Rust host keeps (docs/format.md).

import { sameBytes } from './encoding.mjs';
import { SqliteStore } from './store.mjs';

export { StoreFailure } from './failure.mjs';
export { SqliteStore };

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
