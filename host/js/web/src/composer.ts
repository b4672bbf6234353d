/**
 * A message being written.
 */

import type { Recipient } from '../../dist/index.js';
import { byId } from './dom.js';

/** What was written. */
export interface Draft {
  recipients: Recipient[];
  subject: string;
  body: string;
}

/** The addresses of a field, `Name <address>` or plain ones, separated by commas. */
export function parseAddresses(text: string, kind: 'to' | 'cc'): Recipient[] {
  return text.split(/[,;]/).map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const named = /^(.*?)\s*<([^<>]+)>$/.exec(part);
    const [name, address] = named ? [named[1]!.replace(/^"|"$/g, ''), named[2]!.trim()] : ['', part];
    if (!/^[^@\s]+@[^@\s]+$/.test(address)) throw new Error(`“${part}” is no address. Write one such as ann@example.org.`);
    return { address, name: name || address, kind };
  });
}

/** The dialogue. */
export class Composer {
  readonly #dialog = byId<HTMLDialogElement>('composer');
  readonly #form = this.#dialog.querySelector('form')!;
  readonly #hint = this.#dialog.querySelector<HTMLElement>('.hint')!;
  readonly #help: string;

  constructor(help: string, send: (draft: Draft) => void) {
    this.#help = help;
    for (const close of this.#dialog.querySelectorAll('[data-close]')) close.addEventListener('click', () => this.#dialog.close());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      try {
        const recipients = [...parseAddresses(this.#field('to').value, 'to'), ...parseAddresses(this.#field('cc').value, 'cc')];
        // Lines of mail end with CR LF.
        const body = this.#field('body').value.replace(/\r?\n/g, '\r\n');
        send({ recipients, subject: this.#field('subject').value, body });
        this.#dialog.close();
      } catch (error) {
        this.#say(error instanceof Error ? error.message : String(error), true);
      }
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
  }

  #field(name: string): HTMLInputElement | HTMLTextAreaElement {
    return this.#form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement;
  }

  #say(text: string, bad: boolean): void {
    this.#hint.textContent = text;
    this.#hint.classList.toggle('bad', bad);
  }

  /** Opens it, empty or with what is given. */
  open(to = '', subject = '', body = ''): void {
    this.#form.reset();
    this.#field('to').value = to;
    this.#field('subject').value = subject;
    this.#field('body').value = body;
    this.#say(this.#help, false);
    this.#dialog.showModal();
    this.#field(to === '' ? 'to' : 'body').focus();
    if (to !== '') (this.#field('body') as HTMLTextAreaElement).setSelectionRange(0, 0);
  }
}
