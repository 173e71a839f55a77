import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { effortOf } from '../child/effort.ts';
import { within } from '../deadline.ts';
import { systemProgram } from '../programs.ts';

/** Words before a command that take the network away from it; none where there is no program for that. */
export function withoutNetwork(): readonly (readonly string[])[] {
  if (process.platform !== 'linux') return [];
  try {
    const unshare = systemProgram('unshare');
    const asUser = process.geteuid?.() === 0 ? [] : ['--user', '--map-current-user'];
    return [[unshare, ...asUser, '--net', '--']];
  } catch {
    return [];
  }
}

/** Of its own effort, as all that it is asked. */
const versionMs = 3000;
const wholeMs = 15_000;
/** A longer message is no message of Coven. */
const saidLimit = 8192;

export interface Ended {
  /** `overran`: by its own effort. `late`: the time was over by the clock, which says nothing of it. */
  readonly how: number | NodeJS.Signals | 'overran' | 'late' | 'not-started';
  /** Null where the program did not tell one. */
  readonly version: string | null | 'overran';
  readonly stderr: string;
  /** Of the second command. */
  readonly stdout: string;
  /** Both commands ended well without a word: no Coven does. */
  readonly mute: boolean;
  /** There was more of that. */
  readonly cut: boolean;
}

/** Seconds of processor time, after which the system ends it, whatever became of us. */
const processorSeconds = 60;
/** Told between the two commands; an error of the second one alone is one of the ledger. */
const begun = 'coven-doctor: begun';
const scriptOf = (words: Words): string =>
  `ulimit -c 0; ulimit -t ${processorSeconds}; "$@" --version && echo '${begun}' && exec "$@" ${words}`;

/**
 * `adapter list`, `familiars` and `doctor` read the configuration. `sessions --json` opens the ledger; `run codex probe` runs the `codex` that lies in the folder `bin` of the
 * scratch, and records what it prints.
 */
export type Words = 'sessions --json' | 'run codex probe' | 'adapter list' | 'familiars' | 'doctor';

/**
 * Has a Coven, which `command` runs, tell its version, and do what `words` say in the home in `scratch`: without the network, where
 * `without` takes that away. Both run to their end in a process group of their own, which is ended with them. Never throws.
 */
export async function askCoven(
  command: readonly string[],
  words: Words,
  without: readonly string[],
  scratch: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Ended> {
  const [program = '', ...args] = [...without, '/bin/sh', '-c', scriptOf(words), 'sh', ...command];
  const child = spawn(program, args, {
    cwd: join(scratch, 'user'),
    env: {
      HOME: join(scratch, 'user'),
      COVEN_HOME: join(scratch, 'home'),
      PATH: join(scratch, 'bin'),
      TMPDIR: join(scratch, 'user'),
      LC_ALL: 'C',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const said = { stdout: '', stderr: '' };
  let tellBegun = (): void => undefined;
  const second = new Promise<void>((resolve) => {
    tellBegun = resolve;
  });
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      // The rest is taken, too, so that a full pipe does not hold it up.
      if (said[name].length < saidLimit) said[name] += text;
      if (said.stdout.includes(begun)) tellBegun();
    });
  const ended = new Promise<Ended['how']>((resolve) => {
    child.once('error', () => resolve('not-started'));
    child.once('close', (code, by) => resolve(by ?? code ?? 'not-started'));
  });
  const overran = (): 'overran' => 'overran';
  const end = performance.now() + milliseconds;
  const limited = <T>(work: Promise<T>, effortMs: number): Promise<T | 'overran' | 'late'> => {
    const byEffort = within(work, effortMs, signal, overran, effortOf(child.pid));
    return within(byEffort, end - performance.now(), signal, () => 'late' as const);
  };
  const first = await limited(Promise.race([ended, second]), versionMs);
  const how = first === 'overran' || first === 'late' ? first : await limited(ended, wholeMs);
  if ((how === 'overran' || how === 'late') && child.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
    await within(ended, 1000, new AbortController().signal, () => undefined);
  }
  const [, version = null] = /^coven v(\d[\w.+-]{0,40})/.exec(said.stdout) ?? [];
  return {
    how,
    version: first === 'overran' ? first : said.stdout.includes(begun) ? version : null,
    stderr: said.stderr.slice(0, saidLimit),
    stdout: said.stdout.split(begun)[1] ?? '',
    mute: how === 0 && said.stderr === '' && said.stdout.trim() === begun,
    cut: said.stdout.length >= saidLimit,
  };
}
