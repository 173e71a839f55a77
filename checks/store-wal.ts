import { defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { harmOfStart } from '../src/coven/ledger.ts';
import { largeWalBytes } from '../src/coven/limits.ts';

const target = '<coven-home>/coven.sqlite3-wal';

/** The WAL beside the ledger: committed rows that the main file does not have, if it is whole and its own. */
export const storeWal = defineCheck({
  id: 'store:wal',
  category: 'store',
  needs: ['home', 'store.files', 'store.open'],
  skip: withoutHome,
  judge: ({ 'store.files': files, 'store.open': open }) => {
    const { wal, walState, walPageSize, header } = files;
    const { outcome, walForeign } = open;
    const facts = { bytes: wal.size, walState, walPageSize, pageSize: header?.pageSize ?? null, walForeign };
    const rest = {
      facts,
      evidence: [
        ...from('store.files', { walSize: wal.size, walState, walPageSize }),
        ...(wal.size > 0 ? from('store.open', { outcome, walForeign }) : []),
      ],
    };
    const harm = harmOfStart(files, open);
    if (harm === 'wal-alone') return [fail('alone', target, rest)];
    if (harm === 'wal-foreign') return [fail('foreign', target, { ...rest, escalate: 'ledger-cannot-open' })];
    const found = [];
    if (walState === 'torn') found.push(warn('torn', target, rest));
    if (wal.size > largeWalBytes) found.push(warn('large', target, rest));
    if (found.length > 0) return found;
    if (wal.kind === 'file' && !wal.readable) return [unknown('undetermined', target, rest)];
    // Whose rows it holds is told by the ledger that it is read with.
    return [wal.size > 0 && outcome !== 'opened' ? skipped('ledger-not-opened', target, rest) : pass(target, rest)];
  },
});
