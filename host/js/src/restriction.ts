/**
 * Restrictions and orders built by small functions: `and(contains('subject', 'report'), not(isRead()))`.
 */

import { type PropKey, type ValueOf, type PropValue, tagOf, toValue } from './properties.js';
import type { Types } from './wire.js';

/** A condition on rows: a tree in the form it crosses the border in. */
export type Restriction = Types.Restriction;

function leaf(node: Types.Node, constants: Types.ConstantProperty[] = []): Restriction {
  return { nodes: [node], constants };
}

function join(node: Types.Node, parts: readonly Restriction[]): Restriction {
  return { nodes: [node, ...parts.flatMap((part) => part.nodes)], constants: parts.flatMap((part) => part.constants) };
}

function constant(key: PropKey, value: PropValue): Types.ConstantProperty[] {
  const tag = tagOf(key);
  return [{ tag, value: toValue(tag, value) as Types.Constant }];
}

type Operand<K extends PropKey> = ValueOf<K> extends Date ? Date : ValueOf<K>;

function relation(relop: Types.Relop): <K extends PropKey>(key: K, value: Operand<K>) => Restriction {
  return (key, value) => leaf({ tag: 'property', val: { relop, tag: tagOf(key) } }, constant(key, value as PropValue));
}

/** All of these hold. */
export const and = (...parts: Restriction[]): Restriction => join({ tag: 'and', val: parts.length }, parts);
/** At least one of these holds. */
export const or = (...parts: Restriction[]): Restriction => join({ tag: 'or', val: parts.length }, parts);
/** This does not hold. */
export const not = (part: Restriction): Restriction => join({ tag: 'not' }, [part]);
/** The value equals that one; text without regard to case. */
export const equal = relation('eq');
/** The value differs from that one. */
export const unequal = relation('ne');
/** The value is less. */
export const less = relation('lt');
/** The value is less or equal. */
export const atMost = relation('le');
/** The value is greater. */
export const greater = relation('gt');
/** The value is greater or equal. */
export const atLeast = relation('ge');

/** How text is matched; without regard to case unless `exact`. */
export interface TextOptions {
  exact?: boolean;
}

function content(key: PropKey, text: string, how: Types.FuzzyLevel, options: TextOptions): Restriction {
  const fuzzy = { ...how, flIgnorecase: !options.exact };
  return leaf({ tag: 'content', val: { fuzzy, tag: tagOf(key) } }, constant(key, text));
}

/** The text occurs in the value. */
export const contains = (key: PropKey, text: string, options: TextOptions = {}): Restriction => content(key, text, { flSubstring: true }, options);
/** The value begins with the text. */
export const startsWith = (key: PropKey, text: string, options: TextOptions = {}): Restriction => content(key, text, { flPrefix: true }, options);

/** The property has a value. */
export const exists = (key: PropKey): Restriction => leaf({ tag: 'exist', val: tagOf(key) });
/** At least one of these bits is set. */
export const anyBit = (key: PropKey, mask: number): Restriction => leaf({ tag: 'bitmask', val: { relation: 'nez', tag: tagOf(key), mask } });
/** None of these bits is set. */
export const noBit = (key: PropKey, mask: number): Restriction => leaf({ tag: 'bitmask', val: { relation: 'eqz', tag: tagOf(key), mask } });
/** The size of the value in bytes compares so. */
export const sized = (key: PropKey, relop: Types.Relop, size: number): Restriction => leaf({ tag: 'size', val: { relop, tag: tagOf(key), size } });

/** Some recipient meets this. */
export const someRecipient = (part: Restriction): Restriction => join({ tag: 'sub-restriction', val: 0x0e12000d }, [part]);
/** Some attachment meets this. */
export const someAttachment = (part: Restriction): Restriction => join({ tag: 'sub-restriction', val: 0x0e13000d }, [part]);
/** The message was read. */
export const isRead = (): Restriction => anyBit('messageFlags', 1);

/** A key of an order. */
export interface SortKey {
  key: PropKey;
  direction: Types.SortDirection;
}

/** From the least value to the greatest; absent values last. */
export const ascending = (key: PropKey): SortKey => ({ key, direction: 'ascend' });
/** From the greatest value to the least; absent values last. */
export const descending = (key: PropKey): SortKey => ({ key, direction: 'descend' });
