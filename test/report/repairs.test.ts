// What a report prints as the repair of a finding is what the plan of that command says of it.
import { expect, test } from 'vitest';
import { checks } from '../../checks/index.ts';
import { shellLine } from '../../src/model/advice.ts';
import { type Facts, type Finding, fail, warn } from '../../src/model/check.ts';
import { advised } from '../../src/render/advised.ts';
import { remediation } from '../../src/render/remediation.ts';

const all = checks.flatMap((check) =>
  Object.entries(check.causes).flatMap(([code, { remedy }]) => (remedy ? [{ check, code, remedy }] : [])),
);
const named = (name: string) => {
  const found = all.find(({ check, code }) => `${check.id} ${code}` === name);
  if (!found) throw new TypeError(name);
  return found.check;
};
const found = (code: string, facts: Facts): Finding => fail(code, '<x>', { evidence: [], facts });
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
  expect(remediation(named('daemon stopped'), found('stopped', {}))).toMatchObject({
    remediation: { commands: ['coven-doctor --fix --start-daemon --yes'] },
  });
});
