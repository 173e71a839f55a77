import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { findRealCoven, makeWorld, request, until, type World, type WorldOptions } from '../../fixtures/real-coven.ts';
import { rowsOf } from '../../fixtures/repair/ledger.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`repairs of real Coven's homes are not tried: ${real.why}`);
const binary = 'path' in real ? real.path : '';

interface Told {
  readonly exitCode: number;
  readonly plan: {
    readonly steps: readonly { kind: string; risk: string }[];
    readonly refused: readonly { finding: string; reason: string }[];
    readonly live: { readonly daemonSessions: readonly string[]; readonly runSessions: readonly string[] };
  };
  readonly fixes?: readonly { fix: string; outcome: string; message?: string }[];
}

interface Site extends World {
  readonly scratch: Scratch;
  /** The program that `coven` on PATH is, a file of this site. */
  readonly program: string;
  readonly fix: (...allow: readonly string[]) => Promise<Told>;
  readonly statuses: () => Promise<Readonly<Record<string, string>>>;
  readonly rows: () => ReadonlySet<string> | null;
}

/** A world whose `coven` on PATH is a copy of the real one. */
async function makeSite(options: WorldOptions = {}): Promise<Site & AsyncDisposable> {
  const scratch = await makeScratch();
  const bin = join(scratch.path, 'coven-bin');
  mkdirSync(bin);
  const program = join(bin, 'coven');
  copyFileSync(binary, program);
  const world = makeWorld(scratch, program, options);
  const env = { PATH: `${bin}:${join(scratch.path, 'bin')}:${process.env.PATH}`, HOME: scratch.path };
  return {
    ...world,
    scratch,
    program,
    fix: async (...allow) => {
      const words = allow.length > 0 ? ['--allow', ...allow] : [];
      const { stdout, stderr } = await cli(['--home', world.home, '--fix', '--yes', '--json', ...words], { env });
      if (!stdout) throw new Error(stderr);
      return JSON.parse(stdout) as Told;
    },
    statuses: async () => {
      const rows = (await request(world.home, 'GET', '/sessions')) as readonly { id: string; status: string }[];
      return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
    },
    rows: () => rowsOf(world.home, scratch.path, true),
    [Symbol.asyncDispose]: scratch[Symbol.asyncDispose],
  };
}

const outcomes = ({ fixes = [] }: Told): readonly string[] => fixes.map(({ fix, outcome }) => `${outcome} ${fix}`);
const kinds = ({ plan }: Told): readonly string[] => plan.steps.map(({ kind }) => kind);

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

describe.skipIf(binary === '')('a home of the real Coven', () => {
  test('whose daemon was killed amid a session: started again, and every row is there', async () => {
    await using site = await makeSite();
    const daemon = await site.serve();
    const session = await site.launch();
    const before = site.rows();
    daemon.kill('SIGKILL');
    await ended(daemon);
    site.endHarnesses();
    const told = await site.fix();
    expect(outcomes(told)).toEqual(['fixed daemon:socket stale', 'fixed daemon:record dead-pid', 'fixed daemon stale']);
    expect([told.exitCode, await site.statuses()]).toEqual([0, { [session]: 'orphaned' }]);
    expect([...(before ?? [])].filter((row) => !site.rows()?.has(row))).toEqual([]);
    expect(kinds(await site.fix())).toEqual([]);
  });

  test('whose daemon was stopped by a signal goes on, with its session', async () => {
    await using site = await makeSite();
    const daemon = await site.serve();
    const session = await site.launch();
    daemon.kill('SIGSTOP');
    const told = await site.fix();
    expect([outcomes(told), kinds(told), told.exitCode]).toEqual([['fixed daemon hung'], ['continue-process'], 0]);
    expect(await site.statuses()).toEqual({ [session]: 'running' });
  });

  test('whose socket file is gone: its live session is named, and it is ended and started where that is agreed to', async () => {
    await using site = await makeSite();
    const daemon = await site.serve();
    const session = await site.launch();
    rmSync(join(site.home, 'coven.sock'));
    const refused = await site.fix();
    expect([outcomes(refused), refused.exitCode, refused.plan.live.daemonSessions]).toEqual([
      ['refused daemon unreachable'],
      5,
      [session],
    ]);
    expect(daemon.exitCode).toBe(null);
    const told = await site.fix('disruptive');
    expect([outcomes(told), kinds(told)]).toEqual([['fixed daemon unreachable'], ['end-process', 'start-daemon']]);
    await ended(daemon);
    // A daemon that ends may still see its harness fail, and says so; else the start calls the row orphaned.
    expect(['orphaned', 'failed']).toContain((await site.statuses())[session]);
  });

  test('whose daemon runs a program that was replaced: restarted with the new one', async () => {
    await using site = await makeSite();
    expect((await site.coven('daemon', 'start')).exitCode).toBe(0);
    const { pid } = JSON.parse(readFileSync(join(site.home, 'daemon.json'), 'utf8'));
    copyFileSync(binary, `${site.program}.new`);
    renameSync(`${site.program}.new`, site.program);
    const told = await site.fix();
    expect([outcomes(told), kinds(told), told.exitCode]).toEqual([
      ['fixed daemon:version replaced-executable'],
      ['restart-daemon'],
      0,
    ]);
    expect(JSON.parse(readFileSync(join(site.home, 'daemon.json'), 'utf8')).pid).not.toBe(pid);
  });

  test('with a harness that outlived its daemon: it is ended by its identity, where losing it is agreed to', async () => {
    await using site = await makeSite({ ignoreHangUp: true });
    const daemon = await site.serve();
    await site.launch();
    daemon.kill('SIGKILL');
    await ended(daemon);
    const refused = await site.fix();
    expect(outcomes(refused)).toContain('refused sessions:processes unowned');
    const told = await site.fix('lossy');
    expect(outcomes(told)).toEqual(['fixed sessions:processes unowned']);
    expect(kinds(await site.fix())).toEqual([]);
  });

  test('with a live `coven run` beside a dead daemon: a start would call it orphaned, so it is named and waited for', async () => {
    await using site = await makeSite();
    const daemon = await site.serve();
    daemon.kill('SIGKILL');
    await ended(daemon);
    // It needs a terminal, which script(1) gives it.
    const run = spawn('script', ['-qec', `exec ${site.program} run codex hi`, '/dev/null'], {
      env: {
        PATH: `${join(site.scratch.path, 'bin')}:${process.env.PATH}`,
        HOME: site.scratch.path,
        COVEN_HOME: site.home,
        FAKE_END: `${site.home}.end`,
        FAKE_PAUSE: '0.05',
      },
      cwd: join(site.scratch.path, 'project'),
      stdio: 'ignore',
    });
    site.scratch.onEnd(async () => {
      site.endHarnesses();
      await ended(run);
    });
    await until(() => [...(site.rows() ?? [])].some((row) => row.startsWith('sessions ')));
    const told = await site.fix();
    expect(told.plan.live.runSessions).toHaveLength(1);
    expect(outcomes(told).filter((line) => line.startsWith('fixed'))).toEqual([]);
    expect(told.exitCode).toBe(5);
    expect(existsSync(join(site.home, 'coven.sock'))).toBe(true);
    site.endHarnesses();
    await ended(run);
    expect((await site.fix()).exitCode).toBe(0);
  });
});
