import { daemon } from '../../checks/daemon.ts';
import { daemonCapabilities } from '../../checks/daemon-capabilities.ts';
import { daemonContext } from '../../checks/daemon-context.ts';
import { daemonContract } from '../../checks/daemon-contract.ts';
import { daemonDuplicates } from '../../checks/daemon-duplicates.ts';
import { daemonHealth } from '../../checks/daemon-health.ts';
import { daemonLog } from '../../checks/daemon-log.ts';
import { daemonRecord } from '../../checks/daemon-record.ts';
import { daemonResources } from '../../checks/daemon-resources.ts';
import { daemonSocket } from '../../checks/daemon-socket.ts';
import { daemonVersion } from '../../checks/daemon-version.ts';
import {
  ago,
  body,
  type Changes,
  daemonProcess,
  day,
  gibibyte,
  healthy,
  hour,
  mebibyte,
  minute,
  stranger,
} from '../../fixtures/seen.ts';
import type { LogStart, LogStory, Observations, Process, Silence } from '../../src/model/observation.ts';
import { judges, type Row, whenStopped } from './table.ts';

const unlocked: Changes = { 'home.locks': { files: [{ name: 'daemon-serve.lock', holders: [] }] } };
const lockedBy = (pid: number, exclusive = true): Changes => ({
  'home.locks': { files: [{ name: 'daemon-serve.lock', holders: [{ pid, exclusive }] }] },
});
const processes = (...list: readonly Process[]): Changes => ({ processes: { list } });
const health = (outcome: Observations['daemon.health']['outcome'], more = {}): Changes => ({
  'daemon.health': { outcome, body: null, ...more },
});
const recorded = (more: Partial<Observations['daemon.record']>): Changes => ({
  'daemon.record': { ...healthy['daemon.record'], ...more },
});
const socket = (more: Partial<Observations['daemon.socket']>): Changes => ({ 'daemon.socket': more });
const refused = socket({ kind: 'socket', mode: 0o600, uid: 1000, connect: 'refused' });
const elsewhere: Changes = { machine: { seesEveryProcess: false } };
const zombie: Process = { ...stranger, pid: 4242, innerPid: 4242, state: 'Z', startedAt: ago(2 * hour) };

/** Asleep in every look of eleven seconds, with nothing of it moving. */
const still: Silence = {
  pid: 4242,
  watchedMs: 11_000,
  looks: 20,
  state: 'S',
  runnable: false,
  cpuMs: 20,
  log: false,
  lateMs: 3,
};
const silences: readonly (readonly [name: string, silence: Silence, verdict: string])[] = [
  ['no answer, and it stands still', still, 'fail hung'],
  ['the same, watched for ten seconds to the millisecond', { ...still, watchedMs: 10_000 }, 'fail hung'],
  ['the same on a machine that lets nobody run', { ...still, lateMs: 9000 }, 'fail hung'],
  ['no answer, and it is stopped', { ...still, state: 'T', watchedMs: 1500, looks: 2 }, 'fail hung'],
  ['no answer, and it is traced', { ...still, state: 't', watchedMs: 1500, looks: 2 }, 'fail hung'],
  ['no answer, and its processor time goes on', { ...still, cpuMs: 100 }, 'unknown slow'],
  ['no answer, and its log goes on', { ...still, log: true }, 'unknown slow'],
  ['no answer, and it waits for a processor', { ...still, runnable: true }, 'unknown slow'],
  ['no answer, and no time to watch it', { ...still, watchedMs: 9999 }, 'unknown slow'],
  [
    'no answer, and it was hardly looked at, since we were kept waiting',
    { ...still, looks: 7, lateMs: 1000 },
    'unknown slow',
  ],
  [
    'no answer, and it cannot be seen while we are kept waiting',
    { ...still, state: null, lateMs: 1000 },
    'unknown slow',
  ],
  ['no answer, and it cannot be seen', { ...still, pid: null, state: null }, 'fail hung'],
];

judges(daemon, [
  ['it answers and holds the lock', {}, ['pass ok']],
  whenStopped('no home yet', { home: { kind: 'absent', uid: null } }, ['warn stopped']),
  ['a file in its place', { home: { kind: 'file' } }, ['skip home-not-a-directory']],
  whenStopped('nothing of it is there', {}, ['warn stopped']),
  whenStopped('a record of a pid that is gone', recorded({}), ['fail stale']),
  whenStopped('a record of a zombie', { ...recorded({}), ...processes(zombie) }, ['fail stale']),
  whenStopped(
    'a record of a process that hides its environment',
    {
      ...recorded({}),
      ...processes({ ...daemonProcess, home: 'unreadable', listening: false }),
    },
    ['unknown undetermined'],
  ),
  ['the lock without an answer', { ...health('no-bytes') }, ['fail hung']],
  ...silences.map(([name, silence, verdict]): Row => [name, { ...health('no-bytes', { silence }) }, [verdict]]),
  ['a full queue', { ...health('unreachable'), ...socket({ connect: 'full' }) }, ['fail hung']],
  ['an answer that says nothing of who it is', { ...health('not-json') }, ['pass ok']],
  [
    'the lock, and the socket gone',
    { ...health('unreachable'), ...socket({ kind: 'absent', connect: 'absent' }) },
    ['fail unreachable'],
  ],
  [
    'the same, 29 seconds after its start',
    {
      ...health('unreachable'),
      ...socket({ kind: 'absent', connect: 'absent' }),
      ...processes({ ...daemonProcess, startedAt: ago(29), listening: false }),
    },
    ['warn starting'],
  ],
  [
    'the same, after 30 seconds',
    {
      ...health('unreachable'),
      ...socket({ kind: 'absent', connect: 'absent' }),
      ...processes({ ...daemonProcess, startedAt: ago(30), listening: false }),
    },
    ['fail unreachable'],
  ],
  [
    'the same at its start, and it listens already',
    {
      ...health('unreachable'),
      ...socket({ kind: 'absent', connect: 'absent' }),
      ...processes({ ...daemonProcess, startedAt: ago(5) }),
    },
    ['fail unreachable'],
  ],
  ['another process answers', { ...body({ pid: 5000 }), ...processes(daemonProcess) }, ['fail duplicate']],
  [
    'it answers with the number that it has in its container',
    { ...body({ pid: 7 }), ...processes({ ...daemonProcess, innerPid: 7 }) },
    ['warn other-namespace'],
  ],
  ['the lock is held from another pid namespace', { ...lockedBy(0) }, ['pass ok']],
  [
    'another process listens where it holds the lock',
    {
      ...health('no-bytes'),
      ...processes({ ...daemonProcess, listening: false }, { ...stranger, listening: true }),
    },
    ['fail foreign'],
  ],
  ['it answers and holds no lock', { ...unlocked }, ['pass ok']],
  ['somebody else answers and holds no lock', { ...unlocked, ...processes() }, ['fail foreign']],
  ['the same in another pid namespace', { ...unlocked, ...processes(), ...elsewhere }, ['pass ok']],
  [
    'the same where locks are not to be seen',
    { 'home.locks': { method: 'none', files: [] }, ...processes() },
    ['pass ok'],
  ],
  ['it accepts, says nothing and holds no lock', { ...unlocked, ...health('no-bytes') }, ['fail hung']],
  ['a stranger accepts and says nothing', { ...unlocked, ...health('no-bytes'), ...processes() }, ['fail foreign']],
  [
    'a stranger of another pid namespace does',
    { ...unlocked, ...health('no-bytes'), ...processes(), ...elsewhere },
    ['unknown undetermined'],
  ],
  ['a process without lock and socket', { ...unlocked, ...health('unreachable'), ...refused }, ['fail unreachable']],
  [
    'a shared holder of the lock is no daemon',
    {
      ...lockedBy(4242, false),
      ...health('unreachable'),
      ...refused,
      ...processes(),
      ...recorded({ state: 'absent', pid: null }),
    },
    ['warn stopped'],
  ],
]);

judges(daemonDuplicates, [
  ['one daemon', {}, ['pass ok']],
  [
    'a second that listens',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, startedAt: ago(1) }),
    ['fail second-daemon'],
  ],
  [
    'the daemon of another home on the same ledger',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, home: 'other', listening: false }),
    ['fail shared-ledger'],
  ],
  [
    'the daemon of another home on its own',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, home: 'other', listening: false, ledgerOpen: false }),
    ['pass ok'],
  ],
  [
    'a second that came 10 seconds ago',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, listening: false, startedAt: ago(10) }),
    ['pass ok'],
  ],
  [
    'a second that came 11 seconds ago',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, listening: false, startedAt: ago(11) }),
    ['fail second-daemon'],
  ],
  [
    'one of another home',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, home: 'other', ledgerOpen: false }),
    ['pass ok'],
  ],
  [
    'a helper under its command line',
    processes(daemonProcess, { ...daemonProcess, pid: 5000, role: 'helper' }),
    ['pass ok'],
  ],
  ['a zombie', processes(daemonProcess, { ...daemonProcess, pid: 5000, state: 'Z' }), ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
]);

judges(daemonRecord, [
  ['the live daemon', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['absent', recorded({ state: 'absent', pid: null }), ['pass ok']],
  ['no JSON', recorded({ state: 'invalid', pid: null }), ['warn invalid']],
  ['too large', recorded({ state: 'too-large', pid: null }), ['fail unreadable']],
  ['a folder', recorded({ state: 'not-a-file', pid: null }), ['fail unreadable']],
  whenStopped('a pid that is gone', recorded({}), ['warn dead-pid']),
  whenStopped('a zombie', { ...recorded({}), ...processes(zombie) }, ['fail zombie-pid']),
  whenStopped('a dead process that is still listed', { ...recorded({}), ...processes({ ...zombie, state: 'X' }) }, [
    'fail zombie-pid',
  ]),
  whenStopped(
    'a process that began 121 seconds apart',
    {
      ...recorded({}),
      ...processes({ ...daemonProcess, startedAt: ago(2 * hour - 121) }),
    },
    ['fail reused-pid'],
  ),
  [
    'a daemon that began 120 seconds apart',
    {
      ...unlocked,
      ...health('unreachable'),
      ...refused,
      ...processes({ ...daemonProcess, startedAt: ago(2 * hour - 120) }),
    },
    ['pass ok'],
  ],
  whenStopped(
    'another program under that number',
    {
      ...recorded({}),
      ...processes({ ...stranger, pid: 4242, startedAt: ago(2 * hour) }),
    },
    ['fail reused-pid'],
  ),
  whenStopped('pid 0, which Coven takes for alive', recorded({ pid: 0 }), ['fail reused-pid']),
  whenStopped(
    'a process of its user that hides its environment',
    {
      ...recorded({}),
      ...processes({ ...stranger, pid: 4242, startedAt: ago(2 * hour), home: 'unreadable' }),
    },
    ['unknown undetermined'],
  ),
  whenStopped(
    'one of another user',
    {
      ...recorded({}),
      ...processes({ ...stranger, pid: 4242, startedAt: ago(2 * hour), home: 'unreadable', uid: 0 }),
    },
    ['fail reused-pid'],
  ),
  [
    'another socket, and another daemon answers',
    { ...recorded({ socketIsOurs: false }), ...body({ startedAt: ago(minute) }) },
    ['warn foreign-socket'],
  ],
  ['another path of the same socket, as in a container', recorded({ socketIsOurs: false }), ['pass ok']],
]);

judges(daemonSocket, [
  ['it listens', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a path that is too long', socket({ connect: 'too-long' }), ['skip socket-path-too-long']],
  ['a file', socket({ kind: 'file', connect: 'not-tried' }), ['fail not-a-socket']],
  ['of another user', socket({ uid: 0 }), ['fail foreign-owner']],
  ['open to others', socket({ mode: 0o666 }), ['fail open-mode']],
  ['closed to its owner', socket({ mode: 0o400 }), ['fail open-mode']],
  whenStopped('none', {}, ['pass ok']),
  whenStopped('left behind', refused, ['warn stale']),
  whenStopped('left behind, and open', socket({ kind: 'socket', mode: 0o755, uid: 1000, connect: 'refused' }), [
    'fail open-mode',
    'warn stale',
  ]),
  [
    'gone under a live daemon',
    { ...health('unreachable'), ...socket({ kind: 'absent', mode: null, connect: 'absent' }) },
    ['fail unlinked'],
  ],
  ['refused by a live daemon', { ...health('unreachable'), ...refused }, ['fail unlinked']],
  ['one of another type', socket({ connect: 'wrong-type' }), ['fail wrong-type']],
  ['one that a relay accepts on', socket({ acceptedBy: 99 }), ['fail foreign-listener']],
  ['one that the daemon accepts on', socket({ acceptedBy: 4242 }), ['pass ok']],
  ['another listener', { ...unlocked, ...processes() }, ['fail foreign-listener']],
  ['a daemon that hangs', health('no-bytes'), ['fail hung']],
  ['a daemon that is slow', health('no-bytes', { silence: { ...still, cpuMs: 100 } }), ['unknown slow']],
  whenStopped('one that may not be tried', socket({ kind: 'socket', mode: 0o600, uid: 1000, connect: 'denied' }), [
    'unknown undetermined',
  ]),
  whenStopped('one that could not be tried', socket({ kind: 'socket', mode: 0o600, uid: 1000, connect: 'failed' }), [
    'unknown undetermined',
  ]),
  [
    'refused while it starts',
    { ...health('unreachable'), ...refused, ...processes({ ...daemonProcess, startedAt: ago(3), listening: false }) },
    ['pass ok'],
  ],
]);

judges(daemonHealth, [
  ['well', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['an answer that broke off', health('incomplete'), ['fail timeout ! health-failed']],
  ['an error', health('error-response'), ['fail error-response ! contract-not-understood']],
  ['no JSON', health('not-json'), ['fail invalid-response ! health-failed']],
  ['not ok', body({ ok: false }), ['fail invalid-response']],
  ['ok is missing', body({ ok: null }), ['fail invalid-response']],
  ['storage critical', body({ storageStatus: 'critical' }), ['fail storage-critical']],
  ['storage degraded', body({ storageStatus: 'degraded' }), ['warn storage-degraded']],
  ['storage warning', body({ storageStatus: 'warning' }), ['warn storage-warning']],
  ['storage of an unknown word', body({ storageStatus: 'purple' }), ['unknown undetermined']],
  ['writer pressured', body({ writerState: 'pressured' }), ['warn writer-pressured']],
  ['writer failed', body({ writerState: 'failed' }), ['fail writer-failed']],
  ['writer of an unknown word', body({ writerState: null }), ['unknown undetermined']],
  ['both', body({ storageStatus: 'critical', writerState: 'failed' }), ['fail storage-critical', 'fail writer-failed']],
  ...(
    [
      ['old events wait, 9 minutes after its start', {}, 'pass ok'],
      ['no event waits', { oldestEventAt: null }, 'warn storage-warning'],
      ['maintenance is blocked', { maintenanceBlocked: true }, 'warn storage-warning'],
      ['an error of the storage', { storageError: 'x' }, 'warn storage-warning'],
      ['the disk is low', { freeDiskBytes: gibibyte - 1 }, 'warn storage-warning'],
      ['the disk is just not low', { freeDiskBytes: gibibyte }, 'pass ok'],
      ['the disk is not told', { freeDiskBytes: null }, 'warn storage-warning'],
      ['a WAL of 16 MiB', { walBytes: 16 * mebibyte }, 'warn storage-warning'],
      ['a WAL of just less', { walBytes: 16 * mebibyte - 1 }, 'pass ok'],
      ['a WAL that is not told', { walBytes: null }, 'warn storage-warning'],
      ['10 minutes after its start', { startedAt: ago(600) }, 'warn storage-warning'],
      ['long after, but just removed some', { startedAt: ago(hour), lastPruneAt: ago(599) }, 'pass ok'],
      [
        'long after, and removed none for 10 minutes',
        { startedAt: ago(hour), lastPruneAt: ago(600) },
        'warn storage-warning',
      ],
    ] as const
  ).map(([what, fields, expected]) => {
    const waiting = { storageStatus: 'warning', oldestEventAt: ago(40 * day), startedAt: ago(540), lastPruneAt: null };
    return [
      `a warning: ${what}`,
      {
        ...body({ ...waiting, ...fields }),
        ...recorded({ startedAt: fields && 'startedAt' in fields ? fields.startedAt : ago(540) }),
      },
      [expected],
    ] as const;
  }),
]);

judges(daemonContract, [
  ['ours', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['no answer', health('not-json'), ['skip no-answer']],
  ['none', body({ apiVersion: null }), ['fail missing']],
  ['a later one', body({ apiVersion: 'coven.daemon.v2' }), ['fail unsupported ! contract-not-understood']],
  [
    'one that merely begins so',
    body({ apiVersion: 'coven.daemon.v1.1' }),
    ['fail unsupported ! contract-not-understood'],
  ],
]);

const capable = healthy['daemon.health'].body?.capabilities ?? {};
judges(daemonCapabilities, [
  ['all', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['none', body({ capabilities: null }), ['fail missing']],
  ['one is false', body({ capabilities: { ...capable, events: false } }), ['fail missing']],
  ['a cursor of another kind', body({ capabilities: { ...capable, eventCursor: 'time' } }), ['fail missing']],
  ['more than is known', body({ capabilities: { ...capable, flight: true } }), ['pass ok']],
  ['no catalogue', { 'daemon.capabilities': { outcome: 'error-response', body: null } }, ['warn unanswered']],
  [
    'neither',
    { ...body({ capabilities: {} }), 'daemon.capabilities': { outcome: 'no-bytes', body: null } },
    ['fail missing', 'warn unanswered'],
  ],
]);

const coven = { path: '/usr/bin/coven', target: '/opt/coven', version: '0.4.6', ours: false };
judges(daemonVersion, [
  ['the same', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['a later one is installed', { install: { covens: [{ ...coven, version: '0.4.7' }] } }, ['warn skew']],
  ['none is installed', { install: { covens: [] } }, ['skipped not-comparable']],
  ['only ours is', { install: { covens: [{ ...coven, version: '0.1.0', ours: true }] } }, ['skipped not-comparable']],
  ['ours before it on PATH', { install: { covens: [{ ...coven, version: '0.1.0', ours: true }, coven] } }, ['pass ok']],
  ['a later one lies behind it on PATH', { install: { covens: [coven, { ...coven, version: '0.4.7' }] } }, ['pass ok']],
  ['its version is not told', body({ covenVersion: null }), ['skipped not-comparable']],
  ['its program was replaced', { 'daemon.process': { executableGone: true } }, ['warn replaced-executable']],
  ['that cannot be seen', { 'daemon.process': { executableGone: null } }, ['unknown undetermined']],
  [
    'both',
    { 'daemon.process': { executableGone: true }, install: { covens: [{ ...coven, version: '0.4.7' }] } },
    ['warn replaced-executable', 'warn skew'],
  ],
]);

const open = (descriptors: number | null, limit: number | null): Changes => ({
  'daemon.process': { descriptors, limit },
});
const held = (open: number): Changes => ({
  'daemon.process': { connections: { open, client: { pid: 7, sockets: open, command: 'cave' } } },
});

judges(daemonResources, [
  ['few', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['79 %', open(79, 100), ['pass ok']],
  ['80 %', open(80, 100), ['warn descriptors']],
  ['94 %', open(940, 1000), ['warn descriptors']],
  ['95 %', open(950, 1000), ['fail descriptors']],
  ['room for one session', open(91, 100), ['warn descriptors']],
  ['for none', open(92, 100), ['fail descriptors']],
  ['for none, of a low limit', open(13, 20), ['fail descriptors']],
  ['many connections, and it answers', held(48), ['warn connections']],
  [
    'many connections, and it answers nobody',
    { ...held(64), ...health('no-bytes'), ...processes(daemonProcess) },
    ['fail connections'],
  ],
  [
    'many before one that was stopped',
    { ...held(64), ...health('no-bytes'), ...processes({ ...daemonProcess, state: 'T' }) },
    ['skip daemon-hung'],
  ],
  ['room for the ledger to grow', { 'daemon.process': { fileBytes: 16 * mebibyte } }, ['pass ok']],
  ['no room for it', { 'daemon.process': { fileBytes: 16_384 } }, ['fail small-files']],
  ['tasks for a session', { 'daemon.process': { tasks: { used: 92, limit: 100, by: 'user' } } }, ['pass ok']],
  ['for none', { 'daemon.process': { tasks: { used: 93, limit: 100, by: 'user' } } }, ['fail tasks']],
  [
    'for none, and no descriptors',
    { 'daemon.process': { descriptors: 95, limit: 100, tasks: { used: 100, limit: 100, by: 'control-group' } } },
    ['fail descriptors', 'fail tasks'],
  ],
  ['unseen', open(null, 100), ['unknown undetermined']],
  ['without a known limit', open(5, null), ['unknown undetermined']],
]);

const start = (secondsAgo: number, more: Partial<LogStart> = {}): LogStart => ({
  at: ago(secondsAgo),
  completed: true,
  stopped: false,
  panickedAt: null,
  lastAt: ago(secondsAgo),
  ...more,
});
const log = (story: Partial<LogStory>): Changes => ({ 'daemon.log': story });
const starts = (count: number, apart: number, since = 0): LogStory['starts'] =>
  Array.from({ length: count }, (_, index) => start(since + (count - 1 - index) * apart));
const last = (secondsAgo: number, phase: string | null, completed: boolean) => ({
  last: { at: ago(secondsAgo), phase, completed },
});
const error = (times: number, secondsAgo = 0): LogStory['errors'][number] => ({
  said: 'unix accept error: Too many open files (os error 24)',
  ...{ times, burst: times, failure: true },
  ...{ firstAt: ago(secondsAgo + 60), lastAt: ago(secondsAgo) },
});
judges(daemonLog, [
  ['one start', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['six starts in ten minutes', log({ starts: starts(6, 100), ...last(0, null, true) }), ['warn crash-loop']],
  ['five', log({ starts: starts(5, 100), ...last(0, null, true) }), ['pass ok']],
  [
    'six, one of them stopped by intent',
    log({
      starts: [...starts(5, 100, 1), start(0, { stopped: true })],
      ...last(0, null, true),
    }),
    ['pass ok'],
  ],
  ['six, the first ten minutes before the last', log({ starts: starts(6, 120), ...last(0, null, true) }), ['pass ok']],
  ['six, a day ago', log({ starts: starts(6, 100, day), ...last(day, null, true) }), ['pass ok']],
  [
    'six, a second less than a day ago',
    log({ starts: starts(6, 100, day - 1), ...last(day - 1, null, true) }),
    ['warn crash-loop'],
  ],
  ['a panic', log({ panics: 1, lastPanicAt: ago(hour) }), ['warn panic']],
  ['a panic a day ago', log({ panics: 1, lastPanicAt: ago(day) }), ['pass ok']],
  ['an error five times in ten minutes, now', log({ errors: [error(5)] }), ['fail errors']],
  ['four times', log({ errors: [error(4)] }), ['pass ok']],
  [
    'of the daemon before the last start',
    log({ ...last(minute, null, true), errors: [error(500, 2 * minute)] }),
    ['warn errors'],
  ],
  ['ten minutes ago', log({ errors: [error(500, 10 * minute)] }), ['warn errors']],
  ['a minute ago', log({ errors: [error(5, minute)] }), ['fail errors']],
  ['eleven minutes ago', log({ errors: [error(500, 11 * minute)] }), ['warn errors']],
  [
    'at the very time of the last start',
    log({ ...last(minute, null, true), errors: [error(500, minute)] }),
    ['fail errors'],
  ],
  [
    'now, and beside it one that names no failure',
    log({ errors: [error(5), { ...error(100), said: 'retrying', failure: false }] }),
    ['fail errors'],
  ],
  ['a day ago', log({ errors: [error(500, day)] }), ['pass ok']],
  [
    'without a time, in a log that was just written',
    log({ lastAt: ago(0), errors: [{ ...error(5), lastAt: null }] }),
    ['fail errors'],
  ],
  [
    'an unknown text that names a failure',
    log({ errors: [{ ...error(5), said: '‹line:53 chars›' }] }),
    ['fail errors'],
  ],
  ['one that names none, a hundred times', log({ errors: [{ ...error(100), failure: false }] }), ['warn errors']],
  ['less often', log({ errors: [{ ...error(99), failure: false }] }), ['pass ok']],
  [
    'what clients did wrong',
    log({ errors: [{ ...error(500), said: 'unix connection error: missing HTTP path' }] }),
    ['pass ok'],
  ],
  whenStopped('an error of a daemon that is down', log({ errors: [error(500)] }), ['warn errors']),
  ['a flood', log({ burstBytes: 256 * 1024, lastAt: ago(hour) }), ['warn flood']],
  ['just less', log({ burstBytes: 256 * 1024 - 1, lastAt: ago(hour) }), ['pass ok']],
  ['a flood a day ago', log({ burstBytes: 256 * 1024, lastAt: ago(day) }), ['pass ok']],
  whenStopped('a start that ended half way', log(last(hour, 'store-connection-opened', false)), [
    'warn start-incomplete',
  ]),
  ['one beside a daemon that runs', log(last(hour, 'store-connection-opened', false)), ['pass ok']],
  whenStopped(
    'one, and a ledger that does not open',
    {
      ...log(last(hour, 'store-connection-opened', false)),
      'store.open': { outcome: 'malformed' },
    },
    ['pass ok'],
  ),
  whenStopped(
    'one, and no ledger',
    {
      ...log(last(hour, 'store-connection-opened', false)),
      'store.open': { outcome: 'missing' },
    },
    ['warn start-incomplete'],
  ),
  ...['daemon-store-end', 'status-publication-begin', 'status-publication-end'].map((phase) =>
    whenStopped(`one that came as far as ${phase}`, log(last(hour, phase, false)), [
      'warn start-incomplete ! socket-cannot-bind',
    ]),
  ),
  whenStopped(
    'the same where a file lies at the socket',
    {
      ...log(last(hour, 'daemon-store-end', false)),
      ...socket({ kind: 'file', connect: 'not-tried' }),
    },
    ['warn start-incomplete'],
  ),
  whenStopped(
    'the same where the path is too long',
    {
      ...log(last(hour, 'daemon-store-end', false)),
      ...socket({ connect: 'too-long' }),
    },
    ['warn start-incomplete'],
  ),
  whenStopped(
    'the same where a socket was left',
    {
      ...log(last(hour, 'daemon-store-end', false)),
      ...refused,
    },
    ['warn start-incomplete ! socket-cannot-bind'],
  ),
]);

const context = (more: Partial<Observations['daemon.context']>, status?: string): Changes => ({
  'daemon.context': more,
  'store.sessions': status
    ? {
        latest: [
          { id: 'a', status, createdAt: ago(hour) },
          { id: 'b', status: 'completed', createdAt: ago(day) },
        ],
      }
    : {},
});
const itsHome = { path: '/nonexistent', folder: 'absent', withoutLogin: [] } as const;
const repository: Changes = {
  'sessions.leases': { projects: [{ path: '/p', gate: 'none', owner: null, writers: [] }] },
};
const noGit = context({ gitProgram: { there: false, here: true } });

judges(daemonContext, [
  ['all as here', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['skip daemon-stopped']),
  ['nothing of it may be seen', context({ home: null, ignoresChildren: null, umask: null }), ['skipped not-seen']],
  ['SIGCHLD is ignored', context({ ignoresChildren: true }), ['fail ignores-children']],
  ['no terminals', context({ terminals: 'none' }), ['fail no-terminals']],
  ['none is left', context({ terminals: 'used-up' }), ['fail no-terminals']],
  ['no git, and no project that needs it', noGit, ['pass ok']],
  ['no git, and one that does', { ...noGit, ...repository }, ['fail no-git']],
  [
    'no git here either, whose absence is no difference',
    { ...context({ gitProgram: { there: false, here: false } }), ...repository },
    ['pass ok'],
  ],
  ['another repository', context({ git: [{ name: 'GIT_DIR', absolute: true }] }), ['fail git-variables']],
  ['a relative one', context({ git: [{ name: 'GIT_INDEX_FILE', absolute: false }] }), ['warn git-variables']],
  ['its HOME is not there', context({ home: itsHome }), ['warn home-missing']],
  ['the same, and its session failed', context({ home: itsHome }, 'failed'), ['fail home-missing']],
  ['the same, and its session went well', context({ home: itsHome }, 'completed'), ['pass ok']],
  [
    'the same, and there is a login here',
    context({ home: { ...itsHome, withoutLogin: ['codex'] } }),
    ['fail home-missing'],
  ],
  ['the same in a container', context({ apart: true, home: itsHome }), ['pass ok']],
  [
    'the same in a container, and its session failed',
    context({ apart: true, home: itsHome }, 'failed'),
    ['fail home-missing'],
  ],
  [
    'a HOME without the login from here',
    context({ home: { path: '/root', folder: 'there', withoutLogin: ['codex', 'claude'] } }),
    ['fail other-home'],
  ],
  [
    'the same, and its sessions go well',
    context({ home: { path: '/root', folder: 'there', withoutLogin: ['codex'] } }, 'completed'),
    ['pass ok'],
  ],
  ['a network of its own', context({ network: 'own' }), ['pass ok']],
  ['one that leads nowhere', context({ network: 'own-without-route' }), ['warn no-network']],
  [
    'one that leads nowhere, and its session failed',
    context({ network: 'own-without-route' }, 'failed'),
    ['fail no-network'],
  ],
  ['the same in a container', context({ apart: true, network: 'own-without-route' }), ['pass ok']],
  [
    'the same in a container, and its session was ended',
    context({ apart: true, network: 'own-without-route' }, 'killed'),
    ['pass ok'],
  ],
  ['a manifest that cannot be read', context({ manifest: { path: '/m', code: 'ENOENT' } }), ['fail no-manifest']],
  ['a umask against its owner', context({ umask: 0o777 }), ['fail umask']],
  ['the same of root, to whom every file is open', context({ umask: 0o777, uid: 0 }), ['pass ok']],
  ['a private umask', context({ umask: 0o077 }), ['pass ok']],
  ['events are gone in a day', context({ retention: { days: 1, here: 30 } }), ['warn short-retention']],
  ['and here, too', context({ retention: { days: 1, here: 1 } }), ['pass ok']],
  ['in a week', context({ retention: { days: 7, here: 30 } }), ['pass ok']],
]);
