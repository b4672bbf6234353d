// The API of the package in Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backends, FileTime, MapiError, and, ascending, contains, createEngine, descending, equal, isMbox, not, splitMbox } from 'mapi-session';
import { Catalogue, LocalTransport, MEMORY_SERVICES, MemoryStore, PostOffice } from 'mapi-session/backends';

const engine = await createEngine();
const bytes = (text) => new TextEncoder().encode(text);
const mail = (subject, more = '') => bytes(`From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: ${subject}\r\nDate: Tue, 02 Jan 2024 08:00:00 +0000\r\n${more}\r\nHello ${subject}\r\n`);

/** A subsystem with a profile and a session on it. */
async function logon(backends = Backends.memory(), services = []) {
  const subsystem = await engine.subsystem(backends);
  const admin = subsystem.profiles();
  admin.create('Ann');
  const administration = admin.services('Ann');
  for (const [name, settings] of services) administration.add(name, settings);
  const session = subsystem.logon({ profile: 'Ann' });
  return { subsystem, admin, session, store: session.defaultStore };
}

test('times keep their ticks and are dates', () => {
  const time = new FileTime(133486560000000001n);
  assert.equal(time.toISOString(), '2024-01-02T08:00:00.000Z');
  assert.equal(time.ticks, 133486560000000001n);
  time.setUTCFullYear(2025);
  assert.equal(time.ticks, FileTime.from(new Date('2025-01-02T08:00:00Z')).ticks);
  assert.throws(() => FileTime.from(new Date('1500-01-01')), RangeError);
});

test('properties are set and read as a map', async () => {
  const { subsystem, store } = await logon();
  const message = store.inbox.createMessage({ subject: 'Hi', importance: 2 });
  const { properties } = message;
  const when = new FileTime(133486560000000001n);
  properties.set('submittedAt', when).set('body', 'x'.repeat(300_000));
  assert.deepEqual(properties.pick('subject', 'importance', 'comment'), { subject: 'Hi', importance: 2, comment: undefined });
  assert.equal(properties.get('submittedAt').ticks, when.ticks);
  assert.equal(properties.get('body').length, 300_000, 'a large value is read in pieces');
  assert.ok(properties.has('subject') && !properties.has('comment'));
  assert.equal(new Map(properties).get('subject'), 'Hi');
  properties.delete('importance');
  message.save();
  assert.equal(properties.get(0x0037001f), 'Hi', 'any property can be named by its tag');
  const named = properties.named('00020329-0000-0000-c000-000000000046', 'Colour', 0x1f, true);
  properties.set(named, 'red');
  assert.equal(properties.get(properties.named('00020329-0000-0000-c000-000000000046', 'Colour', 0x1f)), 'red');
  assert.throws(() => properties.set('subject', 7), { code: 'mapi-e-invalid-type' });
  subsystem.dispose();
});

test('rows are lazy, by name, and by column', async () => {
  const { subsystem, session, store } = await logon();
  const { inbox } = store;
  assert.equal(session.open(inbox.entryId).name, 'Inbox');
  for (const subject of ['b😀', 'ä', 'c']) inbox.import(mail(subject));
  const table = inbox.contents('subject', 'size', 'comment', 'deliveredAt').sort(descending('subject'));
  assert.equal(table.length, 3);
  const batch = table.slice(0, 10);
  assert.deepEqual([...batch.column('subject')], ['ä', 'c', 'b😀']);
  assert.ok(batch.column('size').numbers instanceof Int32Array);
  assert.equal(batch.at(2).subject, 'b😀');
  assert.equal(batch.at(2).comment, undefined);
  assert.ok(batch.at(2).deliveredAt instanceof Date);
  assert.equal(batch.at(3), undefined);
  assert.deepEqual(Array.from(table, (row) => row.subject), ['ä', 'c', 'b😀']);
  table.restrict(and(contains('subject', 'B'), not(equal('subject', 'c'))));
  assert.equal(table.length, 1);
  assert.ok(!table.find(equal('subject', 'z')));
  table.restrict();
  assert.ok(table.find(equal('subject', 'ä')));
  assert.equal(table.position, 0);
  subsystem.dispose();
});

test('lists of a restriction that do not fit each other are refused', async () => {
  const { subsystem, store } = await logon();
  const table = store.inbox.contents('subject');
  const one = contains('subject', 'a');
  assert.throws(() => table.restrict({ nodes: one.nodes, constants: [...one.constants, ...one.constants] }), { code: 'mapi-e-invalid-parameter', number: 0x80070057 });
  subsystem.dispose();
});

test('an archive is split at its separators, and each message is given back byte for byte', async () => {
  const archive = bytes('From a Tue Jan  2 08:00:00 2024\nSubject: 1\nStatus: RO\n\nText\nFrom here on\n>From there\n>>From afar\n\nFrom b Wed Jan  3 08:00:00 2024\r\nSubject: 2\r\n\r\nEnd\r\n');
  assert.ok(isMbox(archive));
  const split = [...splitMbox(archive)];
  assert.deepEqual(split.map((message) => new TextDecoder().decode(message.bytes)), ['Subject: 1\nStatus: RO\n\nText\nFrom here on\nFrom there\n>From afar\n', 'Subject: 2\r\n\r\nEnd\r\n']);
  assert.deepEqual(split.map(({ seen }) => seen), [true, false]);
  assert.equal(split[0].received.toISOString(), '2024-01-02T08:00:00.000Z');
  const { subsystem, store } = await logon();
  const { inbox } = store;
  assert.equal(inbox.import(archive).messages, 2);
  assert.equal(inbox.properties.get('unreadCount'), 1);
  const table = inbox.contents('entryId').sort(ascending('subject'));
  const message = store.message(table.read(1).at(0).entryId);
  assert.deepEqual(message.export({ networkLineEnds: false }), split[0].bytes);
  subsystem.dispose();
});

test('attachments and recipients come back', async () => {
  const { subsystem, store } = await logon();
  const message = store.inbox.createMessage({ subject: 'With a file' });
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  message.attach('file.bin', content, 'application/octet-stream');
  message.addRecipients({ address: 'bob@example.org', name: 'Bob' }, { address: 'eve@example.org', kind: 'cc' });
  message.save();
  const [row] = message.attachments();
  assert.equal(row.attachmentName, 'file.bin');
  assert.deepEqual(message.attachment(row.attachmentNumber).bytes, content);
  assert.deepEqual(Array.from(message.recipients(), (recipient) => [recipient.displayName, recipient.recipientType]), [['Bob', 1], ['eve@example.org', 2]]);
  subsystem.dispose();
});

test('mail goes from one profile to another and is told of', { timeout: 60_000 }, async () => {
  const { subsystem, admin, store } = await logon(Backends.memory(), [['mapi.local', { senderName: 'Ann', senderAddress: 'ann@here.example' }]]);
  admin.create('Bob');
  admin.services('Bob').add('mapi.local', { senderName: 'Bob', senderAddress: 'bob@here.example' });
  const bob = subsystem.logon({ profile: 'Bob' }).defaultStore;
  // A transport is logged on at the first turn, and has a mailbox from then on.
  subsystem.settle();
  const told = bob.watch({ events: { fnevNewMail: true } });
  store.outbox.createMessage({ messageClass: 'IPM.Note', subject: 'Hello', body: 'Bob' }).addRecipients({ address: 'bob@here.example' }).submit(store.sent.entryId);
  for await (const event of told) {
    assert.equal(event.tag, 'new-mail');
    const message = bob.message(event.val.entryId, 'read');
    assert.equal(message.subject, 'Hello');
    told.dispose();
  }
  const sent = store.sent.contents('subject');
  assert.deepEqual(sent.read(9).toArray(), [{ subject: 'Hello' }]);
  assert.equal(store.outgoing().length, 0);
  subsystem.dispose();
});

test('a table tells what happens to its rows', async () => {
  const { subsystem, store } = await logon();
  const { inbox } = store;
  const table = inbox.contents('subject');
  const events = [];
  table.watch((event) => events.push(event.val.event));
  inbox.import(mail('x'));
  subsystem.settle();
  assert.deepEqual(events, ['row-added']);
  subsystem.dispose();
});

test('a session that was given no transport cannot send', async () => {
  const office = new PostOffice();
  office.mailbox('bob@here.example');
  const send = async (...services) => {
    const { subsystem, store } = await logon(Backends.memory({}, office), services);
    subsystem.settle();
    store.outbox.createMessage({ messageClass: 'IPM.Note', subject: 'x' }).addRecipients({ address: 'bob@here.example' }).submit(store.sent.entryId);
    subsystem.settle();
    subsystem.dispose();
    return office.mailbox('bob@here.example').length;
  };
  assert.equal(await send(), 0);
  assert.equal(await send(['mapi.local', { senderName: 'Ann', senderAddress: 'ann@here.example' }]), 1);
});

test('what not everything could be done of is an error that says why', async () => {
  const { subsystem, store } = await logon();
  const { inbox } = store;
  inbox.import(mail('x'));
  const table = inbox.contents('entryId');
  const { entryId } = table.read(1).at(0);
  const open = store.message(entryId);
  assert.throws(() => inbox.markRead(true, entryId), (error) => error instanceof MapiError && error.code === 'mapi-w-partial-completion' && /open for writing/.test(error.message));
  open.dispose();
  inbox.markRead(true, entryId);
  assert.equal(inbox.properties.get('unreadCount'), 0);
  subsystem.dispose();
});

test('a mistake in a backend is a failure of its provider and nothing else', async () => {
  class Broken extends MemoryStore {
    broken = false;
    scan(request) {
      if (this.broken) throw new TypeError('a mistake');
      return super.scan(request);
    }
  }
  const store = new Broken('broken');
  const services = [...MEMORY_SERVICES, { name: 'broken', displayName: 'Broken mailbox', kind: 'store', backend: 'broken', isDefault: true }];
  const backends = Backends.memory({ catalogue: new Catalogue(services) }).withStore('broken', () => ({ provider: store }));
  const { subsystem, session } = await logon(backends);
  const named = new Map(Array.from(session.stores(), (row) => [row.displayName, session.openStore(row.entryId)]));
  const [good, bad] = [named.get('Mailbox in memory'), named.get('Broken mailbox')];
  const folder = bad.root;
  store.broken = true;
  assert.throws(() => folder.contents('subject').read(1), (error) => error instanceof MapiError && error.code === 'mapi-e-call-failed' && error.who.provider && /a mistake/.test(error.message));
  assert.ok(good.inbox.contents('subject').length === 0);
  subsystem.dispose();
});

test('a method that cannot fail is logged when it does, and costs nothing', async () => {
  class Broken extends LocalTransport {
    takeEffects() { throw new Error('a mistake'); }
  }
  const said = [];
  const log = (level, text) => {
    said.push(`${level}: ${text}`);
    throw new Error('a log may fail too');
  };
  const provider = new Broken(new PostOffice(), 'Ann', 'ann@here.example');
  const backends = Backends.memory({ log }).withTransport('local', () => ({ provider, statusRow: provider.statusRow() }));
  const { subsystem, store } = await logon(backends, [['mapi.local', { senderName: 'Ann', senderAddress: 'ann@here.example' }]]);
  store.outbox.createMessage({ messageClass: 'IPM.Note', subject: 'x' }).addRecipients({ address: 'ann@here.example' }).submit(store.sent.entryId);
  subsystem.settle();
  assert.equal(store.sent.contents('subject').length, 1);
  assert.ok(said.includes('warn: takeEffects of a backend failed: a mistake'), 'it is logged');
  subsystem.dispose();
});

test('an answer that is none ends the subsystem, and an argument that is none does not', async () => {
  class Garbage extends MemoryStore {
    garbage = false;
    scan(request) {
      return this.garbage ? { batch: 'garbage' } : super.scan(request);
    }
  }
  const provider = new Garbage('garbage');
  const { subsystem, store } = await logon(Backends.memory().withStore('memory', () => ({ provider })));
  const { inbox } = store;
  assert.throws(() => inbox.contents('subject').sort({ key: 'subject', direction: 'sideways' }), TypeError);
  assert.equal(inbox.contents('subject').length, 0);
  provider.garbage = true;
  assert.throws(() => inbox.contents('subject').read(1), { code: 'mapi-e-end-of-session' });
  provider.garbage = false;
  assert.throws(() => inbox.name, { code: 'mapi-e-end-of-session' });
  subsystem.dispose();
});

test('a backend that calls the session back is told that it is busy', async () => {
  let failure;
  let session;
  class Calls extends MemoryStore {
    scan(request) {
      try { session?.stores(); } catch (error) { failure ??= error; }
      return super.scan(request);
    }
  }
  const backends = Backends.memory().withStore('memory', () => ({ provider: new Calls('calls') }));
  const opened = await logon(backends);
  session = opened.session;
  opened.store.inbox.contents('subject').read(1);
  assert.equal(failure?.code, 'mapi-e-busy');
  opened.subsystem.dispose();
});

test('what was disposed of, logged off or ended fails and says so', async () => {
  const { subsystem, session, store } = await logon();
  const { inbox } = store;
  inbox.dispose();
  assert.throws(() => inbox.name, { code: 'mapi-e-invalid-object' });
  const { root } = store;
  session.logoff();
  assert.throws(() => root.folders(), { code: 'mapi-e-invalid-object', number: 0x80040108 });
  assert.throws(() => subsystem.logon({ profile: 'Nobody' }), { code: 'mapi-e-logon-failed' });
  subsystem.dispose();
  assert.throws(() => subsystem.logon({ profile: 'Ann' }), { code: 'mapi-e-not-initialized' });
});

test('profiles are administered', async () => {
  const { subsystem, admin } = await logon();
  admin.copy('Ann', 'Bob');
  admin.rename('Bob', 'Eve');
  admin.setDefault('Eve');
  assert.deepEqual(admin.list(), [{ name: 'Ann', isDefault: false }, { name: 'Eve', isDefault: true }]);
  const services = admin.services('Eve');
  assert.throws(() => services.add('mapi.local', {}), { code: 'mapi-e-unconfigured' });
  services.remove(services.list().find(({ service }) => service === 'mapi.memory-pab').uid);
  assert.ok(!services.list().some(({ service }) => service === 'mapi.memory-pab'));
  admin.delete('Eve');
  assert.deepEqual(admin.list().map(({ name }) => name), ['Ann']);
  subsystem.dispose();
});
