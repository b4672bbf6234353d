/**
 * Objects of the session held by a client.
 *
 * The rule is to dispose of what is not needed any more, by `using` or `dispose()`. What is forgotten is given back
 * when it is collected: the translated component registers every object it hands out for that.
 */

import { fail } from './error.js';

/** What calls go through. */
export interface Home {
  /** Makes a call: its failure becomes a `MapiError`, and waiting work gets its turn afterwards. */
  run<T>(work: () => T): T;
}

/** An object of the session. */
export abstract class Handle<Wire extends object> implements Disposable {
  /** What calls go through. */
  protected readonly home: Home;
  #wire: Wire | undefined;

  /** An object the component handed out. */
  constructor(home: Home, wire: Wire) {
    this.home = home;
    this.#wire = wire;
  }

  /** The object in the world's own form, for what this package has no word for. */
  get wire(): Wire {
    if (!this.#wire) throw fail('mapi-e-invalid-object', 'this object was disposed of');
    return this.#wire;
  }

  /** Makes a call. */
  protected call<T>(work: (wire: Wire) => T): T {
    const { wire } = this;
    return this.home.run(() => work(wire));
  }

  /** Gives the object back; it cannot be used any more. */
  dispose(): void {
    const wire = this.#wire as (Wire & Partial<Disposable>) | undefined;
    this.#wire = undefined;
    wire?.[Symbol.dispose]?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
