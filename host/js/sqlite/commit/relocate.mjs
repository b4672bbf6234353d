// Objects that move to another container.

import { liesIn } from '../ancestry.mjs';
import { StoreFailure } from '../failure.mjs';
import { CLASS, DELETED, isFolder, nameOf } from '../schema.mjs';
import { enter, leave } from './listing.mjs';
import { merge } from './set.mjs';

/**
 * @param {import('./writer.mjs').Writer} writer
 * @param {import('./writer.mjs').Row} row
 * @param {import('../world.mjs').MoveChange} change
 */
export function relocate(writer, row, { parent: name, set }) {
  if (row.objectClass === CLASS.NONE) throw new StoreFailure('mapi-e-no-access', 'The root folder cannot be moved.');
  const parent = writer.parent(name, row.kind);
  if (isFolder(row.kind) && liesIn(writer.database, parent, row.id)) {
    throw new StoreFailure('mapi-e-folder-cycle', 'A folder cannot be moved into itself or below itself.');
  }
  const from = row.parent;
  leave(writer, row);
  row.parent = parent;
  row.objectClass &= ~DELETED;
  row.arrival = writer.arrive();
  // The new container must list it before its values change there.
  enter(writer, row);
  const changed = merge(writer, row, set, []);
  writer.places.moved(row.id);
  writer.record(row, { tag: 'moved', val: nameOf(from) }, changed);
}
