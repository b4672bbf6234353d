// A session of the component over one store file, with everything else in memory.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { StoreFailure, storeBackend } from '../index.mjs';

const ENTRYID = 0x0fff0102;

/** @param {string} what */
const refuse = (what) => () => { throw new StoreFailure('mapi-e-no-support', `${what} is not offered here.`); };
/** @param {string} what */
const missing = (what) => { throw new StoreFailure('mapi-e-not-found', `There is no ${what}.`); };

class Unused {}

/** Profiles in memory. */
function profileStorage() {
  /** @type {Map<string, { bytes: Uint8Array, version: bigint }>} */
  const profiles = new Map();
  const secrets = new Map();
  /** @type {string | undefined} */
  let byDefault;
  return {
    listProfiles: () => [...profiles].map(([name, { version }]) => ({ name, version })),
    load: (/** @type {string} */ name) => profiles.get(name) ?? missing(`profile ${name}`),
    replace: (/** @type {string} */ name, /** @type {Uint8Array} */ bytes, /** @type {bigint} */ expected) => {
      if ((profiles.get(name)?.version ?? 0n) !== expected) throw new StoreFailure('mapi-e-object-changed', 'The profile was changed meanwhile.');
      profiles.set(name, { bytes: bytes.slice(), version: expected + 1n });
      return expected + 1n;
    },
    rename: refuse('renaming'),
    delete: (/** @type {string} */ name) => { profiles.delete(name); },
    defaultName: () => byDefault,
    setDefaultName: (/** @type {string | undefined} */ name) => { byDefault = name; },
    secret: (/** @type {string} */ profile, /** @type {string} */ key) => secrets.get(`${profile}/${key}`),
    setSecret: (/** @type {string} */ profile, /** @type {string} */ key, /** @type {Uint8Array} */ value) => { secrets.set(`${profile}/${key}`, value); },
    acquireLease: () => 1n,
    releaseLease: () => {},
    leases: () => 1,
  };
}

const services = () => [{
  name: 'sqlite.store', displayName: 'Mailbox', resourceFlags: 0, isDefault: true, configurable: false, properties: [], extras: [],
  providers: [{
    section: 'sqlite.store.provider', displayName: 'Mailbox', providerDisplay: 'SQLite', backend: 'sqlite', kind: 'store',
    resourceFlags: 0, properties: [],
  }],
}];

/**
 * @param {any} storeImport the import `mapi:session/store-backend`
 * @returns {Record<string, any>}
 */
function importsWith(storeImport) {
  const now = () => ({ seconds: BigInt(Math.floor(Date.now() / 1000)), nanoseconds: (Date.now() % 1000) * 1e6 });
  const imports = {
    'wasi:clocks/wall-clock': { now, resolution: () => ({ seconds: 0n, nanoseconds: 1e6 }) },
    'wasi:clocks/monotonic-clock': { now: () => process.hrtime.bigint(), resolution: () => 1n },
    'wasi:random/random': {
      getRandomBytes: (/** @type {bigint} */ length) => new Uint8Array(randomBytes(Number(length))),
      getRandomU64: () => randomBytes(8).readBigUInt64LE(),
    },
    'mapi:session/logging': { log: (/** @type {string} */ level, /** @type {string} */ line) => { if (level === 'error') console.error(line); } },
    'mapi:session/progress': { report: () => 'proceed' },
    'mapi:session/form-presenter': { offersUi: () => false, show: refuse('a form'), prompt: refuse('a prompt') },
    'mapi:session/profile-storage': profileStorage(),
    'mapi:session/service-catalogue': { services, configure: refuse('configuration') },
    'mapi:session/store-backend': storeImport,
    'mapi:session/address-book-backend': { AddressBook: Unused, open: () => missing('address book') },
    'mapi:session/transport-backend': { Transport: Unused, Hook: Unused, open: () => missing('transport'), openHook: () => missing('hook') },
  };
  return Object.fromEntries(Object.entries(imports).flatMap(([name, value]) => [
    [name, value], [`${name}@${name.startsWith('wasi') ? '0.2.6' : '0.1.0'}`, value],
  ]));
}

/**
 * Logs on to the one store of a new profile.
 * @param {string} folder the component was transpiled into
 * @param {any} storeImport the import `mapi:session/store-backend`
 */
export async function logonWith(folder, storeImport) {
  const { instantiate } = await import(pathToFileURL(path.resolve(folder, 'session.js')).href);
  const module = async (/** @type {string} */ name) => WebAssembly.compile(await readFile(path.join(folder, name)));
  const component = await instantiate(module, importsWith(storeImport));
  component.sessions.initialize(undefined);
  component.profiles.adminProfiles().createProfile('Test', 0n, { mapiDefaultServices: true });
  const session = component.sessions.logon({ ui: 0n, profile: 'Test', password: undefined, how: { mapiNewSession: true, mapiExtended: true } });
  const stores = session.getMsgStoresTable({ mapiUnicode: true });
  stores.setColumns(Uint32Array.of(ENTRYID), {});
  const [row] = stores.queryRows(1, {});
  const { store } = session.openMsgStore(0n, row.cells[0].value.val, { mapiBestAccess: true, mdbWrite: true }, undefined);
  return { session, store };
}

/**
 * Logs on to the store in a file.
 * @param {string} folder
 * @param {string} file
 */
export const logon = (folder, file) => logonWith(folder, storeBackend(() => ({ file, access: 'create' })));
