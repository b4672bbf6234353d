-- The properties of an object lie beside its row, which stays short, so that many rows change at little cost. What
-- changed of the properties since they were written is in the row.
CREATE TABLE bags(id INTEGER PRIMARY KEY, props BLOB NOT NULL);
INSERT INTO bags SELECT id, props FROM objects;
ALTER TABLE objects DROP COLUMN props;
ALTER TABLE objects ADD COLUMN late BLOB;
