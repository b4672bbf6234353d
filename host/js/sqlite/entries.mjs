// Stored properties (docs/format.md, "Properties"): an object's bag, ascending by identifier, and what changed since it
// was written, which lies in the object's own short row.

import { Reader, Sink, textOf } from './encoding.mjs';
import { damaged } from './failure.mjs';
import { PT, idOf, isMulti, kindOf, sameFamily } from './tags.mjs';
import { decodeValue, sizeOfValue } from './values.mjs';

const HAS_KEY = 1;
const IS_LARGE = 2;
const UNSEARCHED = 4;

/**
 * A reference to a value in the table of large values.
 * @typedef {object} Large
 * @property {number} number
 * @property {number} bytes of its stored form
 * @property {number} size as RES_SIZE counts
 */

/**
 * One stored property.
 * @typedef {object} Entry
 * @property {number} tag
 * @property {Uint8Array} body its value, empty if that is a large one
 * @property {Large | undefined} large
 * @property {Uint8Array | undefined} key its order key, if one was handed over
 * @property {boolean} unsearched its tag is searched, but the text was too long to be handed over
 */

/**
 * The next property; `undefined` if its identifier is not among the wanted ones, and passed over then.
 * @param {Reader} reader
 * @param {{ has(id: number): boolean }} [wanted]
 * @returns {Entry | undefined}
 */
function takeEntry(reader, wanted) {
  const tag = reader.u32();
  const form = reader.byte();
  if ((form & ~(HAS_KEY | IS_LARGE | UNSEARCHED)) !== 0) throw damaged("an object's properties cannot be decoded");
  if (wanted && !wanted.has(idOf(tag))) {
    reader.skip(reader.number());
    if (form & HAS_KEY) reader.skip(reader.number());
    return undefined;
  }
  let body = reader.sized();
  let large;
  if (form & IS_LARGE) {
    const reference = new Reader(body);
    large = { number: reference.number(), bytes: reference.number(), size: reference.number() };
    body = body.subarray(0, 0);
  }
  const key = form & HAS_KEY ? reader.sized() : undefined;
  return { tag, body, large, key, unsearched: (form & UNSEARCHED) !== 0 };
}

/**
 * Appends a property.
 * @param {Entry} entry
 * @param {Sink} sink
 */
export function putEntry(entry, sink) {
  sink.u32(entry.tag);
  sink.byte((entry.key ? HAS_KEY : 0) | (entry.large ? IS_LARGE : 0) | (entry.unsearched ? UNSEARCHED : 0));
  if (entry.large) {
    const { number, bytes, size } = entry.large;
    const reference = new Sink();
    reference.number(number);
    reference.number(bytes);
    reference.number(size);
    sink.sized(reference.whole());
  } else {
    sink.sized(entry.body);
  }
  if (entry.key) sink.sized(entry.key);
}

/**
 * Calls `each` with the properties of a byte string in order, with the place where each begins and ends.
 * @param {Uint8Array} bytes
 * @param {(entry: Entry, start: number, end: number) => void} each
 * @param {{ has(id: number): boolean }} [wanted] the identifiers asked for
 */
export function eachEntry(bytes, each, wanted) {
  const reader = new Reader(bytes);
  while (reader.left > 0) {
    const start = reader.at;
    const entry = takeEntry(reader, wanted);
    if (entry) each(entry, start, reader.at);
  }
}

/**
 * The column `late`: identifiers of properties that are gone, and where the changed properties begin.
 * @param {Uint8Array} late
 * @returns {{ gone: number[], changed: Uint8Array }}
 */
export function splitLate(late) {
  const reader = new Reader(late);
  const count = reader.number();
  if (count * 2 > reader.left) throw damaged("an object's properties cannot be decoded");
  const gone = Array.from({ length: count }, () => reader.u16());
  return { gone, changed: reader.take(reader.left) };
}

/**
 * The properties of an object, ascending by identifier.
 * @param {Uint8Array} bag
 * @param {Uint8Array | null} late
 * @param {{ has(id: number): boolean }} [wanted] the identifiers asked for
 * @returns {Entry[]}
 */
export function entriesOf(bag, late, wanted) {
  /** @type {Entry[]} */
  const entries = [];
  eachEntry(bag, (entry) => entries.push(entry), wanted);
  if (!late || late.length === 0) return entries;
  const { gone, changed } = splitLate(late);
  /** @type {Entry[]} */
  const news = [];
  eachEntry(changed, (entry) => news.push(entry), wanted);
  const replaced = new Set([...gone, ...news.map((entry) => idOf(entry.tag))]);
  const kept = entries.filter((entry) => !replaced.has(idOf(entry.tag)));
  return kept.concat(news).sort((a, b) => idOf(a.tag) - idOf(b.tag));
}

/**
 * The property of an object with that identifier.
 * @param {Uint8Array} bag
 * @param {Uint8Array | null} late
 * @param {number} id
 * @returns {Entry | undefined}
 */
export function findEntry(bag, late, id) {
  if (late && late.length > 0) {
    const { gone, changed } = splitLate(late);
    if (gone.includes(id)) return undefined;
    const found = findIn(changed, id);
    if (found) return found;
  }
  return findIn(bag, id);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} id
 */
function findIn(bytes, id) {
  const reader = new Reader(bytes);
  const wanted = { has: (/** @type {number} */ here) => here >= id };
  while (reader.left > 0) {
    const entry = takeEntry(reader, wanted);
    if (entry) return idOf(entry.tag) === id ? entry : undefined;
  }
  return undefined;
}

/**
 * As `findEntry`, if its type is of the family of that tag.
 * @param {Uint8Array} bag
 * @param {Uint8Array | null} late
 * @param {number} tag
 */
export function findTag(bag, late, tag) {
  const entry = findEntry(bag, late, idOf(tag));
  return entry && (kindOf(tag) === PT.UNSPECIFIED || sameFamily(kindOf(entry.tag), kindOf(tag))) ? entry : undefined;
}

/**
 * The size of a stored value as RES_SIZE counts.
 * @param {Entry} entry
 */
export function sizeOfEntry(entry) {
  if (entry.large) return entry.large.size;
  const kind = kindOf(entry.tag);
  if (kind === PT.UNICODE) return 2 * textOf(entry.body).length;
  if (kind === PT.BINARY) return entry.body.length;
  return sizeOfValue(decodeValue(kind, entry.body));
}

/**
 * Whether a value is of a type that may be too long to come inline.
 * @param {number} kind
 */
export function isVariable(kind) {
  return isMulti(kind) || kind === PT.UNICODE || kind === PT.STRING8 || kind === PT.BINARY || kind === PT.SVREID
    || kind === PT.ACTIONS || kind === PT.SRESTRICT;
}
