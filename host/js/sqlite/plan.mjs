// What is indexed, and which filters and orders are answered here.

import { COUNTERS, counterOf, numberOf, scannedClass } from './schema.mjs';
import { MESSAGE_FLAGS, PT, idOf, isInstance, kindOf, sameFamily } from './tags.mjs';
import { hasUnsearched } from './texts/index.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./world.mjs').FilterTest} FilterTest */
/** @typedef {import('./world.mjs').Support} Support */

/** Tags whose order keys are kept with the object; part of the format, as every program keeps the orders up to date. */
export const ORDERED = [
  0x0e060040, // PR_MESSAGE_DELIVERY_TIME
  0x00390040, // PR_CLIENT_SUBMIT_TIME
  0x0037001f, // PR_SUBJECT
  0x0e1d001f, // PR_NORMALIZED_SUBJECT
  0x0c1a001f, // PR_SENDER_NAME
  0x0042001f, // PR_SENT_REPRESENTING_NAME
  0x0e080003, // PR_MESSAGE_SIZE
  0x00170003, // PR_IMPORTANCE
  0x001a001f, // PR_MESSAGE_CLASS
  0x30080040, // PR_LAST_MODIFICATION_TIME
  0x0e04001f, // PR_DISPLAY_TO
  MESSAGE_FLAGS,
  0x3001001f, // PR_DISPLAY_NAME
  0x1035001f, // PR_INTERNET_MESSAGE_ID
];

/** Tags whose order is kept from a folder's first message on: PR_MESSAGE_DELIVERY_TIME, PR_INTERNET_MESSAGE_ID. */
export const EAGER = [0x0e060040, 0x1035001f];

/** Tags whose folded text is searched. */
export const SEARCHED = [
  0x0037001f, // PR_SUBJECT
  0x0e1d001f, // PR_NORMALIZED_SUBJECT
  0x0c1a001f, // PR_SENDER_NAME
  0x0042001f, // PR_SENT_REPRESENTING_NAME
  0x0e04001f, // PR_DISPLAY_TO
  0x0e03001f, // PR_DISPLAY_CC
  0x1000001f, // PR_BODY
];

const SEARCHED_IDS = new Set(SEARCHED.map(idOf));

/**
 * Whether the text of a property is searched.
 * @param {number} id
 */
export const isSearched = (id) => SEARCHED_IDS.has(id);

const ORDERED_IDS = new Set(ORDERED.map(idOf));

/**
 * Whether the order key of a property is kept.
 * @param {number} id
 */
export const isOrdered = (id) => ORDERED_IDS.has(id);

/** Computed from what a folder counts, so no stored property to test. */
export const COMPUTED = [0x3602, 0x3603, 0x360a, 0x3617, 0x6640, 0x6641, 0x6643];

/**
 * The tag of the list that has that identifier and a type of the same family.
 * @param {number[]} list
 * @param {number} tag
 */
export const listed = (list, tag) => list.find((known) => idOf(known) === idOf(tag) && sameFamily(kindOf(known), kindOf(tag)));

/**
 * Whether rows can be put in that order here.
 * @param {import('./world.mjs').OrderKey[]} order
 */
export const isOrderable = (order) => order.every((key) => !isInstance(kindOf(key.tag)) && listed(ORDERED, key.tag) !== undefined);

/** Deeper trees are left to the session, which allows 64 levels. */
const DEPTH = 80;

/**
 * How well a filter is answered.
 * @param {Database} database
 * @param {FilterTest[]} filter
 * @returns {Support}
 */
export function supportOf(database, filter) {
  let place = 0;
  /**
   * @param {number} depth
   * @returns {Support}
   */
  const tree = (depth) => {
    const test = filter[place];
    place += 1;
    if (test === undefined || depth > DEPTH) return 'unsupported';
    switch (test.tag) {
      case 'and': case 'or': {
        /** @type {Support} */
        let answer = 'exact';
        for (let child = 0; child < test.val; child += 1) {
          const one = tree(depth + 1);
          if (one === 'unsupported') return one;
          if (one === 'inexact') answer = one;
        }
        return answer;
      }
      // A superset under a negation would hold rows back.
      case 'not': return tree(depth + 1) === 'exact' ? 'exact' : 'unsupported';
      default: return leaf(database, test);
    }
  };
  const answer = tree(0);
  return place === filter.length ? answer : 'unsupported';
}

/**
 * Whether a test of that property looks at what is stored.
 * @param {number} tag
 */
const isStored = (tag) => !COMPUTED.includes(idOf(tag)) && !isInstance(kindOf(tag));

/**
 * @param {Database} database
 * @param {FilterTest} test
 * @returns {Support}
 */
function leaf(database, test) {
  switch (test.tag) {
    case 'compare': {
      const { tag, relop, bounded } = test.val;
      if (!isStored(tag) || listed(ORDERED, tag) === undefined || relop === 're' || relop === 'member-of-dl') return 'unsupported';
      return bounded ? 'inexact' : 'exact';
    }
    case 'text': {
      const tag = listed(SEARCHED, test.val.tag);
      if (tag === undefined) return 'unsupported';
      return hasUnsearched(database, idOf(tag)) ? 'inexact' : 'exact';
    }
    case 'bits': return isStored(test.val.tag) && kindOf(test.val.tag) === PT.LONG ? 'exact' : 'unsupported';
    case 'size': return isStored(test.val.tag) ? 'exact' : 'unsupported';
    case 'exist': return isStored(test.val) ? 'exact' : 'unsupported';
    default: return 'unsupported';
  }
}

/** Rows of which categories of several keys are made here; of more, the session makes them as fast. */
const FEW = 4096;

/**
 * Whether categories are made here.
 * @param {Database} database
 * @param {import('./world.mjs').PlanRequest} request
 */
export function groupsPay(database, { scope, kind, order }) {
  if (order.length <= 1) return order.length === 1;
  const objectClass = scannedClass(kind);
  const counter = objectClass === undefined ? undefined : counterOf(objectClass);
  const container = scope.tag === 'one' ? numberOf(scope.val) : undefined;
  if (counter === undefined || container === undefined) return false;
  return (database.value(`SELECT ${COUNTERS[counter]} FROM counters WHERE container = ?`, container) ?? 0) <= FEW;
}
