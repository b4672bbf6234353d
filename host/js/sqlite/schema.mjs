// The tables of a store file of format 5 (docs/format.md, "Message stores in SQLite") and the numbers kept in them.

import { bufferOf } from './encoding.mjs';
import { damaged } from './failure.mjs';

/** @typedef {import('./world.mjs').ObjectKind} ObjectKind */
/** @typedef {import('./world.mjs').ScanKind} ScanKind */
/** @typedef {import('./world.mjs').ObjectId} ObjectId */

/** `MAPI` in ASCII: `application_id` of the file. */
export const APPLICATION = 0x4d415049;

/** The format this program reads and writes: `user_version` of the file. */
export const FORMAT = 5;

/** The object with the store's own properties. */
export const STORE_OBJECT = 1;

/** The root folder. */
export const ROOT = 2;

/** Stands for the greatest number SQLite has, where nothing may stand behind it. */
export const LAST = 0x7fffffffffffffffn;

/** What makes an empty file a store. */
export const CREATION = `
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('uid', randomblob(16)), ('mapping', randomblob(16)), ('limit', 0);

CREATE TABLE objects(
  id INTEGER PRIMARY KEY, parent INTEGER, class INTEGER NOT NULL, arrival INTEGER NOT NULL, kind INTEGER NOT NULL,
  version INTEGER NOT NULL, unread INTEGER NOT NULL, queue INTEGER, text INTEGER, late BLOB);
CREATE INDEX children ON objects(parent, class, arrival);
CREATE INDEX queued ON objects(queue) WHERE queue IS NOT NULL;
CREATE TABLE bags(id INTEGER PRIMARY KEY, props BLOB NOT NULL);
INSERT INTO objects VALUES (1, NULL, 0, 1, 0, 1, 0, NULL, NULL, NULL), (2, 2, 0, 2, 1, 1, 0, NULL, NULL, NULL);
INSERT INTO bags VALUES (1, x''), (2, x'');

CREATE TABLE large(id INTEGER PRIMARY KEY, data BLOB NOT NULL);

CREATE TABLE counters(
  container INTEGER PRIMARY KEY, subfolders INTEGER NOT NULL DEFAULT 0, contents INTEGER NOT NULL DEFAULT 0,
  associated INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0, deleted_subfolders INTEGER NOT NULL DEFAULT 0,
  deleted_contents INTEGER NOT NULL DEFAULT 0, deleted_associated INTEGER NOT NULL DEFAULT 0,
  stamp INTEGER NOT NULL DEFAULT 0);
CREATE TABLE tags(container INTEGER, class INTEGER, tag INTEGER, PRIMARY KEY (container, class, tag)) WITHOUT ROWID;

CREATE TABLE orders(
  id INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL, class INTEGER NOT NULL, tag INTEGER NOT NULL,
  UNIQUE (container, class, tag));
CREATE TABLE entries(
  ord INTEGER, sort BLOB, arrival INTEGER, object INTEGER NOT NULL, PRIMARY KEY (ord, sort, arrival)) WITHOUT ROWID;
CREATE TABLE buckets(
  ord INTEGER, sort BLOB, arrival INTEGER, count INTEGER NOT NULL, PRIMARY KEY (ord, sort, arrival)) WITHOUT ROWID;

CREATE TABLE feed(
  number INTEGER PRIMARY KEY, token INTEGER NOT NULL, delivery INTEGER NOT NULL,
  next_object INTEGER NOT NULL, next_arrival INTEGER NOT NULL, next_value INTEGER NOT NULL, next_text INTEGER NOT NULL,
  feed_floor INTEGER NOT NULL, key_version INTEGER NOT NULL, records BLOB NOT NULL);
INSERT INTO feed VALUES (0, 0, 0, 3, 3, 1, 1, 0, 0, x'');
CREATE VIEW state AS
  SELECT number AS commits, next_object, next_arrival, next_value, next_text, feed_floor, key_version
  FROM feed ORDER BY number DESC LIMIT 1;

CREATE TABLE names(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);

CREATE TABLE tail(serial INTEGER PRIMARY KEY, object INTEGER NOT NULL, texts BLOB NOT NULL);
CREATE TABLE segments(
  id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, posted INTEGER NOT NULL,
  docs BLOB NOT NULL, arena BLOB NOT NULL);
CREATE INDEX segments_of ON segments(tag, first);
CREATE TABLE pieces(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE postings(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE superseded(object INTEGER PRIMARY KEY, serial INTEGER NOT NULL);
CREATE TABLE unsearched(tag INTEGER, object INTEGER, PRIMARY KEY (tag, object)) WITHOUT ROWID;
CREATE TABLE shared_texts(serial INTEGER, object INTEGER, PRIMARY KEY (serial, object)) WITHOUT ROWID;
CREATE TABLE shared_values(value INTEGER PRIMARY KEY, further INTEGER NOT NULL);
`;

/** What an object is to the container it lies in: which of its tables lists it. */
export const CLASS = /** @type {const} */ ({ NONE: 0, SUBFOLDER: 1, CONTENT: 2, ASSOCIATED: 3, RECIPIENT: 4, ATTACHMENT: 5 });

/** Added to the class of soft-deleted objects. */
export const DELETED = 8;

/** @type {Record<ObjectKind, number>} */
const CLASS_OF = {
  'store': CLASS.NONE, 'folder': CLASS.SUBFOLDER, 'search-folder': CLASS.SUBFOLDER, 'message': CLASS.CONTENT,
  'associated': CLASS.ASSOCIATED, 'recipient': CLASS.RECIPIENT, 'attachment': CLASS.ATTACHMENT,
  'embedded-message': CLASS.CONTENT, 'distribution-list': CLASS.CONTENT,
};

/**
 * The class of a live object of that kind.
 * @param {ObjectKind} kind
 */
export const classOf = (kind) => CLASS_OF[kind];

/** @type {Record<ScanKind, number | undefined>} */
const SCANNED = {
  'subfolders': CLASS.SUBFOLDER, 'contents': CLASS.CONTENT, 'associated': CLASS.ASSOCIATED, 'recipients': CLASS.RECIPIENT,
  'attachments': CLASS.ATTACHMENT, 'deleted-subfolders': CLASS.SUBFOLDER | DELETED, 'deleted-contents': CLASS.CONTENT | DELETED,
  'deleted-associated': CLASS.ASSOCIATED | DELETED, 'queue': undefined,
};

/**
 * The class a scan lists; the queue is no class.
 * @param {ScanKind} kind
 */
export const scannedClass = (kind) => SCANNED[kind];

/** @param {number} objectClass */
export const isDeleted = (objectClass) => (objectClass & DELETED) !== 0;

/**
 * Whether orders are kept for it: contents, which may be millions.
 * @param {number} objectClass
 */
export const hasOrders = (objectClass) => objectClass === CLASS.CONTENT || objectClass === CLASS.ASSOCIATED;

/** The columns of the table `counters`. */
export const COUNTERS = /** @type {const} */ ([
  'subfolders', 'contents', 'associated', 'unread', 'deleted_subfolders', 'deleted_contents', 'deleted_associated',
]);

/** The place of `unread` among the counters. */
export const UNREAD = 3;

const COUNTER_OF = new Map([[1, 0], [2, 1], [3, 2], [9, 4], [10, 5], [11, 6]]);

/**
 * The place of the counter that counts a class, if it is counted.
 * @param {number} objectClass
 */
export const counterOf = (objectClass) => COUNTER_OF.get(objectClass);

/** @type {ObjectKind[]} */
const KINDS = [
  'store', 'folder', 'search-folder', 'message', 'associated', 'recipient', 'attachment', 'embedded-message', 'distribution-list',
];

/**
 * The number a kind is stored as.
 * @param {ObjectKind} kind
 */
export const kindNumber = (kind) => KINDS.indexOf(kind);

/**
 * The kind stored as that number.
 * @param {number} number
 */
export function kindOfNumber(number) {
  const kind = KINDS[number];
  if (kind === undefined) throw damaged('an object is of an unknown kind');
  return kind;
}

/** @param {ObjectKind} kind */
export const isFolder = (kind) => kind === 'folder' || kind === 'search-folder';

/**
 * Whether the orders and tags of what lies in it are kept: folders, and distribution lists for their members.
 * @param {ObjectKind} kind
 */
export const keepsLists = (kind) => isFolder(kind) || kind === 'distribution-list';

/**
 * The session's name for an object.
 * @param {number} object
 * @returns {Buffer}
 */
export function nameOf(object) {
  const name = Buffer.alloc(8);
  name.writeBigUInt64BE(BigInt.asUintN(64, BigInt(object)));
  return name;
}

/**
 * The number behind the session's name, `undefined` for a forged one.
 * @param {ObjectId} name
 */
export function numberOf(name) {
  if (name.length !== 8) return undefined;
  const number = Number(bufferOf(name).readBigInt64BE(0));
  return number > 0 && Number.isSafeInteger(number) ? number : undefined;
}
