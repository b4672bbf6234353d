// Scans of containers: pages, counts and ranks.
//
// A page of an order that is kept is read from the order itself, filtered on the way. Everything else - rare orders,
// several containers, few rows that pass, positions among them - is answered from the rows that pass, found once and
// remembered until the next commit.

import { equalityOf, hitsOf, passesAll } from './filter.mjs';
import { arrange, find, isDense, isMost, rangeFrom, rankAmong, totalOf } from './matching.mjs';
import { ABSENT_PLACE, behind, comparePlaces, findOrder, walk } from './orders.mjs';
import { ORDERED, listed } from './plan.mjs';
import { Counts, readBatch } from './rows.mjs';
import { arrivalOf, beginAt, beginAtPosition, keyOfPlace, placeOfKey, runsOf } from './runs.mjs';
import { hasOrders, numberOf, scannedClass } from './schema.mjs';
import { QUEUE_NUMBER } from './tags.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./cache.mjs').Cache} Cache */
/** @typedef {import('./matching.mjs').Subject} Subject */
/** @typedef {import('./orders.mjs').Order} Order */
/** @typedef {import('./world.mjs').RowKey} RowKey */
/** @typedef {import('./world.mjs').ScanRequest} ScanRequest */

/**
 * What a scan is about; the queue has an order of its own.
 * @param {Pick<Subject, 'scope' | 'kind' | 'filters'>} request
 * @param {import('./world.mjs').OrderKey[]} order
 * @returns {Subject}
 */
export function subjectOf({ scope, kind, filters }, order) {
  const effective = kind === 'queue' && order.length === 0 ? [{ tag: QUEUE_NUMBER, descending: false }] : order;
  return { scope, kind, filters, order: effective };
}

/**
 * The container and class a scan lists, if it is one container.
 * @param {Subject} subject
 */
function onePlace({ scope, kind }) {
  const objectClass = scannedClass(kind);
  const container = scope.tag === 'one' ? numberOf(scope.val) : undefined;
  return container === undefined || objectClass === undefined ? undefined : { container, objectClass };
}

/**
 * The tag of the kept order that a subject would be read from: 0 for arrival; `undefined` if there can be none.
 * @param {Subject} subject
 */
function keptTag({ order }) {
  if (order.length === 0) return 0;
  return order.length === 1 ? listed(ORDERED, order[0].tag) : undefined;
}

/**
 * The kept order a scan can be read from: of one container, by arrival or by one key.
 * @param {Database} database
 * @param {Subject} subject
 */
export function keptOrder(database, subject) {
  const place = onePlace(subject);
  const tag = keptTag(subject);
  if (!place || !hasOrders(place.objectClass) || tag === undefined) return undefined;
  const order = findOrder(database, place.container, place.objectClass, tag);
  return order && { order, descending: subject.order[0]?.descending ?? false };
}

/** Smaller folders are sorted in memory as fast. */
const LARGE = 256;

/**
 * The order a scan would best be read from, if it is not kept yet.
 * @param {Database} database
 * @param {Subject} subject
 */
export function wantedOrder(database, subject) {
  const place = onePlace(subject);
  const tag = keptTag(subject);
  if (!place || !hasOrders(place.objectClass) || !tag || subject.order.length !== 1) return undefined;
  const { container, objectClass } = place;
  if (findOrder(database, container, objectClass, tag)) return undefined;
  // Without the order of arrival it is no folder, or has never held anything.
  if (!findOrder(database, container, objectClass, 0)) return undefined;
  return (Counts.of(database, container).class(objectClass) ?? 0) >= LARGE ? { container, objectClass, tag } : undefined;
}

/**
 * The rows that pass, in order.
 * @param {Database} database
 * @param {Cache} cache
 * @param {Subject} subject
 * @param {import('./filter.mjs').Test[]} tests
 */
export function matchesOf(database, cache, subject, tests = cache.tests(subject.filters)) {
  return cache.matches(subject, () => {
    const found = foundOf(database, cache, subject, tests);
    const kept = keptOrder(database, subject);
    if (!kept || !isMost(found, totalOf(database, [kept.order.container], kept.order.objectClass))) {
      return arrange(database, subject.order, found);
    }
    const matches = [];
    for (const run of runsOf(kept.order, kept.descending, false)) {
      for (const [object, arrival, sort] of walk(database, kept.order, run.from, run.to, run.descending)) {
        if (found.has(object)) matches.push({ key: keyOfPlace(kept.order, { sort, arrival }), object });
      }
    }
    return matches;
  });
}

/**
 * @param {Database} database
 * @param {Cache} cache
 * @param {Subject} subject
 * @param {import('./filter.mjs').Test[]} tests
 */
function foundOf(database, cache, subject, tests) {
  return cache.found(subject, () => find(database, subject, tests));
}

/**
 * The objects of a page, the place of its last row, and whether rows follow.
 * @typedef {{ objects: number[], last: RowKey | undefined, more: boolean }} Taken
 */

/**
 * A page of rows.
 * @param {Database} database
 * @param {Cache} cache
 * @param {ScanRequest} request
 * @returns {import('./world.mjs').ScanPage}
 */
export function scanPage(database, cache, request) {
  const subject = subjectOf(request, request.order);
  const tests = cache.tests(subject.filters);
  const kept = tests.length > 0 && request.start.tag === 'position' ? undefined : keptOrder(database, subject);
  const selective = equalityOf(tests) !== undefined || hitsOf(tests) !== undefined;
  /** @type {Taken} */
  let taken;
  if (kept && selective) {
    const found = foundOf(database, cache, subject, tests);
    const total = totalOf(database, [kept.order.container], kept.order.objectClass);
    taken = isDense(found, request.max + 1, total)
      ? fromOrder(database, cache, kept, request, (object) => found.has(object))
      : fromMatches(matchesOf(database, cache, subject, tests), subject.order, request);
  } else if (kept) {
    taken = fromOrder(database, cache, kept, request, (object) => {
      if (tests.length === 0) return true;
      const row = database.row('SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?', object);
      return row !== undefined && passesAll(tests, object, { bag: row[0], late: row[1] });
    });
  } else {
    taken = fromMatches(matchesOf(database, cache, subject, tests), subject.order, request);
  }
  const withParents = request.kind === 'queue' || request.scope.tag === 'several';
  const batch = readBatch(database, taken.objects, request.columns, request.cellLimit, withParents);
  return { batch, last: taken.last, more: taken.more };
}

/**
 * @param {import('./matching.mjs').Match[]} matches
 * @param {import('./world.mjs').OrderKey[]} order
 * @param {ScanRequest} request
 * @returns {Taken}
 */
function fromMatches(matches, order, { start, backwards, max }) {
  const [first, end] = rangeFrom(matches, order, start, backwards);
  const rows = backwards ? matches.slice(Math.max(first, end - max), end).reverse() : matches.slice(first, Math.min(end, first + max));
  return { objects: rows.map((row) => row.object), last: rows[rows.length - 1]?.key, more: end - first > max };
}

/**
 * @param {Database} database
 * @param {Cache} cache
 * @param {{ order: Order, descending: boolean }} kept
 * @param {ScanRequest} request
 * @param {(object: number) => boolean} picks
 * @returns {Taken}
 */
function fromOrder(database, cache, { order, descending }, { start, backwards, max }, picks) {
  let runs = runsOf(order, descending, backwards);
  if (start.tag === 'after' || start.tag === 'at') runs = beginAt(runs, placeOfKey(order, start.val), start.tag === 'at');
  if (start.tag === 'position') {
    runs = beginAtPosition(database, cache.directory(order), order, runs, descending, backwards, arrivalOf(start.val));
  }
  /** @type {Taken} */
  const taken = { objects: [], last: undefined, more: false };
  /** @type {import('./orders.mjs').Place | undefined} */
  let last;
  for (const run of runs) {
    if (taken.more) break;
    for (const [object, arrival, sort] of walk(database, order, run.from, run.to, run.descending, run.skip)) {
      if (!picks(object)) continue;
      if (taken.objects.length >= max) {
        taken.more = true;
        break;
      }
      taken.objects.push(object);
      last = { sort, arrival };
    }
  }
  taken.last = last && keyOfPlace(order, last);
  return taken;
}

/**
 * How many rows there are.
 * @param {Database} database
 * @param {Cache} cache
 * @param {Subject} subject
 */
export function countRows(database, cache, subject) {
  const place = onePlace(subject);
  if (subject.filters.length === 0 && place) {
    const counted = findOrder(database, place.container, place.objectClass, 0)
      ? Counts.of(database, place.container).class(place.objectClass)
      : undefined;
    return counted ?? database.value('SELECT count(*) FROM objects WHERE parent = ? AND class = ?', place.container, place.objectClass);
  }
  return foundOf(database, cache, subject, cache.tests(subject.filters)).size;
}

/**
 * How many rows stand before that key.
 * @param {Database} database
 * @param {Cache} cache
 * @param {Subject} subject
 * @param {RowKey} key
 */
export function rankRow(database, cache, subject, key) {
  const kept = subject.filters.length === 0 ? keptOrder(database, subject) : undefined;
  if (!kept) return rankAmong(matchesOf(database, cache, subject), subject.order, key, false);
  const { order, descending } = kept;
  const directory = cache.directory(order);
  const place = placeOfKey(order, key);
  if (!descending) return directory.rank(database, order, place);
  const upTo = directory.rank(database, order, behind(place));
  const present = directory.rank(database, order, ABSENT_PLACE);
  return comparePlaces(place, ABSENT_PLACE) < 0 ? Math.max(present - upTo, 0) : present + Math.max(directory.total() - upTo, 0);
}
