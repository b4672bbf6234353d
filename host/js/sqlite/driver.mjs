// The SQLite library: the package better-sqlite3, version 12 (13 needs a newer Node than 20).

import { createRequire } from 'node:module';

/** @type {typeof import('better-sqlite3')} */
export const Driver = createRequire(import.meta.url)('better-sqlite3');
