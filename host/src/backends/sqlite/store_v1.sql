CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('uid', randomblob(16)), ('mapping', randomblob(16)), ('limit', 0);

-- Counters that every commit moves. One row.
CREATE TABLE state(
  one INTEGER PRIMARY KEY CHECK (one = 1),
  commits INTEGER NOT NULL, next_object INTEGER NOT NULL, next_arrival INTEGER NOT NULL,
  next_value INTEGER NOT NULL, next_text INTEGER NOT NULL, feed_floor INTEGER NOT NULL,
  key_version INTEGER NOT NULL);
INSERT INTO state VALUES (1, 0, 3, 3, 1, 1, 0, 0);

CREATE TABLE objects(
  id INTEGER PRIMARY KEY, parent INTEGER, class INTEGER NOT NULL, arrival INTEGER NOT NULL, kind INTEGER NOT NULL,
  version INTEGER NOT NULL, unread INTEGER NOT NULL, queue INTEGER, text INTEGER, props BLOB NOT NULL);
CREATE INDEX children ON objects(parent, class, arrival);
CREATE INDEX queued ON objects(queue) WHERE queue IS NOT NULL;
INSERT INTO objects VALUES
  (1, NULL, 0, 1, 0, 1, 0, NULL, NULL, x''),
  (2, 2, 0, 2, 1, 1, 0, NULL, NULL, x'');

-- Chunk c of large value v has the identifier v * 2^20 + c.
CREATE TABLE large(id INTEGER PRIMARY KEY, data BLOB NOT NULL);

CREATE TABLE counters(
  container INTEGER PRIMARY KEY, subfolders INTEGER NOT NULL DEFAULT 0, contents INTEGER NOT NULL DEFAULT 0,
  associated INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0, deleted_subfolders INTEGER NOT NULL DEFAULT 0,
  deleted_contents INTEGER NOT NULL DEFAULT 0, deleted_associated INTEGER NOT NULL DEFAULT 0);
CREATE TABLE tags(container INTEGER, class INTEGER, tag INTEGER, PRIMARY KEY (container, class, tag)) WITHOUT ROWID;

-- Orders kept for a container; tag 0 is the order of arrival, whose entries are the index children itself.
CREATE TABLE orders(
  id INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL, class INTEGER NOT NULL, tag INTEGER NOT NULL, stamp INTEGER NOT NULL,
  UNIQUE (container, class, tag));
CREATE TABLE entries(
  ord INTEGER, sort BLOB, arrival INTEGER, object INTEGER NOT NULL, PRIMARY KEY (ord, sort, arrival)) WITHOUT ROWID;
-- How many entries stand from this place to the next one.
CREATE TABLE buckets(
  ord INTEGER, sort BLOB, arrival INTEGER, count INTEGER NOT NULL, PRIMARY KEY (ord, sort, arrival)) WITHOUT ROWID;

CREATE TABLE feed(number INTEGER PRIMARY KEY, token INTEGER NOT NULL, delivery INTEGER NOT NULL, records BLOB NOT NULL);

CREATE TABLE names(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);

-- Folded texts that are not in a segment yet.
CREATE TABLE tail(serial INTEGER PRIMARY KEY, object INTEGER NOT NULL, texts BLOB NOT NULL);
CREATE TABLE segments(
  id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, posted INTEGER NOT NULL,
  docs BLOB NOT NULL, arena BLOB NOT NULL);
CREATE INDEX segments_of ON segments(tag, first);
-- Slot s of segment g has the identifier g * 2^8 + s.
CREATE TABLE postings(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- Texts of that object with a lower serial number no longer hold.
CREATE TABLE superseded(object INTEGER PRIMARY KEY, serial INTEGER NOT NULL);
-- Texts too long to be handed over: searches of them are answered inexactly.
CREATE TABLE unsearched(tag INTEGER, object INTEGER, PRIMARY KEY (tag, object)) WITHOUT ROWID;
