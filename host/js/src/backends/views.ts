/**
 * Orders of rows that were asked for, kept while they are in use: a page, a count and a position of one cost the same
 * however many rows there are.
 *
 * A few changes are applied to a kept order one by one; many throw it away, since making it again is cheaper.
 */

import { type Database, QUEUE_NUMBER, type Item, belongs } from './database.js';
import { SEARCHED, type Test, tests } from './filter.js';
import { byteString, bytesOf, idOf, sameFamily } from './values.js';
import type { BackendTypes } from '../wire.js';

/** Orders kept at once. */
const KEPT = 12;
/** Changes applied one by one; beyond that an order is made again. */
const PENDING = 100;

/** What rows of what kind in what order. */
export interface Subject {
  scope: BackendTypes.Scope;
  kind: BackendTypes.ScanKind;
  filters: readonly BackendTypes.Filter[];
  order: readonly BackendTypes.OrderKey[];
}

/** A row in its place. */
export interface Placed {
  item: Item;
  keys: readonly (string | undefined)[];
}

/** A place, of a row that is there or not. */
export interface Place {
  keys: readonly (string | undefined)[];
  arrival: number;
}

/** The rows of a subject in order. */
export class View {
  readonly #database: Database;
  readonly #subject: Subject;
  readonly #container: string | undefined;
  readonly #pending: [Item | undefined, Item | undefined][] = [];
  #rows: Placed[] | undefined;
  #tests: Test[] = [];

  constructor(database: Database, subject: Subject) {
    this.#database = database;
    this.#subject = subject;
    this.#container = subject.kind !== 'queue' && subject.scope.tag === 'one' ? byteString(subject.scope.val) : undefined;
  }

  /** An object changed: the order follows when it is next looked at. */
  changed(former: Item | undefined, next: Item | undefined): void {
    if (!this.#rows) return;
    if (this.#container === undefined) this.#rows = undefined;
    else if (former?.parent === this.#container || next?.parent === this.#container) {
      this.#pending.push([former, next]);
      if (this.#pending.length > PENDING) this.#rows = undefined;
    }
  }

  /** The rows, up to date. */
  get rows(): readonly Placed[] {
    if (!this.#rows) this.#rows = this.#make();
    else for (const [former, next] of this.#pending) this.#follow(this.#rows, former, next);
    this.#pending.length = 0;
    return this.#rows;
  }

  #make(): Placed[] {
    const { kind, scope, filters } = this.#subject;
    this.#tests = tests(this.#database, filters);
    const rows: Placed[] = [];
    const take = (item: Item | undefined): void => {
      const placed = item && this.#placed(item);
      if (placed) rows.push(placed);
    };
    if (kind === 'queue') for (const key of this.#database.queued) take(this.#database.items.get(key));
    else for (const container of this.#database.containers(scope)) for (const item of this.#database.children(container)) take(item);
    return rows.sort((a, b) => this.compare(a, { keys: b.keys, arrival: b.item.arrival }));
  }

  #placed(item: Item): Placed | undefined {
    if (!belongs(this.#subject.kind, item) || !this.#tests.every((test) => test(item))) return undefined;
    // The root folder is its own parent, and no child of itself.
    if (item.parent === item.key) return undefined;
    return { item, keys: this.#order.map(({ tag }) => orderKey(item, tag)) };
  }

  #follow(rows: Placed[], former: Item | undefined, next: Item | undefined): void {
    if (former?.parent === this.#container && former) {
      const placed = this.#placed(former);
      const at = placed ? this.place({ keys: placed.keys, arrival: former.arrival }, false) : -1;
      if (at >= 0 && rows[at]?.item.key === former.key) rows.splice(at, 1);
    }
    if (next?.parent === this.#container && next) {
      const placed = this.#placed(next);
      if (placed) rows.splice(this.place({ keys: placed.keys, arrival: next.arrival }, false), 0, placed);
    }
  }

  get #order(): readonly BackendTypes.OrderKey[] {
    const { kind, order } = this.#subject;
    return kind === 'queue' && order.length === 0 ? [{ tag: 0x67e00014, descending: false }] : order;
  }

  /** The order of a row and a place: absent values last in both directions, ties by arrival in that of the last key. */
  compare(row: Placed, place: Place): number {
    let descending = false;
    for (const [at, key] of this.#order.entries()) {
      ({ descending } = key);
      const [a, b] = [row.keys[at], place.keys[at]];
      if (a === b) continue;
      if (a === undefined) return 1;
      if (b === undefined) return -1;
      return a < b === descending ? 1 : -1;
    }
    return descending ? place.arrival - row.item.arrival : row.item.arrival - place.arrival;
  }

  /** How many rows stand before a place, or before or at it. */
  place(place: Place, behind: boolean): number {
    const rows = this.#rows ?? [];
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.compare(rows[middle]!, place);
      if (order < 0 || (behind && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function orderKey(item: Item, tag: number): string | undefined {
  const cell = item.cells.get(idOf(tag));
  if (!cell || !sameFamily(cell.tag, tag)) return undefined;
  if (idOf(tag) === QUEUE_NUMBER && cell.value.tag === 'i8') {
    const key = new Uint8Array(8);
    new DataView(key.buffer).setBigUint64(0, BigInt.asUintN(64, cell.value.val) ^ (1n << 63n));
    return byteString(key);
  }
  return cell.orderKey;
}

/** A place as it crosses the border. */
export function placeOf(key: BackendTypes.RowKey): Place {
  return { keys: key.keys.map((bytes) => bytes && byteString(bytes)), arrival: Number(key.arrival) };
}

/** The place of a row as it crosses the border. */
export function rowKey(row: Placed, order: readonly BackendTypes.OrderKey[]): BackendTypes.RowKey {
  const keys = order.length === 0 ? [] : row.keys;
  return { keys: keys.map((key) => (key === undefined ? undefined : bytesOf(key))), arrival: BigInt(row.item.arrival) };
}

/** The kept orders of a database. */
export class Views {
  readonly #database: Database;
  readonly #views = new Map<string, View>();
  /** Texts that were too long to be handed over folded. */
  #unsearched = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether some text cannot be searched here. */
  get hasUnsearched(): boolean {
    return this.#unsearched > 0;
  }

  /** An object changed. */
  changed(former: Item | undefined, next: Item | undefined): void {
    this.#unsearched += unsearched(next) - unsearched(former);
    for (const view of this.#views.values()) view.changed(former, next);
  }

  /** New order keys were handed over: nothing kept counts any more. */
  clear(): void {
    this.#views.clear();
  }

  /** The rows of a subject. */
  of(subject: Subject): View {
    const name = JSON.stringify(subject, (_, value: unknown) =>
      value instanceof Uint8Array ? byteString(value) : typeof value === 'bigint' ? `${value}n` : value);
    let view = this.#views.get(name);
    // Set again to come last: the first one is the one not used for longest.
    this.#views.delete(name);
    view ??= new View(this.#database, subject);
    this.#views.set(name, view);
    const [oldest] = this.#views.keys();
    if (this.#views.size > KEPT && oldest !== undefined) this.#views.delete(oldest);
    return view;
  }
}

function unsearched(item: Item | undefined): number {
  let count = 0;
  for (const tag of item ? SEARCHED : []) {
    const cell = item?.cells.get(idOf(tag));
    if (cell?.value.tag === 'unicode' && cell.folded === undefined) count++;
  }
  return count;
}
