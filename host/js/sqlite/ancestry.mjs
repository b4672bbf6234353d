// Which objects lie in which.

import { isDeleted } from './schema.mjs';

/** @typedef {import('./database.mjs').Database} Database */

/**
 * Whether an object is soft-deleted or lies below one that is.
 * @param {Database} database
 * @param {number} object
 */
export function liesInDeleted(database, object) {
  const seen = new Set();
  for (let place = object; !seen.has(place);) {
    seen.add(place);
    const found = database.row('SELECT parent, class FROM objects WHERE id = ?', place);
    if (!found) return false;
    const [parent, objectClass] = found;
    if (isDeleted(objectClass)) return true;
    if (parent === null) return false;
    place = parent;
  }
  return false;
}

/**
 * Whether `inner` is `outer` or lies below it.
 * @param {Database} database
 * @param {number} inner
 * @param {number} outer
 */
export function liesIn(database, inner, outer) {
  const seen = new Set();
  for (let place = inner; !seen.has(place);) {
    seen.add(place);
    if (place === outer) return true;
    const parent = database.value('SELECT parent FROM objects WHERE id = ?', place);
    if (parent === null || parent === undefined) return false;
    place = parent;
  }
  return false;
}

/**
 * All objects that lie in that one, by class and arrival.
 * @param {Database} database
 * @param {number} parent
 * @returns {number[]}
 */
export function children(database, parent) {
  return database.rows('SELECT id FROM objects WHERE parent = ? AND id <> ? ORDER BY class, arrival', parent, parent).map(([id]) => id);
}
