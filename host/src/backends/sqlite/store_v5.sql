-- What every commit moves lies in as few pages as may be: the numbers of the store in the commit's row of the feed, and
-- when the orders of a container changed last beside what it counts.
CREATE TABLE commits(
  number INTEGER PRIMARY KEY, token INTEGER NOT NULL, delivery INTEGER NOT NULL,
  next_object INTEGER NOT NULL, next_arrival INTEGER NOT NULL, next_value INTEGER NOT NULL, next_text INTEGER NOT NULL,
  feed_floor INTEGER NOT NULL, key_version INTEGER NOT NULL, records BLOB NOT NULL);
INSERT INTO commits
  SELECT number, token, delivery, next_object, next_arrival, next_value, next_text, feed_floor, key_version, records
  FROM feed CROSS JOIN state;
INSERT OR IGNORE INTO commits
  SELECT commits, 0, 0, next_object, next_arrival, next_value, next_text, feed_floor, key_version, x'' FROM state;
DROP TABLE state;
DROP TABLE feed;
ALTER TABLE commits RENAME TO feed;
CREATE VIEW state AS
  SELECT number AS commits, next_object, next_arrival, next_value, next_text, feed_floor, key_version
  FROM feed ORDER BY number DESC LIMIT 1;

ALTER TABLE counters ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
INSERT INTO counters(container, stamp) SELECT container, max(stamp) FROM orders WHERE true GROUP BY container
  ON CONFLICT DO UPDATE SET stamp = excluded.stamp;
ALTER TABLE orders DROP COLUMN stamp;
