/**
 * What a store and an address book in memory have in common: reading, scanning, counting, changing.
 *
 * A backend of one's own can begin here: put another {@link Database} below it, or write the same methods over
 * whatever keeps the objects. Every method is one call of the session; a failure is thrown with `fail`.
 */

import { fail } from '../error.js';
import { batch } from './batch.js';
import { commit } from './commit.js';
import { Database, isUnread } from './database.js';
import { ORDERED, SEARCHED, answer, isOrderable } from './filter.js';
import { type Place, type Placed, type View, placeOf, rowKey } from './views.js';
import { byteString, bytesOf, idOf, rangeBytes, sizeOf } from './values.js';
import type { BackendTypes, Flags, Types } from '../wire.js';

/** PT_ERROR with MAPI_E_NOT_ENOUGH_MEMORY: the value is there, and too large for one call. */
const tooLarge = (tag: number): Types.Property =>
  ({ tag: ((tag & 0xffff0000) | 0x0a) >>> 0, value: { tag: 'error', val: 0x8007000e } });

/** Objects in memory. */
export class MemoryObjects {
  protected readonly database: Database;
  /** The MAPIUID its entry identifiers carry. */
  readonly uid: Types.Guid;
  #keyVersion = 0;
  readonly #watchers = new Set<() => void>();

  constructor(uid: Types.Guid) {
    this.uid = uid;
    this.database = new Database(uid);
  }

  /** Calls that function after every commit, until the function that is returned is called. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Bytes allowed, 0: no limit. */
  set limit(bytes: number) {
    this.database.limit = bytes;
  }

  protected get index(): BackendTypes.IndexPlan {
    return { ordered: Uint32Array.from(ORDERED), searched: Uint32Array.from(SEARCHED), keyVersion: this.#keyVersion };
  }

  read(object: Uint8Array, want: BackendTypes.Want, inlineLimit: number, _hints: BackendTypes.ReadHints): BackendTypes.ObjectState {
    const item = this.database.get(object);
    const counted = item.kind === 'folder' || item.kind === 'search-folder' ? Database.COUNTED : [];
    const ids = new Set(want.tag === 'all' ? [...item.cells.keys(), ...counted] : Array.from(want.val, idOf));
    const properties: Types.Property[] = [];
    for (const id of ids) {
      const found = this.database.value(item, id);
      if (!found) continue;
      const { tag, value } = found;
      properties.push(sizeOf(value) > inlineLimit ? tooLarge(tag) : { tag, value });
    }
    const parent = item.parent === undefined ? undefined : bytesOf(item.parent);
    const head = { kind: item.kind, parent, version: BigInt(item.version), arrival: BigInt(item.arrival), deleted: false };
    return { head, properties };
  }

  listTags(object: Uint8Array): BackendTypes.TagSize[] {
    const cells = [...this.database.get(object).cells.values()];
    return cells.map(({ tag, value }) => ({ tag, size: BigInt(sizeOf(value)) })).sort((a, b) => a.tag - b.tag);
  }

  readRows(objects: Uint8Array[], columns: Uint32Array, cellLimit: number): BackendTypes.Batch {
    const found = objects.map((id) => this.database.items.get(byteString(id))).filter((item) => item !== undefined);
    return batch(this.database, found, columns, cellLimit, true);
  }

  plan(request: BackendTypes.PlanRequest): BackendTypes.Plan {
    const filters = request.filters.map((filter) => answer(this.database, filter).support);
    const ordered = isOrderable(request.order);
    return { filters, order: ordered ? 'exact' : 'unsupported', counts: true, positions: ordered, groups: ordered };
  }

  scan(request: BackendTypes.ScanRequest): BackendTypes.ScanPage {
    const { scope, kind, filters, order, start, backwards, max } = request;
    const view = this.database.views.of({ scope, kind, filters, order });
    const { rows } = view;
    const [first, end] = range(view, rows.length, start, backwards);
    const page = backwards ? rows.slice(Math.max(first, end - max), end).reverse() : rows.slice(first, Math.min(end, first + max));
    const last = page.at(-1);
    const several = kind === 'queue' || scope.tag === 'several';
    return {
      batch: batch(this.database, page.map(({ item }) => item), request.columns, request.cellLimit, several),
      last: last && rowKey(last, order),
      more: page.length < end - first,
    };
  }

  count(request: BackendTypes.CountRequest): bigint {
    return BigInt(this.database.views.of({ ...request, order: [] }).rows.length);
  }

  rank(request: BackendTypes.CountRequest, order: BackendTypes.OrderKey[], key: BackendTypes.RowKey): bigint {
    const view = this.database.views.of({ ...request, order });
    return view.rows.length === 0 ? 0n : BigInt(view.place(placeOf(key), false));
  }

  groups(request: BackendTypes.GroupRequest): BackendTypes.GroupPage {
    const { scope, kind, filters, max } = request;
    const order = request.order.slice(0, request.levels);
    const view = this.database.views.of({ scope, kind, filters, order });
    const { rows } = view;
    const groups: BackendTypes.Group[] = [];
    let at = request.after ? behind(view, request.after.map((key) => key && byteString(key))) : 0;
    while (at < rows.length && groups.length < Math.max(1, max)) {
      const end = behind(view, rows[at]!.keys);
      groups.push(this.#group(rows.slice(at, end), order));
      at = end;
    }
    return { groups, more: at < rows.length };
  }

  #group(rows: readonly Placed[], order: readonly BackendTypes.OrderKey[]): BackendTypes.Group {
    const first = rows.reduce((least, row) => (row.item.arrival < least.item.arrival ? row : least));
    return {
      keys: first.keys.map((key) => (key === undefined ? undefined : bytesOf(key))),
      values: order.map(({ tag }) => first.item.cells.get(idOf(tag))?.value),
      count: BigInt(rows.length),
      unread: BigInt(rows.filter(({ item }) => item.kind === 'message' && isUnread(item)).length),
    };
  }

  containerTags(container: Uint8Array, kind: BackendTypes.ScanKind): Uint32Array {
    const { rows } = this.database.views.of({ scope: { tag: 'one', val: container }, kind, filters: [], order: [] });
    const tags = new Set(rows.flatMap(({ item }) => Array.from(item.cells.values(), (cell) => cell.tag)));
    return Uint32Array.from(tags).sort();
  }

  readRange(object: Uint8Array, tag: number, offset: bigint, length: number): Uint8Array {
    const cell = this.database.get(object).cells.get(idOf(tag));
    if (!cell) throw fail('mapi-e-not-found', 'the object does not have this property', { tag });
    const bytes = rangeBytes(cell.value);
    const start = Number(offset < BigInt(bytes.length) ? offset : BigInt(bytes.length));
    return bytes.slice(start, start + length);
  }

  reserve(count: number): Uint8Array[] {
    return this.database.reserve(count).map(bytesOf);
  }

  stage(): bigint {
    return this.database.stage();
  }

  append(staged: bigint, bytes: Uint8Array): void {
    const parts = this.database.staged.get(staged);
    if (!parts) throw fail('mapi-e-not-found', `there is no staged value ${staged}`);
    // The bytes lie in the memory of the session and change after the call.
    parts.push(bytes.slice());
  }

  discard(staged: bigint): void {
    this.database.staged.delete(staged);
  }

  commit(request: BackendTypes.CommitRequest): BackendTypes.Committed {
    const committed = commit(this.database, request);
    for (const changed of this.#watchers) changed();
    return committed;
  }

  feedCursor(): Uint8Array {
    return this.database.feed.cursor();
  }

  changes(since: Uint8Array, max: number): BackendTypes.FeedPage {
    return this.database.feed.since(since, max);
  }

  rekey(objects: BackendTypes.RekeyedObject[], keyVersion: number, finished: boolean): void {
    for (const { object, properties } of objects) {
      const item = this.database.items.get(byteString(object));
      if (!item) continue;
      const cells = new Map(item.cells);
      for (const { tag, orderKey, folded } of properties) {
        const cell = cells.get(idOf(tag));
        if (cell) cells.set(idOf(tag), { ...cell, orderKey: orderKey && byteString(orderKey), folded });
      }
      this.database.put(item.key, { ...item, cells });
    }
    this.database.views.clear();
    if (finished) this.#keyVersion = keyVersion;
  }

  indexStep(_budgetUs: bigint): boolean {
    return false;
  }

  takeEffects(): BackendTypes.Effect[] {
    return [];
  }

  validateState(_ui: bigint, _how: Flags.ValidateStateFlags): void {
    // What is in memory is always in a valid state.
  }

  settingsDialog(_ui: bigint, _how: Flags.SettingsDialogFlags): void {
    throw fail('mapi-e-no-support', 'there are no settings');
  }

  changePassword(_oldPassword: string, _newPassword: string): void {
    throw fail('mapi-e-no-support', 'there is no password');
  }

  setStatusProperties(properties: Types.Property[]): { tag: number; code: Types.Scode }[] {
    return properties.map(({ tag }) => ({ tag, code: { code: 'mapi-e-no-access', raw: 0 } }));
  }
}

/** The half-open range of rows still to be read. */
function range(view: View, count: number, start: BackendTypes.ScanStart, backwards: boolean): [number, number] {
  if (start.tag === 'start') return [0, count];
  if (start.tag === 'position') {
    const position = Number(start.val < BigInt(count) ? start.val : BigInt(count));
    return backwards ? [0, Math.min(count, position + 1)] : [position, count];
  }
  const place: Place = placeOf(start.val);
  const behindIt = (start.tag === 'after') !== backwards;
  return backwards ? [0, view.place(place, behindIt)] : [view.place(place, behindIt), count];
}

/** How many rows have these keys or stand before those that have. */
function behind(view: View, keys: readonly (string | undefined)[]): number {
  const { rows } = view;
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    // The same arrival number leaves the comparison to the keys.
    const row = rows[middle]!;
    if (view.compare(row, { keys, arrival: row.item.arrival }) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

