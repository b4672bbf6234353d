// Commits: changes applied in one transaction, with everything that is kept beside the objects.

import { isOrdered } from '../plan.mjs';
import { idOf } from '../tags.mjs';
import { consolidate } from '../texts/consolidation.mjs';
import { copy } from './copy.mjs';
import { create } from './create.mjs';
import { relocate } from './relocate.mjs';
import { remove } from './remove.mjs';
import { setProperties } from './set.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Outcome} Outcome */

/**
 * Applies a commit up to the transaction's own.
 * @param {Writer} writer
 * @param {import('../world.mjs').CommitRequest} request
 * @returns {import('../world.mjs').ChangedObject[]}
 */
export function apply(writer, { changes, token, deferIndexing, delivery }) {
  /** @type {Map<number, import('../world.mjs').ChangedObject>} */
  const states = new Map();
  const touched = changes.map((change) => {
    const { id, version, arrival } = make(writer, change);
    states.set(id, { version: BigInt(version), arrival: BigInt(arrival) });
    return id;
  });
  writer.release();
  if (!deferIndexing) consolidate(writer.database);
  writer.finish(token, delivery);
  // An object changed twice answers both times what it is in the end.
  return touched.flatMap((id) => states.get(id) ?? []);
}

/**
 * Makes a change.
 * @param {Writer} writer
 * @param {import('../world.mjs').Change} change
 * @returns {Outcome}
 */
function make(writer, change) {
  switch (change.tag) {
    case 'create':
      writer.release();
      return create(writer, change.val);
    case 'copy':
      writer.release();
      return copy(writer, change.val);
    case 'set': {
      const { object, expected, set, delete: gone, quiet } = change.val;
      const row = writer.expectLive(object, expected);
      setProperties(writer, row, set, gone, quiet);
      return writer.hold(row);
    }
    case 'bits': return changeBits(writer, change.val);
    case 'move': {
      const { object, expected, restore } = change.val;
      const row = restore ? writer.expect(object, expected) : writer.expectLive(object, expected);
      relocate(writer, row, change.val);
      return writer.hold(row);
    }
    default: {
      const row = writer.expect(change.val.object, change.val.expected);
      return remove(writer, row, change.val.hard) ? writer.hold(row) : row;
    }
  }
}

/**
 * @param {Writer} writer
 * @param {import('../world.mjs').BitsChange} change
 */
function changeBits(writer, { object, tag, set, clear }) {
  const row = writer.expectLive(object, { tag: 'exists' });
  const known = row.bag.long(tag);
  const now = (((known ?? 0) & ~clear) | set) | 0;
  // Where nothing changes nothing is told.
  if (known === undefined || now !== (known | 0)) {
    /** @type {Buffer | undefined} */
    let orderKey;
    if (isOrdered(idOf(tag))) {
      // The order key of a PT_LONG: big-endian with the sign bit flipped.
      orderKey = Buffer.alloc(4);
      orderKey.writeUInt32BE((now ^ 0x80000000) >>> 0);
    }
    const property = { tag, value: /** @type {const} */ ({ tag: 'inline', val: { tag: 'long', val: now } }), orderKey, folded: undefined };
    setProperties(writer, row, [property], [], true);
  }
  return writer.hold(row);
}
