import { headerBytes } from './header.ts';
import { parsePage } from './page.ts';
import type { OpenFile, OpenWal, Pages } from './pages.ts';
import { readWhole } from './pages.ts';
import { parseRecordHeader, valueAt } from './record.ts';
import { cellsOf } from './tree.ts';

/** What tells one home from another: values that Coven gives at random, once. */
const idText = /^(?:\w{1,20}_)?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The row of a table of names and values that is made with a home and never changes. */
const homeName = 'travel_source_hub_id';

/** Where a main file stands, as the first commits of a WAL see it: where they begin, before that, or after. */
export type Seam = 'fits' | 'behind' | 'ahead';

/**
 * Whether a WAL begins where the main file ends; null where the main file cannot tell: its page 1 is damaged, is itself of that WAL,
 * which a checkpoint wrote back in part, or the WAL has no commit.
 *
 * The main file is the state before the WAL's first commit. A commit that has no page 1 leaves size and counter as they were. The counter of
 * page 1 goes up by one with the first change of a connection, and stays with its next ones. A database grows by pages that the commit holds.
 */
export function seamOf(main: OpenFile, alone: Pages, wal: OpenWal, firstPages: readonly number[]): Seam | null {
  const { frames } = wal;
  const size = alone.header.pageCount;
  if (size === 0 || size * alone.header.pageSize !== main.size || alone.header.largestRoot !== 0) return null;
  const [page, other] = [alone.buffer(), alone.buffer()];
  if (!alone.read(1, page)) return null;
  const counter = page.readUInt32BE(24);
  let next: number | null = null;
  for (const frame of firstPages) {
    if (!readWhole(wal.fd, other, frames.offsetOf(frame))) return null;
    const is = other.readUInt32BE(24);
    // A page whose two counters differ was never written by SQLite.
    if (is !== other.readUInt32BE(92)) return null;
    next ??= is;
    if (is === counter && next !== counter) return null;
    if (other.subarray(24, headerBytes).equals(page.subarray(24, headerBytes))) return null;
  }
  if (next !== null && next < counter) return 'ahead';
  if (next !== null && next > counter + 1) return 'behind';
  const commit = new Set<number>();
  for (let frame = 0; frame < frames.visible; frame += 1) {
    commit.add(frames.pageOf(frame));
    const after = frames.commitOf(frame);
    if (after === 0) continue;
    if (!commit.has(1)) return after === size ? 'fits' : after < size ? 'ahead' : 'behind';
    // A smaller database is one that was written anew. New pages that are free again are not written.
    if (after < size) return commit.size >= after ? 'fits' : 'ahead';
    readWhole(wal.fd, other, frames.offsetOf(firstPages[0] ?? 0));
    let absent = 0;
    for (let number = size + 1; number <= after; number += 1) if (!commit.has(number)) absent += 1;
    return absent <= other.readUInt32BE(36) ? 'fits' : 'behind';
  }
  return null;
}

/**
 * Whether main file and WAL are of one home: of a page that both have, a row of the main file is in the WAL, with the id that it has there.
 * Frames of before the WAL began again tell it as well as others. Null where nothing tells.
 */
export function areOfOneHome(alone: Pages, wal: OpenWal): boolean | null {
  const { frames, fd } = wal;
  const rows = new Map<string, number>();
  let home: string | null = null;
  const page = alone.buffer();
  const numbers = new Set(Array.from({ length: frames.slots }, (_, frame) => frames.pageOf(frame)));
  for (const number of numbers) {
    const bytes = number > 0 && number <= alone.mainPages ? alone.read(number, page) : null;
    for (const { rowid, first, second } of rowsOf(bytes, number, alone)) {
      if (isId(first)) rows.set(first, rowid);
      if (first === homeName && isId(second)) home = second;
    }
  }
  let isOther = false;
  for (let frame = 0; frame < frames.slots; frame += 1) {
    const bytes = readWhole(fd, page, frames.offsetOf(frame));
    for (const { rowid, first, second } of rowsOf(bytes, frames.pageOf(frame), alone)) {
      if (isId(first) && rows.get(first) === rowid) return true;
      if (first !== homeName || !isId(second) || home === null) continue;
      if (second === home) return true;
      isOther ||= differs(second, home);
    }
  }
  return isOther ? false : null;
}

const isId = (value: unknown): value is string => typeof value === 'string' && idText.test(value);

/** Two ids that were given at random agree in few bytes; a damaged one differs in few. */
const differs = (one: string, other: string): boolean =>
  [...one].filter((letter, at) => letter !== other[at]).length > one.length / 2;

/** The rows of a leaf, with their first two values; none of another page. */
function* rowsOf(bytes: Buffer | null, number: number, { header: { encoding, usableSize } }: Pages) {
  const leaf = bytes && parsePage(bytes, number, usableSize);
  if (!leaf || typeof leaf === 'string' || !leaf.isTable || !leaf.isLeaf) return;
  for (const { payloadStart, local, rowid } of cellsOf(leaf)) {
    const payload = leaf.bytes.subarray(payloadStart, payloadStart + local);
    const header = parseRecordHeader(payload);
    if (!header) continue;
    yield { rowid, first: valueAt(payload, header, 0, encoding), second: valueAt(payload, header, 1, encoding) };
  }
}
