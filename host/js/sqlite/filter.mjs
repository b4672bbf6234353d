// Filters evaluated on stored objects: a test of an absent property is false, and the negation of that true.

import { findTag, sizeOfEntry } from './entries.mjs';
import { StoreFailure, damaged } from './failure.mjs';
import { ORDERED, SEARCHED, listed } from './plan.mjs';
import { bufferOf } from './encoding.mjs';

/** @typedef {import('./world.mjs').Filter} Filter */
/** @typedef {import('./world.mjs').Relop} Relop */

/**
 * A compiled test.
 * @typedef {{ tag: 'and' | 'or', children: Test[] } | { tag: 'not', child: Test }
 *   | { tag: 'compare', of: number, relop: Relop, key: Uint8Array, bounded: boolean }
 *   | { tag: 'text', hits: Set<number> }
 *   | { tag: 'bits', of: number, relation: 'eqz' | 'nez', mask: number }
 *   | { tag: 'size', of: number, relop: Relop, size: number }
 *   | { tag: 'exist', of: number }} Test
 */

/**
 * The stored properties of an object.
 * @typedef {{ bag: Uint8Array, late: Uint8Array | null }} Stored
 */

const unplanned = () => new StoreFailure('mapi-e-too-complex', 'The store was asked for what its plan did not offer.');

/** Deeper trees are not offered. */
const DEPTH = 100;

/**
 * All filters together, the text searches done.
 * @param {Filter[]} filters
 * @param {(tag: number, how: import('./world.mjs').TextMatch, folded: string) => Set<number>} search
 * @returns {Test[]}
 */
export function compile(filters, search) {
  return filters.map((filter) => {
    let place = 0;
    /**
     * @param {number[]} list
     * @param {number} tag
     */
    const known = (list, tag) => {
      const found = listed(list, tag);
      if (found === undefined) throw unplanned();
      return found;
    };
    /**
     * @param {number} depth
     * @returns {Test}
     */
    const tree = (depth) => {
      const test = filter[place];
      place += 1;
      if (test === undefined || depth > DEPTH) throw unplanned();
      switch (test.tag) {
        case 'and': case 'or': {
          // A count beyond the tests there are ends at the missing one.
          const children = [];
          for (let child = 0; child < test.val; child += 1) children.push(tree(depth + 1));
          return { tag: test.tag, children };
        }
        case 'not': return { tag: 'not', child: tree(depth + 1) };
        case 'compare': {
          const { tag, relop, key, bounded } = test.val;
          return { tag: 'compare', of: known(ORDERED, tag), relop, key, bounded };
        }
        case 'text': return { tag: 'text', hits: search(known(SEARCHED, test.val.tag), test.val.how, test.val.folded) };
        case 'bits': return { tag: 'bits', of: test.val.tag, relation: test.val.relation, mask: test.val.mask };
        case 'size': return { tag: 'size', of: test.val.tag, relop: test.val.relop, size: test.val.size };
        default: return { tag: 'exist', of: test.val };
      }
    };
    const test = tree(0);
    if (place !== filter.length) throw unplanned();
    return test;
  });
}

/**
 * Whether a test depends on the properties of the object, not just on what a search found.
 * @param {Test} test
 * @returns {boolean}
 */
export function reads(test) {
  switch (test.tag) {
    case 'and': case 'or': return test.children.some(reads);
    case 'not': return reads(test.child);
    default: return test.tag !== 'text';
  }
}

/**
 * Whether an object passes all tests.
 * @param {Test[]} tests
 * @param {number} object
 * @param {Stored} stored
 */
export const passesAll = (tests, object, stored) => tests.every((test) => passes(test, object, stored));

/**
 * @param {Test} test
 * @param {number} object
 * @param {Stored} stored
 * @returns {boolean}
 */
function passes(test, object, stored) {
  switch (test.tag) {
    case 'and': return passesAll(test.children, object, stored);
    case 'or': return test.children.some((child) => passes(child, object, stored));
    case 'not': return !passes(test.child, object, stored);
    case 'text': return test.hits.has(object);
    default: {
      const entry = findTag(stored.bag, stored.late, test.of);
      if (!entry) return false;
      switch (test.tag) {
        case 'compare': return entry.key !== undefined && holds(test.relop, Buffer.compare(entry.key, test.key), test.bounded);
        case 'bits': {
          if (entry.large) return false;
          if (entry.body.length !== 4) throw damaged('a number is stored with a wrong width');
          return ((bufferOf(entry.body).readUInt32LE(0) & test.mask) === 0) === (test.relation === 'eqz');
        }
        case 'size': return holds(test.relop, sizeOfEntry(entry) - test.size, false);
        default: return true;
      }
    }
  }
}

/**
 * Of a constant cut at the bound of keys only a superset can be told.
 * @param {Relop} relop
 * @param {number} order
 * @param {boolean} bounded
 */
function holds(relop, order, bounded) {
  switch (relop) {
    case 'lt': return bounded ? order <= 0 : order < 0;
    case 'le': return order <= 0;
    case 'gt': return bounded ? order >= 0 : order > 0;
    case 'ge': return order >= 0;
    case 'eq': return order === 0;
    case 'ne': return bounded || order !== 0;
    default: throw unplanned();
  }
}

/**
 * The tests that all rows must pass, those inside conjunctions included.
 * @param {Test[]} tests
 * @returns {Test[]}
 */
function conjuncts(tests) {
  return tests.flatMap((test) => (test.tag === 'and' ? conjuncts(test.children) : [test]));
}

/**
 * The smallest set of text hits all rows must be among.
 * @param {Test[]} tests
 */
export function hitsOf(tests) {
  /** @type {Set<number> | undefined} */
  let fewest;
  for (const test of conjuncts(tests)) {
    if (test.tag === 'text' && (!fewest || test.hits.size < fewest.size)) fewest = test.hits;
  }
  return fewest;
}

/**
 * An equality all rows must fulfil.
 * @param {Test[]} tests
 */
export function equalityOf(tests) {
  for (const test of conjuncts(tests)) {
    if (test.tag === 'compare' && test.relop === 'eq' && !test.bounded) return test;
  }
  return undefined;
}
