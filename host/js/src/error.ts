/**
 * Failures (`spec/errors`): one class for what the session reports and for what a backend throws, so that a failure of
 * a backend reaches the client unchanged, with the provider it came from filled in.
 */

import { NUMBERS } from './codes.js';
import type { Types } from './wire.js';

/** The name of a MAPI code, such as `mapi-e-not-found`. */
export type Code = Types.Code;

/** Who a failure comes from. */
export interface Who {
  /** `session`, or the display name of the provider. */
  readonly name: string;
  /** Whether it is a provider. */
  readonly provider: boolean;
}

/** What else is known of a failure. */
export interface FailureDetails {
  /** The property at fault. */
  tag?: number;
  /** The argument at fault. */
  argument?: string;
  /** Whether the same call may succeed later. */
  retry?: boolean;
  /** The error number of the cause. */
  lowLevel?: number;
}

/** A failed call. */
export class MapiError extends Error {
  override readonly name = 'MapiError';
  /** The name of the code. */
  readonly code: Code;
  /** Its 32-bit number. */
  readonly number: number;
  /** Who it comes from. */
  readonly who: Who;
  /** The failure as it crosses the border; a backend may throw this class for that reason. */
  readonly payload: Types.Failure;

  constructor(failure: Types.Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.payload = failure;
    this.code = failure.code.code;
    this.number = (failure.code.raw || NUMBERS[failure.code.code]) >>> 0;
    this.who = failure.origin.tag === 'provider' ? { name: failure.origin.val.name, provider: true } : { name: 'session', provider: false };
  }

  /** The property at fault, if one is. */
  get tag(): number | undefined {
    return this.payload.tag;
  }

  /** The name of the argument at fault, if one is. */
  get argument(): string | undefined {
    return this.payload.argument;
  }

  /** Whether the same call may succeed later. */
  get retry(): boolean {
    return this.payload.retry;
  }

  override toString(): string {
    return `${this.code} (${this.who.name}): ${this.message}`;
  }
}

/** A failure to be thrown: its code and a sentence a person can act on. */
export function fail(code: Code, message: string, details: FailureDetails = {}): MapiError {
  const { tag, argument, retry = false, lowLevel = 0 } = details;
  return new MapiError({ code: { code, raw: NUMBERS[code] }, origin: { tag: 'session' }, tag, argument, retry, message, lowLevel });
}

function isFailure(value: unknown): value is Types.Failure {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value && 'origin' in value;
}

/** What a call threw, as this class where it is a failure of the session; anything else as it is. */
export function fromWire(thrown: unknown): unknown {
  if (thrown instanceof MapiError || typeof thrown !== 'object' || thrown === null || !('payload' in thrown)) return thrown;
  const { payload } = thrown;
  if (isFailure(payload)) return new MapiError(payload);
  // A failed logon carries its failure with the last error beside it.
  if (typeof payload === 'object' && payload !== null && 'failure' in payload && isFailure(payload.failure)) {
    return new MapiError(payload.failure);
  }
  return thrown;
}
