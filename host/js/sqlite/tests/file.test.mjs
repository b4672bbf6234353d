// The file: what is refused, what is durable, who sees what.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { Driver } from '../driver.mjs';
import { SqliteStore, StoreFailure } from '../index.mjs';
import { BINARY, BODY, SUBJECT, commit, create, folderOf, stored, subjects } from './fixture.mjs';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));

/**
 * @param {() => unknown} work
 * @param {string} code
 * @param {RegExp} [sentence]
 */
function refused(work, code, sentence = /\.$/) {
  assert.throws(work, (error) => {
    assert.ok(error instanceof StoreFailure, String(error));
    assert.equal(error.payload.code.code, code, error.message);
    assert.match(error.message, sentence);
    return true;
  });
}

test('a file of another kind is refused and left untouched', (t) => {
  const folder = folderOf(t);
  const text = path.join(folder, 'text');
  fs.writeFileSync(text, 'words, words and words, '.repeat(40));
  refused(() => new SqliteStore(text, 'create'), 'mapi-e-corrupt-store', /left untouched/);
  assert.ok(fs.readFileSync(text, 'utf8').startsWith('words'));
  const other = path.join(folder, 'other');
  const connection = new Driver(other);
  connection.exec('CREATE TABLE x(a)');
  connection.close();
  const before = fs.readFileSync(other);
  refused(() => new SqliteStore(other, 'create'), 'mapi-e-corrupt-store', /left untouched/);
  assert.deepEqual(fs.readFileSync(other), before);
});

test('another format is refused with its number and what to do', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  new SqliteStore(file, 'create').close();
  for (const [format, advice] of /** @type {const} */ ([[9, /format 9.*newer version/], [4, /format 4.*mapi command/]])) {
    const connection = new Driver(file);
    connection.pragma(`user_version = ${format}`);
    connection.close();
    refused(() => new SqliteStore(file), 'mapi-e-version', advice);
  }
});

test('a missing file, a folder and a place that cannot be are told apart', (t) => {
  const folder = folderOf(t);
  refused(() => new SqliteStore(path.join(folder, 'none')), 'mapi-e-not-found');
  refused(() => new SqliteStore(folder, 'create'), 'mapi-e-invalid-parameter');
  fs.writeFileSync(path.join(folder, 'file'), '');
  refused(() => new SqliteStore(path.join(folder, 'file', 'below'), 'create'), 'mapi-e-disk-error');
});

test('an empty file left by a dead process is completed', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  fs.writeFileSync(file, '');
  const store = new SqliteStore(file);
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});

test('a store opened for reading is not written', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  new SqliteStore(file, 'create').close();
  const store = new SqliteStore(file, 'read');
  assert.equal(store.identity().writable, false);
  refused(() => store.reserve(1), 'mapi-e-no-access');
  store.close();
});

test('a damaged file answers with a code and a sentence', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  const store = new SqliteStore(file, 'create');
  const { root } = store.identity();
  const message = create(store, root, 'message', [stored(SUBJECT, 'one')]);
  const connection = new Driver(file);
  connection.exec("UPDATE bags SET props = x'37001f' WHERE id > 2");
  refused(() => store.read(message, { tag: 'all' }, 1000), 'mapi-e-corrupt-data', /Run a check/);
  assert.match(store.check(false).findings[0].message, /cannot be decoded/);
  connection.exec('DELETE FROM feed');
  refused(() => store.feedCursor(), 'mapi-e-corrupt-data', /last commit is missing/);
  connection.close();
  store.close();
  const bytes = fs.readFileSync(file);
  bytes.fill(0xa5, 8192 + 100, 3 * 8192);
  fs.writeFileSync(file, bytes);
  refused(() => new SqliteStore(file), 'mapi-e-corrupt-store', /is damaged/);
});

test('of a commit that fails nothing stays', (t) => {
  const store = new SqliteStore(path.join(folderOf(t), 'a.mapi'), 'create');
  const { root } = store.identity();
  const message = create(store, root, 'message', [stored(SUBJECT, 'old')]);
  const { version } = store.read(message, { tag: 'all' }, 0).head;
  const set = (/** @type {bigint} */ expected) => commit(store, [
    { tag: 'create', val: { object: store.reserve(1)[0], parent: root, kind: 'message', properties: [stored(SUBJECT, 'extra'), stored(BODY, 'x')] } },
    { tag: 'set', val: { object: message, expected: { tag: 'version', val: expected }, set: [stored(SUBJECT, 'new')], delete: Uint32Array.of(), quiet: false } },
  ]);
  refused(() => set(version + 1n), 'mapi-e-object-changed');
  assert.deepEqual(subjects(store, root), ['old']);
  set(version);
  assert.deepEqual(subjects(store, root), ['new', 'extra']);
  refused(() => set(version), 'mapi-e-object-changed');
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});

test('a large value is staged in parts, read in ranges, shared with a copy and gone with the last one', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  const store = new SqliteStore(file, 'create');
  const { root } = store.identity();
  const part = Buffer.from(Uint8Array.from({ length: 700_001 }, (_, place) => (place * 31) & 0xff));
  const number = store.stage();
  for (let count = 0; count < 3; count += 1) store.append(number, part);
  const whole = Buffer.concat([part, part, part]);
  const value = { tag: /** @type {const} */ ('staged'), val: { number, size: BigInt(whole.length) } };
  const message = create(store, root, 'message', [{ tag: BINARY, value, orderKey: undefined, folded: undefined }]);
  const [copy] = store.reserve(1);
  commit(store, [{ tag: 'copy', val: { source: message, object: copy, parent: root, set: [], delete: Uint32Array.of() } }]);
  commit(store, [{ tag: 'remove', val: { object: message, expected: { tag: 'exists' }, hard: true } }]);
  for (const [offset, length] of [[0, 10], [262_140, 9], [2_100_000, 100], [3_000_000, 5]]) {
    assert.deepEqual(store.readRange(copy, BINARY, BigInt(offset), length), whole.subarray(offset, offset + length));
  }
  refused(() => store.append(number, part), 'mapi-e-not-found');
  assert.deepEqual(store.check(false).findings, []);
  commit(store, [{ tag: 'remove', val: { object: copy, expected: { tag: 'exists' }, hard: true } }]);
  store.close();
  const connection = new Driver(file);
  assert.equal(connection.prepare('SELECT count(*) FROM large').pluck().get(), 0);
  connection.close();
});

test('two who have a file open see what the other did, in the feed too', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  const [one, other] = [new SqliteStore(file, 'create'), new SqliteStore(file)];
  const { root } = one.identity();
  const cursor = other.feedCursor();
  const message = create(one, root, 'message', [stored(SUBJECT, 'first')]);
  create(other, root, 'message', [stored(SUBJECT, 'second')]);
  create(one, root, 'message', [stored(SUBJECT, 'third')]);
  for (const store of [one, other]) assert.deepEqual(subjects(store, root), ['first', 'second', 'third']);
  const { records, gap, more } = other.changes(cursor, 10);
  assert.deepEqual([records.length, gap, more], [3, false, false]);
  assert.deepEqual([Buffer.from(records[0].object), records[0].verb, records[0].token], [Buffer.from(message), { tag: 'created' }, 7n]);
  assert.deepEqual(one.check(false).findings, []);
  one.close();
  other.close();
});

test('a commit of another process is noticed', async (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  const store = new SqliteStore(file, 'create');
  t.after(() => store.close());
  const noticed = new Promise((resolve) => { store.watchChanges(() => resolve(true)); });
  const writer = spawn(process.execPath, [WRITER, file, '1'], { stdio: 'ignore' });
  const [exit] = await once(writer, 'exit');
  assert.equal(exit, 0);
  // What watches keeps no process alive; this does, for so long.
  const patience = setTimeout(() => {}, 20_000);
  assert.equal(await Promise.race([noticed, once(t.signal, 'abort')]), true);
  clearTimeout(patience);
});

test('a process killed at any moment leaves commits whole or not at all', async (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  new SqliteStore(file, 'create').close();
  let before = 0;
  for (let round = 0; round < 8; round += 1) {
    const writer = spawn(process.execPath, [WRITER, file, 'on'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    writer.stdout.setEncoding('utf8').on('data', (text) => { told += text; });
    while (!told.includes('\n')) await once(writer.stdout, 'data');
    await new Promise((resolve) => { setTimeout(resolve, 7 * round); });
    writer.kill('SIGKILL');
    await once(writer, 'close');
    const store = new SqliteStore(file);
    const rows = subjects(store, store.identity().root);
    // Every commit makes ten messages, and what was reported is there.
    assert.equal(rows.length % 10, 0);
    assert.ok(rows.length >= before + 10 * told.split('\n').length - 10, `${rows.length} after ${before} and ${told}`);
    assert.deepEqual(store.check(false).findings, []);
    before = rows.length;
    store.close();
  }
});

test('a backup is a store of its own, made while the store is in use', (t) => {
  const folder = folderOf(t);
  const store = new SqliteStore(path.join(folder, 'a.mapi'), 'create');
  create(store, store.identity().root, 'message', [stored(SUBJECT, 'kept')]);
  store.backup(path.join(folder, 'b.mapi'));
  refused(() => store.backup(path.join(folder, 'b.mapi')), 'mapi-e-collision');
  store.close();
  const copy = new SqliteStore(path.join(folder, 'b.mapi'));
  assert.deepEqual(subjects(copy, copy.identity().root), ['kept']);
  assert.deepEqual(copy.check(false).findings, []);
  copy.close();
});

test('a check finds and mends what is kept beside the objects', (t) => {
  const file = path.join(folderOf(t), 'a.mapi');
  const store = new SqliteStore(file, 'create');
  create(store, store.identity().root, 'message', [stored(SUBJECT, 'one')]);
  const connection = new Driver(file);
  connection.exec('UPDATE counters SET contents = 7; UPDATE buckets SET count = 3; DELETE FROM entries');
  connection.close();
  assert.ok(store.check(false).findings.length >= 3);
  assert.ok(store.check(true).findings.every(({ repaired }) => repaired));
  assert.deepEqual(store.check(false).findings, []);
  store.close();
});
