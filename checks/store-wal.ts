import { defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { harmOfStart, isTorn, losesCommits } from '../src/coven/ledger.ts';
import { largeWalBytes } from '../src/coven/limits.ts';

const target = '<coven-home>/coven.sqlite3-wal';

/** The WAL beside the ledger: committed rows that the main file does not have, if it is whole and its own. */
export const storeWal = defineCheck({
  id: 'store:wal',
  category: 'store',
  needs: ['home', 'store.files', 'store.open', 'store.bytes'],
  skip: withoutHome,
  judge: ({ 'store.files': files, 'store.open': open, 'store.bytes': bytes }) => {
    const { wal, walState, walPageSize, header } = files;
    const { outcome, walForeign } = open;
    const read = bytes.wal;
    const facts = {
      bytes: wal.size,
      walState,
      walPageSize,
      pageSize: header?.pageSize ?? null,
      walForeign,
      state: read?.state ?? null,
      frames: read?.frames ?? null,
      visibleCommits: read?.visibleCommits ?? null,
      hiddenCommits: read?.hiddenCommits ?? null,
      tornCommits: read?.tornCommits ?? null,
    };
    const { state, visibleCommits, hiddenCommits, tornCommits } = facts;
    const rest = {
      facts,
      evidence: [
        ...from('store.files', { walSize: wal.size, walState, walPageSize }),
        ...(wal.size > 0 ? from('store.open', { outcome, walForeign }) : []),
        ...(read ? from('store.bytes', { state, visibleCommits, hiddenCommits, tornCommits }) : []),
      ],
    };
    const harm = harmOfStart(files, open, bytes);
    if (harm === 'wal-alone') return [fail('alone', target, rest)];
    if (harm === 'wal-foreign') return [fail('foreign', target, { ...rest, escalate: 'ledger-cannot-open' })];
    if (read && losesCommits(read)) return [fail('torn', target, { ...rest, escalate: 'ledger-cannot-open' })];
    const found = [];
    if (isTorn(files, bytes)) found.push(warn('torn', target, rest));
    if (wal.size > largeWalBytes) found.push(warn('large', target, rest));
    if (found.length > 0) return found;
    const isUnread = wal.size > 0 && (bytes.outcome === 'not-read' || read?.complete === false);
    if (wal.kind === 'file' && (!wal.readable || (outcome === 'opened' && isUnread)))
      return [unknown('undetermined', target, { ...rest, facts: { ...facts, code: bytes.code } })];
    // Whose rows it holds is told by the ledger that it is read with.
    return [wal.size > 0 && outcome !== 'opened' ? skipped('ledger-not-opened', target, rest) : pass(target, rest)];
  },
});
