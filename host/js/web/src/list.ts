/**
 * The list of messages: up to half a million rows, of which only those in sight are read and drawn.
 *
 * Rows are read from the table in blocks when they come into sight and forgotten when the table changes; elements are
 * used again while the list is scrolled.
 */

import { type Row, type Table } from '../../dist/index.js';
import { icon, make, shortDate, sizeText } from './dom.js';

/** The columns of the list. */
export const COLUMNS = ['entryId', 'instanceKey', 'subject', 'fromName', 'displayTo', 'deliveredAt', 'submittedAt', 'size', 'messageFlags', 'hasAttachments', 'importance'] as const;
/** A message of the list. */
export type Message = Row<(typeof COLUMNS)[number]>;

const ROW = 60;
/** Rows read at once. */
const BLOCK = 64;
/** Rows drawn beyond what is in sight. */
const MARGIN = 4;
/** Blocks kept. */
const KEPT = 40;
/** Rows shown at most: more would make the list higher than browsers can scroll. A search finds what lies behind. */
const HIGHEST = 500_000;

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);

/** The list. */
export class MessageList {
  readonly #host: HTMLElement;
  readonly #sizer: HTMLElement;
  readonly #chosen: (message: Message | undefined) => void;
  readonly #blocks = new Map<number, Message[]>();
  readonly #drawn = new Map<number, HTMLElement>();
  readonly #spare: HTMLElement[] = [];
  #table: Table<(typeof COLUMNS)[number]> | undefined;
  #count = 0;
  #selected = -1;
  #key: Uint8Array | undefined;
  #frame = 0;
  /** Whether the recipients are shown in place of the sender. */
  showsRecipients = false;
  /** How long the frames since the last scroll took to have their rows, in milliseconds. */
  readonly frames: number[] = [];

  constructor(host: HTMLElement, chosen: (message: Message | undefined) => void) {
    this.#host = host;
    this.#sizer = host.querySelector<HTMLElement>('.sizer') ?? host.appendChild(make('div', { class: 'sizer' }));
    this.#chosen = chosen;
    host.addEventListener('scroll', () => this.#later(), { passive: true });
    host.addEventListener('click', (event) => {
      const row = (event.target as Element).closest<HTMLElement>('.message');
      if (row) this.select(Number(row.dataset.row));
    });
    new ResizeObserver(() => this.#later()).observe(host);
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count;
  }

  /** The place of the chosen row; -1: none is chosen. */
  get selected(): number {
    return this.#selected;
  }

  /** Shows a table from its first row on. */
  show(table: Table<(typeof COLUMNS)[number]> | undefined): void {
    this.#table = table;
    this.#key = undefined;
    this.#selected = -1;
    this.#host.scrollTop = 0;
    this.refresh();
  }

  /** The order or the restriction of the table changed: it is shown from its first row on. */
  restart(): void {
    this.#host.scrollTop = 0;
    this.refresh(true);
  }

  /** The rows changed: those in sight are read again. With `moved` the chosen row may be anywhere. */
  refresh(moved = false): void {
    this.#blocks.clear();
    this.#count = this.#table?.length ?? 0;
    this.#sizer.style.height = `${Math.min(this.#count, HIGHEST) * ROW}px`;
    if (this.#key) {
      const near = moved ? 0 : Math.max(0, this.#selected - BLOCK);
      this.#selected = this.#search(near, moved ? 2 * BLOCK : this.#selected + BLOCK);
      if (this.#selected < 0) this.#key = undefined;
    }
    this.draw();
  }

  /** The place of the chosen message among some rows. */
  #search(from: number, to: number): number {
    for (let row = from; row < Math.min(to, this.#count); row++) if (sameBytes(this.at(row)?.instanceKey, this.#key)) return row;
    return -1;
  }

  /** A row, read if it was not. */
  at(row: number): Message | undefined {
    const number = Math.floor(row / BLOCK);
    let block = this.#blocks.get(number);
    if (!block) {
      if (!this.#table || row < 0 || row >= this.#count) return undefined;
      block = this.#table.slice(number * BLOCK, BLOCK).toArray();
      this.#blocks.set(number, block);
      const [oldest] = this.#blocks.keys();
      if (this.#blocks.size > KEPT && oldest !== undefined) this.#blocks.delete(oldest);
    }
    return block[row - number * BLOCK];
  }

  #later(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.draw();
    });
  }

  /** Draws what is in sight. */
  draw(): void {
    const started = performance.now();
    const first = Math.max(0, Math.floor(this.#host.scrollTop / ROW) - MARGIN);
    const last = Math.min(this.#count, HIGHEST, Math.ceil((this.#host.scrollTop + this.#host.clientHeight) / ROW) + MARGIN);
    for (const [row, element] of this.#drawn) {
      if (row >= first && row < last) continue;
      this.#drawn.delete(row);
      this.#spare.push(element);
    }
    for (let row = first; row < last; row++) {
      const message = this.at(row);
      let element = this.#drawn.get(row);
      if (!element) {
        element = this.#spare.pop() ?? this.#host.appendChild(rowElement());
        this.#drawn.set(row, element);
      }
      element.hidden = !message;
      if (message) this.#fill(element, row, message);
    }
    for (const element of this.#spare) element.hidden = true;
    if (this.#selected >= 0) this.#host.setAttribute('aria-activedescendant', `message-${this.#selected}`);
    else this.#host.removeAttribute('aria-activedescendant');
    this.frames.push(performance.now() - started);
    if (this.frames.length > 5000) this.frames.splice(0, 2500);
  }

  #fill(element: HTMLElement, row: number, message: Message): void {
    element.id = `message-${row}`;
    element.dataset.row = String(row);
    element.style.transform = `translateY(${row * ROW}px)`;
    element.setAttribute('aria-selected', String(row === this.#selected));
    element.setAttribute('aria-posinset', String(row + 1));
    element.setAttribute('aria-setsize', String(this.#count));
    element.classList.toggle('unread', !this.showsRecipients && ((message.messageFlags ?? 0) & 1) === 0);
    const [from, when, subject, marks] = element.children as unknown as HTMLElement[];
    from!.textContent = (this.showsRecipients ? message.displayTo : message.fromName) || (this.showsRecipients ? 'No recipients' : 'Unknown sender');
    when!.textContent = shortDate(message.deliveredAt ?? message.submittedAt);
    subject!.textContent = message.subject || '(no subject)';
    const size = sizeText(message.size ?? 0);
    marks!.replaceChildren(
      ...(message.importance === 2 ? [make('span', { class: 'high', title: 'High importance' }, '!')] : []),
      ...(message.hasAttachments ? [icon('clip')] : []), size,
    );
  }

  /** Chooses a row and brings it into sight. */
  select(row: number): void {
    if (this.#count === 0) return;
    const place = Math.max(0, Math.min(this.#count - 1, row));
    const message = this.at(place);
    if (!message) return;
    this.#selected = place;
    this.#key = message.instanceKey;
    const [top, height] = [place * ROW, this.#host.clientHeight];
    if (top < this.#host.scrollTop) this.#host.scrollTop = top;
    else if (top + ROW > this.#host.scrollTop + height) this.#host.scrollTop = top + ROW - height;
    this.draw();
    this.#chosen(message);
  }

  /** How many rows fit into sight. */
  get page(): number {
    return Math.max(1, Math.floor(this.#host.clientHeight / ROW) - 1);
  }
}

function rowElement(): HTMLElement {
  const part = (name: string): HTMLElement => make('div', { class: name });
  return make('div', { class: 'message', role: 'option' }, part('from'), part('when'), part('subject'), part('marks'));
}
