import { endReaders, finishReset, preserve, readerFacts, readersOf, seeRescue } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { harmOfStart, isTorn, losesCommits } from '../src/coven/ledger.ts';
import { largeWalBytes } from '../src/coven/limits.ts';
import { isResetCutOff } from '../src/coven/obstacles.ts';
import { command } from '../src/model/advice.ts';
import { bytes, count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { checkpointRemedy, foreignWalRemedy, loneWalRemedy, rescueRemedy } from '../src/repair/remedies/store.ts';

function tornWal({ bytes: size, state, hiddenCommits, visibleCommits, tornCommits }: Facts): string {
  const wal = `the WAL (${bytes(size)})`;
  if (Number(hiddenCommits) > 0)
    return `${wal} is damaged: SQLite does not see ${count(hiddenCommits, 'commit')} that lie behind the damage, and the next coven command destroys them`;
  if (Number(tornCommits) > 0)
    return Number(visibleCommits) > 0
      ? `${wal} ends in a damaged commit, which SQLite passes over; a crash or a loss of power can leave it so`
      : `${wal} holds a commit whose beginning is damaged; SQLite does not see it, and the next coven command destroys it`;
  if (state === 'headless') return `${wal} has lost its header: SQLite passes over all of it`;
  return `${wal} is damaged from its beginning; SQLite passes over it, and rows in it are not seen`;
}

const target = '<coven-home>/coven.sqlite3-wal';

/** The WAL beside the ledger: committed rows that the main file does not have, if it is whole and its own. */
export const storeWal = defineCheck({
  id: 'store:wal',
  category: 'store',
  title: 'The write-ahead log is whole and belongs to the ledger',
  explain:
    'A stopped Coven leaves committed rows in the WAL alone. SQLite stops at the first damaged frame without an error, and takes the WAL of ' +
    'another ledger for its own: the ledger then is the other one, and passes every check of its pages. It is told by rows that have ' +
    'another id with the WAL than without it.',
  causes: {
    ok: {
      message: (facts) =>
        Number(facts.bytes) > 0
          ? `the WAL is intact (${bytes(facts.bytes)}, ${count(facts.visibleCommits ?? 0, 'commit')})`
          : 'the WAL holds nothing',
    },
    'ledger-not-opened': { message: () => 'skipped: the ledger did not open' },
    undetermined: {
      message: (facts) =>
        `the WAL (${bytes(facts.bytes)}) could not be read to its end (${facts.code ?? 'not permitted'})`,
      hint: () => 'Run it again as the owner of the home, with a longer --timeout.',
    },
    large: {
      message: (facts) => `the WAL has grown to ${bytes(facts.bytes)}${readersOf(facts)}`,
      hint: endReaders,
      remedy: checkpointRemedy,
    },
    torn: {
      message: (facts) => tornWal(facts),
      hint: (facts) =>
        Number(facts.hiddenCommits) > 0 || Number(facts.visibleCommits) === 0
          ? [
              'Do not run any coven command: the next one deletes what it does not see.',
              ...preserve(facts),
              ...seeRescue,
            ]
          : [...preserve(facts), ...seeRescue],
      follows: ['store:open detached'],
      remedy: rescueRemedy,
    },
    cut: {
      message: (facts) =>
        Number(facts.lostFrames) === 0
          ? `the shared memory beside the ledger counts ${count(facts.strayFrames, 'committed page', 'committed pages')} of another WAL than the one that is there`
          : `${count(facts.lostFrames, 'page', 'pages')} that Coven committed ${Number(facts.lostFrames) === 1 ? 'is' : 'are'} gone: the WAL is ${Number(facts.bytes) > 0 ? 'cut off or overwritten' : 'empty or missing'}, and the shared memory beside it still counts them`,
      hint: (facts) => [
        Number(facts.lostFrames) === 0
          ? 'If you restored this WAL yourself, nothing is wrong: the next coven command makes new shared memory. Otherwise do not run any coven command, and look for a copy of coven.sqlite3-wal.'
          : 'Do not run any coven command: it would write over what may still be recovered. Look for a copy of coven.sqlite3-wal.',
        ...preserve(facts),
        ...seeRescue,
      ],
      // Its WAL is in quarantine then, and what it held is in the main file.
      follows: ['store:open detached', 'home:repairs unfinished', 'home:repairs changed-since'],
      remedy: rescueRemedy,
    },
    alone: {
      message: (facts) =>
        `the WAL (${bytes(facts.bytes)}) holds rows, and its ledger is gone${isResetCutOff(facts) ? '' : '; the next coven command deletes them'}`,
      hint: (facts) =>
        isResetCutOff(facts)
          ? finishReset
          : [
              'Do not run any coven command. This moves the WAL to safety, and exits with 1 all the same, since the ledger is still gone:',
              command('coven-doctor', '--fix'),
            ],
      follows: ['home:reset interrupted', 'store:open detached', 'store:open missing', 'store:open empty'],
      remedy: loneWalRemedy,
    },
    foreign: {
      message: (facts) =>
        `the WAL (${bytes(facts.bytes)}) belongs to another ledger; opening this one would turn it into the other`,
      hint: () => ['Do not run any coven command. Keep a copy of all three coven.sqlite3 files.', ...seeRescue],
      follows: ['store:open detached'],
      remedy: foreignWalRemedy,
    },
  },
  needs: ['home', 'store.files', 'store.open', 'store.bytes'],
  wants: ['home.locks'],
  skip: withoutHome,
  judge: ({ 'store.files': files, 'store.open': open, 'store.bytes': bytes, 'home.locks': locks }) => {
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
      lostFrames: bytes.lostFrames,
      strayFrames: bytes.strayFrames,
    };
    const { state, visibleCommits, hiddenCommits, tornCommits } = facts;
    const rest = {
      facts,
      evidence: [
        ...from('store.files', { walSize: wal.size, walState, walPageSize }),
        ...(wal.size > 0 ? from('store.open', { outcome, walForeign }) : []),
        ...(read ? from('store.bytes', { state, visibleCommits, hiddenCommits, tornCommits }) : []),
        ...(bytes.lostFrames > 0 ? from('store.bytes', { lostFrames: bytes.lostFrames }) : []),
        ...(bytes.strayFrames > 0 ? from('store.bytes', { strayFrames: bytes.strayFrames }) : []),
      ],
    };
    const harm = harmOfStart(files, open, bytes);
    if (harm === 'wal-alone') return [fail('alone', target, rest)];
    if (harm === 'wal-foreign') return [fail('foreign', target, { ...rest, escalate: 'ledger-cannot-open' })];
    if (read && losesCommits(read)) return [fail('torn', target, { ...rest, escalate: 'ledger-cannot-open' })];
    if (harm === 'wal-cut') return [fail('cut', target, { ...rest, escalate: 'ledger-cannot-open' })];
    const found = [];
    if (isTorn(files, bytes)) found.push(warn('torn', target, rest));
    if (bytes.strayFrames > 0) found.push(warn('cut', target, rest));
    if (wal.size > largeWalBytes)
      found.push(warn('large', target, { ...rest, facts: { ...facts, ...readerFacts(locks) } }));
    if (found.length > 0) return found;
    const isUnread = wal.size > 0 && (bytes.outcome === 'not-read' || read?.complete === false);
    if (wal.kind === 'file' && (!wal.readable || (outcome === 'opened' && isUnread)))
      return [unknown('undetermined', target, { ...rest, facts: { ...facts, code: bytes.code } })];
    // Whose rows it holds is told by the ledger that it is read with.
    return [wal.size > 0 && outcome !== 'opened' ? skipped('ledger-not-opened', target, rest) : pass(target, rest)];
  },
});
