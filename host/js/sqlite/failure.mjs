// What can go wrong, as the typed failures of the world (wit/types.wit, `failure`), with a sentence a person can act on.

/** @typedef {import('./world.mjs').Failure} Failure */

/** The codes a store answers, with their numbers. */
const CODES = /** @type {const} */ ({
  'mapi-e-call-failed': 0x80004005,
  'mapi-e-no-access': 0x80070005,
  'mapi-e-not-enough-memory': 0x8007000e,
  'mapi-e-invalid-parameter': 0x80070057,
  'mapi-e-no-support': 0x80040102,
  'mapi-e-object-changed': 0x80040109,
  'mapi-e-object-deleted': 0x8004010a,
  'mapi-e-busy': 0x8004010b,
  'mapi-e-not-enough-disk': 0x8004010d,
  'mapi-e-not-found': 0x8004010f,
  'mapi-e-version': 0x80040110,
  'mapi-e-disk-error': 0x80040116,
  'mapi-e-too-complex': 0x80040117,
  'mapi-e-corrupt-data': 0x8004011b,
  'mapi-e-too-big': 0x80040305,
  'mapi-e-corrupt-store': 0x80040600,
  'mapi-e-collision': 0x80040604,
  'mapi-e-folder-cycle': 0x8004060b,
});

/** @typedef {keyof typeof CODES} Code */

/** The number of MAPI_E_NOT_ENOUGH_MEMORY, which stands for a value too large for one call. */
export const NOT_ENOUGH_MEMORY = CODES['mapi-e-not-enough-memory'];

/** A failed call. jco hands `payload` to the session. */
export class StoreFailure extends Error {
  /**
   * @param {Code} code
   * @param {string} message
   * @param {{ tag?: number, argument?: string, retry?: boolean, lowLevel?: number, cause?: unknown }} [more]
   */
  constructor(code, message, more = {}) {
    super(message, { cause: more.cause });
    this.name = 'StoreFailure';
    this.code = code;
    /** @type {Failure} */
    this.payload = {
      code: { code, raw: CODES[code] },
      origin: { tag: 'session' },
      tag: more.tag,
      argument: more.argument,
      retry: more.retry ?? false,
      message,
      lowLevel: more.lowLevel ?? 0,
    };
  }
}

/**
 * Stored bytes that make no sense.
 * @param {string} what
 */
export function damaged(what) {
  return new StoreFailure('mapi-e-corrupt-data', `The store is damaged: ${what}. Run a check of it, or restore it from a backup.`);
}

/** The numbers of SQLite's primary result codes that are told apart here. */
const SQLITE = /** @type {Record<string, number>} */ ({
  ERROR: 1, PERM: 3, BUSY: 5, LOCKED: 6, NOMEM: 7, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, TOOBIG: 18,
  CONSTRAINT: 19, NOTADB: 26,
});

/**
 * The name of SQLite's primary result code without its prefix, `undefined` for other errors.
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function sqliteCode(error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  return code.slice('SQLITE_'.length).split('_')[0];
}

/** @param {unknown} error */
function lacksRoom(error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'SQLITE_IOERR_SHMMAP' || code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * Whatever was thrown, as a failure about that file. Errors of the program itself are none and come back as they are.
 * @param {unknown} error
 * @param {string} path
 * @returns {unknown}
 */
export function aboutFile(error, path) {
  if (error instanceof StoreFailure || !(error instanceof Error)) return error;
  const sqlite = sqliteCode(error);
  const system = 'syscall' in error;
  if (!sqlite && !system) return error;
  /** @type {[Code, string]} */
  const [code, advice] = lacksRoom(error)
    ? ['mapi-e-not-enough-disk', `The disk that holds the message store ${path} is full. Free some space and try again`]
    : system
      ? 'code' in error && (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM')
        ? ['mapi-e-no-access', `The message store ${path} cannot be written. Check the permissions of the file and its folder`]
        : ['mapi-e-disk-error', `A file of the message store ${path} cannot be used`]
      : adviceOn(sqlite ?? '', path);
  return new StoreFailure(code, `${advice} (${error.message}).`, {
    retry: code === 'mapi-e-busy', lowLevel: SQLITE[sqlite ?? ''] ?? 0, cause: error,
  });
}

/**
 * @param {string} sqlite
 * @param {string} path
 * @returns {[Code, string]}
 */
function adviceOn(sqlite, path) {
  switch (sqlite) {
    case 'BUSY': case 'LOCKED':
      return ['mapi-e-busy', `Another program holds the message store ${path}. Try again when it is done`];
    case 'READONLY': case 'PERM':
      return ['mapi-e-no-access', `The message store ${path} cannot be written. Check the permissions of the file and its folder`];
    case 'CANTOPEN':
      return ['mapi-e-no-access', `The message store ${path} cannot be opened. Check that its folder exists and can be read and written`];
    case 'CORRUPT': case 'NOTADB':
      return ['mapi-e-corrupt-store', `The message store ${path} is damaged. Run a check of it, or restore it from a backup`];
    case 'IOERR':
      return ['mapi-e-disk-error', `The message store ${path} cannot be read or written. Check the disk`];
    case 'NOMEM':
      return ['mapi-e-not-enough-memory', `Memory ran out while using the message store ${path}`];
    case 'TOOBIG':
      return ['mapi-e-too-big', `A value is too large for the message store ${path}`];
    default:
      return ['mapi-e-call-failed', `The message store ${path} could not do what was asked`];
  }
}
