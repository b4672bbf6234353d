// The stored form of a restriction: its nodes in preorder, one byte each, with their fields (docs/format.md,
// "Properties"). The world hands restrictions over as two lists, nodes and the constants they take; in the file each
// constant lies with its node.

import { damaged } from './failure.mjs';
import { decodeValue, encodeValue, kindOfValue } from './values.mjs';

/** @typedef {import('./world.mjs').Restriction} Restriction */
/** @typedef {import('./world.mjs').RestrictionNode} Node */
/** @typedef {import('./world.mjs').ConstantProperty} ConstantProperty */
/** @typedef {import('./encoding.mjs').Reader} Reader */
/** @typedef {import('./encoding.mjs').Sink} Sink */

/** Restrictions nest at most 64 deep; stored ones deeper than this are damage. */
const DEPTH = 80;

const RELOPS = ['lt', 'le', 'gt', 'ge', 'eq', 'ne', 're', 'member-of-dl'];
const FUZZY = /** @type {[string, number][]} */ ([
  ['flSubstring', 0x1], ['flPrefix', 0x2], ['flPrefixOnAnyWord', 0x10], ['flPhraseMatch', 0x20], ['flIgnorecase', 0x10000],
  ['flIgnorenonspace', 0x20000], ['flLoose', 0x40000],
]);

const undecodable = () => damaged('a stored restriction cannot be decoded');

/**
 * Appends a restriction.
 * @param {Restriction} restriction
 * @param {Sink} sink
 */
export function putRestriction({ nodes, constants }, sink) {
  let node = 0;
  let constant = 0;
  const property = () => {
    const { tag, value } = constants[constant++];
    sink.u32(tag);
    sink.u16(kindOfValue(value));
    sink.sized(encodeValue(value));
  };
  const tree = () => {
    const { tag, val } = nodes[node++];
    /** @param {number} count */
    const children = (count) => {
      for (let child = 0; child < count; child += 1) tree();
    };
    /** @param {number} code */
    const noted = (code) => {
      sink.byte(code);
      sink.number(val.properties);
      for (let place = 0; place < val.properties; place += 1) property();
      sink.byte(val.hasChild ? 1 : 0);
      if (val.hasChild) tree();
    };
    const relop = () => sink.byte(RELOPS.indexOf(val.relop));
    switch (tag) {
      case 'and': sink.byte(0); sink.number(val); children(val); break;
      case 'or': sink.byte(1); sink.number(val); children(val); break;
      case 'not': sink.byte(2); tree(); break;
      case 'content':
        sink.byte(3);
        sink.u32(FUZZY.reduce((bits, [flag, bit]) => (val.fuzzy[flag] ? bits | bit : bits), 0));
        sink.u32(val.tag);
        property();
        break;
      case 'property': sink.byte(4); relop(); sink.u32(val.tag); property(); break;
      case 'compare-props': sink.byte(5); relop(); sink.u32(val.left); sink.u32(val.right); break;
      case 'bitmask': sink.byte(6); sink.byte(val.relation === 'nez' ? 1 : 0); sink.u32(val.tag); sink.u32(val.mask); break;
      case 'size': sink.byte(7); relop(); sink.u32(val.tag); sink.u32(val.size); break;
      case 'exist': sink.byte(8); sink.u32(val); break;
      case 'sub-restriction': sink.byte(9); sink.u32(val); tree(); break;
      case 'comment': noted(10); break;
      case 'count': sink.byte(11); sink.u32(val); tree(); break;
      case 'annotation': noted(12); break;
      default: throw undecodable();
    }
  };
  tree();
}

/**
 * Reads a restriction.
 * @param {Reader} reader
 * @param {number} depth
 * @returns {Restriction}
 */
export function takeRestriction(reader, depth) {
  /** @type {Restriction} */
  const read = { nodes: [], constants: [] };
  takeTree(reader, depth, read);
  return read;
}

/**
 * @param {Reader} reader
 * @param {number} depth
 * @param {Restriction} into
 */
function takeTree(reader, depth, into) {
  if (depth > DEPTH) throw undecodable();
  const count = () => {
    const number = reader.number();
    if (number > reader.left) throw undecodable();
    return number;
  };
  const relop = () => {
    const name = RELOPS[reader.byte()];
    if (name === undefined) throw undecodable();
    return name;
  };
  const property = () => {
    const tag = reader.u32();
    const kind = reader.u16();
    const value = decodeValue(kind, reader.sized(), depth + 1);
    // The world has no way to tell of a restriction inside a constant.
    if (value.tag === 'srestriction') throw undecodable();
    into.constants.push({ tag, value });
  };
  /** @param {Node} node */
  const push = (node) => into.nodes.push(node);
  const child = () => takeTree(reader, depth + 1, into);
  /** @param {'comment' | 'annotation'} tag */
  const noted = (tag) => {
    const properties = count();
    for (let place = 0; place < properties; place += 1) property();
    const hasChild = reader.byte() !== 0;
    push({ tag, val: { properties, hasChild } });
    if (hasChild) child();
  };
  const code = reader.byte();
  switch (code) {
    case 0: case 1: {
      const children = count();
      push({ tag: code === 0 ? 'and' : 'or', val: children });
      for (let place = 0; place < children; place += 1) child();
      break;
    }
    case 2: push({ tag: 'not' }); child(); break;
    case 3: {
      const bits = reader.u32();
      const fuzzy = Object.fromEntries(FUZZY.map(([flag, bit]) => [flag, (bits & bit) !== 0]));
      push({ tag: 'content', val: { fuzzy, tag: reader.u32() } });
      property();
      break;
    }
    case 4: push({ tag: 'property', val: { relop: relop(), tag: reader.u32() } }); property(); break;
    case 5: push({ tag: 'compare-props', val: { relop: relop(), left: reader.u32(), right: reader.u32() } }); break;
    case 6: {
      const relation = reader.byte() === 0 ? 'eqz' : 'nez';
      push({ tag: 'bitmask', val: { relation, tag: reader.u32(), mask: reader.u32() } });
      break;
    }
    case 7: push({ tag: 'size', val: { relop: relop(), tag: reader.u32(), size: reader.u32() } }); break;
    case 8: push({ tag: 'exist', val: reader.u32() }); break;
    case 9: push({ tag: 'sub-restriction', val: reader.u32() }); child(); break;
    case 10: noted('comment'); break;
    case 11: push({ tag: 'count', val: reader.u32() }); child(); break;
    case 12: noted('annotation'); break;
    default: throw undecodable();
  }
}
