/**
 * The folders of a store, with what is unread in each.
 */

import type { Store } from '../../dist/index.js';
import { icon, make } from './dom.js';

/** A folder of the list. */
export interface Entry {
  name: string;
  entryId: Uint8Array;
  depth: number;
  role: 'inbox' | 'sent' | 'outbox' | 'trash' | 'folder';
}

const ROLES: Record<string, Entry['role']> = { Inbox: 'inbox', 'Sent Items': 'sent', Outbox: 'outbox', 'Deleted Items': 'trash' };
/** The order of the folders every store has; the others follow by name. */
const FIRST = ['Inbox', 'Sent Items', 'Outbox', 'Deleted Items'];

/** The list of folders. */
export class FolderList {
  readonly #host: HTMLElement;
  readonly #chosen: (entry: Entry) => void;
  #entries: Entry[] = [];
  #current = '';

  constructor(host: HTMLElement, chosen: (entry: Entry) => void) {
    this.#host = host;
    this.#chosen = chosen;
    host.addEventListener('click', (event) => {
      const item = (event.target as Element).closest<HTMLElement>('li');
      const entry = item && this.#entries[Number(item.dataset.place)];
      if (entry) this.choose(entry.name);
    });
    host.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = this.#entries[this.#entries.findIndex(({ name }) => name === this.#current) + step];
      if (next) this.choose(next.name);
    });
  }

  /** The folder shown. */
  get current(): Entry | undefined {
    return this.#entries.find(({ name }) => name === this.#current);
  }

  /** Shows a folder. */
  choose(name: string): void {
    const entry = this.#entries.find((known) => known.name === name);
    if (!entry || name === this.#current) return;
    this.#current = name;
    for (const item of this.#host.children) item.setAttribute('aria-selected', String((item as HTMLElement).dataset.name === name));
    this.#host.setAttribute('aria-activedescendant', `folder-${this.#entries.indexOf(entry)}`);
    this.#chosen(entry);
  }

  /** Reads the folders again. */
  refresh(store: Store): void {
    const top = store.top;
    const table = top.folders(true);
    const place = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
    const rows = Array.from(table, (row) => ({
      name: row.displayName ?? '', entryId: row.entryId ?? new Uint8Array(), depth: row.depth ?? 0,
      contents: row.contentCount ?? 0, unread: row.unreadCount ?? 0,
    }));
    table.dispose();
    top.dispose();
    rows.sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
    this.#entries = rows.map(({ name, entryId, depth }) => ({ name, entryId, depth, role: ROLES[name] ?? 'folder' }));
    this.#host.replaceChildren(...rows.map(({ name, contents, unread }, at) => {
      const item = make('li', { role: 'option', 'aria-selected': String(name === this.#current), 'data-name': name, 'data-place': String(at), id: `folder-${at}` },
        icon(ROLES[name] ?? 'folder'), make('span', {}, name));
      // What waits to be sent is never read by anybody.
      const waiting = name === 'Outbox' ? contents : name === 'Sent Items' ? 0 : unread;
      if (waiting > 0) item.append(make('span', { class: 'badge', 'aria-label': name === 'Outbox' ? `${waiting} waiting` : `${waiting} unread` }, waiting.toLocaleString()));
      return item;
    }));
  }
}
