// Objects that are copied, with all that lies in them.

import { children } from '../ancestry.mjs';
import { StoreFailure } from '../failure.mjs';
import { shareLarge } from '../large.mjs';
import { isSearched } from '../plan.mjs';
import { isDeleted, isFolder, nameOf } from '../schema.mjs';
import { idOf } from '../tags.mjs';
import { fetchTexts } from '../texts/index.mjs';
import { shareTexts } from '../texts/sharing.mjs';
import { insertRow } from './create.mjs';
import { addTexts, takeIn } from './values.mjs';

/** @typedef {import('./writer.mjs').Writer} Writer */
/** @typedef {import('./writer.mjs').Row} Row */

/**
 * @param {Writer} writer
 * @param {import('../world.mjs').CopyChange} change
 * @returns {Row}
 */
export function copy(writer, { source, object, parent, set, delete: gone }) {
  const original = writer.expect(source, { tag: 'exists' });
  if (original.kind === 'store' || isFolder(original.kind)) {
    throw new StoreFailure('mapi-e-invalid-parameter', 'Only messages are copied as a whole.', { argument: 'source' });
  }
  const id = writer.newObject(object);
  const container = writer.parent(parent, original.kind);
  const sourceParent = nameOf(original.parent);
  const row = duplicate(writer, original, id, container, set, gone);
  copyBelow(writer, original.id, id);
  writer.record(row, { tag: 'copied', val: { source, sourceParent } });
  return row;
}

/**
 * Copies one object without what lies below it. What does not differ and is long is shared with it.
 * @param {Writer} writer
 * @param {Row} original
 * @param {number} id
 * @param {number} parent
 * @param {import('../world.mjs').StoredProperty[]} set
 * @param {Iterable<number>} gone
 */
function duplicate(writer, original, id, parent, set, gone) {
  const { entries, texts } = takeIn(writer, set);
  const differs = new Set([...Array.from(gone, idOf), ...entries.map((entry) => idOf(entry.tag))]);
  const { bag } = original;
  for (const differing of differs) bag.remove(differing);
  for (const entry of bag.entries()) {
    if (entry.large) shareLarge(writer.database, entry.large.number);
  }
  for (const entry of entries) bag.insert(entry);
  let text = original.text;
  if (text !== null && ![...differs].some(isSearched)) {
    shareTexts(writer.database, text, id);
  } else {
    const now = text === null ? new Map() : fetchTexts(writer.database, text);
    for (const differing of differs) now.delete(differing);
    text = addTexts(writer, id, new Map([...now, ...texts]));
  }
  return insertRow(writer, id, parent, original.kind, bag, text);
}

/**
 * @param {Writer} writer
 * @param {number} source
 * @param {number} target
 */
function copyBelow(writer, source, target) {
  for (const child of children(writer.database, source)) {
    const row = writer.load(child);
    if (!row || isDeleted(row.objectClass)) continue;
    const id = writer.state.nextObject;
    writer.state.nextObject += 1;
    duplicate(writer, row, id, target, [], []);
    // Nothing lies below a recipient.
    if (row.kind !== 'recipient') copyBelow(writer, child, id);
  }
}
