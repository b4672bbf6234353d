// The backends in memory, called as the session calls them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalogue, LocalTransport, MemoryAddressBook, MemoryProfiles, MemoryStore, PostOffice } from 'mapi-session/backends';

const [SUBJECT, FLAGS, BODY] = [0x0037001f, 0x0e070003, 0x1000001f];
const bytes = (text) => new TextEncoder().encode(text);
const code = (name) => ({ code: name });
const exists = { tag: 'exists' };

/** A text with the key and the folded form the session would hand over. */
const text = (tag, val) => ({ tag, value: { tag: 'inline', val: { tag: 'unicode', val } }, orderKey: bytes(val.toLowerCase()), folded: val.toLowerCase() });
const commit = (store, ...changes) => store.commit({ changes, token: 5n, deferIndexing: false, delivery: false });

function create(store, parent, kind, ...properties) {
  const [object] = store.reserve(1);
  commit(store, { tag: 'create', val: { object, parent, kind, properties } });
  return object;
}

const set = (object, subject, expected = exists, quiet = false) =>
  ({ tag: 'set', val: { object, expected, set: [text(SUBJECT, subject)], delete: new Uint32Array(), quiet } });
const remove = (object) => ({ tag: 'remove', val: { object, expected: exists, hard: true } });

function scan(store, container, request = {}) {
  const page = store.scan({
    scope: { tag: 'one', val: container }, kind: 'contents', columns: Uint32Array.of(SUBJECT), cellLimit: 0, filters: [], order: [],
    start: { tag: 'start' }, backwards: false, max: 100, ...request,
  });
  const [{ data, present }] = page.batch.columns;
  if (data.tag !== 'text') return [];
  let start = 0;
  const encoded = bytes(data.val.text);
  const texts = Array.from(data.val.ends, (end) => { const cell = encoded.slice(start, end); start = end; return new TextDecoder().decode(cell); });
  return texts.filter((_, row) => present.length === 0 || present[row >> 3] >> (row & 7) & 1);
}

function filled(...subjects) {
  const store = new MemoryStore('test');
  const { root } = store.identity();
  return { store, root, objects: subjects.map((subject) => create(store, root, 'message', text(SUBJECT, subject))) };
}

test('a failed commit changes nothing', () => {
  const { store, root, objects: [message, other] } = filled('a', 'b');
  const cursor = store.feedCursor();
  assert.throws(() => commit(store, set(other, 'z'), remove(message), set(message, 'b')), code('mapi-e-object-deleted'));
  assert.deepEqual(scan(store, root), ['a', 'b']);
  assert.deepEqual(store.feedCursor(), cursor);
  assert.deepEqual(scan(store, root, { order: [{ tag: SUBJECT, descending: true }] }), ['b', 'a']);
});

test('a lost race is object-changed, and quiet changes are no race', () => {
  const { store, objects: [object] } = filled('a');
  commit(store, { tag: 'bits', val: { object, tag: FLAGS, set: 1, clear: 0 } });
  commit(store, set(object, 'b', { tag: 'version', val: 1n }));
  assert.throws(() => commit(store, set(object, 'c', { tag: 'version', val: 1n })), code('mapi-e-object-changed'));
});

test('identifiers are reserved, and never used again', () => {
  const { store, root, objects: [object] } = filled('a');
  const again = (id) => commit(store, { tag: 'create', val: { object: id, parent: root, kind: 'message', properties: [] } });
  assert.throws(() => again(object), code('mapi-e-collision'));
  commit(store, remove(object));
  assert.throws(() => again(object), code('mapi-e-collision'));
  assert.throws(() => again(new Uint8Array(8).fill(255)), code('mapi-e-invalid-parameter'));
});

test('a folder counts its messages', () => {
  const { store, root } = filled();
  const folder = create(store, root, 'folder');
  const object = create(store, folder, 'message');
  create(store, folder, 'message');
  create(store, folder, 'associated');
  commit(store, { tag: 'bits', val: { object, tag: FLAGS, set: 1, clear: 0 } });
  const counts = () => store.read(folder, { tag: 'tags', val: Uint32Array.of(0x36020003, 0x36030003, 0x36170003) }, 100, {}).properties.map(({ value }) => value.val);
  assert.deepEqual(counts(), [2, 1, 1]);
  commit(store, remove(object));
  assert.deepEqual(counts(), [1, 1, 1]);
});

test('pages go on behind the last row in both directions, and follow changes', () => {
  const { store, root, objects } = filled('b', 'd', 'a', 'c');
  const order = [{ tag: SUBJECT, descending: false }];
  const page = (start, backwards) => scan(store, root, { order, start, backwards, max: 2 });
  assert.deepEqual(page({ tag: 'start' }, false), ['a', 'b']);
  assert.deepEqual(page({ tag: 'start' }, true), ['d', 'c']);
  assert.deepEqual(page({ tag: 'position', val: 1n }, false), ['b', 'c']);
  assert.deepEqual(page({ tag: 'position', val: 1n }, true), ['b', 'a']);
  const { last } = store.scan({ scope: { tag: 'one', val: root }, kind: 'contents', columns: new Uint32Array(), cellLimit: 0, filters: [], order, start: { tag: 'start' }, backwards: false, max: 2 });
  assert.deepEqual(page({ tag: 'after', val: last }, false), ['c', 'd']);
  assert.deepEqual(page({ tag: 'at', val: last }, false), ['b', 'c']);
  assert.equal(store.rank({ scope: { tag: 'one', val: root }, kind: 'contents', filters: [] }, order, last), 1n);
  commit(store, set(objects[0], 'e'));
  create(store, root, 'message', text(SUBJECT, 'bb'));
  commit(store, remove(objects[2]));
  assert.deepEqual(scan(store, root, { order }), ['bb', 'c', 'd', 'e']);
});

test('a thousand random changes leave every order as one made anew', () => {
  const store = new MemoryStore('random');
  const { root } = store.identity();
  const folders = [root, create(store, root, 'folder')];
  let seed = 1;
  const random = (below) => { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; return seed % below; };
  const subject = () => text(SUBJECT, String(random(40)));
  const order = [{ tag: SUBJECT, descending: true }];
  const live = [];
  for (let step = 0; step < 1000; step++) {
    const kind = random(5);
    if (kind < 2 || live.length === 0) live.push(create(store, folders[random(2)], 'message', subject()));
    else if (kind === 2) commit(store, { tag: 'set', val: { object: live[random(live.length)], expected: exists, set: [subject()], delete: new Uint32Array(), quiet: true } });
    else if (kind === 3) commit(store, { tag: 'move', val: { object: live[random(live.length)], expected: exists, parent: folders[random(2)], set: [], restore: false } });
    else commit(store, remove(live.splice(random(live.length), 1)[0]));
    if (step % 7) continue;
    for (const folder of folders) {
      const kept = scan(store, folder, { order, max: 10_000 });
      // The same rows in the order they arrived, put in order here.
      const anew = scan(store, folder, { max: 10_000 }).map((value, at) => [value, at]).sort(([a, x], [b, y]) => (a < b ? 1 : a > b ? -1 : y - x)).map(([value]) => value);
      assert.deepEqual(kept, anew);
    }
  }
});

test('what is answered exactly is answered rightly, and the rest is declined', () => {
  const { store, root, objects } = filled('Alpha', 'beta', 'Gamma');
  commit(store, { tag: 'bits', val: { object: objects[1], tag: FLAGS, set: 1, clear: 0 } });
  const compare = (relop, value, bounded = false) => ({ tag: 'compare', val: { tag: SUBJECT, relop, key: bytes(value), bounded, constant: { tag: 'unicode', val: value } } });
  const cases = [
    [[compare('ge', 'beta')], 'exact', ['beta', 'Gamma']],
    [[compare('lt', 'beta', true)], 'inexact', ['Alpha', 'beta']],
    [[{ tag: 'not' }, compare('eq', 'beta')], 'exact', ['Alpha', 'Gamma']],
    [[{ tag: 'text', val: { tag: SUBJECT, how: 'substring', folded: 'mm' } }], 'exact', ['Gamma']],
    [[{ tag: 'or', val: 2 }, compare('eq', 'alpha'), { tag: 'bits', val: { tag: FLAGS, relation: 'nez', mask: 1 } }], 'exact', ['Alpha', 'beta']],
    [[{ tag: 'and', val: 2 }, { tag: 'exist', val: FLAGS }, { tag: 'size', val: { tag: SUBJECT, relop: 'eq', size: 8 } }], 'exact', ['beta']],
    [[{ tag: 'not' }, compare('lt', 'beta', true)], 'unsupported'],
    [[compare('re', 'a')], 'unsupported'],
    [[{ tag: 'exist', val: 0x36020003 }], 'unsupported'],
    [[{ tag: 'and', val: 2 }, compare('eq', 'alpha')], 'unsupported'],
  ];
  for (const [filter, support, found] of cases) {
    const plan = store.plan({ scope: { tag: 'one', val: root }, kind: 'contents', filters: [filter], order: [] });
    assert.deepEqual(plan.filters, [support], JSON.stringify(filter.map(({ tag }) => tag)));
    if (found) assert.deepEqual(scan(store, root, { filters: [filter] }), found);
    else assert.throws(() => scan(store, root, { filters: [filter] }), code('mapi-e-too-complex'));
  }
  commit(store, { tag: 'set', val: { object: objects[0], expected: exists, set: [{ ...text(BODY, 'x'), folded: undefined }], delete: new Uint32Array(), quiet: true } });
  const plan = store.plan({ scope: { tag: 'one', val: root }, kind: 'contents', filters: [[{ tag: 'text', val: { tag: BODY, how: 'full', folded: 'y' } }]], order: [{ tag: FLAGS, descending: false }] });
  assert.deepEqual(plan.filters, ['inexact'], 'a text that was not handed over may match');
  assert.equal(plan.order, 'unsupported', 'bits change without a new key');
});

test('categories are counted, with what is unread', () => {
  const { store, root, objects } = filled('b', 'a', 'b');
  commit(store, { tag: 'bits', val: { object: objects[0], tag: FLAGS, set: 1, clear: 0 } });
  const request = { scope: { tag: 'one', val: root }, kind: 'contents', filters: [], order: [{ tag: SUBJECT, descending: false }], levels: 1, max: 1 };
  const first = store.groups(request);
  assert.deepEqual(first.groups.map(({ count, unread }) => [count, unread]), [[1n, 1n]]);
  const next = store.groups({ ...request, after: first.groups[0].keys });
  assert.deepEqual(next.groups.map(({ values, count, unread }) => [values[0].val, count, unread]), [['b', 2n, 1n]]);
  assert.equal(next.more, false);
});

test('a large value is staged, read in ranges and never inline', () => {
  const { store, objects: [object] } = filled('a');
  const number = store.stage();
  store.append(number, bytes('he'));
  store.append(number, bytes('llo'));
  commit(store, { tag: 'set', val: { object, expected: exists, set: [{ tag: BODY, value: { tag: 'staged', val: { number, size: 10n } } }], delete: new Uint32Array(), quiet: false } });
  assert.deepEqual(store.readRange(object, BODY, 1n, 3), bytes('ell'));
  assert.deepEqual(store.readRange(object, BODY, 9n, 3), new Uint8Array());
  const [cut] = store.read(object, { tag: 'tags', val: Uint32Array.of(BODY) }, 4, {}).properties;
  assert.deepEqual(cut.value, { tag: 'error', val: 0x8007000e });
  assert.throws(() => store.append(number, bytes('!')), code('mapi-e-not-found'));
});

test('an attachment contains its embedded message, of which there is one', () => {
  const { store, objects: [message] } = filled('a');
  const attachment = create(store, message, 'attachment');
  create(store, attachment, 'embedded-message', text(SUBJECT, 'inside'));
  assert.deepEqual(scan(store, attachment), ['inside']);
  assert.throws(() => create(store, attachment, 'embedded-message'), code('mapi-e-collision'));
});

test('a copy has the recipients of its original, and a folder is not moved into itself', () => {
  const { store, root, objects: [source] } = filled('a');
  create(store, source, 'recipient', text(SUBJECT, 'r'));
  const [object] = store.reserve(1);
  commit(store, { tag: 'copy', val: { source, object, parent: root, set: [text(SUBJECT, 'copy')], delete: new Uint32Array() } });
  assert.deepEqual(scan(store, object, { kind: 'recipients' }), ['r']);
  assert.deepEqual(scan(store, root), ['a', 'copy']);
  const folder = create(store, root, 'folder');
  const inner = create(store, folder, 'folder');
  assert.throws(() => commit(store, { tag: 'move', val: { object: folder, expected: exists, parent: inner, set: [], restore: false } }), code('mapi-e-folder-cycle'));
});

test('the feed says what happened and when it lost something', () => {
  const { store, root } = filled();
  const start = store.feedCursor();
  const object = create(store, root, 'message');
  commit(store, remove(object));
  const page = store.changes(start, 1);
  assert.deepEqual([page.more, page.gap, page.records[0].verb.tag, page.records[0].token], [true, false, 'created', 5n]);
  const rest = store.changes(page.cursor, 9);
  assert.deepEqual([rest.more, rest.records[0].verb], [false, { tag: 'deleted', val: false }]);
  assert.equal(store.changes(bytes('garbage'), 9).gap, true);
  assert.equal(store.changes(new MemoryStore('other').feedCursor(), 9).gap, true);
});

test('a full store refuses more but lets go', () => {
  const { store, objects: [object] } = filled('abcdef');
  store.limit = 4;
  assert.throws(() => commit(store, set(object, 'abcdefg')), code('mapi-e-not-enough-disk'));
  commit(store, remove(object));
  assert.equal(store.quota().used, 0n);
});

test('names get identifiers once', () => {
  const { store } = filled();
  const name = { set: { hi: 1n, lo: 2n }, name: { tag: 'number', val: 1 } };
  assert.deepEqual(store.idsOfNames([name], false), [undefined]);
  assert.deepEqual(store.idsOfNames([name, name], true), [0x8001, 0x8001]);
  assert.deepEqual(store.namesOfIds(Uint16Array.of(0x8001, 0x8002)), [name, undefined]);
});

test('new order keys take the place of the old ones', () => {
  const { store, root, objects } = filled('a', 'b');
  const order = [{ tag: SUBJECT, descending: false }];
  assert.deepEqual(scan(store, root, { order }), ['a', 'b']);
  store.rekey([{ object: objects[0], properties: [{ ...text(SUBJECT, 'a'), orderKey: bytes('z') }] }], 2, true);
  assert.deepEqual(scan(store, root, { order }), ['b', 'a']);
  assert.equal(store.identity().index.keyVersion, 2);
});

test('a new address book has one container', () => {
  const book = new MemoryAddressBook('Friends');
  const page = book.scan({ scope: { tag: 'one', val: book.identity().root }, kind: 'subfolders', columns: Uint32Array.of(0x3001001f), cellLimit: 0, filters: [], order: [], start: { tag: 'start' }, backwards: false, max: 9 });
  assert.equal(page.batch.columns[0].data.val.text, 'Friends');
});

test('a profile is replaced at the version it was read at', () => {
  const profiles = new MemoryProfiles();
  const first = profiles.replace('a', bytes('1'), 0n);
  const second = profiles.replace('a', bytes('2'), first);
  assert.throws(() => profiles.replace('a', bytes('3'), first), code('mapi-e-object-changed'));
  profiles.setSecret('a', 'key', bytes('secret'));
  profiles.setDefaultName('a');
  profiles.replace('b', bytes(''), 0n);
  assert.throws(() => profiles.rename('a', 'b', second), code('mapi-e-collision'));
  const third = profiles.rename('a', 'c', second);
  assert.deepEqual(profiles.listProfiles().map(({ name }) => name), ['c', 'b']);
  assert.deepEqual(profiles.secret('c', 'key'), bytes('secret'));
  assert.equal(profiles.defaultName(), 'c');
  profiles.delete('c', third);
  assert.notEqual(profiles.replace('c', bytes(''), 0n), third);
  assert.equal(profiles.secret('c', 'key'), undefined);
});

test('a service refuses what is no setting of it, and what lacks one it needs', () => {
  const catalogue = new Catalogue();
  const uid = { hi: 1n, lo: 2n };
  const request = { service: 'mapi.local', context: 'configure', how: {}, ui: 0n, properties: [], profile: 'P', section: { uid, properties: [] }, providers: [{ uid, properties: [] }], extras: [] };
  assert.equal(catalogue.configure(request).failure.code.code, 'mapi-e-unconfigured');
  const property = (tag, val) => ({ tag, value: { tag: 'unicode', val } });
  assert.equal(catalogue.configure({ ...request, properties: [property(0x0037001f, 'x')] }).failure.code.code, 'mapi-e-invalid-parameter');
  const set = [property(0x0c1f001f, 'a@b')];
  assert.deepEqual(catalogue.configure({ ...request, properties: set }).sections, [{ uid, set, delete: new Uint32Array() }]);
});

test('mail goes to who is known, fails for who is not, and is left to others elsewhere', () => {
  const office = new PostOffice();
  const [ann, bob] = ['ann', 'bob'].map((name) => new LocalTransport(office, name, `${name}@here.example`));
  const recipient = (row, address) => ({ row, serve: true, properties: [{ tag: 0x3003001f, value: { tag: 'unicode', val: address } }] });
  const envelope = (...recipients) => ({ entryId: new Uint8Array(), sender: '', recipients, properties: [], deferred: false });
  assert.throws(() => ann.begin(envelope(recipient(0, 'x@elsewhere.example'))), code('mapi-e-not-me'));
  const transfer = ann.begin(envelope(recipient(0, 'Bob@HERE.example'), recipient(1, 'nobody@here.example'), recipient(2, 'x@elsewhere.example')));
  assert.throws(() => ann.begin(envelope()), code('mapi-e-busy'));
  ann.write(transfer, bytes('mail'));
  assert.deepEqual(ann.finish(transfer).recipients.map(({ outcome }) => outcome.tag), ['delivered', 'failed', 'not-done']);
  assert.ok(bob.poll());
  const offered = bob.receive();
  bob.acknowledge(offered.number, false);
  const again = bob.receive();
  assert.deepEqual(bob.read(again.number, 1n, 2), bytes('ai'));
  bob.acknowledge(again.number, true);
  assert.equal(bob.receive(), undefined);
});
