/**
 * A mail client over the session: its folders, its messages, what is open, what is being written.
 */

import {
  Backends, type Folder, type Message as OpenMessage, MapiError, type Restriction, type Session, type Store, type Table, ascending, contains, createEngine, descending, or,
} from '../../dist/index.js';
import { Composer, type Draft } from './composer.js';
import { button, byId, emptyState, fullDate, icon, make, sizeText } from './dom.js';
import { type Entry, FolderList } from './folders.js';
import { COLUMNS, type Message, MessageList } from './list.js';
import { Reader } from './reader.js';
import { sampleMail } from './sample.js';

const ME = { name: 'You', address: 'you@here.example' };
/** What the list can be sorted by; the property, its name, and which way first. */
const ORDERS = [['deliveredAt', 'Date', true], ['fromName', 'From', false], ['subject', 'Subject', false], ['size', 'Size', true]] as const;
/** How long an import works before the page is drawn again, in milliseconds. */
const SLICE = 12;

class App {
  readonly #store: Store;
  readonly #folders: FolderList;
  readonly #list: MessageList;
  readonly #reader: Reader;
  readonly #composer: Composer;
  readonly #search = byId<HTMLInputElement>('search');
  readonly #toast = byId<HTMLElement>('progress');
  #folder: Folder | undefined;
  #table: Table<(typeof COLUMNS)[number]> | undefined;
  #order: (typeof ORDERS)[number] = ORDERS[0];
  #descending = true;
  #stale = 0;
  #importing = false;
  #toastTimer = 0;

  constructor(session: Session) {
    this.#store = session.defaultStore;
    this.#list = new MessageList(byId('messages'), (message) => this.#open(message));
    this.#reader = new Reader(byId('reader'), {
      reply: (message) => this.#reply(message), remove: () => this.#remove(), markUnread: () => this.#markUnread(),
    });
    this.#folders = new FolderList(byId('folders'), (entry) => this.#show(entry));
    this.#composer = new Composer(`Mail stays in this page. You are ${ME.address}.`, (draft) => this.#send(draft));
    byId('identity').textContent = `${ME.name} · ${ME.address}`;
    this.#orders();
    this.#listen();
    this.#folders.refresh(this.#store);
    this.#folders.choose('Inbox');
    this.#store.watch({}, () => this.#changed());
  }

  /** The store. */
  get store(): Store {
    return this.#store;
  }

  /** The list, for measuring. */
  get list(): MessageList {
    return this.#list;
  }

  /** Something happened in the store: what is in sight follows, once for many events. */
  #changed(): void {
    if (this.#importing) return;
    this.#stale ||= requestAnimationFrame(() => {
      this.#stale = 0;
      this.refresh();
    });
  }

  /** Reads again what is in sight. */
  refresh(): void {
    this.#folders.refresh(this.#store);
    this.#list.refresh();
    this.#counted();
  }

  #show(entry: Entry): void {
    this.#search.value = '';
    this.#table?.dispose();
    this.#folder?.dispose();
    const opened = this.#store.open(entry.entryId) as Folder;
    this.#folder = opened;
    this.#table = opened.contents(...COLUMNS);
    byId('title').textContent = entry.name;
    document.title = `${entry.name} – Mail`;
    this.#list.showsRecipients = entry.role === 'sent' || entry.role === 'outbox';
    this.#orders();
    this.#sort();
    this.#list.show(this.#table);
    this.#reader.clear();
    this.#counted();
  }

  #counted(): void {
    const { count } = this.#list;
    const searching = this.#search.value.trim() !== '';
    byId('count').textContent = count === 0 ? '' : `${count.toLocaleString()} ${searching ? 'found' : count === 1 ? 'message' : 'messages'}`;
    const empty = byId('empty');
    empty.hidden = count > 0;
    if (count > 0) return;
    const importing = (): HTMLButtonElement => button('Import…', 'quiet', () => byId('file').click());
    const sample = (): HTMLButtonElement => button('Try sample mail', 'quiet', () => void this.import([new File([sampleMail(120, `${ME.name} <${ME.address}>`) as BlobPart], 'sample.mbox')]));
    if (searching) empty.replaceChildren(...emptyState('folder', 'Nothing found', `No message in this folder contains “${this.#search.value.trim()}”.`, button('Clear search', 'quiet', () => this.#clearSearch())));
    else if (this.#folders.current?.role === 'inbox') empty.replaceChildren(...emptyState('inbox', 'No mail yet', 'Drop an .mbox archive or .eml messages anywhere on this page.', importing(), sample()));
    else empty.replaceChildren(...emptyState(this.#folders.current?.role ?? 'folder', 'This folder is empty', this.#folders.current?.role === 'outbox' ? 'Nothing waits to be sent.' : 'Messages you put here will show up in this list.'));
  }

  #orders(): void {
    byId('columns').replaceChildren(...ORDERS.map((order) => {
      const chosen = order === this.#order;
      const element = button(this.#list.showsRecipients && order[0] === 'fromName' ? 'To' : order[1], '', () => {
        this.#descending = order === this.#order ? !this.#descending : order[2];
        this.#order = order;
        this.#orders();
        this.#sort();
        this.#list.restart();
      });
      element.setAttribute('aria-pressed', String(chosen));
      if (chosen) {
        element.dataset.direction = this.#descending ? 'descend' : 'ascend';
        element.append(icon('down'));
        element.title = this.#descending ? 'Descending' : 'Ascending';
      }
      return element;
    }));
  }

  #sort(): void {
    // What was never delivered has the time it was submitted at.
    const ours = { fromName: 'displayTo', deliveredAt: 'submittedAt', subject: 'subject', size: 'size' } as const;
    const [key] = this.#order;
    this.#table?.sort((this.#descending ? descending : ascending)(this.#list.showsRecipients ? ours[key] : key));
  }

  #find(): void {
    const words = this.#search.value.trim().split(/\s+/).filter((word) => word !== '');
    const anywhere = (word: string): Restriction =>
      or(contains('subject', word), contains('fromName', word), contains('displayTo', word), contains('body', word));
    const [first, ...rest] = words.map(anywhere);
    const all = first && rest.reduce((left, right) => ({ nodes: [{ tag: 'and', val: 2 }, ...left.nodes, ...right.nodes], constants: [...left.constants, ...right.constants] }), first);
    this.#table?.restrict(all);
    this.#list.restart();
    this.#counted();
  }

  #clearSearch(): void {
    this.#search.value = '';
    this.#find();
    byId('messages').focus();
  }

  #open(message: Message | undefined): void {
    if (!message?.entryId) return this.#reader.clear();
    this.#attempt(() => this.#reader.show(this.#store, message.entryId!));
  }

  /** The message chosen in the list. */
  #chosen(): Message | undefined {
    return this.#list.selected < 0 ? undefined : this.#list.at(this.#list.selected);
  }

  #remove(): void {
    const entryId = this.#chosen()?.entryId;
    if (!entryId || !this.#folder) return;
    this.#attempt(() => {
      const place = this.#list.selected;
      this.#reader.clear();
      if (this.#folders.current?.role === 'trash') this.#folder!.delete(entryId);
      else {
        const trash = this.#store.wastebasket;
        this.#folder!.moveTo(trash, entryId);
        trash.dispose();
      }
      this.refresh();
      this.#list.select(Math.min(place, this.#list.count - 1));
    });
  }

  #markUnread(): void {
    const entryId = this.#chosen()?.entryId;
    if (entryId) this.#attempt(() => this.#folder?.markRead(false, entryId));
  }

  #reply(message: OpenMessage): void {
    const values = message.properties.pick('subject', 'fromName', 'fromAddress', 'senderAddress', 'deliveredAt', 'body');
    const address = values.fromAddress ?? values.senderAddress ?? '';
    const subject = /^re:/i.test(values.subject ?? '') ? values.subject! : `Re: ${values.subject ?? ''}`;
    const quoted = (values.body ?? '').trimEnd().split(/\r?\n/).map((line) => `> ${line}`).join('\n');
    this.#composer.open(values.fromName && values.fromName !== address ? `${values.fromName} <${address}>` : address, subject,
      `\n\n${values.fromName ?? address} wrote on ${fullDate(values.deliveredAt)}:\n${quoted}`);
  }

  #send(draft: Draft): void {
    const outbox = this.#store.outbox;
    const sent = this.#store.sent;
    try {
      const message = outbox.createMessage({ messageClass: 'IPM.Note', subject: draft.subject, body: draft.body });
      message.addRecipients(...draft.recipients);
      message.submit(sent.entryId);
      this.#say('Message sent');
    } finally {
      outbox.dispose();
      sent.dispose();
    }
  }

  #say(text: string, done?: number): void {
    clearTimeout(this.#toastTimer);
    this.#toast.hidden = false;
    this.#toast.replaceChildren(text, ...(done === undefined ? [] : [make('progress', { max: '1', value: String(done), 'aria-label': 'Progress' })]));
    if (done === undefined) this.#toastTimer = window.setTimeout(() => { this.#toast.hidden = true; }, 4000);
  }

  /** Does something a person asked for; what went wrong is said. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#say(error instanceof MapiError ? error.message : String(error));
    }
  }

  /** Imports archives and messages into the folder in sight. */
  async import(files: Iterable<File>): Promise<void> {
    if (this.#importing || !this.#folder) return;
    const folder = this.#folder;
    this.#importing = true;
    let messages = 0;
    try {
      for (const file of files) {
        const bytes = new Uint8Array(await file.arrayBuffer());
        // Nothing here exports: the original forms would only take memory.
        const steps = folder.importing(bytes, { keepOriginal: false });
        for (let paused = performance.now(); ;) {
          const step = steps.next();
          if (step.done) {
            messages += step.value.messages;
            break;
          }
          if (performance.now() - paused < SLICE) continue;
          this.#say(`Importing ${file.name}, ${sizeText(step.value)} of ${sizeText(bytes.length)}`, step.value / bytes.length);
          await new Promise((resume) => { setTimeout(resume); });
          paused = performance.now();
        }
      }
      this.#say(messages === 0 ? 'There was no message to import' : `Imported ${messages.toLocaleString()} ${messages === 1 ? 'message' : 'messages'}`);
    } catch (error) {
      this.#say(error instanceof MapiError ? error.message : `The import stopped: ${String(error)}`);
    } finally {
      this.#importing = false;
      this.refresh();
    }
  }

  #listen(): void {
    const list = byId('messages');
    byId('compose').addEventListener('click', () => this.#composer.open());
    const file = byId<HTMLInputElement>('file');
    byId('import').addEventListener('click', () => file.click());
    file.addEventListener('change', () => {
      void this.import([...(file.files ?? [])]);
      file.value = '';
    });
    let typing = 0;
    this.#search.addEventListener('input', () => {
      clearTimeout(typing);
      typing = window.setTimeout(() => this.#attempt(() => this.#find()), 120);
    });
    this.#search.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#clearSearch();
      else if (event.key === 'ArrowDown' || event.key === 'Enter') {
        event.preventDefault();
        list.focus();
        if (this.#list.selected < 0) this.#list.select(0);
      }
    });
    list.addEventListener('keydown', (event) => {
      const at = this.#list.selected;
      const places: Record<string, number> = {
        ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, PageDown: at + this.#list.page, PageUp: at - this.#list.page, Home: 0, End: this.#list.count - 1,
      };
      const place = places[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (place !== undefined) this.#list.select(Math.max(0, place));
      else if (event.key === 'Delete') this.#remove();
      else if (event.key === 'Enter') byId('reader').focus();
      else if (event.key === 'u') this.#markUnread();
      else return;
      event.preventDefault();
    });
    document.addEventListener('keydown', (event) => {
      const typingNow = event.target instanceof HTMLElement && event.target.matches('input, textarea');
      if (typingNow || event.ctrlKey || event.metaKey || event.altKey || byId<HTMLDialogElement>('composer').open) return;
      if (event.key === '/') this.#search.focus();
      else if (event.key === 'c') this.#composer.open();
      else return;
      event.preventDefault();
    });
    this.#listenToDrops();
  }

  #listenToDrops(): void {
    const drop = byId('drop');
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    document.addEventListener('dragenter', (event) => { if (hasFiles(event)) drop.hidden = false; });
    document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.hidden = true; });
    document.addEventListener('dragover', (event) => { if (hasFiles(event)) event.preventDefault(); });
    document.addEventListener('drop', (event) => {
      drop.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      void this.import([...(event.dataTransfer?.files ?? [])]);
    });
  }
}

async function start(): Promise<void> {
  const engine = await createEngine();
  const subsystem = await engine.subsystem(Backends.memory());
  const admin = subsystem.profiles();
  admin.create('Mail');
  const services = admin.services('Mail');
  services.add('mapi.local', { senderName: ME.name, senderAddress: ME.address });
  services.dispose();
  admin.dispose();
  const app = new App(subsystem.logon({ profile: 'Mail' }));
  Object.assign(window, { mail: app });
  document.body.dataset.ready = 'true';
}

start().catch((error: unknown) => {
  byId('empty').hidden = false;
  byId('empty').replaceChildren(...emptyState('folder', 'Mail could not start', error instanceof Error ? error.message : String(error)));
  throw error;
});
