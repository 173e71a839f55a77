import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { names } from '../../coven/layout.ts';
import { kindOf, look as lookAt, modeOf, readStart } from '../files.ts';
import { seeJournal } from '../journal.ts';
import { keepsLedger } from '../kept.ts';
import { headerBytes, readHeader } from '../ledger-header.ts';
import { placeOfLedger } from '../ledger-place.ts';
import type { Look } from '../look.ts';
import { filePath, flag, kindOrAbsent, maybe, number, oneOf, type ValueOf } from '../shape.ts';
import { seeWal } from '../wal.ts';

const file = () => v.object({ kind: kindOrAbsent, size: number, mode: maybe(number), readable: flag });
export type LedgerFile = ValueOf<typeof file>;

export const schema = () =>
  v.object({
    main: file(),
    /** The file that a link in its place leads to, which is then what the rest is about: Coven follows it. */
    linkedTo: v.exactOptional(filePath),
    wal: file(),
    shm: file(),
    /** A rollback journal. Coven's ledgers have none, once they are made. */
    journal: file(),
    /** How many pages it would put back, and how many the ledger then has; null where it would put none back. */
    hotJournal: maybe(v.object({ pages: number, ledgerPages: number })),
    /** `torn`: its header or first frame does not carry its checksum. */
    walState: oneOf(['none', 'valid', 'torn']),
    walPageSize: maybe(number),
    /** Of the main file's first 100 bytes. `null` where there is no SQLite header. */
    header: maybe(v.object({ pageSize: number, pages: number, wal: flag, writer: number })),
    /** Sessions are known to have existed here: from the recovery log, the WAL, or what sessions leave behind. */
    sessionsExpected: flag,
  });
export type StoreFiles = ValueOf<typeof schema>;

export async function take({ home, observe }: Look): Promise<StoreFiles> {
  const place = await placeOfLedger(home);
  const [ledger, main, wal, shm, journal, start, log, walBegin, hotJournal] = await Promise.all([
    lookAt(place.main),
    seeLedgerFile(place.main),
    seeLedgerFile(place.wal),
    seeLedgerFile(place.shm),
    seeLedgerFile(place.journal),
    readStart(place.main, headerBytes),
    lookAt(join(home, names.recoveryLog)),
    seeWal(place.wal),
    seeJournal(place.journal),
  ]);
  const entries = (await observe('home.entries')).list;
  const has = (folder: string): boolean => entries.some(({ name }) => name === folder);
  const isGone = main.kind === 'absent' || main.size === 0;
  const isKept = isGone && has('doctor') && (await keepsLedger(home));
  return {
    main,
    ...(place.linkedTo !== null && { linkedTo: place.linkedTo }),
    wal,
    shm,
    journal,
    hotJournal,
    ...walBegin,
    header: start.state === 'read' ? readHeader(start.bytes) : null,
    // A start makes the ledger and writes the log. After a reset the ledger may be gone by intent.
    sessionsExpected: wal.size > 0 || isKept || wasEmptied(ledger) || ((log?.size ?? 0n) > 0n && !has('reset-backups')),
  };
}

/**
 * Whether a ledger of no bytes was changed after it was made: it was cut off. One that a first command left so, since it
 * ended before its first write, has both times from one moment. A file system without times of birth tells nothing.
 */
const wasEmptied = (ledger: BigIntStats | null): boolean =>
  ledger !== null &&
  ledger.size === 0n &&
  ledger.birthtimeNs > 0n &&
  ledger.mtimeNs - ledger.birthtimeNs > 1_000_000_000n;

async function seeLedgerFile(path: string): Promise<LedgerFile> {
  const stat = await lookAt(path);
  if (!stat) return { kind: 'absent', size: 0, mode: null, readable: false };
  const kind = kindOf(stat);
  const readable = kind === 'file' && (await readStart(path, 1)).state === 'read';
  return { kind, size: Number(stat.size), mode: modeOf(stat), readable };
}
