import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { storeIntegrity } from '../../checks/store-integrity.ts';
import { upgradeBinaries } from '../../checks/upgrade-binaries.ts';
import { upgradeQuiet } from '../../checks/upgrade-quiet.ts';
import { upgradeRoom } from '../../checks/upgrade-room.ts';
import { upgradeChecks } from '../../checks/upgrades.ts';
import { type Diagnosis, diagnose } from '../../fixtures/diagnose.ts';
import { type DoubleOptions, startDouble, startProgram } from '../../fixtures/double.ts';
import { faults as faultLibrary } from '../../fixtures/faults/index.ts';
import { install } from '../../fixtures/faults/packages.ts';
import { editLedger, hoursAgo, makeHome, type Row } from '../../fixtures/home.ts';
import { holdLock } from '../../fixtures/repair/held.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { stageFault } from '../../fixtures/staged.ts';
import { deadline } from '../../src/deadline.ts';
import type { Host } from '../../src/host/host.ts';
import { withLiveHost } from '../../src/host/live.ts';
import type { Check } from '../../src/model/check.ts';
import { runChecks } from '../../src/run/runner.ts';

const harnesses = fileURLToPath(new URL('../../fixtures/bin', import.meta.url));
const stopped = 'daemon stopped warn';
const rows: readonly Row[] = [{ id: 'done', status: 'completed' }];
const ledgerOf = (home: string): string => join(home, 'coven.sqlite3');

interface Before {
  readonly args?: string;
  readonly rows?: readonly Row[];
  readonly daemon?: DoubleOptions;
  /** Versions on PATH, first found first. */
  readonly installed?: readonly string[];
  readonly edit?: string;
  readonly expect: readonly string[];
}

const before: Readonly<Record<string, Before>> = {
  'a stopped home, and nothing that is asked for': { expect: [stopped] },
  'a daemon of the version on PATH, from elsewhere': {
    daemon: {},
    installed: ['0.4.6'],
    args: '--target-version 0.4.7',
    expect: ['upgrade:binaries runs-another warn'],
  },
  'a session that was launched just now': {
    rows: [{ id: 'new', status: 'running', createdAt: hoursAgo(-0.001) }],
    daemon: {},
    expect: ['upgrade:sessions live-sessions fail'],
  },
  'a session that is about to begin': {
    rows: [{ id: 'new', status: 'created', createdAt: hoursAgo(0) }],
    expect: [stopped, 'upgrade:sessions waiting warn'],
  },
  'one that nobody launched': {
    rows: [{ id: 'old', status: 'created' }],
    expect: [stopped, 'sessions:stranded stranded warn'],
  },
  'sessions that cannot be read': {
    edit: 'ALTER TABLE sessions RENAME TO other',
    expect: [
      stopped,
      'store:schema missing-tables fail',
      'sessions:orphaned undetermined unknown',
      'upgrade:sessions undetermined unknown',
    ],
  },
  'an older target': {
    daemon: {},
    args: '--target-version 0.4.5',
    expect: ['upgrade:target downgrade fail'],
  },
  'an older one on PATH than the one that runs': {
    daemon: {},
    installed: ['0.4.5'],
    expect: ['daemon:version skew warn', 'upgrade:target downgrade fail', 'upgrade:binaries runs-another warn'],
  },
  'a release candidate of what runs': {
    daemon: {},
    args: '--target-version 0.4.6-rc.1',
    expect: ['upgrade:target downgrade fail'],
  },
  'a ledger that a later version has written': {
    edit: 'ALTER TABLE sessions ADD COLUMN later TEXT',
    installed: ['0.4.6'],
    expect: [stopped, 'upgrade:target newer-schema fail'],
  },
  'a ledger of a later version, and a later target': {
    edit: 'ALTER TABLE sessions ADD COLUMN later TEXT',
    installed: ['0.4.6'],
    args: '--target-version 0.4.7',
    expect: [stopped],
  },
  'the version that runs as the target': {
    daemon: {},
    args: '--target-version 0.4.6',
    expect: ['upgrade:target same-version warn'],
  },
  'a target, and no version of before': {
    args: '--target-version 0.4.7',
    expect: [stopped, 'upgrade:target no-version unknown'],
  },
  'a daemon that answers with an error': {
    daemon: { answer: 'error' },
    args: '--target-version 0.4.7 --contract coven.daemon.v1 --require sessions',
    expect: [
      'daemon:health error-response fail',
      'upgrade:target no-answer unknown',
      'upgrade:contract no-answer unknown',
      'upgrade:capabilities no-answer unknown',
    ],
  },
  'the target installed behind another': {
    installed: ['0.4.6', '0.4.7'],
    args: '--target-version 0.4.7',
    expect: [stopped, 'install:binaries shadowed warn', 'upgrade:binaries shadowed-target fail'],
  },
  'clients of another contract': {
    daemon: {},
    args: '--contract coven.daemon.v0',
    expect: ['upgrade:contract differs fail'],
  },
  'clients of a contract, and no daemon': {
    args: '--contract coven.daemon.v1 --require sessions',
    expect: [stopped, 'upgrade:contract no-answer unknown', 'upgrade:capabilities no-answer unknown'],
  },
  'clients that need what is there': {
    daemon: { capabilities: { afs: true, bindings: ['a.v1', 'b.v1'] } },
    args: '--require sessions,afs --require bindings:b.v1,coven.sessions',
    expect: [],
  },
  'clients that need what is not there': {
    daemon: { capabilities: { afs: false, bindings: [] } },
    args: '--require sessions,afs,bindings,coven.afs',
    expect: ['upgrade:capabilities missing fail'],
  },
  'clients that need what may be in a catalogue that is not answered': {
    daemon: { answer: 'no-catalogue' },
    args: '--require coven.sessions',
    expect: ['daemon:capabilities unanswered warn', 'upgrade:capabilities unanswered unknown'],
  },
};

const produced = new Set<string>();
const note = <T extends Diagnosis>(diagnosis: T): T => {
  for (const line of diagnosis.all) produced.add(line.split(' ').slice(0, 2).join(' '));
  return diagnosis;
};

const exitOf = (lines: readonly string[]): number =>
  lines.some((line) => line.endsWith(' fail')) ? 1 : lines.some((line) => line.endsWith(' unknown')) ? 3 : 0;

function environment(scratch: Scratch, installed: readonly string[] = []) {
  const bins = installed.map((version) => install(join(scratch.path, `coven-${version}`), version));
  return { PATH: [...bins, harnesses, process.env.PATH].join(':') };
}

describe('preflight', () => {
  test('a home that is not there is not one that may be upgraded', async () => {
    await using scratch = await makeScratch();
    const { exitCode, faults } = note(await diagnose(join(scratch.path, 'typo'), { command: 'preflight' }));
    expect([exitCode, faults]).toEqual([1, [stopped, 'upgrade:target nothing-to-upgrade fail']]);
  });

  test.each(Object.entries(before))(
    '%s',
    async (_, { args = '', daemon, installed, edit, expect: faults, ...given }) => {
      await using scratch = await makeScratch();
      const home = makeHome(join(scratch.path, 'home'), { rows: given.rows ?? rows, events: 5 });
      if (edit) editLedger(ledgerOf(home), edit);
      if (daemon) await startDouble(scratch, home, daemon);
      const env = environment(scratch, installed);
      const diagnosis = note(
        await diagnose(home, {
          command: 'preflight',
          args: args.split(' ').filter(Boolean),
          env,
          daemonLives: !!daemon,
        }),
      );
      expect([diagnosis.exitCode, diagnosis.faults]).toEqual([exitOf(faults), faults]);
    },
  );

  test('a disk with no room for a backup has none for a migration, and that is one cause', async () => {
    const fault = faultLibrary.find(({ expect }) => expect.includes('home:disk no-room-for-backup warn'));
    await using staged = await stageFault(fault ?? expect.fail('no such fault'));
    const { faults, causes } = note(await diagnose(staged.home, { ...staged.circumstances, command: 'preflight' }));
    expect(faults).toEqual([
      'home:filesystem volatile warn',
      'home:disk no-room-for-backup warn',
      stopped,
      'upgrade:room no-room-for-migration fail',
    ]);
    expect(causes).toEqual(['home:filesystem volatile', 'daemon stopped', 'upgrade:room no-room-for-migration']);
  });
});

describe('what works for now, and may not be upgraded', () => {
  test.each<[string, readonly string[]]>([
    ['repair-cut-off', ['home:repairs unfinished fail', stopped]],
    ['doctor-folder-open-to-others', ['home:repairs not-private fail', stopped]],
    ['home-not-writable', ['home:mode not-writable fail', stopped]],
    ['daemon-in-its-start', ['daemon starting fail', 'upgrade:target no-answer unknown']],
    ['index-lost-an-entry', [stopped, 'store:index index-mismatch fail']],
  ])('%s', async (name, faults) => {
    const fault = faultLibrary.find((one) => one.name === name) ?? expect.fail('no such fault');
    await using staged = await stageFault(fault);
    const found = note(await diagnose(staged.home, { ...staged.circumstances, command: 'preflight' }));
    expect([found.exitCode, found.faults]).toEqual([1, faults]);
  });

  test.each<[string, 'shared' | 'exclusive', readonly string[]]>([
    ['state.lock', 'exclusive', ['home:locks held fail', stopped, 'upgrade:quiet locked fail']],
    ['daemon.lock', 'exclusive', ['home:locks held fail', stopped, 'upgrade:quiet locked fail']],
    ['state.lock', 'shared', [stopped]],
  ])('a home whose %s is held %s by another command', async (name, kind, faults) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows });
    holdLock(scratch, home, name, kind);
    expect(note(await diagnose(home, { command: 'preflight' })).faults).toEqual(faults);
  });

  test('a live coven run that no row tells of', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows });
    const coven = join(scratch.path, 'coven');
    writeFileSync(
      coven,
      '#!/bin/sh\nexec 9< "$COVEN_HOME/state.lock"\nflock -s 9\necho\nwhile :; do sleep 0.1 9<&-; done\n',
      { mode: 0o755 },
    );
    await startProgram(scratch, coven, ['run', 'codex', 'hello'], { COVEN_HOME: home });
    const { exitCode, faults } = note(await diagnose(home, { command: 'preflight' }));
    expect([exitCode, faults]).toEqual([1, [stopped, 'upgrade:sessions live-runs fail']]);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a saved state is taken apart and put together wrongly
type State = any;

interface After {
  readonly rows?: readonly Row[];
  /** Of before and of after; null where none runs. */
  readonly daemons?: readonly [before: DoubleOptions | null, after: DoubleOptions | null];
  /** The daemon of before goes on. */
  readonly same?: true;
  readonly args?: string;
  /** Done to the ledger before all. */
  readonly prepare?: string;
  readonly change?: string | ((home: string) => void);
  readonly edit?: (state: State) => void;
  readonly expect: readonly string[];
}

const version = (covenVersion: string | null, more: object = {}): DoubleOptions => ({
  health: { covenVersion, ...more },
});
const newer = version('0.4.7');
const now = (): string => new Date().toISOString();
const prunedSince = {
  storage: { status: 'ok', maintenanceBlocked: false, freeDiskBytes: 1e12, lastPruneAt: hoursAgo(-1) },
};
const pastTime = `UPDATE events SET created_at = '${hoursAgo(24 * 40)}' WHERE rowid < 3`;
/** Events from `first` to `last`, as a daemon adds them. */
const many = (first: number, last: number): string => `
  INSERT INTO events (id, session_id, kind, payload_json, created_at)
  WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i < ${last})
  SELECT 'n' || i, 'done', 'output', '{}', '${hoursAgo(0)}' FROM n`;
const running: readonly Row[] = [{ id: 'open', status: 'running', createdAt: hoursAgo(3) }];

const after: Readonly<Record<string, After>> = {
  'all as it was': { expect: [] },
  'a state of the day before yesterday': {
    edit: (state) => Object.assign(state, { at: hoursAgo(49) }),
    expect: ['upgraded:state old warn'],
  },
  'a state of tomorrow': {
    edit: (state) => Object.assign(state, { at: hoursAgo(-24) }),
    expect: ['upgraded:state undetermined unknown'],
  },
  'no daemon any more': {
    daemons: [{}, null],
    expect: [
      stopped,
      'upgraded:version not-running fail',
      'upgraded:capabilities no-answer unknown',
      'upgrade:contract no-answer unknown',
    ],
  },
  'none before and none after': { daemons: [null, null], expect: [stopped, 'upgraded:version not-running fail'] },
  'none before, and one after': {
    daemons: [null, newer],
    args: '--target-version 0.4.7',
    expect: [],
  },
  'none before, whose version is not known either': {
    daemons: [null, newer],
    expect: ['upgraded:version no-version unknown'],
  },
  'the same process': { same: true, expect: ['upgraded:version not-restarted fail'] },
  'an older version': { daemons: [{}, version('0.4.5')], expect: ['upgraded:version older fail'] },
  'another version than the one that was wanted': {
    args: '--target-version 0.4.8',
    expect: ['upgraded:version wrong-version fail'],
  },
  'the same version': { daemons: [{}, {}], expect: ['upgraded:version same-version fail'] },
  'the same version, which was wanted': { daemons: [{}, {}], args: '--target-version 0.4.6', expect: [] },
  'no version': { daemons: [{}, version(null)], expect: ['upgraded:version no-version unknown'] },
  'what is no version': { daemons: [{}, version('newest')], expect: ['upgraded:version no-version unknown'] },
  'an error in the place of health': {
    daemons: [{}, { answer: 'error' }],
    expect: [
      'daemon:health error-response fail',
      'upgraded:version no-answer unknown',
      'upgraded:capabilities no-answer unknown',
      'upgrade:contract no-answer unknown',
    ],
  },
  'another contract': {
    daemons: [{}, version('0.4.7', { apiVersion: 'coven.daemon.v2' })],
    expect: ['daemon:contract unsupported fail', 'upgrade:contract differs fail'],
  },
  'capabilities that came, went and changed': {
    daemons: [
      { capabilities: { afs: true, hub: 'one', bindings: ['a', 'b'] } },
      { ...newer, capabilities: { afs: true, hub: 'two', bindings: ['a'], more: true } },
    ],
    expect: ['upgraded:capabilities lost fail', 'upgraded:capabilities changed warn'],
  },
  'a catalogue that is not answered any more': {
    daemons: [{}, { ...newer, answer: 'no-catalogue' }],
    expect: ['daemon:capabilities unanswered warn', 'upgraded:capabilities unanswered unknown'],
  },
  'a session that is gone': {
    change: "DELETE FROM sessions WHERE id = 'done'",
    expect: ['upgraded:ledger rows-lost fail'],
  },
  'events that are gone among new ones': {
    change: `DELETE FROM events WHERE rowid < 3;
             INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES
               ('x', 'done', 'output', '{}', '${now()}'), ('y', 'done', 'output', '{}', '${now()}')`,
    expect: ['upgraded:ledger rows-lost fail'],
  },
  'the oldest events, which the daemon removed': {
    prepare: pastTime,
    change: 'DELETE FROM events WHERE rowid < 3',
    daemons: [{}, version('0.4.7', prunedSince)],
    expect: [],
  },
  'events in between, when the daemon removed old ones': {
    change: 'DELETE FROM events WHERE rowid IN (1, 4)',
    daemons: [{}, version('0.4.7', prunedSince)],
    expect: ['upgraded:ledger not-explained unknown'],
  },
  'young events, when the daemon removed old ones': {
    change: 'DELETE FROM events',
    daemons: [{}, version('0.4.7', prunedSince)],
    expect: ['upgraded:ledger not-explained unknown'],
  },
  'the last session, whose rowid a new one has': {
    rows: [...rows, { id: 'last', status: 'completed' }],
    change: `UPDATE sessions SET id = 'new' WHERE id = 'last'`,
    expect: ['upgraded:ledger other-rows fail'],
  },
  'the rows of another ledger, as many': {
    change: `UPDATE events SET id = 'other-' || id`,
    expect: ['upgraded:ledger other-rows fail'],
  },
  'an older ledger that has caught up': {
    prepare: many(5, 1000),
    change: `DELETE FROM events WHERE rowid > 900; ${many(2000, 2200)}`,
    expect: ['upgraded:ledger other-rows fail'],
  },
  'a session that is gone from a ledger of very many tables': {
    prepare: Array.from({ length: 210 }, (_, index) => `CREATE TABLE a${index} (id TEXT)`).join(';'),
    change: "DELETE FROM sessions WHERE id = 'done'",
    expect: ['upgraded:ledger rows-lost fail'],
  },
  'a capability that clients need, which is another now': {
    args: '--require hub',
    daemons: [{ capabilities: { hub: 'one' } }, { ...newer, capabilities: { hub: 'two' } }],
    expect: ['upgraded:capabilities changed fail'],
  },
  'another ledger in its place, with all rows': {
    change: (home) => {
      const bytes = readFileSync(ledgerOf(home));
      writeFileSync(`${home}/new`, bytes, { mode: 0o600 });
      rmSync(ledgerOf(home));
      rmSync(`${home}/new`);
      writeFileSync(ledgerOf(home), bytes, { mode: 0o600 });
    },
    edit: ({ ledger }) => Object.assign(ledger, { ino: '1' }),
    expect: ['upgraded:ledger replaced warn'],
  },
  'a ledger that is no ledger any more': {
    change: (home) => writeFileSync(ledgerOf(home), 'no ledger'.repeat(1000), { mode: 0o600 }),
    expect: [
      'store:open not-a-database fail',
      'upgraded:ledger undetermined unknown',
      'upgraded:sessions undetermined unknown',
    ],
  },
  'a state in which nothing could be seen': {
    edit: (state) => Object.assign(state, { daemon: null, ledger: null, sessions: null }),
    expect: [
      'upgraded:version no-version unknown',
      'upgraded:capabilities unseen-before unknown',
      'upgraded:ledger unseen-before unknown',
      'upgraded:sessions unseen-before unknown',
    ],
  },
  'a home without a ledger, before and after': {
    change: () => {},
    edit: (state) => Object.assign(state, { ledger: 'none', sessions: null }),
    expect: [],
  },
  'an orphan that had no process before': {
    rows: running,
    change: "UPDATE sessions SET status = 'orphaned'",
    expect: [],
  },
  // Beside a daemon that does not have the ledger open, rows are not looked at twice.
  'an orphan that is one still': { rows: running, expect: ['sessions:orphaned undetermined unknown'] },
  'a session that was live, and is an orphan now': {
    rows: running,
    change: "UPDATE sessions SET status = 'orphaned'",
    edit: ({ sessions }) => Object.assign(sessions.open[0], { standing: 'live' }),
    expect: ['upgraded:sessions interrupted warn'],
  },
  'a session that was live, and that the ending daemon called failed': {
    rows: running,
    change: "UPDATE sessions SET status = 'failed'",
    edit: ({ sessions }) => Object.assign(sessions.open[0], { standing: 'live' }),
    expect: ['upgraded:sessions interrupted warn'],
  },
  'an open session that is gone': {
    rows: running,
    change: 'DELETE FROM sessions',
    expect: ['upgraded:ledger rows-lost fail', 'upgraded:sessions lost fail'],
  },
  'an external session that a start has touched': {
    rows: [{ id: 'open', status: 'running', external: true }],
    change: "UPDATE sessions SET status = 'orphaned'",
    expect: ['upgraded:sessions unexplained warn'],
  },
};

/** A diagnosis before, what is done meanwhile, and one after. */
async function overUpgrade({ daemons = [{}, newer], same, args = '', prepare, change, edit, ...given }: After) {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: given.rows ?? rows, events: 5 });
  if (prepare) editLedger(ledgerOf(home), prepare);
  const saved = join(scratch.path, 'before.json');
  const env = environment(scratch);
  const [was, is] = daemons;
  const first = was && (await startDouble(scratch, home, was));
  await diagnose(home, {
    command: 'preflight',
    args: ['--save', saved, ...args.split(' ').filter(Boolean)],
    env,
    daemonLives: !!was,
  });
  if (!same && first) {
    first.kill('SIGKILL');
    await once(first, 'exit');
    for (const name of ['coven.sock', 'daemon.json']) rmSync(join(home, name));
  }
  if (typeof change === 'string') editLedger(ledgerOf(home), change);
  else change?.(home);
  const state = JSON.parse(readFileSync(saved, 'utf8'));
  edit?.(state);
  writeFileSync(saved, JSON.stringify(state));
  if (!same && is) await startDouble(scratch, home, is);
  return note(await diagnose(home, { command: 'postflight', args: ['--against', saved], env, daemonLives: !!is }));
}

describe('postflight', () => {
  test.each(Object.entries(after))('%s', async (_, given) => {
    const { exitCode, faults } = await overUpgrade(given);
    expect([exitCode, faults]).toEqual([exitOf(given.expect), given.expect]);
  });

  test('a contract that is not supported fails closed, with the way to update', async () => {
    const { document, causes } = await overUpgrade(after['another contract'] ?? expect.fail('no such case'));
    expect(causes).toEqual(['daemon:contract unsupported']);
    expect(document.nextSteps).toEqual([
      'coven-doctor bundle, and give the file to support',
      expect.stringMatching(/^Update Coven, then restart the daemon: npm install/),
    ]);
    expect(document.escalate).toEqual(['contract-not-understood']);
  });
});

/** What takes another user, another namespace or a very large ledger: what such a look finds, in the place of what was found. */
test.each<[string, Check, object, string?]>([
  ['upgrade:quiet', upgradeQuiet, { 'home.locks': { method: 'none', files: [] } }, 'unseen'],
  ['upgrade:binaries', upgradeBinaries({ targetVersion: null }), { 'daemon.process': { pid: 1, program: null } }],
  [
    'store:integrity',
    storeIntegrity,
    { 'store.integrity': { depth: 'whole', complete: false, tables: [], problems: [] } },
    'unfinished',
  ],
  [
    'upgrade:room',
    upgradeRoom,
    { 'store.files': { main: { kind: 'file', size: 1, readable: false }, wal: { size: 0 } } },
  ],
])('%s does not pass on what was not seen', async (id, check, instead, code = 'undetermined') => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  await startDouble(scratch, home);
  const { signal } = deadline(60_000);
  const [run] = await withLiveHost({ home, env: {}, deadlineMs: 20_000 }, signal, async (host) => {
    const blind: Host = {
      ...host,
      observe: async (key) => {
        const look = await host.observe(key);
        return key in instead
          ? { ...look, ok: true, value: Object.entries(instead).find(([name]) => name === key)?.[1] }
          : look;
      },
    };
    return runChecks([check], blind, { checkMs: 20_000, signal });
  });
  expect(run?.findings.map(({ code, status }) => [code, status])).toEqual([[code, 'unknown']]);
  produced.add(`${id} ${code}`);
});

test('every cause that an upgrade has is produced above', () => {
  const wanted = upgradeChecks.flatMap((check) => Object.keys(check.causes).map((code) => `${check.id} ${code}`));
  const notAsked = /^upgraded?:[a-z]+ no-(state|daemon-before|ledger-before)$/;
  expect(wanted.filter((cause) => !produced.has(cause) && !notAsked.test(cause))).toEqual([]);
});
