// Measures a session over a store: import, sorted pages, all rows, a search. Arguments: the folder the component was
// transpiled into, how many messages, and a module that exports `MemoryStore`, a store to be measured instead.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { logon, logonWith } from './session.mjs';

const [SUBJECT, RECEIVED, FROM, BODY, SUBTREE] = [0x0037001f, 0x0e060040, 0x0042001f, 0x1000001f, 0x35e00102];

const [component, count, other] = process.argv.slice(2);
const messages = Array.from({ length: Number(count) }, (_, number) => Buffer.from([
  `From: Ada ${number % 97} <ada${number % 97}@example.org>`, 'To: Bob <bob@example.org>', `Subject: Message ${(number * 7919) % Number(count)}`,
  `Date: Tue, 02 Jan 2024 ${String(Math.floor(number / 3600) % 24).padStart(2, '0')}:${String(Math.floor(number / 60) % 60).padStart(2, '0')}:00 +0000`,
  `Message-ID: <${number}@example.org>`, '', `${'A line of text that is like all the others. '.repeat(40)}${number}`, '',
].join('\r\n')));

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mapi-speed-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

async function open() {
  if (other === undefined) return logon(component, path.join(folder, 'a.mapi'));
  const { MemoryStore } = await import(pathToFileURL(path.resolve(other)).href);
  const report = { effects: [], warning: undefined };
  return logonWith(component, { Store: MemoryStore, open: () => ({ store: new MemoryStore(), report }), compareStoreIds: () => true });
}

const { session, store } = await open();
const subtree = store.properties().getProps(Uint32Array.of(SUBTREE), {}).properties[0].value.val;
const target = store.openEntry(subtree, { mapiModify: true }, undefined).object.val.createFolder('generic', 'Speed', undefined, {});

/**
 * @param {string} what
 * @param {() => void} work
 */
function measure(what, work) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(used);
  console.log(`${what}: ${(performance.now() - began).toFixed(0)} ms, ${((user + system) / 1000).toFixed(0)} ms of processor time`);
}

/** @param {{ sort?: number, contains?: string }} view */
function tableOf({ sort, contains }) {
  const table = target.getContentsTable({ mapiUnicode: true });
  table.setColumns(Uint32Array.of(SUBJECT, RECEIVED, FROM), {});
  if (contains) {
    const nodes = [{ tag: 'content', val: { fuzzy: { flSubstring: true, flIgnorecase: true }, tag: BODY } }];
    table.restrict({ nodes, constants: [{ tag: BODY, value: { tag: 'unicode', val: contains } }] }, {});
  }
  if (sort) table.sortTable({ orders: [{ tag: sort, direction: 'descend' }], categories: 0, expanded: 0 }, {});
  return table;
}

measure(`import of ${count} messages`, () => {
  const incoming = target.importMessages({ deferIndexing: false });
  for (const message of messages) {
    incoming.begin({ received: undefined, keepOriginal: true, seen: false, properties: [] });
    incoming.write(message);
    incoming.finish();
  }
  incoming.flush();
});
measure('first page, newest first', () => tableOf({ sort: RECEIVED }).queryRows(50, {}));
measure('first page by subject, for the first time', () => tableOf({ sort: SUBJECT }).queryRows(50, {}));
measure('first page by subject, again', () => tableOf({ sort: SUBJECT }).queryRows(50, {}));
measure('all rows, newest first', () => {
  const table = tableOf({ sort: RECEIVED });
  while (table.queryRowsColumnar(1000, {}).rows > 0);
});
measure('rows whose text contains a word', () => tableOf({ contains: 'others. 77' }).getRowCount());
session.logoff(0n, {});
