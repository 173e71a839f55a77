import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { startDouble } from '../fixtures/double.ts';
import { hoursAgo, makeHome, overwrite } from '../fixtures/home.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no proof of the hints by the real Coven: ${real.why}`);

/** A way to break a home so that a start fails or does harm, and the check that names it. */
interface Case {
  readonly spoil: (home: string, scratch: Scratch) => void | Promise<void>;
  readonly named: string;
  /** A start of Coven works all the same, and destroys rows: it is not tried. */
  readonly harmful?: true;
}

const record = (home: string, text: string | Buffer): void =>
  writeFileSync(join(home, 'daemon.json'), text, { mode: 0o600 });
const rows = [
  { id: 'gone', status: 'running', createdAt: hoursAgo(1) },
  { id: 'done', status: 'completed' },
];

const cases: Readonly<Record<string, Case>> = {
  'a reset that was cut off': {
    spoil: (home) => writeFileSync(join(home, 'reset-transaction.json'), '{}'),
    named: 'home:reset',
  },
  'a lock that is a symlink': {
    spoil: (home) => {
      rmSync(join(home, 'state.lock'));
      symlinkSync('/nonexistent/lock', join(home, 'state.lock'));
    },
    named: 'home:locks',
  },
  'a lock with a second name': {
    spoil: (home) => linkSync(join(home, 'state.lock'), join(home, 'second')),
    named: 'home:locks',
  },
  'a record of another process': {
    spoil: (home) => record(home, `{"pid": 1, "startedAt": "${hoursAgo(1)}", "socket": "${home}/coven.sock"}`),
    named: 'daemon:record',
  },
  'a record that is too large': { spoil: (home) => record(home, ' '.repeat(20_000)), named: 'daemon:record' },
  'a record that is no UTF-8': { spoil: (home) => record(home, Buffer.of(0xff, 0xfe)), named: 'daemon:record' },
  'a record that is a folder': { spoil: (home) => mkdirSync(join(home, 'daemon.json')), named: 'daemon:record' },
  'a file at the socket': { spoil: (home) => writeFileSync(join(home, 'coven.sock'), ''), named: 'daemon:socket' },
  'an open socket that nobody serves': {
    spoil: async (home) => {
      const path = join(home, 'coven.sock');
      const server = createServer().listen(join(home, 'bound'));
      await new Promise((resolve) => server.once('listening', resolve));
      linkSync(join(home, 'bound'), path);
      await new Promise((resolve) => server.close(resolve));
      chmodSync(path, 0o666);
    },
    named: 'daemon:socket',
  },
  'a ledger that is no database': {
    spoil: (home) => writeFileSync(join(home, 'coven.sqlite3'), 'no database, '.repeat(1000)),
    named: 'store:open',
  },
  'a ledger that is a folder': {
    spoil: (home) => {
      rmSync(join(home, 'coven.sqlite3'));
      mkdirSync(join(home, 'coven.sqlite3'));
    },
    named: 'store:open',
  },
  'a ledger with a damaged schema': {
    spoil: (home) => overwrite(join(home, 'coven.sqlite3'), 100, 200, 0xee),
    named: 'store:open',
  },
  'a WAL whose ledger is gone': {
    spoil: (home) => {
      makeHome(`${home}-other`, { rows, leaveWal: true });
      renameSync(`${home}-other/coven.sqlite3-wal`, join(home, 'coven.sqlite3-wal'));
      rmSync(join(home, 'coven.sqlite3'));
    },
    named: 'store:open',
    harmful: true,
  },
  'the WAL of another ledger': {
    spoil: (home) => {
      makeHome(`${home}-other`, { rows: [{ id: 'other', status: 'failed' }], leaveWal: true });
      renameSync(`${home}-other/coven.sqlite3-wal`, join(home, 'coven.sqlite3-wal'));
    },
    named: 'store:wal',
    harmful: true,
  },
};

/** What a hint tells to run at once, without anything to be done before. */
const atOnce = /^(coven daemon (start|restart|stop)|run `coven daemon serve`)|stop the daemon/;

describe.each(Object.entries(cases))('%s', (_name, { spoil, named, harmful }) => {
  test('no hint advises at once what would fail here', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows });
    writeFileSync(
      join(home, 'daemon-recovery.log'),
      `[${hoursAgo(0.1)}] startup_checkpoint phase=daemon-store-begin elapsed_ms=0\n`,
    );
    await spoil(home, scratch);
    const { checks, nextSteps } = (await diagnose(home)).document;
    expect(checks.find(({ id }) => id === named)?.status).toMatch(/warn|fail/);
    expect([...checks.map(({ hint }) => hint ?? ''), ...nextSteps].filter((hint) => atOnce.test(hint))).toEqual([]);
    // What is offered to be pasted is carried out: a command of Coven comes after what clears its way, or not at all.
    const first = checks.flatMap(({ commands = [] }) => commands.slice(0, 1).map(({ line }) => line));
    expect(first.filter((line) => line.startsWith('coven '))).toEqual([]);
  });

  test.skipIf('why' in real || harmful)('that is so: the real start refuses', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows });
    await spoil(home, scratch);
    const { exitCode } = await execa('path' in real ? real.path : '', ['daemon', 'start'], {
      env: { COVEN_HOME: home, HOME: scratch.path },
      reject: false,
      stdin: 'ignore',
    });
    expect(exitCode).toBe(1);
  });
});

test('where nothing is in the way, the start is advised as it is', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  const { checks } = (await diagnose(home)).document;
  expect(checks.find(({ id }) => id === 'sessions:orphaned')?.hint).toBe(
    'List them, and replay what they recorded: coven-doctor sessions. The next start marks them orphaned: coven daemon start',
  );
  expect(checks.find(({ id }) => id === 'daemon')?.hint).toBe(
    '`coven run` works without it. To start it: coven daemon start',
  );
});

test('a daemon whose answers Coven does not take is ended by hand, not by a restart that refuses', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  const { pid } = await startDouble(scratch, home, { lock: true, record: true, answer: 'error' });
  const { checks } = (await diagnose(home, { daemonLives: true })).document;
  const commands = checks.find(({ id }) => id === 'daemon:health')?.commands ?? [];
  expect(commands.map(({ line }) => line)).toEqual([
    'coven-doctor bundle',
    `kill -TERM ${pid} && for i in 1 2 3 4 5; do kill -0 ${pid} 2>/dev/null || break; sleep 1; done`,
    'coven daemon start',
  ]);
});
