/**
 * Properties by their names, and their values as JavaScript has them.
 *
 * | PT_*                  | here                                              |
 * |-----------------------|---------------------------------------------------|
 * | LONG, I2, R4, DOUBLE  | `number`                                          |
 * | I8, CURRENCY          | `bigint`                                          |
 * | BOOLEAN               | `boolean`                                         |
 * | UNICODE               | `string`                                          |
 * | SYSTIME               | `FileTime`, a `Date` that keeps its exact value   |
 * | CLSID                 | `string`                                          |
 * | BINARY, STRING8 …     | `Uint8Array`                                      |
 * | MV_*                  | an array of these                                 |
 */

import { fail } from './error.js';
import { FileTime, ticksOf } from './file-time.js';
import { guidText, parseGuid } from './guid.js';
import { TAGS, type TagName } from './tags.js';
import type { Types } from './wire.js';

/** There is an object under this property, to be opened. */
export const OBJECT = Symbol('PT_OBJECT');

/** The type of a property in JavaScript, by its type in MAPI. */
interface Kinds {
  text: string;
  long: number;
  boolean: boolean;
  i8: bigint;
  double: number;
  time: FileTime;
  bytes: Uint8Array;
  guid: string;
  texts: string[];
  object: typeof OBJECT;
}

/** The name or the tag of a property. */
export type PropKey = TagName | number;

/** Any value. */
export type PropValue =
  | string | number | boolean | bigint | Date | Uint8Array | typeof OBJECT | Types.Restriction
  | string[] | number[] | bigint[] | FileTime[] | Uint8Array[] | null;

/** The type of a property: exact for a name, any value for a tag. */
export type ValueOf<K extends PropKey> = K extends TagName ? Kinds[(typeof TAGS)[K][1]] : PropValue;

const TYPES: Record<keyof Kinds, number> = {
  text: 0x1f, long: 3, boolean: 0x0b, i8: 0x14, double: 5, time: 0x40, bytes: 0x102, guid: 0x48, texts: 0x101f, object: 0x0d,
};

const BY_TAG = new Map<number, TagName>();
for (const [name, [id, kind]] of Object.entries(TAGS)) BY_TAG.set(((id << 16) | TYPES[kind]) >>> 0, name as TagName);

/** The tag of a property. */
export function tagOf(key: PropKey): number {
  if (typeof key === 'number') return key >>> 0;
  const known = TAGS[key];
  if (!known) throw fail('mapi-e-invalid-parameter', `there is no property named ${JSON.stringify(key)}`);
  return ((known[0] << 16) | TYPES[known[1]]) >>> 0;
}

/** The name of a tag, or the tag where it has none here. */
export function keyOf(tag: number): PropKey {
  return BY_TAG.get(tag >>> 0) ?? tag >>> 0;
}

/** The value as JavaScript has it; `undefined` for one that is absent. */
export function fromValue(value: Types.Value): PropValue | undefined {
  switch (value.tag) {
    case 'error': return undefined;
    case 'null': return null;
    case 'object': return OBJECT;
    case 'systime': return new FileTime(value.val);
    case 'clsid': return guidText(value.val);
    case 'mv-systime': return Array.from(value.val, (ticks) => new FileTime(ticks));
    case 'mv-clsid': return value.val.map(guidText);
    case 'mv-i2': case 'mv-long': case 'mv-r4': case 'mv-double': case 'mv-apptime': return Array.from(value.val);
    case 'mv-currency': case 'mv-i8': return Array.from(value.val);
    default: return value.val;
  }
}

/** The value as it crosses the border, of the type in the tag. */
export function toValue(tag: number, value: PropValue): Types.Value {
  const bad = (): Error => fail('mapi-e-invalid-type', `${typeof value} is no value of type 0x${(tag & 0xffff).toString(16)}`, { tag });
  const number = (): number => { if (typeof value === 'number') return value; throw bad(); };
  const bigint = (): bigint => { if (typeof value === 'bigint') return value; if (Number.isInteger(value)) return BigInt(value as number); throw bad(); };
  const text = (): string => { if (typeof value === 'string') return value; throw bad(); };
  const bytes = (): Uint8Array => { if (value instanceof Uint8Array) return value; throw bad(); };
  const many = <T>(test: (item: unknown) => item is T): T[] => { if (Array.isArray(value) && (value as unknown[]).every(test)) return value as T[]; throw bad(); };
  const date = (item: unknown): item is Date => item instanceof Date;
  switch (tag & 0xffff) {
    case 0x01: return { tag: 'null' };
    case 0x02: return { tag: 'i2', val: number() };
    // Sets of bits use the same 32 bits.
    case 0x03: return { tag: 'long', val: number() | 0 };
    case 0x04: return { tag: 'r4', val: number() };
    case 0x05: return { tag: 'double', val: number() };
    case 0x06: return { tag: 'currency', val: bigint() };
    case 0x07: return { tag: 'apptime', val: number() };
    case 0x0b: if (typeof value === 'boolean') return { tag: 'boolean', val: value }; throw bad();
    case 0x0d: return { tag: 'object' };
    case 0x14: return { tag: 'i8', val: bigint() };
    case 0x1e: return { tag: 'string8', val: bytes() };
    case 0x1f: return { tag: 'unicode', val: text() };
    case 0x40: if (value instanceof Date) return { tag: 'systime', val: ticksOf(value) }; throw bad();
    case 0x48: return { tag: 'clsid', val: parseGuid(text()) };
    case 0xfb: return { tag: 'svreid', val: bytes() };
    case 0xfd: if (typeof value === 'object' && value !== null && 'nodes' in value) return { tag: 'srestriction', val: value }; throw bad();
    case 0xfe: return { tag: 'actions', val: bytes() };
    case 0x102: return { tag: 'binary', val: bytes() };
    case 0x1003: return { tag: 'mv-long', val: Int32Array.from(many((item) => typeof item === 'number')) };
    case 0x1005: return { tag: 'mv-double', val: Float64Array.from(many((item) => typeof item === 'number')) };
    case 0x1014: return { tag: 'mv-i8', val: BigInt64Array.from(many((item) => typeof item === 'bigint')) };
    case 0x101f: return { tag: 'mv-unicode', val: many((item) => typeof item === 'string') };
    case 0x1040: return { tag: 'mv-systime', val: BigUint64Array.from(many(date), ticksOf) };
    case 0x1048: return { tag: 'mv-clsid', val: many((item) => typeof item === 'string').map(parseGuid) };
    case 0x1102: return { tag: 'mv-binary', val: many((item) => item instanceof Uint8Array) };
    default: throw fail('mapi-e-invalid-type', `values of type 0x${(tag & 0xffff).toString(16)} cannot be set`, { tag });
  }
}

/** Values by their names. */
export type Values = { readonly [K in TagName]?: ValueOf<K> | (ValueOf<K> extends Date ? Date : never) } & { readonly [tag: number]: PropValue };

/** Values as a list of properties. */
export function toProperties(values: Values): Types.Property[] {
  return Object.entries(values).filter(([, value]) => value !== undefined).map(([name, value]) => {
    const tag = tagOf(/^\d+$/.test(name) ? Number(name) : name as TagName);
    return { tag, value: toValue(tag, value as PropValue) };
  });
}
