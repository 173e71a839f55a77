import { upgradeBinaries } from '../../checks/upgrade-binaries.ts';
import { upgradeCapabilities } from '../../checks/upgrade-capabilities.ts';
import { upgradeContract } from '../../checks/upgrade-contract.ts';
import { upgradeQuiet } from '../../checks/upgrade-quiet.ts';
import { upgradeRoom } from '../../checks/upgrade-room.ts';
import { upgradeSessions } from '../../checks/upgrade-sessions.ts';
import { upgradeTarget } from '../../checks/upgrade-target.ts';
import {
  ago,
  body,
  type Changes,
  daemonProcess,
  gibibyte,
  harnessProcess,
  healthy,
  hour,
  mebibyte,
  runningRow,
  stranger,
} from '../../fixtures/seen.ts';
import type { Install, LockHolder, Process } from '../../src/model/observation.ts';
import { judges, whenStopped } from './table.ts';

const coven = { path: '/usr/bin/coven', target: '/opt/coven', version: '0.4.6', ours: false };
const older = { ...coven, path: '/bin/coven', target: '/old/coven', version: '0.4.5' };
const ours = { ...coven, path: '/ours/coven', target: '/ours/coven', version: '0.1.0', ours: true };
const covens = (...list: Install['covens']): Changes => ({ install: { covens: list } });
const program = (more: object | null): Changes => ({
  'daemon.process': { program: more && { ...(healthy['daemon.process'].program as object), ...more } } as never,
});

judges(upgradeBinaries({ targetVersion: '0.4.7' }), [
  ['one', {}, ['pass ok']],
  ['the target is first already', covens({ ...coven, version: '0.4.7' }), ['pass ok']],
  ['the target lies behind an older one', covens(coven, { ...older, version: '0.4.7' }), ['fail shadowed-target']],
  ['another version lies behind it', covens(coven, older), ['pass ok']],
  ['ours lies before it', { ...covens(ours, coven), ...program({ onPath: 1 }) }, ['pass ok']],
  ['ours is behind it and has that version', covens(coven, { ...ours, version: '0.4.7' }), ['pass ok']],
  ['two of the target', covens({ ...coven, version: '0.4.7' }, { ...older, version: '0.4.7' }), ['pass ok']],
  ['the daemon runs another', program({ onPath: 1 }), ['warn runs-another']],
  ['the daemon runs none of them', program({ onPath: null }), ['warn runs-another']],
  ['a minimal daemon, and no Coven', { ...covens(), ...program({ ours: true, onPath: null }) }, ['pass ok']],
  ['a daemon of Coven, and none on PATH', { ...covens(), ...program({ onPath: null }) }, ['warn runs-another']],
  ['its program cannot be told', program(null), ['unknown undetermined']],
  ['its program was replaced', { 'daemon.process': { program: null, executableGone: true } }, ['pass ok']],
  whenStopped('no daemon', {}, ['pass ok']),
  whenStopped('no daemon and no Coven', covens(), ['skipped no-coven']),
  whenStopped('a daemon of before on another one', program({ onPath: 1 }), ['pass ok']),
]);
judges(upgradeBinaries({ targetVersion: null }), [
  ['no version is asked for', covens(coven, { ...older, version: null }), ['pass ok']],
]);

judges(upgradeCapabilities(['sessions', 'coven.sessions']), [
  ['both', {}, ['pass ok']],
  whenStopped('no daemon', {}, ['unknown no-answer']),
  ['one is false', body({ capabilities: { sessions: false } }), ['fail missing']],
  ['the catalogue lacks one', { 'daemon.capabilities': { body: [] } }, ['fail missing']],
  [
    'one is missing, and the catalogue does not answer',
    { 'daemon.capabilities': { outcome: 'no-bytes', body: null } },
    ['unknown unanswered'],
  ],
]);
judges(upgradeCapabilities(['contracts:a']), [
  ['an entry of a list', body({ capabilities: { contracts: ['a', 'b'] } }), ['pass ok']],
  ['a list without it', body({ capabilities: { contracts: ['b'] } }), ['fail missing']],
]);

judges(upgradeContract('coven.daemon.v1'), [
  ['kept', {}, ['pass ok']],
  ['another', body({ apiVersion: 'coven.daemon.v2' }), ['fail differs']],
  whenStopped('no daemon', {}, ['unknown no-answer']),
  ['no answer', { 'daemon.health': { outcome: 'not-json', body: null } }, ['unknown no-answer']],
]);

const held = (name: string, ...holders: readonly LockHolder[]): Changes => ({
  'home.locks': { files: [{ name, holders }] },
});
judges(upgradeQuiet, [
  ['a daemon at rest', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a reset at work', held('state.lock', { pid: 9, exclusive: true }), ['fail locked']],
  ['a restart at work', held('daemon.lock', { pid: 9, exclusive: true }), ['fail locked']],
  ['a command that only reads', held('state.lock', { pid: 9, exclusive: false }), ['pass ok']],
  ['the scheduler of the daemon', held('automations-scheduler.lock', { pid: 9, exclusive: true }), ['pass ok']],
  ['where no lock is to be seen', { 'home.locks': { method: 'none', files: [] } }, ['unknown unseen']],
]);

const room = (freeBytes: number): Changes => ({
  'home.disk': { freeBytes },
  'store.files': {
    main: { kind: 'file', size: 20 * mebibyte, mode: 0o600, readable: true },
    wal: { kind: 'file', size: 10 * mebibyte, mode: 0o600, readable: true },
  },
});
judges(upgradeRoom, [
  ['four times the ledger and its WAL, and 1 GiB', room(gibibyte + 120 * mebibyte), ['pass ok']],
  ['a byte less', room(gibibyte + 120 * mebibyte - 1), ['fail no-room-for-migration']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  [
    'a ledger whose size says nothing',
    { 'store.files': { main: { kind: 'file', size: 5, mode: 0, readable: false } } },
    ['unknown undetermined'],
  ],
  ['no ledger', { 'store.files': { main: { kind: 'absent', size: 0, mode: null, readable: false } } }, ['pass ok']],
]);

const rows = (...open: readonly object[]): Changes => ({
  'store.sessions': { open: open.map((row) => ({ ...runningRow, ...row })) },
});
const processes = (...list: readonly Process[]): Changes => ({ processes: { list } });
const run: Process = { ...stranger, pid: 600, role: 'run', command: 'coven', home: 'this', startedAt: ago(hour + 5) };
judges(upgradeSessions, [
  ['none', {}, ['pass ok']],
  ['no ledger', { 'store.open': { outcome: 'missing' } }, ['skip no-ledger']],
  ['rows that cannot be read', { 'store.sessions': { outcome: 'failed' } }, ['unknown undetermined']],
  ['a live session', { ...rows({}), ...processes(daemonProcess, harnessProcess) }, ['fail live-sessions']],
  whenStopped('a `coven run` without a row', processes(run), ['fail live-runs']),
  whenStopped('a live `coven run`', { ...rows({}), ...processes(run) }, ['fail live-sessions']),
  whenStopped('another command without a row', processes({ ...run, role: 'other-coven' }), ['pass ok']),
  ['one that cannot be told', { ...rows({}), machine: { seesEveryProcess: false } }, ['unknown undetermined']],
  ['more rows than are read', { 'store.sessions': { openComplete: false } }, ['unknown undetermined']],
  ['one that waits', rows({ status: 'created', createdAt: ago(600) }), ['warn waiting']],
  ['one that is stranded', rows({ status: 'created', createdAt: ago(601) }), ['pass ok']],
  ['an external one that waits', rows({ status: 'created', createdAt: ago(5), external: true }), ['pass ok']],
]);

const running = (covenVersion: string | null): Changes => body({ covenVersion });
const withColumn: Changes = {
  'store.open': { columns: { ...healthy['store.open'].columns, sessions: ['id', 'mood'] } },
};
judges(upgradeTarget({ targetVersion: '0.4.7' }), [
  ['newer than what runs', {}, ['pass ok']],
  ['older than what runs', running('0.4.8'), ['fail downgrade']],
  ['a release after its candidate', running('0.4.7-rc.1'), ['pass ok']],
  ['what runs already', running('0.4.7'), ['warn same-version']],
  ['what runs does not say', running(null), ['unknown no-version']],
  ['no home', { home: { kind: 'absent' } }, ['fail nothing-to-upgrade']],
  ['a daemon that hangs', { 'daemon.health': { outcome: 'no-bytes', body: null } }, ['unknown no-answer']],
  ['a column of a later schema, which 0.4.7 may know', withColumn, ['pass ok']],
  whenStopped('no daemon', {}, ['pass ok']),
  whenStopped('no daemon and no Coven', covens(), ['unknown no-version']),
  whenStopped('no daemon, and a later one is installed', covens({ ...coven, version: '0.4.8' }), ['fail downgrade']),
]);
judges(upgradeTarget({ targetVersion: '0.4.6' }), [
  ['a column that 0.4.6 does not make', withColumn, ['fail newer-schema']],
  ['both', { ...withColumn, ...running('0.4.8') }, ['fail downgrade', 'fail newer-schema']],
  [
    'a ledger that did not open',
    { 'store.open': { ...withColumn['store.open'], outcome: 'malformed' } },
    ['warn same-version'],
  ],
]);
judges(upgradeTarget({ targetVersion: null }), [
  ['what is installed, and runs', {}, ['pass ok']],
  ['what is installed is older', covens({ ...coven, version: '0.4.5' }), ['fail downgrade']],
  ['nothing is installed', covens(), ['skipped no-target']],
  [
    'nothing is installed, and the daemon hangs',
    { ...covens(), 'daemon.health': { outcome: 'no-bytes', body: null } },
    ['unknown no-answer'],
  ],
  whenStopped('nothing is installed and no daemon', covens(), ['skipped no-target']),
]);
