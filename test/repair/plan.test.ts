import { describe, expect, it, test } from 'vitest';
import { checkOf } from '../../fixtures/checks.ts';
import {
  ago,
  type Changes,
  changed,
  daemonProcess,
  harnessProcess,
  healthy,
  hour,
  runningRow,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import type { Finding } from '../../src/model/check.ts';
import type { Entry, FileIdentity, Observations, Process } from '../../src/model/observation.ts';
import type { PlanInput } from '../../src/model/plan-input.ts';
import type { PlanOptions } from '../../src/model/remedy.ts';
import { type Action, isAllowed, type Plan, type RescueCounts, type Risk } from '../../src/model/step.ts';
import { type Found, makePlan } from '../../src/repair/plan.ts';
import { hungRemedy } from '../../src/repair/remedies/daemon.ts';
import { ownerRemedy } from '../../src/repair/remedies/home.ts';
import { checkpointRemedy, rescueRemedy } from '../../src/repair/remedies/store.ts';

const tool = { name: 'coven-doctor', version: '0.0.0' };

const identity = (more: Partial<FileIdentity> = {}): FileIdentity => ({
  kind: 'file',
  dev: '1',
  ino: '9',
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  size: 1,
  mtimeNs: '1',
  sha256: null,
  ...more,
});

const files = (list: Readonly<Record<string, Partial<FileIdentity>>>): Changes => ({
  'home.identities': { files: Object.fromEntries(Object.entries(list).map(([name, more]) => [name, identity(more)])) },
});

const otherWords = { rows: 5, indexed: 5, damaged: false, agrees: false, differing: 1 };
const twoValues = { index: 'idx_b', table: 'events', rowid: 7, column: 'created_at', inTable: 'x', inIndex: 'y' };

/** What a plan is made from: all that was seen, what a wedged daemon did while it was watched, and old backups. */
function inputOf(base: Observations, changes: Changes, more: Partial<PlanInput> = {}): PlanInput {
  return {
    ...changed(base, changes),
    oldBackups: [],
    rescue: null,
    indexes: { lostRows: 0, values: [], compared: [] },
    ...more,
  } as PlanInput;
}

function foundOf(name: string, causedBy?: Found['finding']['causedBy']): Found {
  const [check = '', code = '', status = 'fail'] = name.split(' ');
  const finding: Finding = { code, status: status as Finding['status'], target: '<x>', facts: {}, evidence: [] };
  return { check: checkOf(check), finding: causedBy ? { ...finding, causedBy } : finding };
}

/** What a rescue would come to. */
const foreseen = (counts: Partial<RescueCounts>): PlanInput['rescue'] => ({
  ledger: { main: identity(), wal: null, shm: null },
  counts: {
    ...{ rescued: 5, lost: 0, uncertain: 0, doubts: 0, placeholders: 0, incomplete: 0, tables: [], sessions: [] },
    ...{ unaccounted: 0, unplaced: 0 },
    ...counts,
  },
});

const subject = (action: Action): string => {
  if ('path' in action) return ` ${action.path}${'mode' in action ? ` ${action.mode.toString(8)}` : ''}`;
  if ('process' in action) return ` ${action.process.pid}${'kill' in action && action.kill ? ' kill' : ''}`;
  if ('index' in action) return ` ${action.index}`;
  return 'run' in action ? ` ${action.run}` : '';
};

/** Each step in one line: what is done to what, when, at what risk, whether it can be undone, and what it requires. */
const stepsOf = ({ steps }: Plan): readonly string[] =>
  steps.map(
    ({ action, phase, risk, undo, requires }) =>
      `${action.kind}${subject(action)} ${phase} ${risk}${undo === 'none' ? ' for-good' : ''}${requires.length > 0 ? ` requires ${requires.join(', ')}` : ''}`,
  );
const refusalsOf = ({ refused }: Plan): readonly string[] =>
  refused.map(({ finding, reason }) => `${finding}: ${reason}`);

interface Case {
  readonly found: readonly (string | Found)[];
  readonly seen?: Changes;
  readonly base?: Observations;
  readonly more?: Partial<PlanInput>;
  readonly allow?: readonly ('disruptive' | 'lossy')[];
  readonly start?: true;
  readonly steps?: readonly string[];
  readonly refused?: readonly string[];
}

function planOf({ found, seen = {}, base = stopped, more, allow = [], start }: Case): Plan {
  const options: PlanOptions = { allow: new Set(['safe', ...allow]), startStopped: start ?? false };
  const findings = found.map((one) => (typeof one === 'string' ? foundOf(one) : one));
  return makePlan(findings, inputOf(base, seen, more), options, tool);
}

const start = 'start-daemon after safe for-good';
const stale: Changes = {
  'daemon.record': { ...healthy['daemon.record'] },
  'daemon.socket': { kind: 'socket', mode: 0o600, uid: 1000, connect: 'refused', errno: null, looks: 1 },
};
const reused: Process = { ...stranger, pid: 4242, innerPid: 4242 };
const hung: Changes = { 'daemon.health': { outcome: 'no-bytes', body: null } };
const watched = (more = {}): Partial<PlanInput> => ({
  'daemon.progress': {
    pid: 4242,
    watchedMs: 10_000,
    answered: false,
    cpu: false,
    log: false,
    supervisor: null,
    ...more,
  },
});
const unlinked: Changes = {
  'daemon.health': { outcome: 'unreachable', body: null },
  'daemon.socket': { kind: 'absent', mode: null, uid: null, connect: 'absent' },
};
const live: Changes = {
  'store.sessions': { open: [runningRow] },
  processes: { list: [daemonProcess, harnessProcess] },
};
const liveRun: Changes = {
  'store.sessions': { open: [runningRow] },
  processes: {
    list: [
      daemonProcess,
      { ...stranger, pid: 600, innerPid: 600, role: 'run', command: 'coven', home: 'this', startedAt: ago(hour + 5) },
    ],
  },
};
const ledger = { 'coven.sqlite3': {}, 'coven.sqlite3-wal': {}, 'coven.sqlite3-shm': {} };
const root = { machine: { uid: 0 }, home: { uid: 0 } } as const;
/** Entries of the home, each with as many names as is said. */
const linked = (names: Readonly<Record<string, number>>): Changes => ({
  'home.entries': { list: Object.entries(names).map(([name, links]) => ({ name, links }) as Entry) },
});

const cases: Readonly<Record<string, Case>> = {
  'nothing is found': { found: [] },
  'what passes, is skipped or is unknown is left alone': {
    found: [
      'home:mode writable-by-others pass',
      'home:mode writable-by-others skipped',
      'home:mode entry-open unknown',
    ],
    seen: files({ '.': { kind: 'directory' } }),
  },
  'a warning is fixed as a failure is': {
    found: ['home:mode readable-by-others warn'],
    seen: files({ '.': { kind: 'directory' } }),
    steps: ['set-mode . 700 alive safe'],
  },
  'nobody has a remedy': { found: ['home:reset nonsense'], refused: ['home:reset nonsense: by-hand'] },
  'what follows from a cause and has no remedy is not told': {
    found: [foundOf('daemon:log crash-loop', { check: 'store:open', code: 'missing' })],
  },
  'what follows from a cause and has a remedy gets it': {
    found: [foundOf('daemon:socket stale', { check: 'daemon', code: 'stale' })],
    seen: { ...stale, ...files({ 'coven.sock': { kind: 'socket' } }) },
    steps: ['quarantine coven.sock gone safe'],
  },
  'a repair that was cut off is recovered before any step': { found: ['home:repairs unfinished warn'] },

  // States in which every repair could do harm.
  'no home': {
    found: ['home:mode entry-open'],
    seen: { home: { kind: 'absent' } },
    refused: ['home:mode entry-open: no-home'],
  },
  'a symlinked home': {
    found: ['home:mode entry-open'],
    seen: { home: { kind: 'symlink' } },
    refused: ['home:mode entry-open: symlinked-home'],
  },
  'a home of another user': {
    found: ['home:mode entry-open'],
    seen: { home: { uid: 0 } },
    refused: ['home:mode entry-open: other-owner'],
  },
  'root over a home of another user': {
    found: ['home:mode entry-open'],
    seen: { machine: { uid: 0 } },
    refused: ['home:mode entry-open: other-owner'],
  },
  'a reset that was cut off': {
    found: ['home:mode entry-open'],
    seen: {
      'home.entries': {
        list: [
          {
            name: 'reset-transaction.json',
            kind: 'file',
            mode: 0,
            uid: 1000,
            size: 1,
            links: 1,
            dev: '1',
            ino: '1',
            modifiedAt: ago(1),
          },
        ],
      },
    },
    refused: ['home:mode entry-open: reset-interrupted'],
  },
  'a read-only file system': {
    found: ['home:mode entry-open'],
    seen: { 'home.filesystem': { readOnly: true } },
    refused: ['home:mode entry-open: read-only'],
  },
  'no boot id, without which no process is proven': {
    found: ['home:mode entry-open'],
    seen: { machine: { bootId: null } },
    refused: ['home:mode entry-open: no-boot-id'],
  },
  'what follows from a cause is refused, too, where all is': {
    found: [foundOf('daemon:log crash-loop', { check: 'store:open', code: 'missing' })],
    seen: { 'home.filesystem': { readOnly: true } },
    refused: ['daemon:log crash-loop: read-only'],
  },

  // Modes and owners.
  'an open home, which was not seen': {
    found: ['home:mode writable-by-others'],
    refused: ['home:mode writable-by-others: not-seen'],
  },
  'an open home, which somebody closed behind the look that found it': {
    found: ['home:mode writable-by-others', 'daemon:socket open-mode'],
    seen: files({ '.': { kind: 'directory', mode: 0o700 }, 'coven.sock': { kind: 'socket', mode: 0o600 } }),
    refused: ['home:mode writable-by-others: mended', 'daemon:socket open-mode: mended'],
  },
  'entries that are open': {
    found: ['home:mode entry-open'],
    seen: files({
      'daemon.json': { mode: 0o640 },
      'state.lock': { mode: 0o601 },
      keys: { kind: 'directory', mode: 0o755 },
      'keys/a': { mode: 0o604 },
      'mobile/b': { mode: 0o777 },
      'keys/link': { kind: 'symlink', mode: 0o777 },
      'keys/closed': { mode: 0o600 },
      'coven.sqlite3': { mode: 0o644 },
      keysmith: { mode: 0o644 },
    }),
    steps: [
      'set-mode daemon.json 600 alive safe',
      'set-mode state.lock 600 alive safe',
      'set-mode keys 700 alive safe',
      'set-mode keys/a 600 alive safe',
      'set-mode mobile/b 700 alive safe',
    ],
  },
  'entries that are open, none of which was seen': {
    found: ['home:mode entry-open'],
    refused: ['home:mode entry-open: not-seen'],
  },
  'entries that are open, one of which has another name, by which it would be changed elsewhere': {
    found: ['home:mode entry-open'],
    seen: {
      ...files({ 'daemon.json': { mode: 0o640 }, keys: { kind: 'directory', mode: 0o755 }, 'keys/a': { mode: 0o604 } }),
      ...linked({ 'daemon.json': 2, keys: 3, 'keys/a': 1 }),
    },
    steps: ['set-mode keys 700 alive safe', 'set-mode keys/a 600 alive safe'],
    refused: ['home:mode entry-open: linked'],
  },
  'entries that are open, all of which have other names': {
    found: ['home:mode entry-open'],
    seen: { ...files({ 'daemon.json': { mode: 0o640 } }), ...linked({ 'daemon.json': 2 }) },
    refused: ['home:mode entry-open: linked'],
  },
  "entries of another user, in root's own home": {
    found: ['home:owner foreign-entries'],
    seen: {
      ...root,
      ...files({
        '.': { kind: 'directory', uid: 0, gid: 5 },
        a: { uid: 7 },
        b: { uid: 0 },
        c: { uid: 8, kind: 'symlink' },
      }),
    },
    steps: ['set-owner a gone safe'],
  },
  'a user cannot give a file away': {
    found: ['home:owner foreign-entries'],
    seen: files({ '.': { kind: 'directory' }, a: { uid: 7 } }),
    refused: ['home:owner foreign-entries: needs-root'],
  },
  'none of them was seen': {
    found: ['home:owner foreign-entries'],
    seen: { ...root, ...files({ '.': { kind: 'directory', uid: 0 } }) },
    refused: ['home:owner foreign-entries: not-seen'],
  },
  'the group of the home was not seen': {
    found: ['home:owner foreign-entries'],
    seen: { ...root, ...files({ a: { uid: 7 } }) },
    refused: ['home:owner foreign-entries: needs-root'],
  },

  // Room.
  'a full disk without old backups': { found: ['home:disk full'], refused: ['home:disk full: no-old-backups'] },
  'old backups go one by one, and that loses them': {
    found: ['home:disk low'],
    more: { oldBackups: ['r1', 'r2'] },
    steps: ['remove-backup r1 alive lossy for-good', 'remove-backup r2 alive lossy for-good'],
  },

  // A daemon that is gone.
  'a stopped daemon is left so': { found: ['daemon stopped warn'] },
  'a stopped daemon is started where that is asked for': {
    found: ['daemon stopped warn'],
    start: true,
    steps: [start],
  },
  'what a dead daemon left is moved, and a start requires that': {
    found: ['daemon stale', 'daemon:record reused-pid', 'daemon:socket stale'],
    seen: {
      ...stale,
      processes: { list: [reused] },
      ...files({ 'daemon.json': {}, 'coven.sock': { kind: 'socket' } }),
    },
    steps: [
      'quarantine daemon.json gone safe',
      'quarantine coven.sock gone safe',
      `${start} requires daemon:record reused-pid`,
    ],
  },
  'without its cause being moved it would not start': {
    found: ['daemon stale', 'daemon:record reused-pid'],
    seen: { ...stale, processes: { list: [reused] } },
    refused: ['daemon:record reused-pid: not-seen', 'daemon stale: start-blocked'],
  },
  'a record is not moved beside a live daemon': {
    found: ['daemon:record invalid', 'daemon:socket stale'],
    base: healthy,
    seen: files({ 'daemon.json': {}, 'coven.sock': {} }),
    refused: ['daemon:record invalid: daemon-alive', 'daemon:socket stale: daemon-alive'],
  },
  'an open socket is closed beside its daemon': {
    found: ['daemon:socket open-mode'],
    base: healthy,
    seen: files({ 'coven.sock': { kind: 'socket', mode: 0o666 } }),
    steps: ['set-mode coven.sock 600 alive safe'],
  },
  'an open socket that was not seen': {
    found: ['daemon:socket open-mode'],
    base: healthy,
    refused: ['daemon:socket open-mode: not-seen'],
  },
  'what a daemon left is not moved where it cannot be seen whether one lives': {
    found: ['daemon:record dead-pid'],
    seen: { ...stale, ...files({ 'daemon.json': {} }) },
    more: { 'home.locks': null },
    refused: ['daemon:record dead-pid: daemon-not-proven'],
  },
  'an open socket that goes to quarantine keeps its mode': {
    found: ['daemon:socket open-mode', 'daemon:socket stale'],
    seen: { ...stale, ...files({ 'coven.sock': { kind: 'socket', mode: 0o666 } }) },
    steps: ['quarantine coven.sock gone safe'],
    refused: ['daemon:socket open-mode: covered'],
  },
  'an owner is not set of what goes to quarantine, but of the rest': {
    found: ['home:owner foreign-entries', 'daemon:record dead-pid'],
    seen: {
      ...stale,
      ...root,
      ...files({ '.': { kind: 'directory', uid: 0 }, 'daemon.json': { uid: 7 }, 'state.lock': { uid: 7 } }),
    },
    steps: ['set-owner state.lock gone safe', 'quarantine daemon.json gone safe'],
  },

  // A daemon that lives and does not answer.
  'a stopped process is continued': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, processes: { list: [{ ...daemonProcess, state: 'T' }] } },
    steps: ['continue-process 4242 alive safe for-good'],
  },
  'a stopped one in a pid namespace that cannot be told is not continued': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, machine: { pidNamespace: null }, processes: { list: [{ ...daemonProcess, state: 'T' }] } },
    refused: ['daemon hung: daemon-not-proven'],
  },
  'a frozen process is left': {
    found: ['daemon hung'],
    base: healthy,
    seen: {
      'daemon.health': { ...hung['daemon.health'], silence: { frozenBy: '/sys/fs/cgroup/x/cgroup.freeze' } as never },
    },
    more: watched(),
    refused: ['daemon hung: frozen'],
  },
  'the sessions of a hung daemon end with it, and its start harms none': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, ...live },
    more: watched(),
    steps: ['end-process 4242 alive disruptive for-good', start],
  },
  'a traced process is left': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, processes: { list: [{ ...daemonProcess, state: 't' }] } },
    refused: ['daemon hung: traced'],
  },
  'a process that waits for a device is left': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, processes: { list: [{ ...daemonProcess, state: 'D' }] } },
    refused: ['daemon hung: waits-for-device'],
  },
  'a hung daemon that was not watched is left': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: { 'daemon.progress': null },
    refused: ['daemon hung: not-watched'],
  },
  'another one was watched': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: watched({ pid: 5000 }),
    refused: ['daemon hung: not-watched'],
  },
  'one that used the processor is slow': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: watched({ cpu: true }),
    refused: ['daemon hung: slow'],
  },
  'one that wrote its log is slow': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: watched({ log: true }),
    refused: ['daemon hung: slow'],
  },
  'one that answered is slow': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: watched({ answered: true }),
    refused: ['daemon hung: slow'],
  },
  'one under a supervisor is left to it': {
    found: ['daemon hung'],
    base: healthy,
    seen: hung,
    more: watched({ supervisor: { name: 'coven.service', user: true } }),
    refused: ['daemon hung: supervised'],
  },
  'a daemon whose process is not seen as one is not signalled': {
    found: ['daemon hung'],
    base: healthy,
    seen: { ...hung, processes: { list: [{ ...daemonProcess, role: 'other' }] } },
    more: watched(),
    refused: ['daemon hung: daemon-not-proven'],
  },
  'one in a pid namespace that cannot be told is not signalled': {
    found: ['daemon unreachable'],
    base: healthy,
    seen: { ...unlinked, machine: { pidNamespace: null } },
    refused: ['daemon unreachable: daemon-not-proven'],
  },
  'one that is not proven, and unreachable': {
    found: ['daemon unreachable'],
    base: healthy,
    seen: { ...unlinked, processes: { list: [{ ...daemonProcess, home: 'other' }] } },
    refused: ['daemon unreachable: daemon-not-proven'],
  },
  'an unreachable one that is stopped': {
    found: ['daemon unreachable'],
    base: healthy,
    seen: { ...unlinked, processes: { list: [{ ...daemonProcess, state: 'T' }] } },
    refused: ['daemon unreachable: not-runnable'],
  },

  // Restarts.
  'a daemon that runs another version is restarted': {
    found: ['daemon:version skew warn'],
    base: healthy,
    steps: ['restart-daemon after safe for-good'],
  },
  'a restart that ends a session is disruptive': {
    found: ['daemon:version skew warn'],
    base: healthy,
    seen: live,
    steps: ['restart-daemon after disruptive for-good'],
  },
  'a restart beside a live `coven run`, whose row it would call orphaned, is disruptive': {
    found: ['daemon:version skew warn'],
    base: healthy,
    seen: liveRun,
    steps: ['restart-daemon after disruptive for-good'],
  },
  'one restart for all that ask for it': {
    found: ['daemon:version skew warn', 'daemon:resources descriptors'],
    base: healthy,
    steps: ['restart-daemon after safe for-good'],
    refused: ['daemon:resources descriptors: covered'],
  },
  'a restart where one asks for it and another for a start': {
    found: ['daemon:version skew warn', 'daemon stale'],
    base: healthy,
    steps: ['restart-daemon after safe for-good'],
    refused: ['daemon stale: covered'],
  },
  'what has steps of its own keeps them beside a start that another asks for': {
    found: ['daemon stale', 'daemon unreachable'],
    base: healthy,
    seen: unlinked,
    steps: ['end-process 4242 alive disruptive for-good', `${start} requires daemon unreachable`],
  },
  'a start ends no session of a daemon that is gone': {
    found: ['daemon stopped warn'],
    seen: { ...live, processes: { list: [{ ...harnessProcess, ownerPid: null, ppid: 1 }] } },
    start: true,
    steps: [start],
  },
  'a start that is blocked withholds what asks for it, and nothing else': {
    found: ['daemon stale', 'home:mode readable-by-others warn'],
    seen: { ...stale, ...files({ '.': { kind: 'directory' } }), 'store.open': { outcome: 'malformed' } },
    steps: ['set-mode . 700 alive safe'],
    refused: ['daemon stale: start-blocked'],
  },
  'a daemon is not ended that could not be started again': {
    found: ['daemon unreachable'],
    base: healthy,
    seen: { ...unlinked, 'store.open': { outcome: 'malformed' } },
    refused: ['daemon unreachable: start-blocked'],
  },
  'a start does away with nothing that is in its own way': {
    found: ['daemon stale'],
    base: healthy,
    seen: hung,
    refused: ['daemon stale: start-blocked'],
  },
  'a restart of a hung daemon is blocked, where a start by its end is not': {
    found: ['daemon:health timeout'],
    base: healthy,
    seen: hung,
    refused: ['daemon:health timeout: start-blocked'],
  },
  'a degraded storage beside privacy.toml is that file': {
    found: ['daemon:health storage-degraded warn'],
    base: healthy,
    seen: { 'home.config': { files: [{ name: 'privacy.toml', state: 'unparsable', line: 3 }] } },
    refused: ['daemon:health storage-degraded: by-hand'],
  },
  'a degraded storage beside another file that cannot be parsed is restarted': {
    found: ['daemon:health storage-degraded warn'],
    base: healthy,
    seen: {
      'home.config': {
        files: [
          { name: 'settings.json', state: 'unparsable', line: 3 },
          { name: 'privacy.toml', state: 'parsed', line: null },
        ],
      },
    },
    steps: ['restart-daemon after safe for-good'],
  },
  'a degraded storage by itself is restarted': {
    found: ['daemon:health storage-degraded warn'],
    base: healthy,
    steps: ['restart-daemon after safe for-good'],
  },
  'orphaned rows are marked by a restart where a daemon runs': {
    found: ['sessions:orphaned orphaned warn'],
    base: healthy,
    steps: ['restart-daemon after safe for-good'],
  },
  'and by a start where none does': {
    found: ['sessions:orphaned orphaned warn', 'sessions:stranded stranded warn'],
    steps: [start],
    refused: ['sessions:stranded stranded: covered'],
  },

  // Harnesses that outlived their daemon.
  'one that is provably left is ended': {
    found: ['sessions:processes unowned warn'],
    seen: { processes: { list: [{ ...harnessProcess, ownerPid: null, deadTerminal: true }] } },
    steps: ['end-process 4300 kill alive lossy for-good'],
  },
  ...Object.fromEntries(
    (
      [
        ['leads no session', { sessionLeader: false }],
        ['has its terminal still', { deadTerminal: false }],
        ['is of no session', { sessionId: null }],
        ['has a daemon above it', { ownerPid: 4242 }],
        ['is of another user', { uid: 0 }],
        ['is a zombie', { state: 'Z' }],
        ['is above the doctor', { own: true }],
        ['has the ledger open', { ledgerOpen: true }],
        ['is no harness', { role: 'other' }],
      ] as const
    ).map(([why, more]) => [
      `one that ${why} is left`,
      {
        found: ['sessions:processes unowned warn'],
        seen: { processes: { list: [{ ...harnessProcess, ownerPid: null, deadTerminal: true, ...more }] } },
        refused: ['sessions:processes unowned: not-provably-left'],
      } satisfies Case,
    ]),
  ),
  'one is left where locks were not seen': {
    found: ['sessions:processes unowned warn'],
    seen: { processes: { list: [{ ...harnessProcess, ownerPid: null, deadTerminal: true }] } },
    more: { 'home.locks': null },
    refused: ['sessions:processes unowned: not-provably-left'],
  },
  'one that holds a lock beside others is left': {
    found: ['sessions:processes unowned warn'],
    seen: {
      processes: { list: [{ ...harnessProcess, ownerPid: null, deadTerminal: true }] },
      'home.locks': {
        files: [
          { name: 'daemon.lock', holders: [] },
          { name: 'state.lock', holders: [{ pid: 4300, exclusive: false }] },
        ],
      },
    },
    refused: ['sessions:processes unowned: not-provably-left'],
  },
  'one that holds a lock is left': {
    found: ['sessions:processes unowned warn'],
    seen: {
      processes: { list: [{ ...harnessProcess, ownerPid: null, deadTerminal: true }] },
      'home.locks': { files: [{ name: 'state.lock', holders: [{ pid: 4300, exclusive: false }] }] },
    },
    refused: ['sessions:processes unowned: not-provably-left'],
  },

  // The ledger.
  'a large WAL is brought in': {
    found: ['store:wal large warn'],
    seen: files(ledger),
    steps: ['checkpoint gone safe'],
  },
  'the search index is made anew': {
    found: ['store:index search-index warn'],
    seen: files(ledger),
    steps: ['rebuild-search gone safe'],
  },
  'the search index has other words than an event, which may be the one that is damaged': {
    found: ['store:index search-index warn'],
    seen: { ...files(ledger), 'store.integrity': { search: otherWords } },
    steps: ['rebuild-search gone lossy'],
  },
  'the search index has no other words than an event': {
    found: ['store:index search-index warn'],
    seen: { ...files(ledger), 'store.integrity': { search: { ...otherWords, differing: 0 } } },
    steps: ['rebuild-search gone safe'],
  },
  'a start waits for the index that is made anew': {
    found: ['store:index index-mismatch warn', 'daemon stopped warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    start: true,
    steps: ['rebuild-index idx_b gone safe', `${start} requires store:index index-mismatch`],
  },
  'an index is made anew, and with it a search index that may know better': {
    found: ['store:index index-mismatch warn', 'store:index search-index warn'],
    seen: {
      ...files(ledger),
      'store.integrity': { indexProblems: ['row 7 missing from index idx_b'], search: otherWords },
    },
    steps: ['rebuild-index idx_b gone lossy'],
    refused: ['store:index search-index: covered'],
  },
  'an index is made anew, by the name that SQLite says': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['odd', 'row 7 missing from index idx_b'] } },
    steps: ['rebuild-index idx_b gone safe'],
  },
  'an index that has another value than its table': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    more: { indexes: { lostRows: 0, values: [twoValues], compared: ['idx_b'] } },
    steps: ['rebuild-index idx_b gone lossy'],
  },
  'an index that holds rows which its table lost': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    more: { indexes: { lostRows: 1, values: [], compared: ['idx_b'] } },
    refused: ['store:index index-mismatch: index-holds-lost-rows'],
  },
  'an index that holds rows which its table lost, where a rescue was foreseen': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    more: { indexes: { lostRows: 1, values: [], compared: ['idx_b'] }, rescue: foreseen({}) },
    steps: ['rescue-ledger gone disruptive'],
  },
  'a damaged ledger of which a rescue loses nothing': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({}) },
    steps: ['rescue-ledger gone disruptive'],
  },
  'a damaged ledger of which a rescue loses a row': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({ lost: 1 }) },
    steps: ['rescue-ledger gone lossy'],
  },
  'a damaged ledger of which a rescue may lose rows without a trace': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({ doubts: 1 }) },
    steps: ['rescue-ledger gone lossy'],
  },
  'a damaged ledger of which a rescue loses a row, and does not know of another': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({ lost: 1, uncertain: 1 }) },
    steps: ['rescue-ledger gone lossy'],
  },
  'a damaged ledger that holds a single row': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({ rescued: 1 }) },
    steps: ['rescue-ledger gone disruptive'],
  },
  'a damaged ledger that holds none': {
    found: ['store:integrity corrupt'],
    more: { rescue: foreseen({ rescued: 0 }) },
    refused: ['store:integrity corrupt: nothing-to-rescue'],
  },
  'a damaged ledger of which nothing was foreseen': {
    found: ['store:integrity corrupt'],
    refused: ['store:integrity corrupt: not-seen'],
  },
  'a damaged ledger that two checks tell of is rescued once': {
    found: ['store:open malformed', 'store:integrity corrupt'],
    more: { rescue: foreseen({}) },
    steps: ['rescue-ledger gone disruptive'],
    refused: ['store:integrity corrupt: covered'],
  },
  'a damaged ledger and what a dead daemon left': {
    found: ['store:integrity corrupt', 'daemon:record dead-pid'],
    seen: { ...stale, ...files({ 'daemon.json': {} }) },
    more: { rescue: foreseen({}) },
    steps: ['rescue-ledger gone disruptive', 'quarantine daemon.json gone safe'],
  },
  'a damaged ledger beside a foreign WAL, which is kept with it': {
    found: ['store:wal foreign', 'store:integrity corrupt'],
    seen: files({ ...ledger, 'coven.sqlite3-wal': {} }),
    more: { rescue: foreseen({}) },
    steps: ['rescue-ledger gone disruptive'],
    refused: ['store:wal foreign: covered'],
  },
  'a start on a damaged ledger requires its rescue': {
    found: ['store:open malformed', 'daemon stopped warn'],
    seen: { 'store.open': { outcome: 'malformed' } },
    more: { rescue: foreseen({ lost: 1 }) },
    start: true,
    steps: ['rescue-ledger gone lossy', `${start} requires store:open malformed`],
  },
  'whatever else the checks of the ledger have to say, a rescued one is another': {
    found: ['store:open malformed', 'daemon stopped warn'],
    seen: { 'store.open': { outcome: 'malformed' }, 'store.files': { walState: 'torn' } },
    more: { rescue: foreseen({}) },
    start: true,
    steps: ['rescue-ledger gone disruptive', `${start} requires store:open malformed`],
  },
  'a damaged ledger that somebody has open': {
    found: ['store:integrity corrupt'],
    seen: { processes: { list: [{ ...stranger, ledgerOpen: true }] } },
    more: { rescue: foreseen({}) },
    refused: ['store:integrity corrupt: ledger-in-use'],
  },
  'a damaged ledger of which no rescue could be foreseen': {
    found: ['store:integrity corrupt'],
    more: { rescue: { why: 'no room' } },
    refused: ['store:integrity corrupt: cannot-rescue'],
  },
  'a WAL that is merely torn at its end': {
    found: ['store:wal torn warn'],
    more: { rescue: foreseen({}) },
    refused: ['store:wal torn: by-hand'],
  },
  'an index that could not be held against its table': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    more: { indexes: null },
    refused: ['store:index index-mismatch: indexes-not-compared'],
  },
  'an index that is not named': {
    found: ['store:index index-mismatch warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['odd'] } },
    refused: ['store:index index-mismatch: index-not-named'],
  },
  'the ledger is replaced once, by what does most': {
    found: ['store:wal large warn', 'store:index index-mismatch warn', 'store:index search-index warn'],
    seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
    steps: ['rebuild-index idx_b gone safe'],
    refused: ['store:wal large: covered', 'store:index search-index: covered'],
  },
  'a ledger that was not seen': { found: ['store:wal large warn'], refused: ['store:wal large: not-seen'] },
  'a ledger beside a live daemon': {
    found: ['store:wal large warn'],
    base: healthy,
    seen: files(ledger),
    refused: ['store:wal large: ledger-in-use'],
  },
  'a ledger beside a live daemon that is not seen to have it open': {
    found: ['store:wal large warn'],
    base: healthy,
    seen: { ...files(ledger), processes: { list: [{ ...daemonProcess, ledgerOpen: false }] } },
    refused: ['store:wal large: ledger-in-use'],
  },
  'a ledger beside what a dead daemon left': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), ...stale },
    steps: ['checkpoint gone safe'],
  },
  'a ledger where the processes could not be seen': {
    found: ['store:wal large warn', 'sessions:orphaned orphaned warn'],
    seen: files(ledger),
    more: { processes: null },
    refused: ['store:wal large: ledger-in-use', 'sessions:orphaned orphaned: start-blocked'],
  },
  'a ledger where it could not be seen whether a daemon lives': {
    found: ['store:wal large warn'],
    seen: files(ledger),
    more: { 'daemon.record': null },
    refused: ['store:wal large: ledger-in-use'],
  },
  'a ledger that somebody has open': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), processes: { list: [{ ...stranger, ledgerOpen: true }] } },
    refused: ['store:wal large: ledger-in-use'],
  },
  'a ledger that a newer SQLite has written': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.files': { header: { pageSize: 4096, pages: 1, wal: true, writer: 3_053_003 } } },
    refused: ['store:wal large: newer-writer'],
  },
  'a ledger that a newer SQLite has written than Coven has, and this program has it, too': {
    found: ['store:wal large warn'],
    seen: {
      ...files(ledger),
      'store.files': { header: { pageSize: 4096, pages: 1, wal: true, writer: 3_053_004 } },
      'store.open': { sqlite: '3.53.4' },
    },
    steps: ['checkpoint gone safe'],
  },
  'a ledger that a newer SQLite has written than Coven and this program have': {
    found: ['store:wal large warn'],
    seen: {
      ...files(ledger),
      'store.files': { header: { pageSize: 4096, pages: 1, wal: true, writer: 3_053_005 } },
      'store.open': { sqlite: '3.53.4' },
    },
    refused: ['store:wal large: newer-writer'],
  },
  'a ledger that Coven has written, and this program has an older SQLite': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.open': { sqlite: '3.49.1' } },
    refused: ['store:wal large: newer-writer'],
  },
  'a ledger that could not be read': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.open': { outcome: 'unreadable', code: 'DOCTOR_NO_SCRATCH' } },
    refused: ['store:wal large: not-read'],
  },
  'a damaged table': {
    found: ['store:wal large warn'],
    seen: {
      ...files(ledger),
      'store.integrity': {
        tables: [{ table: 'events', rowsRead: 1, rowsAbout: 2, complete: false, problem: 'SQLITE_CORRUPT' }],
      },
    },
    refused: ['store:wal large: ledger-damaged'],
  },
  'damaged pages': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.integrity': { problems: ['x'] } },
    refused: ['store:wal large: ledger-damaged'],
  },
  'a torn WAL': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.files': { walState: 'torn' } },
    refused: ['store:wal large: ledger-damaged'],
  },
  "another ledger's WAL": {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.open': { walForeign: true } },
    refused: ['store:wal large: ledger-damaged'],
  },
  'a ledger that does not open': {
    found: ['store:wal large warn'],
    seen: { ...files(ledger), 'store.open': { outcome: 'malformed' } },
    refused: ['store:wal large: ledger-damaged'],
  },
  "another ledger's WAL is moved aside, and that may lose rows": {
    found: ['store:wal foreign'],
    seen: files(ledger),
    steps: ['quarantine coven.sqlite3-wal gone lossy', 'quarantine coven.sqlite3-shm gone lossy'],
  },
  'a WAL whose ledger is gone is moved aside': {
    found: ['store:wal alone'],
    seen: files({ 'coven.sqlite3-wal': {} }),
    steps: ['quarantine coven.sqlite3-wal gone safe'],
  },
  'steps stand in the order in which they are taken': {
    found: ['daemon stopped warn', 'store:wal large warn', 'home:mode readable-by-others warn'],
    seen: files({ ...ledger, '.': { kind: 'directory' } }),
    start: true,
    steps: ['set-mode . 700 alive safe', 'checkpoint gone safe', start],
  },
};

describe('makePlan', () => {
  for (const [what, one] of Object.entries(cases)) {
    it(what, () => {
      const plan = planOf(one);
      expect([stepsOf(plan), refusalsOf(plan)]).toEqual([one.steps ?? [], one.refused ?? []]);
      expect(plan.steps.map(({ id }) => id)).toEqual(plan.steps.map((_, index) => String(index + 1)));
    });
  }

  it('kills a hung daemon only where a loss is allowed, and starts it anew', () => {
    const ask = (allow: Case['allow']) =>
      stepsOf(planOf({ found: ['daemon hung'], base: healthy, seen: hung, more: watched(), ...(allow && { allow }) }));
    expect(ask([])).toEqual(['end-process 4242 alive disruptive for-good', start]);
    expect(ask(['lossy'])).toEqual(['end-process 4242 kill alive lossy for-good', start]);
  });

  it('ends a daemon whose socket is gone, with its signal to stop', () => {
    expect(stepsOf(planOf({ found: ['daemon unreachable'], base: healthy, seen: unlinked }))).toEqual([
      'end-process 4242 alive disruptive for-good',
      start,
    ]);
  });

  it('notes which main file a part of a ledger lies beside, and of nothing else', () => {
    const besides = (found: string, seen: Changes) =>
      planOf({ found: [found], seen }).steps.map(({ action }) =>
        'beside' in action ? (action.beside?.ino ?? null) : 'none',
      );
    expect(besides('store:wal foreign', files({ ...ledger, 'coven.sqlite3': { ino: '7' } }))).toEqual(['7', '7']);
    expect(besides('store:wal alone', files({ 'coven.sqlite3-wal': {} }))).toEqual([null]);
    expect(besides('daemon:record dead-pid', { ...stale, ...files({ 'daemon.json': {} }) })).toEqual(['none']);
  });

  it('says of a refusal what it is about', () => {
    const factsOf = (one: Case) => planOf(one).refused.map(({ facts }) => facts);
    expect(factsOf({ found: ['store:wal alone'] })).toEqual([{ name: 'coven.sqlite3-wal' }]);
    expect(
      factsOf({ found: ['home:owner foreign-entries'], seen: files({ '.': {}, b: { uid: 7 }, a: { uid: 8 } }) }),
    ).toEqual([{ uid: 1000, name: 'b', count: 2 }]);
    expect(factsOf({ found: ['home:mode entry-open'] })).toEqual([{}]);
  });

  it('is for one home, one boot and 24 hours, and its digest is of what it does', () => {
    const one = planOf({ found: ['daemon stopped warn'], start: true });
    const { home, machine, madeAt, expiresAt, digest, live: lives } = one;
    expect({ home, machine, madeAt, expiresAt, lives }).toEqual({
      home: { dev: '1', ino: '2' },
      machine: { bootId: 'boot', pidNamespace: 'pid:[1]' },
      madeAt: '2026-11-24T10:00:00.000Z',
      expiresAt: '2026-11-25T10:00:00.000Z',
      lives: { daemonSessions: [], runSessions: [] },
    });
    expect(planOf({ found: ['daemon stopped warn'], start: true }).digest).toBe(digest);
    expect(planOf({ found: ['daemon stopped warn'], start: true, seen: { home: { ino: '3' } } }).digest).not.toBe(
      digest,
    );
    expect(planOf({ found: [], start: true }).digest).not.toBe(digest);
  });

  it('carries the values in which an index differs from its table, where there are any', () => {
    const valuesOf = (values: readonly (typeof twoValues)[]) =>
      planOf({
        found: ['store:index index-mismatch warn'],
        seen: { ...files(ledger), 'store.integrity': { indexProblems: ['row 7 missing from index idx_b'] } },
        more: { indexes: { lostRows: 0, values, compared: ['idx_b'] } },
      }).steps.map(({ action }) => ('values' in action ? action.values : 'none'));
    expect([valuesOf([]), valuesOf([twoValues])]).toEqual([['none'], [[twoValues]]]);
  });

  it('carries the backup that fills a rescue, where there is one', () => {
    const backup = { run: 'r1' } as never;
    const backupsOf = (rescue: PlanInput['rescue']) =>
      planOf({ found: ['store:integrity corrupt'], more: { rescue } }).steps.map(({ action }) =>
        'backup' in action ? action.backup : 'none',
      );
    expect(backupsOf(foreseen({}))).toEqual(['none']);
    expect(backupsOf({ ...foreseen({}), backup } as never)).toEqual([backup]);
  });

  it('refuses all, and is over at once, where not even the machine could be seen', () => {
    const unseen = { ...inputOf(stopped, {}), machine: null };
    const plan = makePlan([foundOf('store:wal large')], unseen, { allow: new Set(), startStopped: false }, tool);
    expect([plan.madeAt, plan.expiresAt]).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-02T00:00:00.000Z']);
    expect(refusalsOf(plan)).toEqual(['store:wal large: other-owner']);
  });

  it('names the sessions that live', () => {
    expect(planOf({ found: [], base: healthy, seen: live }).live).toEqual({
      daemonSessions: ['session-1'],
      runSessions: [],
    });
    expect(planOf({ found: [], base: healthy, seen: liveRun }).live).toEqual({
      daemonSessions: [],
      runSessions: ['session-1'],
    });
    const ofAnother = { processes: { list: [daemonProcess, { ...harnessProcess, ownerPid: 5000 }] } };
    expect(planOf({ found: [], base: healthy, seen: { ...live, ...ofAnother } }).live).toEqual({
      daemonSessions: [],
      runSessions: ['session-1'],
    });
    const unseen = { ...inputOf(healthy, live), processes: null };
    expect(makePlan([], unseen, { allow: new Set(), startStopped: false }, tool).live).toEqual({
      daemonSessions: [],
      runSessions: [],
    });
  });
});

describe('a remedy', () => {
  it('of owners is for root in a home of its own, whoever asks for it', () => {
    const ask = (more: Partial<PlanInput>) =>
      ownerRemedy.plan({ ...inputOf(stopped, {}), ...more }, foundOf('home:owner foreign-entries').finding, {
        allow: new Set(),
        startStopped: false,
      });
    const home = { ...stopped.home, uid: 0 };
    expect([ask({ home }), ask({ home: null }), ask({ machine: null })]).toEqual([
      { refuse: 'other-owner' },
      { refuse: 'other-owner' },
      { refuse: 'other-owner' },
    ]);
  });

  it('is offered where it can help', () => {
    expect([{ me: 0 }, { me: 1 }].map((facts) => ownerRemedy.helps?.(facts))).toEqual([true, false]);
    const hungOnes = [{ state: 'S' }, { state: 't' }, { state: 'S', frozenBy: '/sys/fs/cgroup/x/cgroup.freeze' }];
    expect(hungOnes.map((facts) => hungRemedy.helps?.(facts))).toEqual([true, false, false]);
    // A warning of the end of a WAL is left as it is.
    expect([rescueRemedy.failuresOnly, checkpointRemedy.failuresOnly]).toEqual([true, undefined]);
  });
});

test('who allows a rescue to lose rows allows one that loses none, and nothing else that is disruptive', () => {
  const step = (kind: string, risk: Risk) => ({ action: { kind } as Action, risk });
  const lossy = new Set(['safe', 'lossy'] as const);
  expect([
    isAllowed(step('rescue-ledger', 'disruptive'), lossy),
    isAllowed(step('restart-daemon', 'disruptive'), lossy),
    isAllowed(step('rescue-ledger', 'lossy'), new Set(['safe', 'disruptive'] as const)),
  ]).toEqual([true, false, false]);
});
