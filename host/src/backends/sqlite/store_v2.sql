-- The texts of segments with posting lists, in pieces that fill a page, so that one text is read without those
-- before it. Piece p of segment g has the identifier g * 2^16 + p.
CREATE TABLE pieces(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
WITH RECURSIVE piece(segment, number) AS (
  SELECT id, 0 FROM segments WHERE posted AND length(arena) > 0
  UNION ALL
  SELECT segment, number + 1 FROM piece JOIN segments ON segments.id = segment
  WHERE (number + 1) * 8000 < length(arena))
INSERT INTO pieces
  SELECT segment * 65536 + number, substr(arena, number * 8000 + 1, 8000)
  FROM piece JOIN segments ON segments.id = segment;
UPDATE segments SET arena = x'' WHERE posted;
