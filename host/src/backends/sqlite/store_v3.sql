-- What copies share with what they were copied from.
-- Texts: objects that have the texts with that serial number too.
CREATE TABLE shared_texts(serial INTEGER, object INTEGER, PRIMARY KEY (serial, object)) WITHOUT ROWID;
-- Large values: how many objects have the value beside the first.
CREATE TABLE shared_values(value INTEGER PRIMARY KEY, further INTEGER NOT NULL);
