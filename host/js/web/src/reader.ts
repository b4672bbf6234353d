/**
 * The open message. Its HTML is shown in a frame without scripts, without an origin, and without anything from
 * outside: the sandbox forbids the first two, the policy in the frame and that of the page the third.
 */

import type { Message, Store } from '../../dist/index.js';
import { button, emptyState, fullDate, icon, make, sizeText } from './dom.js';

/** Nothing is loaded but what the message brings along. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
const STYLE = 'body{font:15px/1.5 system-ui,sans-serif;margin:18px 20px;overflow-wrap:anywhere;color:#1b1f27;background:#fff}img,table{max-width:100%}';

/** What can be done with the open message. */
export interface ReaderActions {
  reply(message: Message): void;
  remove(): void;
  markUnread(): void;
}

/** The pane that shows a message. */
export class Reader {
  readonly #host: HTMLElement;
  readonly #actions: ReaderActions;
  #urls: string[] = [];
  #message: Message | undefined;

  constructor(host: HTMLElement, actions: ReaderActions) {
    this.#host = host;
    this.#actions = actions;
    this.clear();
  }

  #forget(): void {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
    this.#message?.dispose();
    this.#message = undefined;
  }

  /** Shows that no message is open. */
  clear(): void {
    this.#forget();
    this.#host.replaceChildren(make('div', { class: 'empty' }, ...emptyState('unread', 'No message selected', 'Choose one from the list to read it here.')));
  }

  /** Shows a message; it is read then. */
  show(store: Store, entryId: Uint8Array): void {
    this.#forget();
    const message = store.message(entryId, 'read');
    this.#message = message;
    const values = message.properties.pick('subject', 'fromName', 'fromAddress', 'senderName', 'senderAddress', 'deliveredAt', 'submittedAt', 'displayTo', 'displayCc', 'messageFlags');
    const name = values.fromName ?? values.senderName ?? 'Unknown sender';
    const address = values.fromAddress ?? values.senderAddress ?? '';
    const copies = values.displayCc ? `, copy to ${values.displayCc}` : '';
    const tool = (label: string, name: 'reply' | 'unread' | 'trash', pressed: () => void): HTMLElement => {
      const element = button('', `icon${name === 'trash' ? ' danger' : ''}`, pressed);
      element.setAttribute('aria-label', label);
      element.title = label;
      element.append(icon(name));
      return element;
    };
    const header = make('header', {},
      make('div', { class: 'tools' }, make('h2', {}, values.subject || '(no subject)'),
        tool('Reply', 'reply', () => this.#actions.reply(message)), tool('Mark as unread', 'unread', () => this.#actions.markUnread()),
        tool('Delete', 'trash', () => this.#actions.remove())),
      make('div', { class: 'sender' },
        make('div', { class: 'avatar', 'aria-hidden': 'true' }, name.trim().charAt(0).toUpperCase() || '?'),
        make('b', {}, name), make('span', { class: 'soft' }, fullDate(values.deliveredAt ?? values.submittedAt)),
        make('span', { class: 'soft' }, `${address === name ? '' : address}${address && address !== name ? ' · ' : ''}to ${values.displayTo || 'nobody'}${copies}`)));
    this.#host.replaceChildren(header, ...this.#files(message), ...body(message));
    if (((values.messageFlags ?? 0) & 1) === 0) message.markRead();
  }

  #files(message: Message): HTMLElement[] {
    const table = message.attachments();
    const links = Array.from(table, (row) => {
      const name = row.attachmentName ?? 'attachment';
      const link = make('a', { href: '#', download: name }, icon('clip'), name, make('span', { class: 'soft' }, sizeText(row.attachmentSize ?? 0)));
      link.addEventListener('click', (event) => {
        // Read when it is asked for: an attachment may be large. Never opened here: only saved.
        if (link.href.startsWith('blob:') || row.attachmentNumber === undefined) return;
        event.preventDefault();
        const attachment = message.attachment(row.attachmentNumber);
        const url = URL.createObjectURL(new Blob([attachment.bytes as BlobPart], { type: 'application/octet-stream' }));
        attachment.dispose();
        this.#urls.push(url);
        link.href = url;
        link.click();
      });
      return link;
    });
    table.dispose();
    return links.length > 0 ? [make('div', { class: 'files', 'aria-label': 'Attachments' }, ...links)] : [];
  }
}

function body(message: Message): HTMLElement[] {
  const html = message.isHtml ? message.html : undefined;
  if (html === undefined) return [make('pre', { tabindex: '0' }, message.body)];
  const page = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta charset="utf-8"><style>${STYLE}</style>${html}`;
  const frame = make('iframe', { sandbox: '', title: 'Text of the message', referrerpolicy: 'no-referrer', srcdoc: page });
  const held = /\b(?:src|background)\s*=\s*["']?\s*(?:https?:)?\/\//i.test(html) || /url\(\s*["']?(?:https?:)?\/\//i.test(html);
  const scripted = /<script\b|\bon\w+\s*=/i.test(html);
  if (!held && !scripted) return [frame];
  const what = held && scripted ? 'Pictures from outside and scripts' : held ? 'Pictures from outside' : 'Scripts';
  return [make('p', { class: 'notice' }, icon('shield'), `${what} in this message are blocked.`), frame];
}
