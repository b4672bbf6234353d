// The numbers every commit moves: those in the newest row of the feed, which the view `state` shows.

import { damaged } from './failure.mjs';

/** @typedef {import('./database.mjs').Database} Database */

/**
 * @typedef {object} State
 * @property {number} commits
 * @property {number} nextObject
 * @property {number} nextArrival
 * @property {number} nextValue
 * @property {number} nextText
 * @property {number} feedFloor
 * @property {number} keyVersion
 */

/**
 * `undefined` in a damaged file: the feed of a store is never empty.
 * @param {Database} database
 * @returns {State | undefined}
 */
export function findState(database) {
  const row = database.row('SELECT commits, next_object, next_arrival, next_value, next_text, feed_floor, key_version FROM state');
  if (!row) return undefined;
  const [commits, nextObject, nextArrival, nextValue, nextText, feedFloor, keyVersion] = row;
  return { commits, nextObject, nextArrival, nextValue, nextText, feedFloor, keyVersion };
}

/** @param {Database} database */
export function loadState(database) {
  const state = findState(database);
  if (!state) throw damaged('its last commit is missing');
  return state;
}

/**
 * Takes identifiers for objects out of use, which is no commit; the first of them.
 * @param {Database} database
 * @param {number} count
 */
export function reserveObjects(database, count) {
  const state = loadState(database);
  database.run('UPDATE feed SET next_object = next_object + ? WHERE number = ?', count, state.commits);
  return state.nextObject;
}
