// Categories: rows grouped by the leading keys of an order, with what they count, from the rows in their order.

import { sameBytes } from './encoding.mjs';
import { rankAmong } from './matching.mjs';
import { ORDERED, listed } from './plan.mjs';
import { Counts, propertyOf } from './rows.mjs';
import { matchesOf, subjectOf } from './scan.mjs';
import { UNREAD, numberOf } from './schema.mjs';
import { MESSAGE_FLAGS } from './tags.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./world.mjs').RowKey} RowKey */

/** Stands behind every arrival number. */
const BEHIND = (1n << 64n) - 1n;

/**
 * What tells whether a row counts as unread.
 * @param {Database} database
 * @param {import('./world.mjs').GroupRequest} request
 * @returns {(object: number) => boolean}
 */
function unreadIn(database, { scope, kind }) {
  const folder = scope.tag === 'one' ? numberOf(scope.val) : undefined;
  if (kind === 'contents' && folder !== undefined && Counts.of(database, folder).counters[UNREAD] === 0) return () => false;
  if (kind === 'contents') return (object) => database.value('SELECT unread FROM objects WHERE id = ?', object) === 1;
  // Whether others are read is told by their flags alone.
  return (object) => {
    const flags = propertyOf(database, object, MESSAGE_FLAGS);
    return flags?.tag !== 'long' || (flags.val & 1) === 0;
  };
}

/**
 * A page of categories.
 * @param {Database} database
 * @param {import('./cache.mjs').Cache} cache
 * @param {import('./world.mjs').GroupRequest} request
 * @returns {import('./world.mjs').GroupPage}
 */
export function groupRows(database, cache, request) {
  const keys = request.order.slice(0, request.levels);
  const subject = subjectOf(request, keys);
  const matches = matchesOf(database, cache, subject);
  const most = Math.max(request.max, 1);
  const isUnread = unreadIn(database, request);
  let begin = 0;
  if (request.after) {
    // Behind every row of that category.
    const arrival = keys[keys.length - 1]?.descending ? 0n : BEHIND;
    begin = rankAmong(matches, keys, { keys: request.after, arrival }, true);
  }
  /** @type {{ key: RowKey, count: number, unread: number, first: { arrival: bigint, object: number } }[]} */
  const groups = [];
  let more = false;
  for (let place = begin; place < matches.length; place += 1) {
    const { key, object } = matches[place];
    const unread = isUnread(object) ? 1 : 0;
    const group = groups[groups.length - 1];
    if (group && key.keys.every((one, level) => sameBytes(one, group.key.keys[level]))) {
      group.count += 1;
      group.unread += unread;
      if (key.arrival < group.first.arrival) group.first = { arrival: key.arrival, object };
    } else if (groups.length === most) {
      more = true;
      break;
    } else {
      groups.push({ key, count: 1, unread, first: { arrival: key.arrival, object } });
    }
  }
  return {
    groups: groups.map(({ key, count, unread, first }) => ({
      keys: key.keys,
      values: key.keys.map((one, level) => {
        const tag = listed(ORDERED, keys[level].tag);
        return one === undefined || tag === undefined ? undefined : propertyOf(database, first.object, tag);
      }),
      count: BigInt(count),
      unread: BigInt(unread),
    })),
    more,
  };
}
