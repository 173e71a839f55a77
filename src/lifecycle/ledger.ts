import { names } from '../coven/layout.ts';
import { harmOfStart } from '../coven/ledger.ts';
import { coreTables } from '../coven/tables.ts';
import { lookAfresh } from './look-afresh.ts';
import { StepFailed } from './outcome.ts';

/** What of a home's ledger decides on a start. */
export interface LedgerLook {
  /** How many tables it has beyond the core that the minimal daemon knows: signs of a full Coven. 0 where there is no ledger. */
  readonly foreignTables: number;
}

/**
 * Looks at the ledger before a start, and changes nothing. Throws StepFailed where a start would destroy rows, whatever
 * Coven does it, and where that could not be seen. A ledger that does not open is left for the daemon to tell of.
 */
export const lookAtLedger = (home: string, signal: AbortSignal): Promise<LedgerLook> =>
  lookAfresh(home, signal, async (host) => {
    const [files, open] = [await host.observe('store.files'), await host.observe('store.open')];
    if (!files.ok) throw refusal(`it could not be looked at: ${files.error.message}`);
    if (!open.ok) throw refusal(`it could not be looked at: ${open.error.message}`);
    const bytes = await host.observe('store.bytes');
    const harm = harmOfStart(files.value, open.value, bytes.ok ? bytes.value : null);
    if (harm === 'wal-damaged')
      throw refusal(
        `${names.wal} holds commits behind a damaged frame, which a start would destroy; keep a copy of all three ${names.ledger} files, and ask for support`,
      );
    if (harm === 'wal-alone')
      throw refusal(
        `${names.ledger} is missing or empty while ${names.wal} beside it holds ${files.value.wal.size} bytes of rows, which a start would delete; copy that file to a safe place first`,
      );
    if (harm === 'wal-foreign')
      throw refusal(
        `${names.wal} is of another ledger, which a start would put in the place of this one; keep a copy of all three ${names.ledger} files, and ask for support`,
      );
    if (harm === 'wal-cut')
      throw refusal(
        `commits are gone from ${names.wal}, and what a start writes would part from them; keep a copy of all three ${names.ledger} files, and ask for support`,
      );
    if (harm === 'journal')
      throw refusal(
        `${names.journal} would put older pages into the ledger at a start; keep a copy of <coven-home>, and ask for support`,
      );
    return {
      foreignTables: open.value.tables.filter(
        (name) => !coreTables.includes(name) && !name.startsWith('events_fts') && !name.startsWith('sqlite_'),
      ).length,
    };
  });

const refusal = (reason: string): StepFailed => new StepFailed('looking at the ledger', reason);
