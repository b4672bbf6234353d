/**
 * The imports of the component over the granted backends.
 *
 * Whatever a backend throws becomes a failure of its own call: a mistake in a backend costs its own service and
 * nothing else.
 */

import type { Backends, Opened } from './backends.js';
import { fail } from './error.js';
import type { BackendTypes, ImportObject, StoreBackend } from './wire.js';

type Method = (...args: never[]) => unknown;

/** The methods a store has in the world. */
const OBJECTS = [
  'identity', 'read', 'listTags', 'readRows', 'plan', 'scan', 'count', 'rank', 'containerTags', 'readRange', 'reserve', 'stage',
  'append', 'discard', 'commit', 'feedCursor', 'changes', 'rekey', 'indexStep', 'takeEffects', 'validateState', 'settingsDialog',
  'changePassword', 'setStatusProperties',
];
const STORE = [...OBJECTS, 'groups', 'idsOfNames', 'namesOfIds', 'allNames', 'quota', 'check', 'compact', 'backup'];
const ADDRESS_BOOK = [
  ...OBJECTS, 'resolve', 'templates', 'details', 'controlEnabled', 'controlActivate', 'searchForm', 'search', 'openTemplate',
  'templateGet', 'templateSet', 'templateClose',
];
const TRANSPORT = [
  'identity', 'registerOptions', 'notify', 'begin', 'write', 'finish', 'cancel', 'poll', 'idle', 'receive', 'read', 'acknowledge',
  'flushQueues', 'validateState', 'settingsDialog', 'changePassword', 'setStatusProperties', 'preprocess', 'removePreprocessInfo',
  'readHeaders', 'setHeaderStatus', 'takeEffects',
];
const PROFILES = [
  'listProfiles', 'load', 'replace', 'rename', 'delete', 'defaultName', 'setDefaultName', 'secret', 'setSecret', 'acquireLease',
  'releaseLease', 'leases',
];

/** What methods without a result answer when the backend throws: there is no way to tell a failure. */
const UNFAILING: Readonly<Record<string, unknown>> = {
  takeEffects: [], discard: undefined, cancel: undefined, log: undefined, report: 'proceed', idle: undefined, templateClose: undefined, releaseLease: undefined, offersUi: false,
};

/** Whom to tell what happens between the component and its backends. */
export interface Listener {
  /** The provider with that profile section has changed. */
  changed(section: BackendTypes.ProviderLogon['section']): void;
  /** A backend is called. */
  called(): void;
}

/** Calls a method of a backend. */
type Call = (backend: object, name: string, args: unknown[]) => unknown;

/** Calls a method of a backend; what it throws without being a failure is told as one, or where none can be told, logged. */
function call(backend: object, name: string, args: unknown[], warn: (text: string) => void): unknown {
  const method = (backend as Record<string, unknown>)[name];
  if (typeof method !== 'function') throw fail('mapi-e-no-support', `the backend has no method ${name}`);
  try {
    return (method as Method).apply(backend, args as never[]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (name in UNFAILING) {
      // A log that fails cannot say so.
      if (name !== 'log') warn(`${name} of a backend failed: ${reason}`);
      return UNFAILING[name];
    }
    if (typeof error === 'object' && error !== null && 'payload' in error) throw error;
    throw Object.assign(fail('mapi-e-call-failed', `the backend failed: ${reason}`), { cause: error });
  }
}

/** A class whose objects pass every call on to a backend: the component knows a provider by the class it has. */
function handles(names: readonly string[], call: Call, warn: (text: string) => void): new (backend: object, close?: () => void) => object {
  class Handle {
    readonly backend: object;
    readonly close: (() => void) | undefined;
    /** The answer of `identity` that came last: the method cannot fail, and is asked for the first time here. */
    identified: unknown;

    constructor(backend: object, close?: () => void) {
      this.backend = backend;
      this.close = close;
      this.identified = call(backend, 'identity', []);
    }

    identity(): unknown {
      try {
        this.identified = call(this.backend, 'identity', []);
      } catch (error) {
        // Who it was is who it is.
        warn(String(error));
      }
      return this.identified;
    }

    [Symbol.dispose](): void {
      this.close?.();
    }
  }
  for (const name of names.filter((method) => method !== 'identity')) {
    Object.defineProperty(Handle.prototype, name, {
      value(this: Handle, ...args: unknown[]) { return call(this.backend, name, args); },
    });
  }
  return Handle;
}

/** The functions of a backend that is no resource. */
function functions(backend: object, names: readonly string[], call: Call): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => call(backend, name, args)]));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** What the component imports. */
export function imports(backends: Backends, listener: Listener): ImportObject {
  const warn = (text: string): void => { call(backends, 'log', ['warn', text], () => {}); };
  const told: Call = (backend, name, args) => {
    listener.called();
    return call(backend, name, args, warn);
  };
  const [Store, AddressBook, Transport, Hook] = [STORE, ADDRESS_BOOK, TRANSPORT, []].map((names) => handles(names, told, warn));

  function open<T extends object>(
    openers: ReadonlyMap<string, (logon: BackendTypes.ProviderLogon, entry: Uint8Array | undefined) => Opened<T>>,
    Handle: new (backend: object, close?: () => void) => object, logon: BackendTypes.ProviderLogon, entry?: Uint8Array,
  ): { handle: object; report: BackendTypes.LogonReport } {
    const opener = openers.get(logon.backend.toLowerCase());
    if (!opener) throw fail('mapi-e-not-found', `this host offers no backend named ${JSON.stringify(logon.backend)}; remove the service from the profile or run it where the backend is`);
    const opened = told({ open: opener }, 'open', [logon, entry]) as Opened<T>;
    const close = opened.watch?.(() => listener.changed(logon.section));
    const effects: BackendTypes.Effect[] = opened.statusRow ? [{ tag: 'status-row', val: { properties: opened.statusRow, how: {} } }] : [];
    return { handle: new Handle(opened.provider, close), report: { effects, warning: opened.warning } };
  }

  const interfaces = {
    'store-backend': {
      Store,
      open(logon: BackendTypes.ProviderLogon, entry: Uint8Array | undefined) {
        const { handle, report } = open<StoreBackend.Store>(backends.stores, Store!, logon, entry);
        return { store: handle, report };
      },
      compareStoreIds: (_backend: string, first: Uint8Array, second: Uint8Array) => same(first, second),
    },
    'address-book-backend': {
      AddressBook,
      open(logon: BackendTypes.ProviderLogon) {
        const { handle, report } = open(backends.addressBooks, AddressBook!, logon);
        return { addressBook: handle, report };
      },
    },
    'transport-backend': {
      Transport,
      Hook,
      open(logon: BackendTypes.ProviderLogon) {
        const { handle, report } = open(backends.transports, Transport!, logon);
        return { transport: handle, report };
      },
      openHook() { throw fail('mapi-e-not-found', 'this host offers no hooks'); },
    },
    'profile-storage': functions(backends.profiles, PROFILES, told),
    'service-catalogue': functions(backends.catalogue, ['services', 'configure'], told),
    'form-presenter': functions(backends.presenter, Object.keys(backends.presenter), told),
    progress: functions({ report: (done: bigint, total: bigint) => (backends.progress(done, total) ? 'proceed' : 'cancel') }, ['report'], told),
    logging: functions(backends, ['log'], told),
    types: {}, 'backend-types': {}, 'method-flags': {},
  };
  const started = performance.now();
  const wasi = {
    'clocks/wall-clock': {
      now: () => {
        const now = Date.now();
        return { seconds: BigInt(Math.floor(now / 1000)), nanoseconds: (now % 1000) * 1_000_000 };
      },
      resolution: () => ({ seconds: 0n, nanoseconds: 1_000_000 }),
    },
    'clocks/monotonic-clock': { now: () => BigInt(Math.round((performance.now() - started) * 1e6)), resolution: () => 1000n },
    'random/random': {
      getRandomBytes: (length: bigint) => {
        const bytes = new Uint8Array(Number(length));
        // One call gives 65,536 bytes at most.
        for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
        return bytes;
      },
      getRandomU64: () => crypto.getRandomValues(new BigUint64Array(1))[0],
    },
  };
  // The translated component asks for them without their versions, its types name them with.
  const named = (prefix: string, version: string, set: object): [string, unknown][] =>
    Object.entries(set).flatMap(([name, value]) => [[`${prefix}${name}`, value], [`${prefix}${name}@${version}`, value]] as [string, unknown][]);
  return Object.fromEntries([...named('mapi:session/', '0.1.0', interfaces), ...named('wasi:', '0.2.6', wasi)]) as unknown as ImportObject;
}
