// What a report prints as the repair of a finding is what the plan of that command says of it.
import { expect, test } from 'vitest';
import { checks } from '../../checks/index.ts';
import { command, shellLine } from '../../src/model/advice.ts';
import { type Facts, type Finding, fail, warn } from '../../src/model/check.ts';
import { advised, typeable } from '../../src/render/advised.ts';
import { remediation } from '../../src/render/remediation.ts';
import { typedLine } from '../../src/render/typed.ts';
import type { CheckReport } from '../../src/run/report.ts';

const all = checks.flatMap((check) =>
  Object.entries(check.causes).flatMap(([code, { remedy }]) => (remedy ? [{ check, code, remedy }] : [])),
);
const checkOf = (id: string) => {
  const found = checks.find((check) => check.id === id);
  if (!found) throw new TypeError(id);
  return found;
};
const named = (name: string) => checkOf(name.split(' ')[0] ?? '');
const found = (code: string, facts: Facts): Finding => fail(code, '<x>', { evidence: [], facts });
const reported = (id: string, code: string): CheckReport => {
  const worst = found(code, {});
  return { check: checkOf(id), findings: [worst], worst, status: 'fail', durationMs: 0 };
};
const lines = (name: string, facts: Facts): readonly string[] =>
  advised(named(name), found(name.split(' ')[1] ?? '', facts), [], true).map((part) =>
    typeof part === 'string' ? part : `$ ${shellLine(part)}`,
  );

test('no repair that brings a daemon up is said to be taken back', () => {
  const wrong = all
    .filter(({ remedy, check, code }) => remedy.daemon && `${check.id} ${code}` !== 'daemon stopped')
    .filter(({ check, code }) => lines(`${check.id} ${code}`, {}).some((line) => line.includes('takes it back')))
    .map(({ check, code }) => `${check.id} ${code}`);
  expect(wrong).toEqual([]);
});

test('a restart that nobody is harmed by says that it is no step that undo takes back', () => {
  expect(lines('daemon:health writer-failed', { restartHarms: 0 }).slice(0, 2)).toEqual([
    'Fix it (a backup comes first; restarting the daemon cannot be undone):',
    '$ coven-doctor --fix',
  ]);
});

test.each([
  ['daemon:health writer-failed', { startHarms: 0, restartHarms: 1 }, '--allow disruptive'],
  ['daemon:health writer-failed', { startHarms: 0, restartHarms: 0 }, ''],
  ['daemon stale', { startHarms: 1, restartHarms: 1 }, '--allow disruptive'],
  ['daemon stale', { startHarms: 0, restartHarms: 1 }, ''],
  ['daemon:record dead-pid', { startHarms: 1, restartHarms: 1 }, ''],
])('%s beside %j is offered with the options that its plan needs: %s', (name, facts, options) => {
  const fix = `$ coven-doctor --fix ${options}`.trim();
  expect(lines(name, facts).filter((line) => line.startsWith('$ coven-doctor --fix'))).toEqual([fix]);
});

test.each(all.filter(({ remedy }) => remedy.closesLedger).map(({ check, code }) => [`${check.id} ${code}`]))(
  '%s: the daemon is stopped before what replaces its ledger, once, and first',
  (name) => {
    const open = { ledgerInUse: true, daemonVerdict: 'running' };
    const said = lines(name, open);
    const stop = said.indexOf('$ coven daemon stop');
    const fix = said.findIndex((line) => line.startsWith('$ coven-doctor --fix'));
    expect([stop >= 0, fix > stop, said.filter((line) => line === 'Stop the daemon first:').length]).toEqual([
      true,
      true,
      1,
    ]);
    const json = remediation(named(name), found(name.split(' ')[1] ?? '', open)) as {
      readonly remediation: { readonly commands: readonly string[] };
    };
    expect(json.remediation.commands[0]).toBe('coven daemon stop');
    expect(lines(name, { ledgerInUse: false, daemonVerdict: 'stopped' })).not.toContain('$ coven daemon stop');
  },
);

test('where another process has the ledger open, nobody is told to stop a daemon', () => {
  const said = lines('store:integrity corrupt', { ledgerInUse: true, daemonVerdict: 'stopped' });
  expect(said).not.toContain('$ coven daemon stop');
  expect(said.join(' ')).toContain('Let what has the ledger open finish first');
});

test('room is made of old backups only where there are some that may go', () => {
  const disk = named('home:disk full');
  const repair = (spareBackups: number) =>
    remediation(disk, warn('full', '<x>', { evidence: [], facts: { spareBackups } }));
  expect([repair(0), Object.keys(repair(2))]).toEqual([{}, ['remediation']]);
});

test('a daemon that is merely stopped is started by the option that does so', () => {
  const told: unknown = remediation(named('daemon stopped'), found('stopped', {}));
  const { commands } = (told as { readonly remediation: { readonly commands: readonly string[] } }).remediation;
  expect(commands).toEqual(['coven-doctor --fix --start-daemon --yes']);
});

test.each<[facts: Facts, others: readonly CheckReport[], commands: readonly string[] | null]>([
  [{ startHarms: 2 }, [], ['coven-doctor --fix --start-daemon --allow disruptive --yes']],
  [{ startBlockedBy: 'home:locks <' }, [], null],
  [{ startBlockedBy: 'home:path' }, [reported('home:path', 'socket-path-too-long')], null],
  [
    { startBlockedBy: 'daemon:record' },
    [reported('daemon:record', 'pid-out-of-range')],
    ['coven-doctor --fix --start-daemon --yes'],
  ],
])(
  'a program is told to start a stopped daemon only where nothing that stays is in the way: %j',
  (facts, others, commands) => {
    const told = remediation(named('daemon stopped'), found('stopped', facts), others) as {
      readonly remediation?: { readonly commands: readonly string[] };
    };
    expect(told.remediation?.commands ?? null).toEqual(commands);
  },
);

test('no command that is printed holds a placeholder, whatever the facts of a finding are', () => {
  const stands = ['<id-1>', '\u2039text:63\u203a', '<project-2>', '\u2039line:92 chars #3\u203a'];
  const wrong = stands.flatMap((text) =>
    checks.flatMap((check) =>
      Object.keys(check.causes).flatMap((code) => {
        const facts = new Proxy({}, { get: (_, name) => (String(name).endsWith('BlockedBy') ? '' : text) });
        return typeable(advised(check, found(code, facts), [], true))
          .flatMap((part) => (typeof part === 'string' ? [] : shellLine(part)))
          .filter((line) => line.includes(text))
          .map((line) => `${check.id} ${code}: ${line}`);
      }),
    ),
  );
  expect(wrong).toEqual([]);
});

test('what introduced such a command goes with it, and the rest stays', () => {
  const churn = found('churn', { newest: '<id-1>', made: 9, failed: 7, orphaned: 0, inRow: 0 });
  expect(typeable(advised(checkOf('sessions:churn'), churn, []))).toEqual([
    'Look at the last events of one of them, and at the other findings here, before you launch more.',
    '`coven-doctor bundle --include-events ID` adds the events of one of them to a bundle.',
    'This lists them with their ids:',
    command('coven-doctor', 'sessions'),
  ]);
});

test('a command that names a home of its own is given no other', () => {
  const home = { path: '/srv/coven', source: 'option' } as const;
  const elsewhere = command('coven-doctor', 'sessions', '--home', '/srv/coven.moved');
  expect(typedLine(elsewhere, home)).toBe('coven-doctor sessions --home /srv/coven.moved');
  expect(typedLine(command('coven-doctor', 'sessions'), home)).toBe('coven-doctor sessions --home /srv/coven');
});
