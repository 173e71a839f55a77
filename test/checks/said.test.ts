// What a finding says is so: what was lost, who waits, what still works, and the way out that loses least.
import { expect, test } from 'vitest';
import { checkOf } from '../../fixtures/checks.ts';
import { type Changes, changed, daemonProcess, healthy, stranger } from '../../fixtures/seen.ts';
import { oneLine } from '../../src/model/advice.ts';
import type { Finding } from '../../src/model/check.ts';
import { adviseOn, say } from '../../src/model/say.ts';
import { repairOf } from '../../src/render/remediation.ts';

/** Each finding of a check, with its words. */
function told(id: string, changes: Changes) {
  const check = checkOf(id);
  const findings = check.judge(changed(healthy, changes), new AbortController().signal) as readonly Finding[];
  return findings.map((finding) => ({
    code: finding.code,
    message: say(check, finding).message,
    hint: oneLine(adviseOn(check, finding)),
    repair: repairOf(check, finding),
  }));
}

const body = (changes: object): Changes => ({
  'daemon.health': { body: { ...healthy['daemon.health'].body, ...changes } as never },
});

test('an event writer that dropped output says how much is lost', () => {
  const pressed = { writerState: 'pressured', queuedBytes: 0, capacityBytes: 2 * 1024 ** 2 };
  expect(told('daemon:health', body({ ...pressed, droppedEvents: 185 }))[0]?.message).toBe(
    'the event writer fell behind, and 185 events of output are lost for good; 0 bytes of 2 MiB are queued now',
  );
  expect(told('daemon:health', body({ ...pressed, droppedEvents: 0 }))[0]?.message).toBe(
    'the event writer is behind: 0 bytes of 2 MiB are queued',
  );
});

test.each([
  [99 * 1024 ** 2, 'sessions work until it is full', 'sessions work until the disk is full'],
  [0, 'sessions cannot be recorded', 'new sessions fail'],
])('with %i bytes free, it is said what Coven does then', (freeBytes, disk, health) => {
  expect(told('home:disk', { 'home.disk': { freeBytes } })[0]?.message).toContain(disk);
  const critical = body({ storageStatus: 'critical', freeDiskBytes: freeBytes, maintenanceBlocked: true });
  expect(told('daemon:health', critical)[0]?.message).toContain(health);
});

const holders = (...files: readonly string[]): NonNullable<Changes['home.locks']> => ({
  files: files.map((name) => ({ name, holders: [{ pid: 77, exclusive: true }] })),
});
const stopped = (role: 'run' | 'other-coven'): NonNullable<Changes['processes']> => ({
  list: [daemonProcess, { ...stranger, pid: 77, role, home: 'this', state: 'T' }],
});

test('a stopped command says who waits for it, once', () => {
  const seen = told('home:locks', {
    'home.locks': holders('state.lock', 'daemon.lock'),
    processes: stopped('other-coven'),
  });
  expect(seen.map(({ code, message }) => [code, message.slice(message.indexOf('holds'))])).toEqual([
    [
      'stopped-holder',
      'holds <coven-home>/state.lock and <coven-home>/daemon.lock: coven daemon start, stop, restart and doctor wait for it',
    ],
  ]);
  const held = { held: [{ name: 'daemon.lock', pid: 77, command: 'coven', watchedMs: 6000 }] };
  const both = told('home:locks', {
    'home.locks': holders('state.lock', 'daemon.lock'),
    'home.held': held,
    processes: stopped('other-coven'),
  });
  expect(both.map(({ code }) => code)).toEqual(['held']);
  expect(both[0]?.hint).toContain('kill -CONT 77');
});

test('a stopped `coven run` says what becomes of its session', () => {
  const [seen] = told('home:locks', { 'home.locks': holders('state.lock'), processes: stopped('run') });
  expect(seen?.message).toContain('its session does not go on and does not end, and `coven reset` waits for it');
});

test('a record that was copied from another home is told as that, where its daemon lives', () => {
  const copied = (socketIsOurs: boolean): Changes => ({
    'daemon.record': { state: 'valid', pid: 77, socketIsOurs },
    'home.locks': { files: [] },
    'daemon.socket': { kind: 'absent', connect: 'not-tried' },
    'daemon.health': { outcome: 'unreachable', body: null },
    processes: { list: [{ ...stranger, pid: 77, role: 'serve', home: 'other' }] },
  });
  for (const id of ['daemon', 'daemon:record']) {
    expect(told(id, copied(false))[0]?.message).toContain('the live daemon of');
    expect(told(id, copied(true))[0]?.message).not.toContain('the live daemon of');
  }
});

test.each([
  ['unsupported ward_audit schema fingerprint', true],
  ['failed to verify stored definition digest for `nightly`: stored definition is not valid JSON', false],
])('the Coven that wrote a ledger is advised where its schema is newer: %s', (said, isAdvised) => {
  const [seen] = told('store:rehearsal', { 'store.rehearsal': { outcome: 'refused', version: '0.4.6', said } });
  expect(seen?.hint.includes('Run the version of Coven that wrote it last')).toBe(isAdvised);
});

test('one text of a session that is not UTF-8 is given up alone, before a rescue that would lose its row', () => {
  const text = 'page 17 of table "sessions" holds a row (1) with a text that is not UTF-8';
  const problem = { text, table: 'sessions', search: false };
  const value = { id: 'a', rowid: 1, column: 'title', holds: 'not-utf8' };
  const damaged = (problems: readonly object[], impossible: readonly object[]): Changes =>
    ({
      'store.bytes': { map: { ...healthy['store.bytes'].map, problems, problemCount: problems.length } },
      'store.sessions': { impossible },
    }) as never;
  const [alone] = told('store:integrity', damaged([problem], [value]));
  expect(alone?.hint).toContain("UPDATE sessions SET title = '\\''untitled'\\'' WHERE rowid = 1");
  expect([alone?.hint.includes('rescue --dry-run'), alone?.repair]).toEqual([false, null]);
  for (const [problems, impossible] of [
    [[problem], []],
    [[problem, { ...problem, text: 'page 18 is no page' }], [value]],
    [[problem], [{ ...value, column: 'project_root' }]],
  ] as const) {
    const [rest] = told('store:integrity', damaged(problems, impossible));
    expect([rest?.hint.includes('rescue --dry-run'), rest?.repair === null]).toEqual([true, false]);
  }
});
