// The backends of the package keep every promise of the world.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Backends } from 'mapi-session';
import { LocalTransport, MemoryAddressBook, MemoryProfiles, MemoryStore, PostOffice } from 'mapi-session/backends';
import { SqliteAddressBook, SqliteStore } from 'mapi-session/sqlite';
import { imports } from '../dist/imports.js';
import { absent, run } from './kit.mjs';

const ADDRESS = 'me@example.org';
const quiet = { changed() {}, called() {} };

/** A backend for each profile section. */
function each(make) {
  const made = new Map();
  return ({ section: { hi, lo } }) => {
    const key = `${hi} ${lo}`;
    if (!made.has(key)) made.set(key, make(key));
    return { provider: made.get(key) };
  };
}

const folder = await mkdtemp(path.join(tmpdir(), 'mapi-kit-'));
after(() => rm(folder, { recursive: true }));

/** A file for each profile section, opened anew each time. */
const inFiles = (Kind) => ({ section: { hi, lo } }) => ({ provider: new Kind(path.join(folder, `${Kind.name} ${hi} ${lo}`), 'create') });

const kept = [
  ['the store in memory', ['store'], (backends) => backends.withStore('kit', each((key) => new MemoryStore(key)))],
  ['the store in SQLite', ['store', 'durable-store'], (backends) => backends.withStore('kit', inFiles(SqliteStore))],
  ['the address book in SQLite', ['address-book'], (backends) => backends.withAddressBook('kit', inFiles(SqliteAddressBook))],
  ['the address book in memory', ['address-book'], (backends) => backends.withAddressBook('kit', each(() => new MemoryAddressBook()))],
  ['the local transport', ['transport'], (backends) => backends.withTransport('kit', each(() => new LocalTransport(new PostOffice(), 'Me', ADDRESS)))],
  ['the profiles in memory', ['profile-storage'], (backends) => backends],
];
for (const [what, suites, grant] of kept) {
  test(`${what} keeps every promise of the conformance kit`, { skip: absent() }, async () => {
    const backends = grant(new Backends({ profiles: new MemoryProfiles() }));
    const { broken, count } = await run(imports(backends, quiet), suites, { backend: 'kit', address: ADDRESS });
    assert.deepEqual(broken, []);
    assert.ok(count > 5, `${count} checks`);
  });
}

test('the kit notices a store that lies', { skip: absent() }, async () => {
  class Liar extends MemoryStore {
    commit(request) {
      const done = super.commit(request);
      return { ...done, objects: done.objects.map(({ version, arrival }) => ({ version: version + 1n, arrival })) };
    }
  }
  const backends = new Backends().withStore('kit', each((key) => new Liar(key)));
  const { broken } = await run(imports(backends, quiet), ['store'], { backend: 'kit' });
  assert.notDeepEqual(broken, []);
});
