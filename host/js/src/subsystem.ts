/**
 * A subsystem: one instance of the component, what one process with MAPI loaded is elsewhere. And its turns: waiting
 * work is done and notifications are handed out behind the client's calls, so that no client polls.
 */

import type { Backends } from './backends.js';
import { MapiError, fail, fromWire } from './error.js';
import type { Home } from './handle.js';
import { imports } from './imports.js';
import { ProfileAdmin } from './profiles.js';
import { Session, type LogonOptions } from './session.js';
import type { Notification, Sinks } from './subscription.js';
import type { BackendTypes, Root, instantiate } from './wire.js';

/** How long one turn may work before the page or program gets its chance, in microseconds. */
const BUDGET = 8_000n;
/** Events handed out at once. */
const EVENTS = 500;

/** The translated component. */
export interface Component {
  instantiate: typeof instantiate;
  getCoreModule: (name: string) => WebAssembly.Module | Promise<WebAssembly.Module>;
}

/** A subsystem. */
export class Subsystem implements Home, Sinks, Disposable {
  #root: Root | undefined;
  readonly #sinks = new Map<number, (events: readonly Notification[]) => void>();
  /** Held, lest a session ends because only objects opened through it are still held. */
  readonly #sessions = new Set<Session>();
  readonly #changed = new Map<string, BackendTypes.ProviderLogon['section']>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #busy = false;
  /** Whether the call that runs has asked a backend for something: then the component was entered. */
  #entered = false;
  #ended: unknown;
  readonly #started = performance.now();

  /** Instantiates the component over granted backends. */
  static async open(component: Component, backends: Backends): Promise<Subsystem> {
    const subsystem = new Subsystem();
    const granted = imports(backends, {
      changed: (section) => subsystem.changed(section),
      called: () => { subsystem.#entered = true; },
    });
    subsystem.#root = await component.instantiate(component.getCoreModule, granted);
    subsystem.run(() => subsystem.root.sessions.initialize(undefined));
    return subsystem;
  }

  /** The component's exports, for what this package has no word for. */
  get root(): Root {
    if (!this.#root) throw fail('mapi-e-not-initialized', 'the subsystem has ended', { retry: false });
    return this.#root;
  }

  /** Makes a call. */
  run<T>(work: () => T): T {
    if (this.#ended) throw this.#ended;
    if (this.#busy) throw fail('mapi-e-busy', 'the session waits for a backend; it cannot be called from inside that call', { retry: true });
    this.#busy = true;
    this.#entered = false;
    try {
      return work();
    } catch (thrown) {
      const error = fromWire(thrown);
      // A trap, or an answer of a backend that is none, leaves the component in an unknown state. An argument of the
      // wrong kind does not: it is found before the component is entered.
      const inside = this.#entered && !(error instanceof MapiError);
      if (error instanceof WebAssembly.RuntimeError || inside) this.#end(error);
      throw this.#ended ?? error;
    } finally {
      this.#busy = false;
      this.#schedule(0);
    }
  }

  #end(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#ended = Object.assign(fail('mapi-e-end-of-session', `the subsystem was ended: ${reason}`), { cause });
    clearTimeout(this.#timer);
  }

  /** Administers profiles. */
  profiles(): ProfileAdmin {
    return new ProfileAdmin(this, this, this.run(() => this.root.profiles.adminProfiles()));
  }

  /** Logs on. */
  logon(options: LogonOptions = {}): Session {
    const how = { mapiNewSession: true, mapiExtended: true, ...(options.profile === undefined ? { mapiUseDefault: true } : {}), ...options.flags };
    const wire = this.run(() => this.root.sessions.logon({ ui: 0n, profile: options.profile, password: undefined, how }));
    const session = new Session(this, this, wire, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /** Says that a provider has changed; the next turn takes the change in. */
  changed(section: BackendTypes.ProviderLogon['section']): void {
    this.#changed.set(`${section.hi}-${section.lo}`, section);
    this.#schedule(0);
  }

  attach(connection: number, sink: (events: readonly Notification[]) => void): void {
    this.#sinks.set(connection, sink);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule(0);
  }

  detach(connection: number): void {
    this.#sinks.delete(connection);
  }

  #schedule(delay: number): void {
    if (this.#ended || !this.#root || (this.#timer !== undefined && this.#due <= performance.now() + delay)) return;
    clearTimeout(this.#timer);
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => this.#turn(), delay);
    // A program that waits for nothing may end.
    if (this.#sinks.size === 0 && typeof this.#timer === 'object') this.#timer.unref();
  }

  #turn(): void {
    this.#timer = undefined;
    if (this.#ended || !this.#root) return;
    const { more, wakeAt } = this.turn();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (more) this.#schedule(0);
    else if (wakeAt !== undefined) {
      const now = performance.now() - this.#started;
      this.#schedule(Math.min(2 ** 31 - 1, Math.max(1, Number(wakeAt) / 1e6 - now)));
    }
  }

  /**
   * Does waiting work and hands out notifications; whether there is more, and when to be called again. This happens by
   * itself behind every call: it is for programs that want it to happen now.
   */
  turn(budget = BUDGET): { more: boolean; wakeAt: bigint | undefined } {
    const { sessions } = this.root;
    const sections = [...this.#changed.values()];
    this.#changed.clear();
    const work = this.run(() => {
      for (const section of sections) sessions.changed(section);
      return sessions.pump(budget);
    });
    const due = this.#sinks.size > 0 ? this.run(() => sessions.dispatchNotifications(EVENTS)) : { batches: [], more: false };
    for (const { connection, events } of due.batches) this.#sinks.get(connection)?.(events);
    return { more: work.more || due.more || this.#changed.size > 0, wakeAt: work.wakeAt };
  }

  /** Takes turns until nothing is left to do now. */
  settle(): void {
    for (let turns = 0; turns < 10_000; turns++) if (!this.turn(1_000_000n).more) return;
    throw fail('mapi-e-timeout', 'the session never comes to rest');
  }

  /** Logs every session off and gives the component back. */
  dispose(): void {
    if (!this.#root) return;
    if (!this.#ended) this.run(() => this.root.sessions.uninitialize());
    clearTimeout(this.#timer);
    this.#root = undefined;
    this.#sinks.clear();
    this.#sessions.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
