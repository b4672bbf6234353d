// Texts that several objects have: a copy has those of its original until one of the two changes, so none are written for
// it, and what finds the original finds its copies.

/** @typedef {import('../database.mjs').Database} Database */

/**
 * Gives an object the texts with that serial number as well.
 * @param {Database} database
 * @param {number} serial
 * @param {number} object
 */
export function shareTexts(database, serial, object) {
  database.run('INSERT INTO shared_texts(serial, object) VALUES (?, ?)', serial, object);
}

/**
 * Takes the texts with that serial number from an object; others may keep them. Texts it has from `next` on are its.
 * @param {Database} database
 * @param {number} serial
 * @param {number} object
 * @param {number | bigint} next
 */
export function withdrawTexts(database, serial, object, next) {
  if (unshareTexts(database, serial, object)) return;
  database.run('INSERT INTO superseded(object, serial) VALUES (?, ?) ON CONFLICT DO UPDATE SET serial = excluded.serial', object, next);
}

/**
 * Whether it was one of those that share the texts.
 * @param {Database} database
 * @param {number} serial
 * @param {number} object
 */
export function unshareTexts(database, serial, object) {
  return database.run('DELETE FROM shared_texts WHERE serial = ? AND object = ?', serial, object).changes > 0;
}

/**
 * Whether anything is shared.
 * @param {Database} database
 */
export const sharesAny = (database) => database.row('SELECT 1 FROM shared_texts LIMIT 1') !== undefined;

/**
 * The objects that share those texts.
 * @param {Database} database
 * @param {number} serial
 * @returns {number[]}
 */
export const sharersOf = (database, serial) => database.rows('SELECT object FROM shared_texts WHERE serial = ?', serial).map(([object]) => object);

/**
 * Who takes the texts over when the object they were written for has them no longer.
 * @param {Database} database
 * @param {number} serial
 * @returns {number | undefined}
 */
export const heirOf = (database, serial) => database.value('SELECT object FROM shared_texts WHERE serial = ? ORDER BY object LIMIT 1', serial);
