// What is kept beside objects to find and order them.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { SqliteStore } from '../index.mjs';
import { BODY, IMPORTANCE, SUBJECT, commit, create, folderOf, stored, subjects } from './fixture.mjs';

/** @typedef {import('../world.mjs').Change} Change */

/** @param {number} number */
const body = (number) => {
  const words = Array.from({ length: 300 }, (_, word) => `w${((number * 131 + word * 7919) % 65521).toString(16)}`);
  return `${words.join(' ')} ${number % 7 === 0 ? 'needle in it' : 'nothing'}`;
};

/**
 * @param {SqliteStore} store
 * @param {Uint8Array} folder
 * @param {number} count
 */
function fill(store, folder, count) {
  const objects = store.reserve(count);
  commit(store, objects.map((object, number) => ({
    tag: 'create',
    val: {
      object, parent: folder, kind: 'message',
      properties: [stored(SUBJECT, `s${(number * 7919) % 1000}`), stored(BODY, body(number)), ...(number % 5 ? [stored(IMPORTANCE, number % 3)] : [])],
    },
  })));
  return objects;
}

test('text searches find exactly what is there, in segments with and without posting lists and in the tail', (t) => {
  const store = new SqliteStore(path.join(folderOf(t), 'a.mapi'), 'create');
  const { root } = store.identity();
  const objects = fill(store, root, 700);
  const texts = new Map(objects.map((_, number) => [number, body(number)]));
  commit(store, [
    { tag: 'set', val: { object: objects[14], expected: { tag: 'exists' }, set: [stored(BODY, 'changed')], delete: Uint32Array.of(), quiet: false } },
    { tag: 'remove', val: { object: objects[21], expected: { tag: 'exists' }, hard: true } },
  ]);
  texts.set(14, 'changed').delete(21);
  const search = () => {
    for (const folded of ['needle', 'dle', 'n', '', 'w1 ', 'wfff', 'changed', 'absent', 'needle in it']) {
      for (const how of /** @type {const} */ (['substring', 'prefix', 'full'])) {
        const wanted = [...texts.values()].filter((text) => (
          how === 'full' ? text === folded : how === 'prefix' ? text.startsWith(folded) : text.includes(folded)
        )).length;
        const filters = [[{ tag: /** @type {const} */ ('text'), val: { tag: BODY, how, folded } }]];
        assert.equal(store.count({ scope: { tag: 'one', val: root }, kind: 'contents', filters }), BigInt(wanted), `${how} ${folded}`);
      }
    }
  };
  search();
  store.compact();
  search();
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});

test('positions, ranks and pages of a kept order agree, with absent values last in both directions', (t) => {
  const store = new SqliteStore(path.join(folderOf(t), 'a.mapi'), 'create');
  const { root } = store.identity();
  fill(store, root, 5000);
  const scope = { tag: /** @type {const} */ ('one'), val: root };
  for (const tag of [SUBJECT, IMPORTANCE]) {
    for (const descending of [false, true]) {
      const order = [{ tag, descending }];
      const all = subjects(store, root, { order });
      assert.equal(all.length, 5000);
      for (const position of [0, 1, 999, 2500, 4999]) {
        assert.deepEqual(subjects(store, root, { order, start: { tag: 'position', val: BigInt(position) }, max: 3 }), all.slice(position, position + 3));
        const page = store.scan({
          scope, kind: 'contents', columns: Uint32Array.of(), cellLimit: 0, filters: [], order,
          start: { tag: 'position', val: BigInt(position) }, backwards: true, max: 1,
        });
        assert.ok(page.last);
        assert.equal(store.rank({ scope, kind: 'contents', filters: [] }, order, page.last), BigInt(position));
        assert.deepEqual(subjects(store, root, { order, start: { tag: 'after', val: page.last }, max: 2 }), all.slice(position + 1, position + 3));
      }
    }
  }
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});

test('an order that is kept follows every change', (t) => {
  const store = new SqliteStore(path.join(folderOf(t), 'a.mapi'), 'create');
  const { root } = store.identity();
  const target = create(store, root, 'folder');
  const objects = fill(store, root, 400);
  const order = [{ tag: SUBJECT, descending: false }];
  subjects(store, root, { order });
  /** @type {Change[]} */
  const changes = objects.slice(0, 100).map((object, number) => {
    /** @type {Change[]} */
    const each = [
      { tag: 'set', val: { object, expected: { tag: 'exists' }, set: [stored(SUBJECT, `z${number}`)], delete: Uint32Array.of(), quiet: false } },
      { tag: 'move', val: { object, expected: { tag: 'exists' }, parent: target, set: [], restore: false } },
      { tag: 'remove', val: { object, expected: { tag: 'exists' }, hard: number % 8 === 2 } },
      { tag: 'copy', val: { source: object, object: store.reserve(1)[0], parent: target, set: [], delete: Uint32Array.of() } },
    ];
    return each[number % 4];
  });
  commit(store, changes);
  const sorted = subjects(store, root, { order });
  assert.equal(sorted.length, 350);
  assert.deepEqual(sorted, [...sorted].sort());
  assert.equal(sorted.filter((subject) => subject.startsWith('z')).length, 25);
  assert.equal(subjects(store, target).length, 50);
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});

test('categories count rows and unread ones and go on behind the last one', (t) => {
  const store = new SqliteStore(path.join(folderOf(t), 'a.mapi'), 'create');
  const { root } = store.identity();
  fill(store, root, 300);
  const request = {
    scope: { tag: /** @type {const} */ ('one'), val: root }, kind: /** @type {const} */ ('contents'), filters: [],
    order: [{ tag: IMPORTANCE, descending: true }], levels: 1, max: 2, after: undefined,
  };
  const first = store.groups(request);
  assert.deepEqual(first.groups.map(({ values, count, unread }) => [values[0]?.val, count, unread]), [[2, 80n, 80n], [1, 80n, 80n]]);
  assert.equal(first.more, true);
  const rest = store.groups({ ...request, after: first.groups[1].keys });
  assert.deepEqual(rest.groups.map(({ values, count }) => [values[0]?.val, count]), [[0, 80n], [undefined, 60n]]);
  assert.equal(rest.more, false);
  store.close();
});
