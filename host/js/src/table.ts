/**
 * Tables (IMAPITable): rows with the columns, the order and the restriction one chose, read by columns.
 */

import { Handle, type Home } from './handle.js';
import { RowBatch, type Row } from './rows.js';
import { type PropKey, tagOf } from './properties.js';
import type { Restriction, SortKey } from './restriction.js';
import { type Notification, type Sinks, Subscription } from './subscription.js';
import type { Tables } from './wire.js';

/** Rows read at once when all are read. */
const PAGE = 1000;

/** A table whose rows have these columns. */
export class Table<K extends PropKey = PropKey> extends Handle<Tables.Table> implements Iterable<Row<K>> {
  readonly #sinks: Sinks;
  #columns: readonly K[];

  /** A table the component handed out. */
  constructor(home: Home, sinks: Sinks, wire: Tables.Table, columns: readonly K[] = []) {
    super(home, wire);
    this.#sinks = sinks;
    this.#columns = columns;
    if (columns.length > 0) this.select(...columns);
  }

  /** Chooses the columns; the rows have them as properties. */
  select<C extends PropKey>(...columns: C[]): Table<C> {
    this.call((wire) => wire.setColumns(Uint32Array.from(columns, tagOf), {}));
    const table = this as unknown as Table<C>;
    table.#columns = columns;
    return table;
  }

  /** Orders the rows; without keys the table's own order. The cursor goes to the beginning. */
  sort(...keys: SortKey[]): this {
    return this.categorize(0, 0, ...keys);
  }

  /** Orders the rows, the first `categories` keys making categories, of which the first `expanded` levels are open. */
  categorize(categories: number, expanded: number, ...keys: SortKey[]): this {
    const orders = keys.map(({ key, direction }) => ({ tag: tagOf(key), direction }));
    this.call((wire) => wire.sortTable({ orders, categories, expanded }, {}));
    return this;
  }

  /** Lets only rows through that meet the restriction; without one all. The cursor goes to the beginning. */
  restrict(restriction?: Restriction): this {
    this.call((wire) => wire.restrict(restriction, {}));
    return this;
  }

  /** How many rows are visible. */
  get length(): number {
    return this.call((wire) => wire.getRowCount()).rows;
  }

  /** Where the cursor is. */
  get position(): number {
    return this.call((wire) => wire.queryPosition()).row;
  }

  /** Moves the cursor to a row. */
  seek(row: number): this {
    this.call((wire) => wire.seekRow({ tag: 'beginning' }, row));
    return this;
  }

  /** Moves the cursor to the first row, from the beginning on, that meets the restriction; whether there is one. */
  find(restriction: Restriction): boolean {
    try {
      this.call((wire) => wire.findRow(restriction, { tag: 'beginning' }, {}));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'mapi-e-not-found') return false;
      throw error;
    }
  }

  /** Up to so many rows from the cursor on, or, if negative, before it. They are held by columns, a row is made when it is looked at. */
  read(count: number): RowBatch<K> {
    return new RowBatch(this.#columns, this.call((wire) => wire.queryRowsColumnar(count, {})));
  }

  /** Rows from a place on, wherever the cursor was. */
  slice(start: number, count: number): RowBatch<K> {
    return this.seek(start).read(count);
  }

  /** All rows from the first on. */
  *[Symbol.iterator](): Generator<Row<K>, void, undefined> {
    for (let start = 0; ; ) {
      const page = this.slice(start, PAGE);
      if (page.length === 0) return;
      yield* page;
      start += page.length;
    }
  }

  /** Opens the category whose header has that `instanceKey`; how many rows came into sight. */
  expand(instanceKey: Uint8Array): number {
    return this.call((wire) => wire.expandRow(instanceKey, 0)).total;
  }

  /** Closes it; how many rows went out of sight. */
  collapse(instanceKey: Uint8Array): number {
    return this.call((wire) => wire.collapseRow(instanceKey));
  }

  /** What of the view the store evaluates, and why it does not evaluate the rest. */
  explain(): Tables.Explanation {
    return this.call((wire) => wire.explain());
  }

  /** Tells what happens to the rows: calls the function, or without one is read with `for await`. */
  watch(callback?: (event: Notification) => void): Subscription {
    const connection = this.call((wire) => wire.advise({ fnevTableModified: true }));
    return new Subscription(this.#sinks, connection, (number) => this.call((wire) => wire.unadvise(number)), callback);
  }
}
