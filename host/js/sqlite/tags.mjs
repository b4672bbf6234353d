// Property types and the tags this backend looks at.

/** The types of properties (PT_*), with the bits of multi-valued ones. */
export const PT = /** @type {const} */ ({
  UNSPECIFIED: 0x0000, NULL: 0x0001, I2: 0x0002, LONG: 0x0003, R4: 0x0004, DOUBLE: 0x0005, CURRENCY: 0x0006, APPTIME: 0x0007,
  ERROR: 0x000a, BOOLEAN: 0x000b, OBJECT: 0x000d, I8: 0x0014, STRING8: 0x001e, UNICODE: 0x001f, SYSTIME: 0x0040, CLSID: 0x0048,
  SVREID: 0x00fb, SRESTRICT: 0x00fd, ACTIONS: 0x00fe, BINARY: 0x0102,
});
export const MV_FLAG = 0x1000;
export const MV_INSTANCE = 0x2000;

export const MESSAGE_FLAGS = 0x0e070003;
/** The place of a message in the outgoing queue (docs/format.md, "What the engine keeps in a store"). */
export const QUEUE_NUMBER = 0x67e00014;

/** @param {number} tag */
export const idOf = (tag) => tag >>> 16;

/** @param {number} tag */
export const kindOf = (tag) => tag & 0xffff;

/**
 * @param {number} tag
 * @param {number} kind
 */
export const withKind = (tag, kind) => ((tag & 0xffff0000) | kind) >>> 0;

/** @param {number} kind */
export const isMulti = (kind) => (kind & MV_FLAG) !== 0;

/**
 * Whether a column or key shows the elements of a multi-value one by one, which is the session's to do.
 * @param {number} kind
 */
export const isInstance = (kind) => (kind & (MV_FLAG | MV_INSTANCE)) === (MV_FLAG | MV_INSTANCE);

/** @param {number} kind */
const isString = (kind) => (kind & ~(MV_FLAG | MV_INSTANCE)) === PT.STRING8 || (kind & ~(MV_FLAG | MV_INSTANCE)) === PT.UNICODE;

/**
 * Whether two types are the same but for the width of strings.
 * @param {number} a
 * @param {number} b
 */
export function sameFamily(a, b) {
  return (a & ~MV_INSTANCE) === (b & ~MV_INSTANCE) || (isString(a) && isString(b) && isMulti(a) === isMulti(b));
}
