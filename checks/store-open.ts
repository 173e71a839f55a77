import { type AdriftProcess, adriftIn } from '../src/coven/adrift.ts';
import { keepDamaged, leaveAdrift, preserve, putLedgerBack, seeRescue } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { partNotFile } from '../src/coven/ledger.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { isResetCutOff } from '../src/coven/obstacles.ts';
import { command } from '../src/model/advice.ts';
import { bytes, count } from '../src/model/amounts.ts';
import {
  defineCheck,
  type Facts,
  type Finding,
  fail,
  from,
  pass,
  type Seen,
  unknown,
  warn,
} from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { StoreFiles } from '../src/model/observation.ts';
import { rescueRemedy } from '../src/repair/remedies/store.ts';

const ways: Readonly<Record<string, string>> = {
  'in-place': 'read in place while a daemon has it open',
  link: 'read without opening it in place',
  clone: 'read from a private clone',
  copy: 'read from a private copy',
  pages: 'read from a private copy of all pages but those of the events',
};

const lost = (facts: Facts): string =>
  Number(facts.walBytes) > 0
    ? `; its WAL still holds ${bytes(facts.walBytes)} of committed rows${isResetCutOff(facts) ? '' : ', which the next coven command would delete'}`
    : '';
const target = '<coven-home>/coven.sqlite3';

/** A part of the ledger, which lies beside what a link leads to. */
const partPath = ({ part, linkedTo }: Facts): string =>
  typeof linkedTo === 'string' ? `${linkedTo}${String(part).slice(names.ledger.length)}` : `<coven-home>/${part}`;

const holder = ({ adriftPid, adriftRole }: Facts): string =>
  `${adriftRole === 'run' ? 'a `coven run`' : 'the daemon'} (pid ${adriftPid})`;

/** How many of its pages a ledger has that is shorter than its header says; beside a WAL the rest may be there. */
function cutOf({ main, wal, header }: StoreFiles): Facts {
  const there = header && Math.floor(main.size / header.pageSize);
  const isCut = header !== null && there !== null && there < header.pages && wal.size === 0;
  return { cutPages: isCut ? there : null, ownPages: isCut ? header.pages : null };
}

/** The ledger opens. A daemon that cannot open it dies in silence, and one that finds none makes an empty one. */
export const storeOpen = defineCheck({
  id: 'store:open',
  category: 'store',
  title: 'The ledger opens',
  explain:
    'A daemon that cannot open its ledger times out and gives no reason; one that finds none where sessions existed makes an empty ' +
    'one in silence. The ledger is opened read-only, and so that nothing in the home changes.',
  causes: {
    ok: {
      message: ({ kind, way, bytes: size, ...facts }) =>
        kind === 'absent'
          ? 'there is no ledger yet'
          : `the ledger opens (${bytes(size)}, ${ways[String(way)] ?? 'empty, as new'})${facts.linkedTo ? `; it is a link to ${facts.linkedTo}, which a backup of the home does not hold` : ''}`,
    },
    detached: {
      message: (facts) =>
        `${holder(facts)} writes to a ${facts.adriftPart} that is no longer at its path: it was ${facts.adriftAt === 'nothing' ? 'deleted or moved' : 'replaced'} while it was open`,
      hint: leaveAdrift,
    },
    missing: {
      message: (facts) => `the ledger is gone, though sessions existed here${lost(facts)}`,
      hint: putLedgerBack,
      follows: ['home:reset interrupted'],
    },
    empty: {
      message: (facts) => `the ledger is empty, though sessions existed here${lost(facts)}`,
      hint: putLedgerBack,
      follows: ['home:reset interrupted'],
    },
    'not-a-file': {
      message: ({ kind, daemonVerdict }) =>
        `${daemonVerdict === 'running' ? 'the daemon works on a ledger that is no more in its place' : 'the daemon cannot start'}: coven.sqlite3 is a ${kind}${kind === 'symlink' ? ' that leads to no file' : ', not a file'}`,
      hint: ({ kind, daemonVerdict }) => [
        ...(daemonVerdict === 'running'
          ? [
              'Leave the daemon running: what it records may be nowhere else. Copy its evidence first:',
              command('coven-doctor', 'bundle'),
            ]
          : []),
        kind === 'symlink'
          ? 'See where it leads; a disk that is not mounted is the usual cause. Mount it, or put the ledger back from a backup:'
          : 'Find out what it is, move it away, and put the ledger back from a backup:',
        kind === 'symlink'
          ? command('ls', '-l', '<coven-home>/coven.sqlite3')
          : command('coven-doctor', 'backup', 'list'),
      ],
    },
    'parts-not-files': {
      message: ({ part, partKind }) => `no coven command can write to the ledger: ${part} is a ${partKind}, not a file`,
      hint: (facts) =>
        facts.part === names.shm
          ? [command('mv', partPath(facts), `${partPath(facts)}.aside`)]
          : [
              `Find out what ${facts.part} is: committed rows may be missing. Then move it out of the way:`,
              command('mv', partPath(facts), `${partPath(facts)}.aside`),
            ],
    },
    'hot-journal': {
      message: ({ pages, ledgerPages }) =>
        `a rollback journal lies beside the ledger: the next coven command puts ${count(pages, 'older page', 'older pages')} into it and sets its length to ${count(ledgerPages, 'page', 'pages')}`,
      hint: (facts) => [
        'Do not run any coven command. Coven makes no such journal, so it is from another time or another ledger.',
        ...preserve(facts),
        ...seeRescue,
      ],
    },
    'not-a-database': {
      message: () => 'the ledger is not a database: the header of coven.sqlite3 is damaged',
      hint: keepDamaged,
      remedy: rescueRemedy,
    },
    malformed: {
      message: ({ code, cutPages, ownPages }) =>
        cutPages !== null
          ? `the ledger was cut off: ${cutPages} of its ${count(ownPages, 'page')} are there (${code})`
          : `the schema of the ledger is damaged (${code})`,
      hint: keepDamaged,
      remedy: rescueRemedy,
    },
    unreadable: {
      message: ({ code }) => `the ledger cannot be read (${code})`,
      hint: () => 'Check its owner, its mode and the health of the disk, as the owner of the home.',
      follows: ['home:owner foreign-entries'],
    },
    busy: {
      message: ({ pid, command, isStopped }) =>
        pid === null
          ? 'the ledger is locked by another process'
          : `pid ${pid}${command ? ` (${command})` : ''}${isStopped ? ' is stopped (as by Ctrl-Z) and' : ''} holds the write lock of the ledger and does not release it`,
      hint: ({ pid, isStopped }) =>
        pid === null
          ? 'Find the process that has it open, and let it finish.'
          : isStopped
            ? [
                'Let it go on, or end it where it was started. A daemon cannot start until then:',
                command('kill', '-CONT', String(pid)),
              ]
            : [
                'Find out what it is, and let it finish. A daemon cannot start until it ends:',
                command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(pid)),
              ],
    },
    undetermined: {
      message: ({ code }) => `the ledger was not read, since that was not possible without changing the home (${code})`,
      hint: () => 'Set TMPDIR to a folder on the file system of the home, and check again.',
      follows: ['store:wal large'],
    },
  },
  needs: [...livenessNeeds, 'store.files', 'store.open'],
  skip: withoutHome,
  judge: (seen) => {
    const lost = adriftIn(seen).map(ofAdrift);
    // What is at the path is judged once nobody has another ledger open: until then its WAL may be the other's.
    return lost.length > 0 ? lost : ofPath(seen);
  },
});

function ofAdrift({ pid, role, adrift: { part, at, mainFd, walFd } }: AdriftProcess): Finding {
  const facts = { adriftPid: pid, adriftRole: role, adriftPart: part, adriftAt: at, mainFd, walFd };
  const evidence = from('processes', { [`${pid}.adrift`]: part, at, mainFd, walFd });
  return fail('detached', target, { facts, evidence, escalate: 'ledger-cannot-open' });
}

function ofPath(seen: Seen<(typeof livenessNeeds)[number] | 'store.files' | 'store.open'>): readonly Finding[] {
  const { main, wal, hotJournal, sessionsExpected, linkedTo } = seen['store.files'];
  const part = partNotFile(seen['store.files']);
  const { outcome, way, code, journalMode } = seen['store.open'];
  const writer = seen['home.locks'].ledgerWriter;
  const rest = {
    facts: {
      kind: main.kind,
      bytes: main.size,
      walBytes: wal.size,
      way,
      code,
      linkedTo: linkedTo ?? null,
      pid: writer?.pid ?? null,
      isStopped: seen.processes.list.some(({ pid, state }) => pid === writer?.pid && state === 'T'),
      part: part?.name ?? null,
      partKind: part?.kind ?? null,
      pages: hotJournal?.pages ?? null,
      ledgerPages: hotJournal?.ledgerPages ?? null,
      ...cutOf(seen['store.files']),
    },
    evidence: [
      ...from('store.files', {
        kind: main.kind,
        size: main.size,
        walSize: wal.size,
        readable: main.readable,
        sessionsExpected,
        ...(linkedTo !== undefined && { linkedTo }),
      }),
      ...(part ? from('store.files', { [part.name]: part.kind }) : []),
      ...(hotJournal ? from('store.files', { hotJournal: hotJournal.pages }) : []),
      ...from('store.open', { outcome, way, code, journalMode }),
      ...(writer
        ? from('home.locks', {
            ledgerWriter: writer.pid,
            watchedMs: writer.watchedMs,
          })
        : []),
    ],
  };
  const escalate = 'ledger-cannot-open';
  if (part) return [fail('parts-not-files', target, rest)];
  if (hotJournal && main.size > 0) return [fail('hot-journal', target, { ...rest, escalate })];
  switch (outcome) {
    case 'missing':
    case 'empty':
      // Before its first session a home has no ledger, and that is no fault.
      if (!sessionsExpected) return [pass(target, rest)];
      return [fail(outcome, target, wal.size > 0 ? { ...rest, escalate } : rest)];
    case 'opened': {
      if (!writer) return [pass(target, rest)];
      const { verdict, pid } = judgeLiveness(seen);
      if (pid !== writer.pid) return [fail('busy', target, rest)];
      // A daemon that hangs keeps what it held: the hang is the cause, and is named by its own check.
      return verdict === 'hung' || verdict === 'slow' ? [pass(target, rest)] : [warn('busy', target, rest)];
    }
    case 'busy':
      return [fail('busy', target, rest)];
    case 'forbidden':
      return [unknown('undetermined', target, rest)];
    case 'unreadable':
      return code?.startsWith('DOCTOR') || code === 'SQLITE_NOMEM'
        ? [unknown('undetermined', target, rest)]
        : [fail('unreadable', target, { ...rest, escalate })];
    default:
      return [fail(outcome, target, { ...rest, escalate })];
  }
}
