/**
 * Notifications: a registration calls a function, or is read as an asynchronous sequence.
 */

import type { Flags, Types } from './wire.js';

/** An event; `tag` says which, as in the world. */
export type Notification = Types.Notification;

/** Events to be told of. */
export type Events = Flags.EventMask;

/** All that can happen to objects. */
export const OBJECT_EVENTS: Events = {
  fnevNewMail: true, fnevObjectCreated: true, fnevObjectDeleted: true, fnevObjectModified: true, fnevObjectMoved: true, fnevObjectCopied: true,
};

/** Where registrations get their events. */
export interface Sinks {
  /** Events of that connection go there from now on. */
  attach(connection: number, sink: (events: readonly Notification[]) => void): void;
  /** They do not any more. */
  detach(connection: number): void;
}

/** A registration. It ends when it is disposed of. */
export class Subscription implements Disposable, AsyncIterable<Notification> {
  readonly #sinks: Sinks;
  readonly #connection: number;
  readonly #unadvise: (connection: number) => void;
  readonly #waiting: Notification[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** A registration under that connection. */
  constructor(sinks: Sinks, connection: number, unadvise: (connection: number) => void, callback?: (event: Notification) => void) {
    this.#sinks = sinks;
    this.#connection = connection;
    this.#unadvise = unadvise;
    sinks.attach(connection, (events) => {
      if (callback) events.forEach(callback);
      else {
        this.#waiting.push(...events);
        this.#wake?.();
      }
    });
  }

  /** The events as they come, until the registration ends. Only without a function to call. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Notification, void, undefined> {
    for (;;) {
      for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) yield event;
      if (this.#ended) return;
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  /** Takes the registration back. */
  dispose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sinks.detach(this.#connection);
    this.#wake?.();
    this.#unadvise(this.#connection);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
