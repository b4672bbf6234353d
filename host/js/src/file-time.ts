/**
 * Points in time (`PT_SYSTIME`): units of 100 ns since 1601, finer than a `Date` and kept without loss.
 */

/** Milliseconds from 1601 to 1970. */
const EPOCH = 11_644_473_600_000n;

/** A `Date` that remembers the exact value it came from. */
export class FileTime extends Date {
  readonly #ticks: bigint;
  readonly #milliseconds: number;

  /** The point in time with that many units of 100 ns since 1601-01-01 UTC. */
  constructor(ticks: bigint) {
    const milliseconds = Number(ticks / 10_000n - EPOCH);
    super(milliseconds);
    this.#ticks = ticks;
    this.#milliseconds = this.getTime();
  }

  /** Units of 100 ns since 1601-01-01 UTC. A date that was set to another time since has the precision of a `Date`. */
  get ticks(): bigint {
    return this.getTime() === this.#milliseconds || Number.isNaN(this.getTime()) ? this.#ticks : ticksOf(new Date(this));
  }

  /** The same point in time as any date. */
  static from(date: Date): FileTime {
    return date instanceof FileTime ? date : new FileTime(ticksOf(date));
  }
}

/** The units of 100 ns since 1601 of a date; dates before 1601 and invalid ones throw a `RangeError`. */
export function ticksOf(date: Date): bigint {
  if (date instanceof FileTime) return date.ticks;
  const milliseconds = date.getTime();
  const ticks = Number.isNaN(milliseconds) ? -1n : (BigInt(Math.trunc(milliseconds)) + EPOCH) * 10_000n;
  if (ticks < 0n) throw new RangeError(`${String(date)} cannot be kept: it is before 1601, or no date`);
  return ticks;
}
