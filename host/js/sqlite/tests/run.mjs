// Carries out steps in a session over a store file and prints what each saw, one line of JSON a step.
// Arguments: the folder the component was transpiled into, the store file. The steps come as one JSON array on the input.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SqliteStore } from '../index.mjs';
import { logon } from './session.mjs';

const ENTRYID = 0x0fff0102;
const DISPLAY_NAME = 0x3001001f;
const SUBJECT = 0x0037001f;
const SUBTREE = 0x35e00102;
const ATTACH_DATA = 0x37010102;
const BEST = { mapiBestAccess: true };
const WRITABLE = { mapiModify: true };

/** Bytes of a part of an attachment. */
const PART = 1 << 16;

const [folder, file] = process.argv.slice(2);
const { session, store } = await logon(folder, file);
const subtree = store.properties().getProps(Uint32Array.of(SUBTREE), {}).properties[0].value.val;
const top = store.openEntry(subtree, WRITABLE, undefined).object.val;

/** @param {string} name */
const open = (name) => top.createFolder('generic', name, undefined, { openIfExists: true });

/**
 * A contents table as the step wants it.
 * @param {any} step
 * @param {number[]} columns
 */
function tableOf({ folder: name, contains, equals, sort = [], categories = 0 }, columns) {
  const table = open(name).getContentsTable({ mapiUnicode: true });
  table.setColumns(Uint32Array.from(columns), {});
  if (contains) {
    const [tag, val] = contains;
    const constants = [{ tag, value: { tag: 'unicode', val } }];
    table.restrict({ nodes: [{ tag: 'content', val: { fuzzy: { flSubstring: true, flIgnorecase: true }, tag } }], constants }, {});
  }
  if (equals) {
    const [tag, val] = equals;
    table.restrict({ nodes: [{ tag: 'property', val: { relop: 'eq', tag } }], constants: [{ tag, value: { tag: 'unicode', val } }] }, {});
  }
  if (sort.length > 0) {
    const orders = sort.map((/** @type {[number, string]} */ [tag, direction]) => ({ tag, direction }));
    table.sortTable({ orders, categories, expanded: categories }, {});
  }
  return table;
}

/** @param {any} table */
function allRows(table) {
  const rows = [];
  for (let page = table.queryRows(100, {}); page.length > 0; page = table.queryRows(100, {})) rows.push(...page);
  return rows;
}

/**
 * The entry identifiers of what a step is about.
 * @param {any} step
 */
const identifiers = (step) => allRows(tableOf(step, [ENTRYID])).map((row) => row.cells[0].value.val);

/**
 * A cell as JSON.
 * @param {any} value
 */
function plain({ tag, val }) {
  if (tag === 'error') return null;
  if (typeof val === 'bigint') return String(val);
  return val instanceof Uint8Array ? Buffer.from(val).toString('hex') : val;
}

/** @type {Record<string, (step: any) => any>} */
const steps = {
  import({ folder: name, messages }) {
    const incoming = open(name).importMessages({ deferIndexing: false });
    for (const message of messages) {
      incoming.begin({ received: undefined, keepOriginal: true, seen: false, properties: [] });
      incoming.write(Buffer.from(message));
      incoming.finish();
    }
    return incoming.flush();
  },
  rows(step) {
    const table = tableOf(step, step.columns);
    return { count: table.getRowCount().rows, rows: allRows(table).map((row) => row.cells.map((/** @type {any} */ cell) => plain(cell.value))) };
  },
  copy: (step) => { open(step.folder).copyMessages(identifiers(step), open(step.to), {}); },
  move: (step) => { open(step.folder).copyMessages(identifiers(step), open(step.to), { messageMove: true }); },
  delete: (step) => { open(step.folder).deleteMessages(identifiers(step), { deleteHardDelete: step.hard }); },
  mark: (step) => { open(step.folder).setReadFlags(identifiers(step), {}); },
  attach({ folder: name, subject, parts }) {
    const message = open(name).createMessage({});
    message.properties().setProps([
      { tag: SUBJECT, value: { tag: 'unicode', val: subject } }, { tag: 0x1000001f, value: { tag: 'unicode', val: `The body of ${subject}` } },
    ]);
    const attachment = message.createAttach({}).attachment;
    attachment.properties().setProps([{ tag: DISPLAY_NAME, value: { tag: 'unicode', val: 'data' } }, { tag: 0x37050003, value: { tag: 'long', val: 1 } }]);
    const stream = attachment.properties().openProperty(ATTACH_DATA, 'data-stream', { stgmReadwrite: true }, { mapiCreate: true, mapiModify: true }).val;
    for (let part = 0; part < parts; part += 1) stream.write(new Uint8Array(PART).fill(part));
    stream.commit({});
    attachment.properties().saveChanges({});
    message.properties().saveChanges({});
  },
  attachment(step) {
    const message = store.openEntry(identifiers(step)[0], BEST, undefined).object.val;
    const { attachment } = message.openAttach(0, BEST, undefined);
    const stream = attachment.properties().openProperty(ATTACH_DATA, 'data-stream', {}, {}).val;
    const hash = createHash('sha256');
    for (let part = stream.read(PART); part.length > 0; part = stream.read(PART)) hash.update(part);
    return { size: Number(stream.size()), sha256: hash.digest('hex') };
  },
  check() {
    const direct = new SqliteStore(file);
    const { findings } = direct.check(false);
    direct.close();
    return findings.map((finding) => finding.message);
  },
};

for (const step of JSON.parse(readFileSync(0, 'utf8'))) {
  const seen = steps[step.step](step);
  process.stdout.write(`${JSON.stringify(seen ?? null)}\n`);
}
session.logoff(0n, {});
