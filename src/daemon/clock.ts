const nanosPerMilli = 1_000_000n;
/** A wall clock that was set, or a machine that slept, is followed from this difference on. */
const drift = 50n * nanosPerMilli;

let anchor = { wall: BigInt(Date.now()) * nanosPerMilli, ticks: process.hrtime.bigint() };

/** The time as Coven writes it: RFC 3339 in UTC with nine decimals, never the same twice while the clock is not set. */
export function now(): string {
  const ticks = process.hrtime.bigint();
  const wall = BigInt(Date.now()) * nanosPerMilli;
  let nanos = anchor.wall + ticks - anchor.ticks;
  if (nanos - wall > drift || wall - nanos > drift) {
    anchor = { wall, ticks };
    nanos = wall;
  }
  const seconds = new Date(Number(nanos / nanosPerMilli)).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
