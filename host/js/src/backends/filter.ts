/**
 * Filters on stored objects, two-valued: a test of an absent property is false.
 *
 * Values are compared by the order keys the session handed over, texts by the folded form it handed over; what was
 * not handed over is declined, and the session evaluates it.
 */

import { fail } from '../error.js';
import { type Database, type Item } from './database.js';
import { byteString, idOf, isInstance, sameFamily, sizeOf, typeOf } from './values.js';
import type { BackendTypes, Types } from '../wire.js';

/**
 * Tags whose order keys are asked for: what mail is usually sorted by. Not PR_MESSAGE_FLAGS: a change of bits comes
 * without the key of the new value.
 */
export const ORDERED = [
  0x0e060040, 0x00390040, 0x0037001f, 0x0e1d001f, 0x0c1a001f, 0x0042001f, 0x0e080003, 0x00170003, 0x001a001f, 0x30080040,
  0x0e04001f, 0x3001001f, 0x1035001f,
];

/** Tags whose folded text is asked for. */
export const SEARCHED = [0x0037001f, 0x0e1d001f, 0x0c1a001f, 0x0042001f, 0x0e04001f, 0x0e03001f, 0x1000001f];

/** Counted by the store itself, so no stored property to test. */
const COMPUTED = [0x3602, 0x3603, 0x3617, 0x360a, 0x6640, 0x6641, 0x6643];

/** Whether a list has that identifier with a type of the same family. */
export const listed = (list: readonly number[], tag: number): boolean =>
  list.some((known) => idOf(known) === idOf(tag) && sameFamily(known, tag));

/** Whether rows can be put in that order here. */
export const isOrderable = (order: readonly BackendTypes.OrderKey[]): boolean =>
  order.every(({ tag }) => !isInstance(tag) && listed(ORDERED, tag));

/** A test ready to be made. */
export type Test = (item: Item) => boolean;

/** What a filter comes to here. */
interface Answer {
  support: BackendTypes.Support;
  test: Test;
}

const UNSUPPORTED: Answer = { support: 'unsupported', test: () => true };

/** How well a filter is answered, and the test. */
export function answer(database: Database, filter: BackendTypes.Filter): Answer {
  // Backwards, preorder is postfix: every operator finds its operands on the stack, the first one on top.
  const stack: Answer[] = [];
  for (const test of [...filter].reverse()) {
    if (test.tag === 'and' || test.tag === 'or') {
      if (test.val > stack.length) return UNSUPPORTED;
      const parts = stack.splice(stack.length - test.val, test.val).reverse();
      const tests = parts.map((part) => part.test);
      stack.push({
        support: weakest(parts),
        test: test.tag === 'and' ? (item) => tests.every((part) => part(item)) : (item) => tests.some((part) => part(item)),
      });
    } else if (test.tag === 'not') {
      const part = stack.pop();
      if (!part) return UNSUPPORTED;
      // A superset under a negation would hold rows back.
      stack.push(part.support === 'exact' ? { support: 'exact', test: (item) => !part.test(item) } : UNSUPPORTED);
    } else stack.push(leaf(database, test));
  }
  const [whole, ...rest] = stack;
  return whole && rest.length === 0 ? whole : UNSUPPORTED;
}

function weakest(parts: readonly Answer[]): BackendTypes.Support {
  if (parts.some((part) => part.support === 'unsupported')) return 'unsupported';
  return parts.some((part) => part.support === 'inexact') ? 'inexact' : 'exact';
}

/** The test of filters the plan accepted. */
export function tests(database: Database, filters: readonly BackendTypes.Filter[]): Test[] {
  return filters.map((filter) => {
    const { support, test } = answer(database, filter);
    if (support === 'unsupported') throw fail('mapi-e-too-complex', 'the store was asked for what its plan did not offer');
    return test;
  });
}

function leaf(database: Database, test: Exclude<BackendTypes.FilterTest, { tag: 'and' | 'or' | 'not' }>): Answer {
  if (test.tag === 'exist') return stored(test.val) ? exact(test.val, () => true) : UNSUPPORTED;
  const { tag } = test.val;
  if (!stored(tag)) return UNSUPPORTED;
  switch (test.tag) {
    case 'compare': {
      const { relop, bounded } = test.val;
      const key = byteString(test.val.key);
      const relation = holds(relop, bounded);
      if (!listed(ORDERED, tag) || !relation) return UNSUPPORTED;
      const found = exact(tag, ({ orderKey }) => orderKey !== undefined && relation(orderKey < key ? -1 : orderKey > key ? 1 : 0));
      return bounded ? { ...found, support: 'inexact' } : found;
    }
    case 'text': {
      if (!listed(SEARCHED, tag)) return UNSUPPORTED;
      const { how, folded: wanted } = test.val;
      const found = exact(tag, ({ folded }) => {
        // Text too long to be handed over folded may match.
        if (folded === undefined) return true;
        return how === 'full' ? folded === wanted : how === 'prefix' ? folded.startsWith(wanted) : folded.includes(wanted);
      });
      return database.views.hasUnsearched ? { ...found, support: 'inexact' } : found;
    }
    case 'bits': {
      const { relation, mask } = test.val;
      if (typeOf(tag) !== 3) return UNSUPPORTED;
      return exact(tag, ({ value }) => value.tag === 'long' && ((value.val & mask) === 0) === (relation === 'eqz'));
    }
    case 'size': {
      const relation = holds(test.val.relop, false);
      return relation ? exact(tag, ({ value }) => relation(sizeOf(value) - test.val.size)) : UNSUPPORTED;
    }
  }
}

const stored = (tag: number): boolean => !COMPUTED.includes(idOf(tag)) && !isInstance(tag);

interface Stored { tag: number; value: Types.Value; orderKey: string | undefined; folded: string | undefined }

function exact(tag: number, test: (cell: Stored) => boolean): Answer {
  return {
    support: 'exact',
    test: (item) => {
      const cell = item.cells.get(idOf(tag));
      return cell !== undefined && sameFamily(cell.tag, tag) && test(cell);
    },
  };
}

/** Whether a comparison meets a relation. Of a constant cut at the bound of keys only a superset can be told. */
function holds(relop: Types.Relop, bounded: boolean): ((order: number) => boolean) | undefined {
  switch (relop) {
    case 'lt': return bounded ? (order) => order <= 0 : (order) => order < 0;
    case 'le': return (order) => order <= 0;
    case 'gt': return bounded ? (order) => order >= 0 : (order) => order > 0;
    case 'ge': return (order) => order >= 0;
    case 'eq': return (order) => order === 0;
    case 'ne': return bounded ? () => true : (order) => order !== 0;
    case 're': case 'member-of-dl': return undefined;
  }
}
