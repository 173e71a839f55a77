import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { seen } from '../src/host/processes-portable.ts';
import { askMachine, askProcesses } from '../src/host/system/ask.ts';
import { readMachine } from '../src/host/system/linux.ts';
import { commandEnvironment, daemonEnvironment } from '../src/lifecycle/environment.ts';
import { systemProgram } from '../src/programs.ts';

const never = new AbortController().signal;
const strace = '/usr/bin/strace';
const mayTrace = spawnSync(strace, ['-f', '/bin/true'], { stdio: 'ignore' }).status === 0;
if (!mayTrace) console.warn('the list of started programs is not tested: strace(1) is not there or may not trace');

const dist = (program: string): string => fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url));
const secret = 'sk-hush-hush-hush';
const names = ['cat', 'hostname', 'which', 'flock', 'sync', 'ps', 'node', 'coven', 'uname', 'lscpu', 'sh', 'sw_vers'];

const good = `import { from, pass } from 'coven-doctor';
export const good = { id: 'acme:good', title: 'It', explain: 'It', causes: { ok: { message: 'ok' } }, needs: ['home'],
  judge: ({ home }) => [pass('<coven-home>', { evidence: from('home', { kind: home.kind }) })] };
`;

interface Started {
  /** `flock -x -n 3` for /usr/bin/flock, `ledger.js read` for a program of ours. */
  readonly what: string;
  readonly path: string;
  readonly knowsSecret: boolean;
}

/** Runs a command with a PATH of the current folder alone, which has programs of everybody's names, and lists all that is started. */
async function trace(scratch: Scratch, program: string, words: readonly string[]): Promise<readonly Started[]> {
  const cwd = join(scratch.path, 'cwd');
  if (!existsSync(cwd)) mkdirSync(cwd);
  for (const name of names)
    writeFileSync(join(cwd, name), `#!/bin/sh\necho ${name} >> ${scratch.path}/evil\n`, { mode: 0o755 });
  const log = join(scratch.path, `${program}-${words.join('-').replaceAll('/', '')}`.slice(0, 60));
  await execa(
    strace,
    ['-f', '-qq', '-v', '-s', '65536', '-e', 'trace=execve', '-o', log, process.execPath, dist(program), ...words],
    {
      cwd,
      env: {
        PATH: '.:',
        HOME: scratch.path,
        COVEN_HOME: join(scratch.path, 'home'),
        SOME_API_KEY: secret,
        // The kit makes homes for daemons there, and a socket's path has a limit.
        TMPDIR: words[0] === 'check-kit' ? tmpdir() : scratch.path,
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    },
  );
  expect(existsSync(join(scratch.path, 'evil'))).toBe(false);
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('execve('));
  return lines.slice(1).map((line) => {
    const [, file = '', args = ''] = /execve\("([^"]*)", \[(.*?)\]/.exec(line) ?? [];
    const argv = args.split(', ').map((word) => word.replaceAll('"', ''));
    if (args.includes('ulimit -d')) return { what: limit, path: file, knowsSecret: line.includes(secret) };
    // The names after it are those of the files of the home that are there.
    if (basename(file) === 'lsattr') return { what: attributes, path: file, knowsSecret: line.includes(secret) };
    // It then becomes the program that it ties to ours.
    if (basename(file) === 'setpriv') return { what: 'setpriv', path: file, knowsSecret: line.includes(secret) };
    const ours = argv.findIndex((word) => word.includes('/dist/'));
    if (file !== process.execPath || ours < 0)
      return {
        what: [basename(file), ...argv.slice(1).map(named)].join(' '),
        path: file,
        knowsSecret: line.includes(secret),
      };
    const [program = '', ...rest] = argv.slice(ours);
    // Numbers of processes and times differ.
    const words = rest.filter((word) => /^[a-z][a-z-]*$/.test(word) && !/^(un)?tied$/.test(word));
    return { what: [basename(program), ...words].join(' '), path: file, knowsSecret: line.includes(secret) };
  });
}

/** `ledger.js` is started by a shell that gives it a limit of memory and then becomes it. */
const limit = 'sh with a limit';
const attributes = 'lsattr of the home';
const named = (word: string): string => (word.includes('/') ? 'PATH' : word);

const inSystem = (program: string): RegExp => new RegExp(`^/(?:usr/)?s?bin/${program}$`);

const list = (started: readonly Started[]): readonly string[] => [...new Set(started.map(({ what }) => what))].sort();

describe.runIf(mayTrace)('with a hostile PATH, the programs that are started are ours and the system’s', () => {
  const cases: readonly (readonly [words: readonly string[], started: readonly string[]])[] = [
    [[], [attributes, 'ledger.js read', 'setpriv', limit]],
    [['list'], []],
    [['explain', 'home:mode'], []],
    [
      ['explain', 'store:integrity'],
      ['ledger.js read', 'setpriv', limit],
    ],
    [['plan'], [attributes, 'ledger.js read', 'setpriv', limit]],
    [['bundle'], [attributes, 'pack.js', 'ledger.js read', 'setpriv', limit]],
    [['preflight'], [attributes, 'ledger.js read', 'setpriv', limit]],
    [['runs'], []],
    [
      ['backup', 'create'],
      ['flock -x -n 3', 'ledger.js content', 'ledger.js judge', 'setpriv', limit],
    ],
    [['backup', 'list'], []],
    [['backup', 'verify'], ['flock -x -n 3']],
    [
      ['--fix', '--yes'],
      ['flock -x -n 3', 'ledger.js content', 'ledger.js judge', attributes, 'ledger.js read', 'setpriv', limit],
    ],
    [['undo'], []],
    [['simulate'], ['true', 'unshare -m true']],
    [
      ['check-kit', 'MODULE'],
      [
        'coven.js daemon serve',
        'flock -s -n 3',
        'flock -x -n 3',
        'ledger.js bytes',
        attributes,
        'mkfifo PATH',
        'plugin.mjs',
        'ledger.js read',
        'setpriv',
        limit,
        'text.js',
      ],
    ],
  ];
  test.each(cases)('coven-doctor %j', async (words, expected) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    if (words[0] === '--fix') chmodSync(home, 0o755);
    const module = join(scratch.path, 'checks.mjs');
    writeFileSync(module, good);
    const named = words.map((word) => (word === 'MODULE' ? module : word));
    const started = await trace(scratch, 'coven-doctor', named);
    expect(list(started)).toEqual(expected.toSorted());
    expect(started.filter(({ path }) => path !== process.execPath && !inSystem('[^/]+').test(path))).toEqual([]);
    expect(started.filter(({ knowsSecret }) => knowsSecret)).toEqual([]);
  });

  test('coven daemon start and stop: the daemon alone has the user’s environment', async () => {
    await using scratch = await makeScratch();
    makeHome(join(scratch.path, 'home'));
    const start = trace(scratch, 'coven', ['daemon', 'start', '--daemon-command', 'minimal']);
    await expect.poll(() => existsSync(join(scratch.path, 'home', 'daemon.json')), { timeout: 60_000 }).toBe(true);
    const stopped = await trace(scratch, 'coven', ['daemon', 'stop']);
    const started = await start;
    expect([list(started), list(stopped)]).toEqual([
      ['coven.js daemon serve', 'flock -s -n 3', 'flock -x -n 3', 'ledger.js read', 'setpriv', limit],
      [],
    ]);
    const know = [...started, ...stopped].filter(({ knowsSecret }) => knowsSecret);
    expect(know.map(({ what }) => what)).toEqual(['coven.js daemon serve']);
  });
});

test('a program of the system is root’s, by its absolute path; another one is none', () => {
  expect(systemProgram('flock')).toMatch(/^\/(usr\/)?s?bin\/flock$/);
  expect(() => systemProgram('no-such-program')).toThrow(/no-such-program\(1\) is not in/);
  expect(() => systemProgram('../tmp')).toThrow(/is not in/);
});

test('a daemon gets the user’s environment without what npm and the current folder add; a stop gets no key', () => {
  const env = {
    PATH: '.:/usr/bin::bin',
    HOME: '/h',
    OPENAI_API_KEY: 'k',
    npm_config_x: '1',
    INIT_CWD: '/',
    COVEN_X: '1',
  };
  expect(daemonEnvironment(env, '/c')).toEqual({
    PATH: '/usr/bin',
    HOME: '/h',
    OPENAI_API_KEY: 'k',
    COVEN_X: '1',
    COVEN_HOME: '/c',
  });
  expect(commandEnvironment(env, '/c')).toEqual({ PATH: '/usr/bin', HOME: '/h', COVEN_X: '1', COVEN_HOME: '/c' });
});

test('the system is asked by a process that has its PATH and no secret, and what it tells says not whose machine it is', async () => {
  const { cpu, memory, ...rest } = await askMachine(never);
  expect(rest).toEqual({});
  expect(cpu).toMatchObject({ cores: cpus().length });
  expect(memory).toMatchObject({ total: expect.any(Number), available: expect.any(Number) });
  expect(Object.keys({ ...cpu, ...memory }).sort()).toEqual([
    'available',
    'brand',
    'cores',
    'physicalCores',
    'swaptotal',
    'swapused',
    'total',
    'virtualization',
  ]);
});

test('Linux tells processor and memory without a program', () => {
  const processor = (number: number, rest: string): string => `processor\t: ${number}\n${rest}\n\n`;
  const intel =
    'model name\t: Intel(R) Core(TM) i5-8350U CPU @ 1.70GHz\nflags\t\t: fpu vmx sse\nphysical id\t: 0\ncore id\t\t: 3';
  const meminfo = 'MemTotal:  100 kB\nMemAvailable:  60 kB\nSwapTotal:  20 kB\nSwapFree:  5 kB\n';
  const read = (cpuinfo: string | null) => (path: string) => (path === '/proc/cpuinfo' ? cpuinfo : meminfo);
  const memory = { total: 102_400, available: 61_440, swaptotal: 20_480, swapused: 15_360 };
  expect(readMachine(read(processor(0, intel) + processor(1, intel)))).toEqual({
    cpu: { brand: 'Intel Core i5-8350U CPU @ 1.70GHz', cores: 2, physicalCores: 1, virtualization: true },
    memory,
  });
  // A processor of Arm has no name, no sockets and no cores there.
  expect(readMachine(read(processor(0, 'BogoMIPS\t: 48.00') + processor(1, 'BogoMIPS\t: 48.00')))).toEqual({
    cpu: { brand: '', cores: 2, physicalCores: 2, virtualization: false },
    memory,
  });
  expect(readMachine(read(null))).toEqual({ memory });
  expect(readMachine(() => null)).toEqual({});
});

test('what ps(1) lists is read as processes, as where there is no /proc', async () => {
  const listed = await askProcesses(never);
  const own = listed?.find(({ pid }) => pid === process.pid);
  expect(own).toMatchObject({ ppid: process.ppid, uid: process.geteuid?.() });
  expect(Math.abs(Date.parse(own?.startedAt ?? '') - (Date.now() - process.uptime() * 1000))).toBeLessThan(60_000);
  const serve = {
    pid: 812,
    ppid: 1,
    uid: 501,
    state: 'S',
    startedAt: '2026-11-26T17:16:22.000Z',
    argv: '/opt/coven daemon serve --managed-started-at 2026-11-26T17:16:21Z'.split(' '),
  } as const;
  expect(seen(serve)).toMatchObject({
    role: 'serve',
    command: 'coven',
    own: false,
  });
  expect(seen({ ...serve, argv: ['/opt/coven', 'sessions'] })).toMatchObject({ role: 'other' });
});

test('a deadline ends it with all that it has started, and nothing is told', async () => {
  const aborted = AbortSignal.abort();
  expect(await askMachine(aborted)).toEqual({});
  expect(await askProcesses(aborted)).toBe(null);
});
