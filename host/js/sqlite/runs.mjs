// Stretches of a kept order: where reading it begins, in which direction, and where it ends.

import { ABSENT_PLACE, FIRST_PLACE, LAST_PLACE, behind, comparePlaces, keyOfSort, placeIn } from './orders.mjs';

/** @typedef {import('./orders.mjs').Order} Order */
/** @typedef {import('./orders.mjs').Place} Place */
/** @typedef {import('./world.mjs').RowKey} RowKey */

/**
 * A stretch of an order, read in one direction.
 * @typedef {{ from: Place, to: Place, descending: boolean, skip: number }} Run
 */

/**
 * The stretches that make an order: absent values come last in both directions.
 * @param {Order} order
 * @param {boolean} descending
 * @param {boolean} backwards
 * @returns {Run[]}
 */
export function runsOf(order, descending, backwards) {
  if (!descending || order.tag === 0) {
    return [{ from: FIRST_PLACE, to: LAST_PLACE, descending: descending !== backwards, skip: 0 }];
  }
  const present = { from: FIRST_PLACE, to: ABSENT_PLACE, descending: !backwards, skip: 0 };
  const absent = { from: ABSENT_PLACE, to: LAST_PLACE, descending: !backwards, skip: 0 };
  return backwards ? [absent, present] : [present, absent];
}

/**
 * The arrival number of a row key, as far as numbers go.
 * @param {bigint} arrival
 */
export const arrivalOf = (arrival) => Number(arrival > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER - 1 : arrival);

/**
 * The place of a row in a kept order.
 * @param {Order} order
 * @param {RowKey} key
 */
export const placeOfKey = (order, key) => placeIn(order, key.keys[0], arrivalOf(key.arrival));

/**
 * The key of an entry of a kept order.
 * @param {Order} order
 * @param {Place} place
 * @returns {RowKey}
 */
export function keyOfPlace(order, place) {
  return { keys: order.tag === 0 ? [] : [keyOfSort(place.sort)], arrival: BigInt(place.arrival) };
}

/**
 * Cuts the stretches so that reading begins at that place.
 * @param {Run[]} runs
 * @param {Place} place
 * @param {boolean} included
 * @returns {Run[]}
 */
export function beginAt(runs, place, included) {
  const first = runs.findIndex((run) => comparePlaces(run.from, place) <= 0 && comparePlaces(place, run.to) < 0);
  // Places of one order lie in one of its stretches, so this one is of no row.
  if (first < 0) return runs;
  const [run, ...rest] = runs.slice(first);
  if (run.descending) return [{ ...run, to: included ? behind(place) : place }, ...rest];
  return [{ ...run, from: included ? place : behind(place) }, ...rest];
}

/**
 * The stretches from the row at that position on.
 * @param {import('./database.mjs').Database} database
 * @param {import('./orders.mjs').Directory} directory
 * @param {Order} order
 * @param {Run[]} runs
 * @param {boolean} descending
 * @param {boolean} backwards
 * @param {number} wanted
 * @returns {Run[]}
 */
export function beginAtPosition(database, directory, order, runs, descending, backwards, wanted) {
  const total = directory.total();
  const position = backwards ? Math.min(wanted, Math.max(total - 1, 0)) : wanted;
  if (position >= total) return [];
  // The position counted from the smallest entry.
  let ascending = position;
  let inAbsent = false;
  if (descending && order.tag === 0) {
    ascending = total - 1 - position;
  } else if (descending) {
    const present = directory.rank(database, order, ABSENT_PLACE);
    inAbsent = position >= present;
    ascending = inAbsent ? total - 1 - (position - present) : present - 1 - position;
  }
  const [run, ...rest] = runs.length > 1 && inAbsent !== backwards ? runs.slice(1) : runs;
  const found = directory.seek(ascending, run.descending);
  if (!found) return [];
  return [run.descending ? { ...run, to: found.place, skip: found.skip } : { ...run, from: found.place, skip: found.skip }, ...rest];
}
