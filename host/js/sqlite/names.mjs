// The mapping of named properties: identifiers 0x8001 to 0xFFFE, given once and for ever.

import { Reader, Sink, textOf } from './encoding.mjs';
import { damaged } from './failure.mjs';
import { guidBytes, guidOf } from './values.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./world.mjs').NamedProperty} NamedProperty */

const FIRST = 0x8001;
const LAST = 0xfffe;

/**
 * The stored form: property set, then 0 and a number or 1 and a text.
 * @param {NamedProperty} named
 */
function stored({ set, name }) {
  const sink = new Sink();
  sink.raw(guidBytes(set));
  if (name.tag === 'number') {
    sink.byte(0);
    sink.u32(name.val);
  } else {
    sink.byte(1);
    sink.raw(Buffer.from(name.val, 'utf8'));
  }
  return sink.whole();
}

/**
 * @param {Uint8Array} bytes
 * @returns {NamedProperty}
 */
function nameOf(bytes) {
  const reader = new Reader(bytes);
  const set = guidOf(reader.take(16));
  switch (reader.byte()) {
    case 0: return { set, name: { tag: 'number', val: reader.u32() } };
    case 1: return { set, name: { tag: 'text', val: textOf(reader.take(reader.left)) } };
    default: throw damaged('a property name is of an unknown kind');
  }
}

/**
 * The identifiers of names.
 * @param {Database} database
 * @param {NamedProperty[]} names
 * @returns {(number | undefined)[]}
 */
export function idsOfNames(database, names) {
  return names.map((name) => database.value('SELECT id FROM names WHERE name = ?', stored(name)));
}

/**
 * Gives names identifiers where they have none yet; `undefined` when all are taken.
 * @param {Database} database
 * @param {NamedProperty[]} names
 */
export function createNames(database, names) {
  return names.map((name) => {
    const [known] = idsOfNames(database, [name]);
    if (known !== undefined) return known;
    const next = database.value('SELECT coalesce(max(id) + 1, ?) FROM names', FIRST);
    if (next > LAST) return undefined;
    database.run('INSERT INTO names(id, name) VALUES (?, ?)', next, stored(name));
    return next;
  });
}

/**
 * The names of identifiers.
 * @param {Database} database
 * @param {Iterable<number>} ids
 */
export function namesOfIds(database, ids) {
  return Array.from(ids, (id) => {
    const bytes = database.value('SELECT name FROM names WHERE id = ?', id);
    return bytes === undefined ? undefined : nameOf(bytes);
  });
}

/**
 * The whole mapping, ascending.
 * @param {Database} database
 */
export function allNames(database) {
  return database.rows('SELECT id, name FROM names ORDER BY id').map(([id, name]) => ({ id, name: nameOf(name) }));
}
