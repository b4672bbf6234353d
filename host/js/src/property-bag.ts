/**
 * The properties of an object, as a map (IMAPIProp).
 */

import { MapiError, fail } from './error.js';
import { Handle } from './handle.js';
import { parseGuid } from './guid.js';
import { type PropKey, type PropValue, type ValueOf, type Values, fromValue, keyOf, tagOf, toProperties, toValue } from './properties.js';
import type { Objects, Types } from './wire.js';

/** MAPI_E_NOT_ENOUGH_MEMORY: too large for one call. */
const TOO_LARGE = 0x8007000e;
/** Bytes read from a stream at once. */
const PIECE = 1 << 20;

/** Throws what could not be set or deleted. */
function check(problems: readonly Types.PropProblem[]): void {
  // MAPI_E_COMPUTED is to be ignored: the session keeps such a property itself.
  const problem = problems.find(({ code }) => code.code !== 'mapi-e-computed');
  if (!problem) return;
  const { code, tag } = problem;
  const name = String(keyOf(tag));
  throw new MapiError({ code, origin: { tag: 'session' }, tag, argument: undefined, retry: false, message: `the property ${name} was refused`, lowLevel: 0 });
}

/** The properties of an object. */
export class PropertyBag extends Handle<Objects.Properties> implements Iterable<[PropKey, PropValue]> {
  #read(tags: Uint32Array | undefined): Types.Property[] {
    return this.call((wire) => wire.getProps(tags, { mapiUnicode: true })).properties;
  }

  /** A value; `undefined` for one that is absent. One too large for a call is read in pieces. */
  get<K extends PropKey>(key: K): ValueOf<K> | undefined {
    const tag = tagOf(key);
    const [found] = this.#read(Uint32Array.of(tag));
    if (found?.value.tag === 'error' && found.value.val >>> 0 === TOO_LARGE) return this.#large(tag) as ValueOf<K>;
    return found && fromValue(found.value) as ValueOf<K> | undefined;
  }

  /** A value that must be there; MAPI_E_NOT_FOUND. */
  require<K extends PropKey>(key: K): ValueOf<K> {
    const value = this.get(key);
    if (value === undefined) throw fail('mapi-e-not-found', `the object has no property ${String(key)}`, { tag: tagOf(key) });
    return value;
  }

  /** Several values at once, by their names. */
  pick<K extends PropKey>(...keys: K[]): { [Key in K]: ValueOf<Key> | undefined } {
    const found = this.#read(Uint32Array.from(keys, tagOf));
    return Object.fromEntries(keys.map((key, at) => [key, found[at] && fromValue(found[at].value)])) as { [Key in K]: ValueOf<Key> | undefined };
  }

  #large(tag: number): string | Uint8Array {
    const opened = this.call((wire) => wire.openProperty(tag, 'data-stream', {}, {}));
    if (opened.tag !== 'data-stream') throw fail('mapi-e-unexpected-type', 'the property is no stream', { tag });
    const stream = opened.val as Objects.DataStream & Partial<Disposable>;
    try {
      const bytes = new Uint8Array(Number(this.home.run(() => stream.size())));
      for (let at = 0; at < bytes.length;) {
        const piece = this.home.run(() => stream.read(PIECE));
        if (piece.length === 0) break;
        bytes.set(piece.subarray(0, bytes.length - at), at);
        at += piece.length;
      }
      return (tag & 0xffff) === 0x1f ? new TextDecoder('utf-16le').decode(bytes) : bytes;
    } finally {
      stream[Symbol.dispose]?.();
    }
  }

  /** Whether the property has a value. */
  has(key: PropKey): boolean {
    const id = tagOf(key) >>> 16;
    return this.call((wire) => wire.getPropList({ mapiUnicode: true })).some((tag) => tag >>> 16 === id);
  }

  /** Sets a value. */
  set<K extends PropKey>(key: K, value: ValueOf<K> extends Date ? Date : ValueOf<K>): this {
    const tag = tagOf(key);
    check(this.call((wire) => wire.setProps([{ tag, value: toValue(tag, value as PropValue) }])));
    return this;
  }

  /** Sets several values at once. */
  assign(values: Values): this {
    check(this.call((wire) => wire.setProps(toProperties(values))));
    return this;
  }

  /** Deletes values. */
  delete(...keys: PropKey[]): void {
    check(this.call((wire) => wire.deleteProps(Uint32Array.from(keys, tagOf))));
  }

  /** The properties there are. */
  keys(): PropKey[] {
    return Array.from(this.call((wire) => wire.getPropList({ mapiUnicode: true })), keyOf);
  }

  /** All values but those too large for one call, which `get` reads. */
  entries(): [PropKey, PropValue][] {
    const present = this.#read(undefined).filter(({ value }) => value.tag !== 'error');
    return present.map(({ tag, value }) => [keyOf(tag), fromValue(value) as PropValue]);
  }

  [Symbol.iterator](): Iterator<[PropKey, PropValue]> {
    return this.entries()[Symbol.iterator]();
  }

  /** The tag of a named property of a set; `undefined` for one nobody has used, unless it is to be created. */
  named(set: string, name: string | number, type: number, create = false): number | undefined {
    const property: Types.NamedProperty = {
      set: parseGuid(set), name: typeof name === 'number' ? { tag: 'number', val: name } : { tag: 'text', val: name },
    };
    const [tag] = this.call((wire) => wire.getIdsFromNames([property], { mapiCreate: create })).tags;
    return tag === undefined || tag >>> 16 === 0 ? undefined : ((tag & 0xffff0000) | type) >>> 0;
  }

  /** What the object says of its last failure or warning, which must have that code. */
  lastError(code: Types.Scode): string | undefined {
    return this.call((wire) => wire.getLastError(code, { mapiUnicode: true }))?.error;
  }

  /** Makes the changes of a message or attachment durable. */
  save(): void {
    this.call((wire) => wire.saveChanges({ keepOpenReadwrite: true }));
  }
}

/** An object that has properties. */
export abstract class Item<Wire extends { properties(): Objects.Properties }> extends Handle<Wire> {
  #properties: PropertyBag | undefined;

  /** Its properties. */
  get properties(): PropertyBag {
    return (this.#properties ??= new PropertyBag(this.home, this.call((wire) => wire.properties())));
  }

  override dispose(): void {
    this.#properties?.dispose();
    super.dispose();
  }
}
