/**
 * The objects of a backend in memory: what they are, what lies in what, and what a folder counts.
 *
 * A state of an object is never changed; a change replaces it through {@link Database.put}, which keeps the lists of
 * children, the counts and the views. Undoing a commit is putting the former states back.
 */

import { fail } from '../error.js';
import { byteArena } from './batch.js';
import { FeedLog } from './feed.js';
import { bytesOf, byteString, sizeOf, stagedValue } from './values.js';
import { Views } from './views.js';
import type { BackendTypes, Types } from '../wire.js';

/** PR_MESSAGE_FLAGS; bit 0: read. */
const MESSAGE_FLAGS = 0x0e07;
/** The property by which the session keeps its outgoing queue. */
export const QUEUE_NUMBER = 0x67e0;

/** A stored property. */
export interface Cell {
  readonly tag: number;
  readonly value: Types.Value;
  /** The order key handed over, as a string that compares like its bytes. */
  readonly orderKey: string | undefined;
  /** The folded text handed over. */
  readonly folded: string | undefined;
}

/** A state of an object. */
export interface Item {
  /** Its identifier as a string. */
  readonly key: string;
  readonly kind: BackendTypes.ObjectKind;
  /** The container it lies in; its own key for the root folder. */
  readonly parent: string | undefined;
  readonly version: number;
  readonly arrival: number;
  /** By identifier. */
  readonly cells: ReadonlyMap<number, Cell>;
}

/** What a folder counts of its children. */
interface Counts { contents: number; unread: number; associated: number; subfolders: number }

/** The children a kind of scan shows. Nothing is ever soft-deleted here. */
const KINDS: Record<BackendTypes.ScanKind, readonly BackendTypes.ObjectKind[]> = {
  subfolders: ['folder', 'search-folder'],
  // The message embedded in an attachment is what an attachment contains.
  contents: ['message', 'distribution-list', 'embedded-message'],
  associated: ['associated'],
  recipients: ['recipient'],
  attachments: ['attachment'],
  'deleted-contents': [],
  'deleted-associated': [],
  'deleted-subfolders': [],
  queue: ['message'],
};

/** Whether a scan of that kind shows the object. */
export const belongs = (kind: BackendTypes.ScanKind, item: Item): boolean => KINDS[kind].includes(item.kind);

/** Whether a message counts as unread. */
export function isUnread(item: Item): boolean {
  const flags = item.cells.get(MESSAGE_FLAGS)?.value;
  return !(flags?.tag === 'long' && flags.val & 1);
}

/** All objects of one backend. */
export class Database {
  readonly items = new Map<string, Item>();
  readonly #children = new Map<string, Map<string, Item>>();
  readonly #counts = new Map<string, Counts>();
  readonly queued = new Set<string>();
  readonly staged = new Map<bigint, Uint8Array[]>();
  readonly feed: FeedLog;
  readonly views = new Views(this);
  /** Identifiers of objects removed for good: never used again. */
  readonly spent = new Set<string>();
  readonly store: string;
  readonly root: string;
  /** Bytes in use. */
  used = 0;
  /** Bytes allowed; 0: no limit. */
  limit = 0;
  #nextId = 1;
  #lastArrival = 0;
  #lastStaged = 0n;

  constructor(uid: Types.Guid) {
    this.feed = new FeedLog(uid);
    const [store, root] = this.reserve(2);
    this.store = store!;
    this.root = root!;
    const state = { version: 1, cells: new Map() };
    this.put(this.store, { ...state, key: this.store, kind: 'store', parent: undefined, arrival: 0 });
    this.put(this.root, { ...state, key: this.root, kind: 'folder', parent: this.root, arrival: this.nextArrival() });
  }

  /** An object that is there. */
  get(id: Uint8Array): Item {
    const item = this.items.get(byteString(id));
    if (!item) throw fail('mapi-e-not-found', 'there is no such object');
    return item;
  }

  /** The objects in a container, by ascending arrival numbers. */
  children(key: string): Iterable<Item> {
    return this.#children.get(key)?.values() ?? [];
  }

  /** Keys for so many objects to be created. */
  reserve(count: number): string[] {
    return Array.from({ length: count }, () => {
      const id = new Uint8Array(8);
      new DataView(id.buffer).setBigUint64(0, BigInt(this.#nextId++));
      return byteString(id);
    });
  }

  /** Whether a key was handed out by `reserve`. */
  isReserved(key: string): boolean {
    const id = bytesOf(key);
    return id.length === 8 && new DataView(id.buffer).getBigUint64(0) < BigInt(this.#nextId);
  }

  /** The next arrival number: never used again, whatever becomes of the commit. */
  nextArrival(): number {
    return ++this.#lastArrival;
  }

  /** Begins a large value. */
  stage(): bigint {
    this.staged.set(++this.#lastStaged, []);
    return this.#lastStaged;
  }

  /** The state of an object becomes that, or it is gone; the former state comes back. */
  put(key: string, next: Item | undefined): Item | undefined {
    const former = this.items.get(key);
    if (former) {
      this.#account(former, -1);
      if (next?.arrival !== former.arrival && former.parent !== undefined) this.#children.get(former.parent)?.delete(key);
    }
    if (next) {
      this.items.set(key, next);
      this.#account(next, 1);
    } else {
      this.items.delete(key);
    }
    this.views.changed(former, next);
    return former;
  }

  #account(item: Item, step: 1 | -1): void {
    for (const cell of item.cells.values()) this.used += step * sizeOf(cell.value);
    if (item.cells.has(QUEUE_NUMBER)) {
      if (step > 0) this.queued.add(item.key);
      else this.queued.delete(item.key);
    }
    if (item.parent === undefined || item.parent === item.key) return;
    let children = this.#children.get(item.parent);
    if (!children) this.#children.set(item.parent, children = new Map());
    // A map iterates in the order of insertion: one that stays where it is keeps its place, a new arrival comes last.
    if (step > 0) children.set(item.key, item);
    let counts = this.#counts.get(item.parent);
    if (!counts) this.#counts.set(item.parent, counts = { contents: 0, unread: 0, associated: 0, subfolders: 0 });
    if (belongs('contents', item)) {
      counts.contents += step;
      if (isUnread(item)) counts.unread += step;
    } else if (belongs('associated', item)) counts.associated += step;
    else if (belongs('subfolders', item)) counts.subfolders += step;
  }

  /** The value of that identifier: a stored one, or what a folder counts. */
  value(item: Item, id: number): { tag: number; value: Types.Value } | undefined {
    const long = (val: number): { tag: number; value: Types.Value } => ({ tag: ((id << 16) | 3) >>> 0, value: { tag: 'long', val } });
    if (item.kind === 'folder' || item.kind === 'search-folder') {
      const counts = this.#counts.get(item.key);
      switch (id) {
        case 0x3602: return long(counts?.contents ?? 0);
        case 0x3603: return long(counts?.unread ?? 0);
        case 0x3617: return long(counts?.associated ?? 0);
        case 0x360a: return { tag: 0x360a000b, value: { tag: 'boolean', val: (counts?.subfolders ?? 0) > 0 } };
        case 0x6640: case 0x6641: case 0x6643: return long(0);
      }
    }
    return item.cells.get(id);
  }

  /** The identifiers a folder counts by itself. */
  static readonly COUNTED = [0x3602, 0x3603, 0x3617, 0x360a, 0x6640, 0x6641, 0x6643];

  /** Whether an object is that container, or lies in it or below it. */
  liesIn(key: string, container: string): boolean {
    for (let at: string | undefined = key; at !== undefined;) {
      if (at === container) return true;
      const parent: string | undefined = this.items.get(at)?.parent;
      at = parent === at ? undefined : parent;
    }
    return false;
  }

  /** The containers of a scope, each once. */
  containers(scope: BackendTypes.Scope): string[] {
    if (scope.tag === 'one') return [byteString(scope.val)];
    const found = new Set<string>();
    const open = scope.val.ids.map(byteString).reverse();
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (found.has(key)) continue;
      found.add(key);
      if (scope.val.recursive) for (const child of this.children(key)) if (child.kind === 'folder') open.push(child.key);
    }
    return [...found];
  }

  /** The children come to lie in the order of their arrival again, after a commit was undone. */
  sortChildren(): void {
    for (const [key, children] of this.#children) {
      this.#children.set(key, new Map([...children].sort(([, a], [, b]) => a.arrival - b.arrival)));
    }
  }

  /** A stored property as a cell; a staged value is noted as used. */
  cell(property: BackendTypes.StoredProperty, used: Set<bigint>): Cell {
    const { tag, value, orderKey, folded } = property;
    const key = orderKey && byteString(orderKey);
    if (value.tag === 'inline') return { tag, value: value.val, orderKey: key, folded };
    const parts = this.staged.get(value.val.number);
    if (!parts) throw fail('mapi-e-not-found', `there is no staged value ${value.val.number}`, { tag });
    used.add(value.val.number);
    return { tag, value: stagedValue(tag, byteArena(parts).bytes), orderKey: key, folded };
  }
}
