/**
 * A commit: all of its changes or none. The changes are made one after the other, and undone when one cannot be made.
 */

import { fail } from '../error.js';
import { type Cell, type Database, type Item } from './database.js';
import { byteString, bytesOf, idOf } from './values.js';
import type { BackendTypes, Types } from '../wire.js';

/** What a commit has done so far. */
class Transaction {
  readonly former: [string, Item | undefined][] = [];
  readonly records: Omit<BackendTypes.FeedRecord, 'commit' | 'token' | 'delivery'>[] = [];
  readonly results: Item[] = [];
  readonly staged = new Set<bigint>();
}

const gone = (): Error => fail('mapi-e-object-deleted', 'the object is not there any more');

/** Applies changes, all or none. */
export function commit(database: Database, request: BackendTypes.CommitRequest): BackendTypes.Committed {
  const transaction = new Transaction();
  const used = database.used;
  try {
    for (const change of request.changes) apply(database, change, transaction);
    if (database.limit !== 0 && database.used > database.limit && database.used > used) {
      throw fail('mapi-e-not-enough-disk', 'the store is full; delete something first');
    }
  } catch (error) {
    for (const [key, former] of transaction.former.reverse()) database.put(key, former);
    database.sortChildren();
    throw error;
  }
  for (const [key, former] of transaction.former) if (former && !database.items.has(key)) database.spent.add(key);
  for (const staged of transaction.staged) database.staged.delete(staged);
  database.feed.add(transaction.records.map((record) => ({ ...record, token: request.token, delivery: request.delivery })));
  const objects = transaction.results.map((result) => {
    const { version, arrival } = database.items.get(result.key) ?? result;
    return { version: BigInt(version), arrival: BigInt(arrival) };
  });
  return { objects, cursor: database.feed.cursor() };
}

function apply(database: Database, change: BackendTypes.Change, transaction: Transaction): void {
  switch (change.tag) {
    case 'create': return create(database, change.val, transaction);
    case 'set': return set(database, change.val, transaction);
    case 'bits': return bits(database, change.val, transaction);
    case 'move': return move(database, change.val, transaction);
    case 'copy': return copy(database, change.val, transaction);
    case 'remove': return remove(database, change.val, transaction);
  }
}

/** Puts an object and notes what is needed to undo and to report it. */
function store(database: Database, transaction: Transaction, item: Item, verb: BackendTypes.FeedVerb, tags: number[]): void {
  transaction.results.push(item);
  transaction.records.push({
    object: bytesOf(item.key), kind: item.kind, parent: bytesOf(item.parent ?? item.key), verb, tags: Uint32Array.from(tags),
  });
  transaction.former.push([item.key, database.put(item.key, item)]);
}

function live(database: Database, id: Uint8Array, expected: BackendTypes.Expected): Item {
  const item = database.items.get(byteString(id));
  if (!item) throw gone();
  if (expected.tag === 'version' && BigInt(item.version) !== expected.val) {
    throw fail('mapi-e-object-changed', 'the object was changed by someone else');
  }
  return item;
}

/** The key of an object to be created. */
function freshKey(database: Database, id: Uint8Array): string {
  const key = byteString(id);
  if (database.items.has(key) || database.spent.has(key)) throw fail('mapi-e-collision', 'the object exists already');
  if (!database.isReserved(key)) throw fail('mapi-e-invalid-parameter', 'the identifier was never reserved', { argument: 'object' });
  return key;
}

/** The container something is to lie in. */
function container(database: Database, id: Uint8Array, kind: BackendTypes.ObjectKind): string {
  const above = database.items.get(byteString(id));
  if (!above) throw gone();
  if (kind === 'store') throw fail('mapi-e-invalid-parameter', 'there is one store object, made with the store', { argument: 'kind' });
  if (above.kind === 'store') throw fail('mapi-e-invalid-parameter', 'nothing lies below the store object', { argument: 'parent' });
  if (kind === 'embedded-message' && !database.children(above.key)[Symbol.iterator]().next().done) {
    throw fail('mapi-e-collision', 'the attachment has its embedded message already');
  }
  return above.key;
}

function assigned(
  database: Database, cells: ReadonlyMap<number, Cell>, set: readonly BackendTypes.StoredProperty[], remove: Iterable<number>,
  transaction: Transaction,
): Map<number, Cell> {
  const next = new Map(cells);
  for (const property of set) next.set(idOf(property.tag), database.cell(property, transaction.staged));
  for (const tag of remove) next.delete(idOf(tag));
  return next;
}

const tagsOf = (set: readonly BackendTypes.StoredProperty[]): number[] => set.map((property) => property.tag);

function create(database: Database, change: BackendTypes.CreateChange, transaction: Transaction): void {
  const key = freshKey(database, change.object);
  const parent = container(database, change.parent, change.kind);
  const cells = assigned(database, new Map(), change.properties, [], transaction);
  const item = { key, kind: change.kind, parent, version: 1, arrival: database.nextArrival(), cells };
  store(database, transaction, item, { tag: 'created' }, tagsOf(change.properties));
}

function set(database: Database, change: BackendTypes.SetChange, transaction: Transaction): void {
  const item = live(database, change.object, change.expected);
  const cells = assigned(database, item.cells, change.set, change.delete, transaction);
  const version = change.quiet ? item.version : item.version + 1;
  const named = [...tagsOf(change.set), ...change.delete];
  const tags = named.filter((tag) => !sameValue(item.cells.get(idOf(tag))?.value, cells.get(idOf(tag))?.value));
  store(database, transaction, { ...item, version, cells }, { tag: 'modified' }, tags);
}

/** Whether a value did not change; arrays count as changed without being looked into. */
function sameValue(a: Types.Value | undefined, b: Types.Value | undefined): boolean {
  if (!a || !b) return a === b;
  if (a.tag !== b.tag) return false;
  return !('val' in a) || !('val' in b) || (typeof a.val !== 'object' && a.val === b.val);
}

function bits(database: Database, change: BackendTypes.BitsChange, transaction: Transaction): void {
  const item = live(database, change.object, { tag: 'exists' });
  const cell = item.cells.get(idOf(change.tag));
  const old = cell?.value.tag === 'long' ? cell.value.val : 0;
  const val = (old & ~change.clear) | change.set;
  if (cell && val === old) {
    transaction.results.push(item);
    return;
  }
  const tag = ((change.tag & 0xffff0000) | 3) >>> 0;
  const cells = new Map(item.cells).set(idOf(tag), { tag, value: { tag: 'long', val }, orderKey: undefined, folded: undefined });
  store(database, transaction, { ...item, cells }, { tag: 'modified' }, [tag]);
}

function move(database: Database, change: BackendTypes.MoveChange, transaction: Transaction): void {
  const item = live(database, change.object, change.expected);
  if (item.parent === undefined || item.parent === item.key) {
    throw fail('mapi-e-no-access', 'the store and its root folder cannot be moved');
  }
  const parent = container(database, change.parent, item.kind);
  if (database.liesIn(parent, item.key)) throw fail('mapi-e-folder-cycle', 'a folder cannot be moved into itself');
  const cells = assigned(database, item.cells, change.set, [], transaction);
  const moved = { ...item, parent, cells, arrival: database.nextArrival() };
  store(database, transaction, moved, { tag: 'moved', val: bytesOf(item.parent) }, tagsOf(change.set));
}

function copy(database: Database, change: BackendTypes.CopyChange, transaction: Transaction): void {
  const source = live(database, change.source, { tag: 'exists' });
  if (!['message', 'associated', 'distribution-list'].includes(source.kind) || source.parent === undefined) {
    throw fail('mapi-e-invalid-parameter', 'only messages are copied as a whole', { argument: 'source' });
  }
  const key = freshKey(database, change.object);
  const parent = container(database, change.parent, source.kind);
  // Listed before anything is stored: a list copied into itself has an end.
  const below: Item[] = [];
  const open: [string, string][] = [[source.key, key]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [from, to] = next;
    for (const child of database.children(from)) {
      const [copied] = database.reserve(1);
      below.push({ ...child, key: copied!, parent: to, version: 1 });
      open.push([child.key, copied!]);
    }
  }
  const cells = assigned(database, source.cells, change.set, change.delete, transaction);
  const copied = { ...source, key, parent, version: 1, cells, arrival: database.nextArrival() };
  const verb = { source: bytesOf(source.key), sourceParent: bytesOf(source.parent) };
  store(database, transaction, copied, { tag: 'copied', val: verb }, []);
  for (const child of below) {
    transaction.former.push([child.key, database.put(child.key, { ...child, arrival: database.nextArrival() })]);
  }
}

function remove(database: Database, change: BackendTypes.RemoveChange, transaction: Transaction): void {
  const item = live(database, change.object, change.expected);
  if (item.parent === undefined || item.parent === item.key) {
    throw fail('mapi-e-no-access', 'the store and its root folder cannot be removed');
  }
  const below = [item.key];
  for (const key of below) for (const child of database.children(key)) below.push(child.key);
  for (const key of below.reverse()) transaction.former.push([key, database.put(key, undefined)]);
  transaction.records.push({
    object: bytesOf(item.key), kind: item.kind, parent: bytesOf(item.parent), verb: { tag: 'deleted', val: false }, tags: new Uint32Array(),
  });
  transaction.results.push(item);
}
