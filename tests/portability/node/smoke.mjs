// Logon, stores table, a contents table and one message under Node, with backends in JavaScript.
// Arguments: the folder the component was transpiled into. Prints one JSON object with what it saw.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MemoryStore, failure, missing } from './memory-store.mjs';

const folder = path.resolve(process.argv[2]);
const { instantiate } = await import(pathToFileURL(path.join(folder, 'session.js')));
const getCoreModule = async (name) => WebAssembly.compile(await readFile(path.join(folder, name)));

const profiles = new Map();
let defaultProfile;
const secrets = new Map();

class Unused { constructor() { throw new Error('this session was granted no such backend'); } }
const store = new MemoryStore();
const noSupport = (what) => { throw failure({ code: 'no-support', raw: 0x80040102 }, `${what} is not offered here`); };
const moment = () => { const now = Date.now(); return { seconds: BigInt(Math.floor(now / 1000)), nanoseconds: (now % 1000) * 1e6 }; };

const imports = {
  'wasi:clocks/wall-clock': { now: moment, resolution: () => ({ seconds: 0n, nanoseconds: 1e6 }) },
  'wasi:clocks/monotonic-clock': { now: () => process.hrtime.bigint(), resolution: () => 1n },
  'wasi:random/random': {
    getRandomBytes: (length) => crypto.getRandomValues(new Uint8Array(Number(length))),
    getRandomU64: () => crypto.getRandomValues(new BigUint64Array(1))[0],
  },
  'mapi:session/logging': { log: (level, line) => { if (level === 'error') console.error(line); } },
  'mapi:session/progress': { report: () => 'proceed' },
  'mapi:session/form-presenter': { offersUi: () => false, show: () => noSupport('a form'), prompt: () => noSupport('a prompt') },
  'mapi:session/profile-storage': {
    listProfiles: () => [...profiles].map(([name, { version }]) => ({ name, version })),
    load: (name) => profiles.get(name) ?? missing(`profile ${name}`),
    replace: (name, bytes, expected) => {
      if ((profiles.get(name)?.version ?? 0n) !== expected) throw failure({ code: 'object-changed', raw: 0x80040109 }, 'somebody else changed it');
      profiles.set(name, { bytes: bytes.slice(), version: expected + 1n });
      return expected + 1n;
    },
    rename: () => noSupport('renaming'),
    delete: (name) => { profiles.delete(name); },
    defaultName: () => defaultProfile,
    setDefaultName: (name) => { defaultProfile = name; },
    secret: (profile, key) => secrets.get(`${profile}/${key}`),
    setSecret: (profile, key, value) => { secrets.set(`${profile}/${key}`, value); },
    acquireLease: () => 1n,
    releaseLease: () => {},
    leases: () => 1,
  },
  'mapi:session/service-catalogue': {
    services: () => [{
      name: 'js.store', displayName: 'JavaScript store', resourceFlags: 0, isDefault: true, configurable: false, properties: [], extras: [],
      providers: [{
        section: 'js.store.provider', displayName: 'Mail in JavaScript', providerDisplay: 'JavaScript', backend: 'javascript', kind: 'store',
        resourceFlags: 0, properties: [{ tag: 0x34140102, value: { tag: 'binary', val: new TextEncoder().encode('javascript kind ') } }],
      }],
    }],
    configure: () => noSupport('configuration'),
  },
  'mapi:session/store-backend': {
    Store: MemoryStore,
    open: () => ({ store, report: { effects: [], warning: undefined } }),
    compareStoreIds: (_, first, second) => Buffer.compare(first, second) === 0,
  },
  'mapi:session/address-book-backend': { AddressBook: Unused, open: () => missing('address book') },
  'mapi:session/transport-backend': { Transport: Unused, Hook: Unused, open: () => missing('transport'), openHook: () => missing('hook') },
};
for (const [name, value] of Object.entries(imports)) {
  imports[`${name}@${name.startsWith('wasi') ? '0.2.6' : '0.1.0'}`] = value;
}

const component = await instantiate(getCoreModule, imports);
const { sessions, profiles: administration } = component;
const none = {};
const [ENTRYID, DISPLAY_NAME, SUBJECT, SUBTREE] = [0x0fff0102, 0x3001001f, 0x0037001f, 0x35e00102];

sessions.initialize(undefined);
const admin = administration.adminProfiles();
admin.createProfile('Smoke', 0n, { mapiDefaultServices: true });
const session = sessions.logon({ ui: 0n, profile: 'Smoke', password: undefined, how: { mapiNewSession: true, mapiExtended: true } });

const stores = session.getMsgStoresTable({ mapiUnicode: true });
stores.setColumns(Uint32Array.of(ENTRYID, DISPLAY_NAME), none);
const [storeRow] = stores.queryRows(10, none);
const opened = session.openMsgStore(0n, storeRow.cells[0].value.val, { mapiBestAccess: true }, undefined);

const subtree = opened.store.properties().getProps(Uint32Array.of(SUBTREE), { mapiUnicode: true }).properties[0].value.val;
const top = opened.store.openEntry(subtree, { mapiBestAccess: true }, undefined).object.val;
const inbox = top.createFolder('generic', 'Smoke', undefined, { openIfExists: true });

const incoming = inbox.importMessages({ deferIndexing: false });
for (const subject of ['beta', 'Alpha', 'gamma']) {
  incoming.begin({ received: undefined, keepOriginal: true, seen: false, properties: [] });
  incoming.write(new TextEncoder().encode(
    `From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: ${subject}\r\nDate: Tue, 02 Jan 2024 08:00:00 +0000\r\nMessage-ID: <${subject}@example.org>\r\n\r\nHello ${subject}\r\n`,
  ));
  incoming.finish();
}
incoming.flush();

const contents = inbox.getContentsTable({ mapiUnicode: true });
contents.setColumns(Uint32Array.of(SUBJECT, ENTRYID), none);
contents.sortTable({ orders: [{ tag: SUBJECT, direction: 'ascend' }], categories: 0, expanded: 0 }, none);
const rows = contents.queryRows(10, none);
const message = opened.store.openEntry(rows[0].cells[1].value.val, { mapiBestAccess: true }, undefined).object.val;
const values = message.properties().getProps(Uint32Array.of(SUBJECT, 0x1000001f, 0x1035001f), { mapiUnicode: true }).properties;
const recipients = message.getRecipientTable({ mapiUnicode: true });
recipients.setColumns(Uint32Array.of(DISPLAY_NAME), none);
// Of the two lists of a restriction, the constants follow the order of the nodes that take them.
const meet = (nodes, constants) => {
  contents.restrict({ nodes, constants }, none);
  const { rows } = contents.getRowCount();
  contents.restrict(undefined, none);
  return rows;
};
const contains = { tag: 'content', val: { fuzzy: { flSubstring: true, flIgnorecase: true }, tag: SUBJECT } };
const text = (val) => ({ tag: SUBJECT, value: { tag: 'unicode', val } });
const met = meet([{ tag: 'and', val: 2 }, contains, { tag: 'not' }, contains], [text('A'), text('alph')]);
let unequal;
try {
  meet([contains], [text('a'), text('b')]);
} catch (error) {
  unequal = error.payload?.code?.code ?? String(error);
}
let refused;
try {
  opened.store.openEntry(new Uint8Array(5), none, undefined);
} catch (error) {
  refused = error.payload?.code?.code ?? String(error);
}
const seen = {
  store: storeRow.cells[1].value.val,
  count: contents.getRowCount().rows,
  subjects: rows.map((row) => row.cells[0].value.val),
  message: values.map((property) => property.value.val),
  recipients: recipients.queryRows(10, none).map((row) => row.cells[0].value.val),
  met,
  unequal,
  refused,
};
session.logoff(0n, none);
console.log(JSON.stringify(seen));
