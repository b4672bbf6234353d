// Files that were damaged: every call answers, or fails with a code and a sentence.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { SqliteStore, StoreFailure } from '../index.mjs';
import { Driver } from '../driver.mjs';
import { BINARY, BODY, IMPORTANCE, SUBJECT, commit, create, folderOf, stored, subjects } from './fixture.mjs';

/** @param {string} file */
function make(file) {
  const store = new SqliteStore(file, 'create');
  const { root } = store.identity();
  create(store, root, 'folder', [stored(0x3001001f, 'below')]);
  const objects = store.reserve(300);
  commit(store, objects.map((object, number) => ({
    tag: 'create', val: {
      object, parent: root, kind: 'message',
      properties: [stored(SUBJECT, `s${number}`), stored(IMPORTANCE, number % 3), stored(BODY, 'words and more words '.repeat(30)), stored(BINARY, Buffer.alloc(2000, number))],
    },
  })));
  subjects(store, root, { order: [{ tag: SUBJECT, descending: false }] });
  commit(store, [{ tag: 'copy', val: { source: objects[5], object: store.reserve(1)[0], parent: root, set: [], delete: Uint32Array.of() } }]);
  store.idsOfNames([{ set: { hi: 1n, lo: 2n }, name: { tag: 'text', val: 'name' } }], true);
  store.close();
  return objects;
}

/**
 * What a session does with a store, each call by itself.
 * @param {SqliteStore} store
 * @param {Uint8Array[]} objects
 * @returns {(() => unknown)[]}
 */
function calls(store, objects) {
  const { root } = store.identity();
  const scope = { tag: /** @type {const} */ ('one'), val: root };
  const filters = [[{ tag: /** @type {const} */ ('text'), val: { tag: BODY, how: /** @type {const} */ ('substring'), folded: 'more' } }]];
  const order = [{ tag: SUBJECT, descending: true }];
  return [
    () => store.read(objects[7], { tag: 'all' }, 1 << 20),
    () => store.listTags(objects[8]),
    () => store.readRange(objects[9], BINARY, 5n, 100),
    () => subjects(store, root),
    () => subjects(store, root, { order }),
    () => subjects(store, root, { filters, order: [{ tag: IMPORTANCE, descending: false }, ...order] }),
    () => subjects(store, root, { order, start: { tag: 'position', val: 200n } }),
    () => store.count({ scope, kind: 'contents', filters }),
    () => store.rank({ scope, kind: 'contents', filters: [] }, order, { keys: [Buffer.from('s2')], arrival: 9n }),
    () => store.groups({ scope, kind: 'contents', filters: [], order: [{ tag: IMPORTANCE, descending: false }], levels: 1, after: undefined, max: 10 }),
    () => store.containerTags(root, 'contents'),
    () => store.allNames(),
    () => store.changes(store.feedCursor(), 100),
    () => store.check(false),
    () => create(store, root, 'message', [stored(SUBJECT, 'new'), stored(BODY, 'new')]),
    () => commit(store, [{ tag: 'set', val: { object: objects[1], expected: { tag: 'exists' }, set: [stored(SUBJECT, 'other')], delete: Uint32Array.of(), quiet: false } }]),
    () => commit(store, [{ tag: 'move', val: { object: objects[2], expected: { tag: 'exists' }, parent: root, set: [], restore: false } }]),
    () => commit(store, [{ tag: 'remove', val: { object: objects[3], expected: { tag: 'exists' }, hard: true } }]),
    () => store.check(true),
    () => store.compact(),
  ];
}

/**
 * @param {() => unknown} call
 * @param {string} what
 */
function answersOrFails(call, what) {
  try {
    call();
  } catch (error) {
    // What `subjects` of the tests itself says of a column that is not one of texts is none of the store's.
    if (error instanceof Error && error.message.startsWith('the subjects are')) return;
    assert.ok(error instanceof StoreFailure && error.message.endsWith('.'), `${what}: ${error instanceof Error ? error.stack : error}`);
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {(file: string, random: (below: number) => number) => void} damage
 * @param {number} rounds
 */
function survives(t, damage, rounds) {
  const folder = folderOf(t);
  const whole = path.join(folder, 'whole.mapi');
  const objects = make(whole);
  let seed = 3;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 0x7fffffff) % below;
  for (let round = 0; round < rounds; round += 1) {
    const file = path.join(folder, `${round}.mapi`);
    fs.copyFileSync(whole, file);
    damage(file, random);
    /** @type {SqliteStore | undefined} */
    let store;
    answersOrFails(() => { store = new SqliteStore(file); }, `opening in round ${round}`);
    if (!store) continue;
    const open = store;
    answersOrFails(() => calls(open, objects).forEach((call, number) => answersOrFails(call, `call ${number} in round ${round}`)), `identity in round ${round}`);
    open.close();
    for (const name of [file, `${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
  }
}

test('bytes that were changed anywhere in the file', (t) => {
  survives(t, (file, random) => {
    const bytes = fs.readFileSync(file);
    for (let count = 1 + random(40); count > 0; count -= 1) bytes[100 + random(bytes.length - 100)] = random(256);
    fs.writeFileSync(file, bytes);
  }, 25);
});

test('rows that hold what no program writes', (t) => {
  const columns = {
    objects: ['parent', 'class', 'arrival', 'kind', 'version', 'unread', 'text', 'late'], bags: ['props'], counters: ['contents', 'stamp'],
    orders: ['tag', 'class'], entries: ['sort', 'object'], buckets: ['sort', 'count'], feed: ['next_object', 'next_arrival', 'next_text', 'token', 'records'],
    tail: ['texts'], segments: ['docs', 'arena', 'posted'], names: ['name'], large: ['data'], tags: ['tag'], meta: ['value'],
  };
  const values = ["'words'", '-1', '9223372036854775807', '1.5', "x''", "x'ffffffffffffffffff'", "x'00'", "x'37001f0000'", '1e300', '77'];
  survives(t, (file, random) => {
    const connection = new Driver(file);
    const names = /** @type {(keyof typeof columns)[]} */ (Object.keys(columns));
    for (let count = 1 + random(3); count > 0; count -= 1) {
      const table = names[random(names.length)];
      const column = columns[table][random(columns[table].length)];
      connection.exec(`UPDATE OR IGNORE ${table} SET ${column} = ${values[random(values.length)]} ${random(2) ? '' : 'WHERE random() % 3 = 0'}`);
    }
    connection.close();
  }, 80);
});
