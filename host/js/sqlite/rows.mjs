// Reading objects: whole, as rows of columns, in ranges.

import { liesInDeleted } from './ancestry.mjs';
import { arenaOf, columnOf } from './columns.mjs';
import { textOf } from './encoding.mjs';
import { entriesOf, findEntry, findTag, isVariable, sizeOfEntry } from './entries.mjs';
import { NOT_ENOUGH_MEMORY, StoreFailure } from './failure.mjs';
import { readLarge } from './large.mjs';
import { COMPUTED } from './plan.mjs';
import { COUNTERS, DELETED, counterOf, isDeleted, isFolder, keepsLists, kindOfNumber, nameOf, numberOf, scannedClass } from './schema.mjs';
import { PT, idOf, kindOf, withKind } from './tags.mjs';
import { decodeValue } from './values.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./entries.mjs').Entry} Entry */
/** @typedef {import('./world.mjs').Value} Value */
/** @typedef {import('./world.mjs').Property} Property */
/** @typedef {import('./world.mjs').ObjectId} ObjectId */

/** @param {ObjectId} object */
function missing(object) {
  return new StoreFailure('mapi-e-not-found', `The store has no object ${Buffer.from(object).toString('hex')}.`);
}

/** The largest PT_LONG. */
const MOST = 0x7fffffff;

/** What a folder counts of its children. */
export class Counts {
  /** @param {number[]} counters in the order of the columns */
  constructor(counters) {
    this.counters = counters;
  }

  /**
   * @param {Database} database
   * @param {number} folder
   */
  static of(database, folder) {
    return new Counts(database.row(`SELECT ${COUNTERS.join(', ')} FROM counters WHERE container = ?`, folder) ?? [0, 0, 0, 0, 0, 0, 0]);
  }

  /**
   * The count of one class, if it is counted.
   * @param {number} objectClass
   */
  class(objectClass) {
    const counter = counterOf(objectClass);
    return counter === undefined ? undefined : this.counters[counter];
  }

  /**
   * @param {number} id
   * @returns {Property | undefined}
   */
  property(id) {
    const [subfolders, contents, associated, unread, deletedFolders, deletedContents, deletedAssociated] = this.counters;
    /** @param {number} count */
    const long = (count) => ({ tag: ((id << 16) | PT.LONG) >>> 0, value: { tag: 'long', val: Math.min(count, MOST) } });
    switch (id) {
      case 0x3602: return long(contents);
      case 0x3603: return long(unread);
      case 0x3617: return long(associated);
      case 0x360a: return { tag: 0x360a000b, value: { tag: 'boolean', val: subfolders > 0 } };
      case 0x6640: return long(deletedContents);
      case 0x6641: return long(deletedFolders);
      case 0x6643: return long(deletedAssociated);
      default: return undefined;
    }
  }
}

/**
 * The value of a stored property.
 * @param {Database} database
 * @param {Entry} entry
 * @returns {Value}
 */
function valueOf(database, entry) {
  const bytes = entry.large ? readLarge(database, entry.large, 0, entry.large.bytes) : entry.body;
  return decodeValue(kindOf(entry.tag), bytes);
}

const STORED = 'objects CROSS JOIN bags USING (id)';

/**
 * Reads one object.
 * @param {Database} database
 * @param {ObjectId} object
 * @param {import('./world.mjs').Want} want
 * @param {number} inlineLimit
 * @returns {import('./world.mjs').ObjectState}
 */
export function readObject(database, object, want, inlineLimit) {
  const id = numberOf(object);
  const row = id === undefined ? undefined : database.row(`SELECT parent, class, arrival, kind, version, props, late FROM ${STORED} WHERE id = ?`, id);
  if (id === undefined || !row) throw missing(object);
  const [parent, objectClass, arrival, kindNumber, version, bag, late] = row;
  const kind = kindOfNumber(kindNumber);
  const folder = isFolder(kind);
  const ids = want.tag === 'all' ? undefined : new Set(Array.from(want.val, idOf));
  /** @type {Property[]} */
  const properties = [];
  for (const entry of entriesOf(bag, late, ids)) {
    if (folder && COMPUTED.includes(idOf(entry.tag))) continue;
    const long = isVariable(kindOf(entry.tag)) && sizeOfEntry(entry) > inlineLimit;
    properties.push(long
      ? { tag: withKind(entry.tag, PT.ERROR), value: { tag: 'error', val: NOT_ENOUGH_MEMORY } }
      : { tag: entry.tag, value: valueOf(database, entry) });
  }
  const computed = folder ? COMPUTED.filter((here) => !ids || ids.has(here)) : [];
  if (computed.length > 0) {
    const counts = Counts.of(database, id);
    for (const here of computed) {
      const property = counts.property(here);
      if (property) properties.push(property);
    }
    properties.sort((a, b) => idOf(a.tag) - idOf(b.tag));
  }
  return {
    head: {
      kind, parent: parent === null ? undefined : nameOf(parent), version: BigInt(version), arrival: BigInt(arrival),
      deleted: isDeleted(objectClass) || (parent !== null && liesInDeleted(database, parent)),
    },
    properties,
  };
}

/**
 * @param {Database} database
 * @param {ObjectId} object
 */
function storedOf(database, object) {
  const id = numberOf(object);
  const row = id === undefined ? undefined : database.row(`SELECT props, late FROM ${STORED} WHERE id = ?`, id);
  if (!row) throw missing(object);
  return row;
}

/**
 * The stored properties of an object with their sizes.
 * @param {Database} database
 * @param {ObjectId} object
 */
export function listTags(database, object) {
  const [bag, late] = storedOf(database, object);
  return entriesOf(bag, late).map((entry) => ({ tag: entry.tag, size: BigInt(sizeOfEntry(entry)) }));
}

/**
 * The value of a property with that identifier and a type of the same family, if the object has one.
 * @param {Database} database
 * @param {number} object
 * @param {number} tag
 * @returns {Value | undefined}
 */
export function propertyOf(database, object, tag) {
  const row = database.row(`SELECT props, late FROM ${STORED} WHERE id = ?`, object);
  const entry = row && findTag(row[0], row[1], tag);
  return entry && valueOf(database, entry);
}

/** Types whose values are read in ranges. */
const RANGED = /** @type {number[]} */ ([PT.UNICODE, PT.STRING8, PT.BINARY, PT.SVREID, PT.ACTIONS]);

/**
 * A range of a value.
 * @param {Database} database
 * @param {ObjectId} object
 * @param {number} tag
 * @param {bigint} offset
 * @param {number} length
 * @returns {Uint8Array}
 */
export function readRange(database, object, tag, offset, length) {
  const [bag, late] = storedOf(database, object);
  const entry = findEntry(bag, late, idOf(tag));
  if (!entry) throw new StoreFailure('mapi-e-not-found', 'The object does not have this property.', { tag });
  if (!RANGED.includes(kindOf(entry.tag))) {
    throw new StoreFailure('mapi-e-no-support', 'Only texts and binaries are read in ranges.', { tag });
  }
  const whole = entry.large ? entry.large.bytes : entry.body.length;
  const start = offset > BigInt(whole) ? whole : Number(offset);
  return entry.large ? readLarge(database, entry.large, start, length) : entry.body.subarray(start, start + length);
}

/**
 * The text that begins with those bytes, of which the last character may be cut, up to that many UTF-16 units.
 * @param {Uint8Array} bytes
 * @param {number} units
 */
function beginningOf(bytes, units) {
  let end = bytes.length;
  // Back to where a character begins that may lack bytes.
  let back = 0;
  while (back < 4 && end - back > 0 && (bytes[end - back - 1] & 0xc0) === 0x80) back += 1;
  const lead = bytes[end - back - 1] ?? 0;
  const needed = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (needed > back) end -= back + 1;
  const text = textOf(bytes.subarray(0, end));
  if (text.length <= units) return text;
  // A pair of surrogates is not cut in two.
  const last = text.charCodeAt(units - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? units - 1 : units);
}

/**
 * The cell of a row, cut at that many UTF-16 units or twice as many bytes; 0: not cut.
 * @param {Database} database
 * @param {Entry} entry
 * @param {number} limit
 * @returns {Value}
 */
function cellOf(database, entry, limit) {
  const kind = kindOf(entry.tag);
  if (limit === 0 || (kind !== PT.UNICODE && kind !== PT.BINARY)) return valueOf(database, entry);
  // A UTF-16 unit takes at most three bytes of UTF-8; what is cut off never leaves the file.
  const most = kind === PT.UNICODE ? 3 * limit + 3 : 2 * limit;
  const bytes = entry.large ? readLarge(database, entry.large, 0, most) : entry.body.subarray(0, most);
  if (kind === PT.BINARY) return { tag: 'binary', val: bytes };
  return { tag: 'unicode', val: beginningOf(bytes, limit) };
}

/**
 * Reads rows in the order given, leaving out those that are gone.
 * @param {Database} database
 * @param {number[]} objects
 * @param {Uint32Array} columns
 * @param {number} cellLimit
 * @param {boolean} withParents
 * @returns {import('./world.mjs').Batch}
 */
export function readBatch(database, objects, columns, cellLimit, withParents) {
  /** @type {Uint8Array[]} */
  const ids = [];
  /** @type {Uint8Array[]} */
  const parents = [];
  /** @type {bigint[]} */
  const arrivals = [];
  /** @type {import('./world.mjs').ObjectKind[]} */
  const kinds = [];
  // Several columns may ask for one identifier with different types.
  /** @type {Map<number, (Value | undefined)[]>} */
  const cells = new Map(Array.from(columns, (tag) => [idOf(tag), []]));
  const computed = COMPUTED.filter((id) => cells.has(id));
  for (const object of objects) {
    const found = database.row(`SELECT parent, kind, arrival, props, late FROM ${STORED} WHERE id = ?`, object);
    if (!found) continue;
    const [parent, kindNumber, arrival, bag, late] = found;
    const kind = kindOfNumber(kindNumber);
    const row = ids.length;
    ids.push(nameOf(object));
    kinds.push(kind);
    arrivals.push(BigInt(arrival));
    if (withParents) parents.push(nameOf(parent ?? object));
    for (const entry of entriesOf(bag, late, cells)) {
      const column = cells.get(idOf(entry.tag));
      if (column) column[row] = cellOf(database, entry, cellLimit);
    }
    if (computed.length > 0 && isFolder(kind)) {
      const counts = Counts.of(database, object);
      for (const id of computed) (cells.get(id) ?? [])[row] = counts.property(id)?.value;
    }
    for (const column of cells.values()) {
      if (column.length <= row) column.push(undefined);
    }
  }
  return {
    ids: arenaOf(ids), arrivals: BigUint64Array.from(arrivals), parents: arenaOf(parents), kinds,
    columns: Array.from(columns, (tag) => columnOf(tag, cells.get(idOf(tag)) ?? [])),
  };
}

/**
 * Every tag ever stored on rows of a container.
 * @param {Database} database
 * @param {ObjectId} name
 * @param {import('./world.mjs').ScanKind} kind
 * @returns {Uint32Array}
 */
export function containerTags(database, name, kind) {
  const objectClass = scannedClass(kind);
  const container = numberOf(name);
  const holder = container === undefined ? undefined : database.value('SELECT kind FROM objects WHERE id = ?', container);
  if (objectClass === undefined || holder === undefined) return new Uint32Array();
  if (keepsLists(kindOfNumber(holder))) {
    const rows = database.rows('SELECT tag FROM tags WHERE container = ? AND class = ? ORDER BY tag', container, objectClass & ~DELETED);
    return Uint32Array.from(rows, ([tag]) => tag);
  }
  // A message has few recipients and attachments: no list is kept of their tags.
  const tags = new Set();
  for (const [bag, late] of database.each(`SELECT props, late FROM ${STORED} WHERE parent = ? AND class = ?`, container, objectClass)) {
    for (const entry of entriesOf(bag, late)) tags.add(entry.tag);
  }
  return Uint32Array.from(tags).sort();
}
