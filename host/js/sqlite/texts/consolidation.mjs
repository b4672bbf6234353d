// How texts come from the tail into segments, and out of them when they no longer hold.

import { splitTexts, supersededTexts } from './index.mjs';
import { DOCUMENTS } from './postings.mjs';
import { SegmentBuilder, documentsOf, readArena, removeSegment } from './segment.mjs';
import { heirOf, unshareTexts } from './sharing.mjs';

/** @typedef {import('../database.mjs').Database} Database */

/** Bytes of text after which a segment is closed early. */
const SEGMENT_BYTES = 8 << 20;

/**
 * Texts that wait in the tail, counted up to a whole segment.
 * @param {Database} database
 * @returns {number}
 */
const waiting = (database) => database.value('SELECT count(*) FROM (SELECT 1 FROM tail LIMIT ?)', DOCUMENTS);

/**
 * Whether texts for a whole segment are waiting.
 * @param {Database} database
 */
export const segmentWaits = (database) => waiting(database) >= DOCUMENTS;

/**
 * Moves texts from the tail into segments while whole segments are waiting and time is left. Whether more are waiting.
 * @param {Database} database
 * @param {number} [budget] in milliseconds
 */
export function consolidate(database, budget = Infinity) {
  const began = performance.now();
  while (makeSegments(database, DOCUMENTS)) {
    if (performance.now() - began >= budget) return segmentWaits(database);
  }
  return false;
}

/**
 * Makes one round of segments; false when fewer than `least` rows are waiting.
 * @param {Database} database
 * @param {number} least
 */
function makeSegments(database, least) {
  const rows = waiting(database);
  if (rows === 0 || rows < least) return false;
  const superseded = supersededTexts(database);
  /** @type {Map<number, SegmentBuilder>} */
  const builders = new Map();
  let last = 0;
  let bytes = 0;
  for (const [serial, object, texts] of database.each('SELECT serial, object, texts FROM tail ORDER BY serial LIMIT ?', DOCUMENTS)) {
    bytes += texts.length;
    if (last > 0 && bytes > SEGMENT_BYTES) break;
    last = serial;
    if (serial < (superseded.get(object) ?? 0) && heirOf(database, serial) === undefined) continue;
    for (const [id, text] of splitTexts(texts)) {
      const builder = builders.get(id) ?? new SegmentBuilder();
      builders.set(id, builder);
      builder.add(object, serial, text);
    }
  }
  for (const [id, builder] of builders) builder.store(database, id);
  database.run('DELETE FROM tail WHERE serial <= ?', last);
  return true;
}

/**
 * Rewrites the segments that hold texts which no longer count.
 * @param {Database} database
 */
export function dropSuperseded(database) {
  while (makeSegments(database, 1));
  const superseded = supersededTexts(database);
  if (superseded.size === 0) return;
  /** @param {import('./segment.mjs').Document} document */
  const holds = ({ object, serial }) => serial >= (superseded.get(object) ?? 0);
  /** @type {[number, number][]} */
  const inherited = [];
  for (const [segment, id, docs, isPosted] of database.rows('SELECT id, tag, docs, posted FROM segments ORDER BY id')) {
    const documents = documentsOf(docs);
    if (documents.every(holds)) continue;
    const arena = readArena(database, segment, isPosted !== 0, 0, documents[documents.length - 1].end);
    const builder = new SegmentBuilder();
    for (const document of documents) {
      const owner = holds(document) ? document.object : heirOf(database, document.serial);
      if (owner === undefined) continue;
      if (owner !== document.object) inherited.push([document.serial, owner]);
      builder.add(owner, document.serial, arena.subarray(document.start, document.end));
    }
    removeSegment(database, segment);
    if (builder.count > 0) builder.store(database, id);
  }
  for (const [serial, heir] of inherited) unshareTexts(database, serial, heir);
  database.run('DELETE FROM superseded');
}
