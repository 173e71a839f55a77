import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { copyHome } from '../../fixtures/repair/broken.ts';
import { imageOf, planOf, setAside, setMode, setOwner, willing } from '../../fixtures/repair/plan.ts';
import { linesOf } from '../../fixtures/repair/state.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { closeFolder, openFolder } from '../../src/host/folder.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';
import { setMode as changeMode } from '../../src/repair/engine/attributes.ts';
import { setAside as moveAside, putBack } from '../../src/repair/engine/durable.ts';
import { openJournal, parseJournal } from '../../src/repair/engine/journal.ts';
import { recoverRuns } from '../../src/repair/engine/recover.ts';
import { Refusal } from '../../src/repair/engine/refusal.ts';
import { listRuns } from '../../src/repair/engine/runs.ts';
import { undoRun } from '../../src/repair/engine/undo.ts';

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log('owners cannot be changed here: what needs root is skipped');
const never = new AbortController().signal;

function makeRecordHome({ path }: Scratch): string {
  const home = makeHome(join(path, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":4242}\n', { mode: 0o600 });
  return home;
}

/** A run that ended by kill -9 when all its steps were taken: a journal without its last records. */
async function makeUnfinished(scratch: Scratch) {
  const home = makeRecordHome(scratch);
  const before = linesOf(home);
  const { runId } = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
  const journal = join(home, 'doctor', 'runs', runId ?? '', 'journal.jsonl');
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  const cut = (count: number): void =>
    writeFileSync(
      journal,
      lines
        .slice(0, count)
        .map((line) => `${line}\n`)
        .join(''),
    );
  cut(3);
  return { home, before, run: runId ?? '', journal, lines, cut };
}

/** The reason of what was refused. */
const refusalOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error) => (error instanceof Refusal ? error.reason : error),
  );

describe('what is in doctor/ counts only when it is the user’s alone', () => {
  const doctor = (home: string, ...rest: readonly string[]): string => join(home, 'doctor', ...rest);
  const make = (home: string): void => void mkdirSync(doctor(home, 'runs'), { recursive: true, mode: 0o700 });
  const attacks: Readonly<Record<string, readonly [path: string, why: string, attack: (home: string) => void]>> = {
    'a symlink': ['doctor', 'kind', (home) => symlinkSync('/tmp', doctor(home))],
    'a file': ['doctor', 'kind', (home) => writeFileSync(doctor(home), '')],
    'open to others': [
      'doctor',
      'mode',
      (home) => {
        mkdirSync(doctor(home));
        chmodSync(doctor(home), 0o755);
      },
    ],
    ...(isRoot && {
      'of another user': [
        'doctor',
        'owner',
        (home: string) => {
          mkdirSync(doctor(home), { mode: 0o700 });
          chownSync(doctor(home), 1000, 1000);
        },
      ] as const,
    }),
    'runs, a symlink': [
      'doctor/runs',
      'kind',
      (home) => {
        mkdirSync(doctor(home), { mode: 0o700 });
        symlinkSync('/tmp', doctor(home, 'runs'));
      },
    ],
    'lock, a symlink': [
      'doctor/lock',
      'lock-invalid',
      (home) => {
        make(home);
        symlinkSync(join(home, 'daemon.json'), doctor(home, 'lock'));
      },
    ],
    'lock, a FIFO': [
      'doctor/lock',
      'lock-invalid',
      (home) => {
        make(home);
        execFileSync('mkfifo', [doctor(home, 'lock')]);
      },
    ],
    'lock, a second name of another file': [
      'doctor/lock',
      'lock-invalid',
      (home) => {
        make(home);
        linkSync(join(home, 'daemon.json'), doctor(home, 'lock'));
      },
    ],
  };
  test.each(Object.keys(attacks))('%s', async (name) => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const [path, why, attack] = attacks[name] ?? ['', '', () => undefined];
    attack(home);
    const before = linesOf(home);
    const { exit, fixes } = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
    expect([exit, fixes[0]?.reason]).toEqual([5, { code: 'not-private', facts: { path, why } }]);
    expect(await refusalOf(recoverRuns(home, never))).toEqual({ code: 'not-private', facts: { path, why } });
    expect(linesOf(home)).toEqual(before);
  });
});

describe('a home that is not the user’s own folder is refused, and nothing is made in it', () => {
  test('a symlink', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const before = snapshot(home);
    symlinkSync(home, join(scratch.path, 'link'));
    const plan = planOf(home, [setAside(home, 'daemon.json')]);
    const { exit, fixes } = await applyPlan(plan, willing(join(scratch.path, 'link')));
    expect([exit, fixes[0]?.reason?.code]).toEqual([5, 'home-symlink']);
    expect(snapshot(home)).toEqual(before);
  });

  test.skipIf(!isRoot)('of another user, as root', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    chownSync(home, 1000, 1000);
    const before = snapshot(home);
    const plan = planOf(home, [setAside(home, 'daemon.json'), setOwner(home, '.', 0, 0)]);
    const { exit, fixes } = await applyPlan(plan, willing(home));
    expect([exit, ...fixes.map(({ reason }) => reason)]).toEqual([
      5,
      { code: 'foreign-home', facts: { uid: 1000 } },
      { code: 'foreign-home', facts: { uid: 1000 } },
    ]);
    expect((await undoRun({ home, run: undefined, signal: never })).reasons.map(({ code }) => code)).toEqual([
      'foreign-home',
    ]);
    expect(snapshot(home)).toEqual(before);
  });

  test('none', async () => {
    await using scratch = await makeScratch('memory');
    expect(await refusalOf(recoverRuns(join(scratch.path, 'none'), never))).toEqual({ code: 'no-home', facts: {} });
    expect(existsSync(join(scratch.path, 'none'))).toBe(false);
  });
});

test.each(['../outside', '/etc/passwd', 'doctor/lock', 'keys//one', '.'])(
  'a plan to move %s is refused before anything is made',
  async (path) => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const before = snapshot(home);
    const was = imageOf(home, 'daemon.json');
    const plan = planOf(home, [{ fix: 'one', action: { kind: 'quarantine', path, was } }]);
    const { exit, fixes } = await applyPlan(plan, willing(home));
    expect([exit, fixes[0]?.reason?.code]).toEqual([5, 'vocabulary']);
    expect(snapshot(home)).toEqual(before);
  },
);

describe('lock files', () => {
  test('one that is missing is made as Coven makes it', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    rmSync(join(home, 'daemon-serve.lock'));
    expect((await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home))).exit).toBe(0);
    const { mode, size } = statSync(join(home, 'daemon-serve.lock'));
    expect([mode & 0o7777, size]).toEqual([0o600, 0]);
  });

  test.each([
    ['a symlink', 'kind', (home: string) => symlinkSync(join(home, 'daemon.json'), join(home, 'state.lock'))],
    ['a folder', 'kind', (home: string) => mkdirSync(join(home, 'state.lock'))],
    ['a FIFO', 'kind', (home: string) => void execFileSync('mkfifo', [join(home, 'state.lock')])],
    ['with a second name', 'links', (home: string) => linkSync(join(home, 'daemon.json'), join(home, 'state.lock'))],
  ])('%s is refused', async (_name, why, attack) => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    rmSync(join(home, 'state.lock'));
    attack(home);
    const before = linesOf(home);
    const { exit, fixes } = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
    expect([exit, fixes[0]?.reason]).toEqual([5, { code: 'lock-invalid', facts: { lock: 'state.lock', why } }]);
    expect(linesOf(home)).toEqual(before);
  });

  test.each(['state.lock', 'doctor', 'doctor/lock'])(
    '%s replaced between two steps ends the rest of the run',
    async (name) => {
      await using scratch = await makeScratch('memory');
      const home = makeRecordHome(scratch);
      writeFileSync(join(home, 'repos.toml'), '# none\n');
      const plan = planOf(home, [setAside(home, 'repos.toml', 'one'), setAside(home, 'daemon.json', 'two')]);
      const { exit, fixes } = await applyPlan(
        plan,
        willing(home, {
          tell: (progress) => {
            if (progress.stage !== 'taken') return;
            renameSync(join(home, name), join(home, 'away'));
            if (name === 'doctor') mkdirSync(join(home, name), { mode: 0o700 });
            else writeFileSync(join(home, name), '', { mode: 0o600 });
          },
        }),
      );
      const code = name === 'doctor' ? 'not-private' : 'lock-replaced';
      const told = fixes.map(({ outcome, reason }) => `${outcome} ${reason?.code ?? ''}`);
      expect([exit, ...told]).toEqual([5, 'fixed ', `refused ${code}`]);
      expect(existsSync(join(home, 'daemon.json'))).toBe(true);
    },
  );
});

describe('the hand', () => {
  test('a move that met another file puts it back; a place that is taken is never overwritten', async () => {
    await using scratch = await makeScratch('memory');
    mkdirSync(join(scratch.path, 'to'));
    writeFileSync(join(scratch.path, 'meant'), 'meant');
    writeFileSync(join(scratch.path, 'other'), 'other');
    const was = imageOf(scratch.path, 'meant');
    const [from, to] = [openFolder(scratch.path), openFolder(join(scratch.path, 'to'))];
    scratch.onEnd(() => [from, to].forEach(closeFolder));
    expect(() => moveAside(from, 'other', to, 'item', was)).toThrow(Refusal);
    expect([readFileSync(join(scratch.path, 'other'), 'utf8'), existsSync(join(scratch.path, 'to', 'item'))]).toEqual([
      'other',
      false,
    ]);
    moveAside(from, 'meant', to, 'item', was);
    writeFileSync(join(scratch.path, 'meant'), 'new');
    expect(() => putBack(to, 'item', from, 'meant')).toThrow(Refusal);
    expect(() => moveAside(from, 'other', to, 'item', imageOf(scratch.path, 'other'))).toThrow(Refusal);
    expect(['meant', 'other', 'to/item'].map((name) => readFileSync(join(scratch.path, name), 'utf8'))).toEqual([
      'new',
      'other',
      'meant',
    ]);
  });

  test('a mode is set on the file that was meant: not through a symlink, on another file or on one with two names', async () => {
    await using scratch = await makeScratch('memory');
    writeFileSync(join(scratch.path, 'meant'), '', { mode: 0o644 });
    writeFileSync(join(scratch.path, 'other'), '', { mode: 0o644 });
    symlinkSync('meant', join(scratch.path, 'link'));
    const was = imageOf(scratch.path, 'meant');
    const folder = openFolder(scratch.path);
    scratch.onEnd(() => closeFolder(folder));
    expect(() => changeMode(folder, 'link', 0o600, was)).toThrow(Refusal);
    expect(() => changeMode(folder, 'other', 0o600, was)).toThrow(Refusal);
    linkSync(join(scratch.path, 'meant'), join(scratch.path, 'second'));
    expect(() => changeMode(folder, 'meant', 0o600, was)).toThrow(Refusal);
    expect(['meant', 'other'].map((name) => statSync(join(scratch.path, name)).mode & 0o777)).toEqual([0o644, 0o644]);
  });

  test('a folder on the way that is a symlink leads nowhere', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    mkdirSync(join(home, 'adapters'), { mode: 0o700 });
    writeFileSync(join(home, 'adapters', 'one.json'), '{}', { mode: 0o644 });
    const plan = planOf(home, [setMode(home, 'adapters/one.json', 0o600)]);
    renameSync(join(home, 'adapters'), join(scratch.path, 'away'));
    symlinkSync(join(scratch.path, 'away'), join(home, 'adapters'));
    const { exit, fixes } = await applyPlan(plan, willing(home));
    expect([exit, fixes[0]?.reason?.code]).toEqual([5, 'drift']);
    expect(statSync(join(scratch.path, 'away', 'one.json')).mode & 0o777).toBe(0o644);
  });
});

describe('journals', () => {
  test('one that ends anywhere in a record ends before it, and can be gone on with', async () => {
    await using scratch = await makeScratch('memory');
    const { home, run, journal, lines, before } = await makeUnfinished(scratch);
    const [, intent = '', done = ''] = lines;
    for (const [whole, torn] of [
      [1, intent],
      [2, done],
    ] as const) {
      const start = lines
        .slice(0, whole)
        .map((line) => `${line}\n`)
        .join('');
      for (let at = 0; at <= torn.length; at += 1)
        for (const padding of ['', ' '.repeat(4096)]) {
          const { records, end } = parseJournal(Buffer.from(start + torn.slice(0, at) + padding), run);
          expect([records.length, end]).toEqual([whole, start.length]);
        }
    }
    writeFileSync(journal, `${lines.slice(0, 2).join('\n')}\n${done.slice(0, 40)}`);
    const [recovered] = await recoverRuns(home, never);
    expect(recovered?.fixes.map(({ outcome }) => outcome)).toEqual(['rolled-back']);
    expect(parseJournal(readFileSync(journal), run).records.map(({ record }) => record)).toEqual([
      'begin',
      'intent',
      'undone',
      'rolled-back',
      'abort',
    ]);
    expect(linesOf(home)).toEqual(before);
    expect(await recoverRuns(home, never)).toEqual([]);
  });

  test('a record that was torn after its newline is blanked before the next one', async () => {
    await using scratch = await makeScratch('memory');
    const { journal, lines, run, home } = await makeUnfinished(scratch);
    writeFileSync(journal, `${lines[0]}\n${' '.repeat(60)}"torn"}\n${' '.repeat(900)}`);
    const folder = openFolder(join(home, 'doctor', 'runs', run));
    const open = openJournal(folder, run);
    open.write({ record: 'undone', step: '1' });
    open.close();
    closeFolder(folder);
    expect(parseJournal(readFileSync(journal), run).records.map(({ record }) => record)).toEqual(['begin', 'undone']);
  });

  const hostile: Readonly<Record<string, (intent: string, begin: string) => string>> = {
    'a path that leads out': (intent) => intent.replace('"path":"daemon.json"', '"path":"../outside"'),
    'a path inside out': (intent) => intent.replace('"path":"daemon.json"', '"path":"keys/../../outside"'),
    'an absolute path': (intent) => intent.replace('"path":"daemon.json"', '"path":"/etc/passwd"'),
    'a path of ours': (intent) => intent.replace('"path":"daemon.json"', '"path":"doctor/lock"'),
    'a path with NUL': (intent) => intent.replace('"path":"daemon.json"', '"path":"daemon\\u0000json"'),
    'an unknown kind': (intent) => intent.replace('"kind":"quarantine"', '"kind":"execute"'),
    'an unknown field': (intent) => intent.replace('"kind":"quarantine"', '"kind":"quarantine","command":"rm"'),
    'an unknown record': (intent) => intent.replace('"record":"intent"', '"record":"shell"'),
    'two beginnings': (_intent, begin) => begin,
    'a number': () => '7',
    'damage in the middle': (intent) => `${intent.slice(0, 30)}\n${intent}`,
  };
  test.each(Object.keys(hostile))('with %s are refused, and nothing is done', async (name) => {
    await using scratch = await makeScratch('memory');
    const { home, run, journal, lines } = await makeUnfinished(scratch);
    const [begin = '', intent = '', done = ''] = lines;
    writeFileSync(journal, `${begin}\n${hostile[name]?.(intent, begin)}\n${done}\n`);
    const before = linesOf(home);
    expect(await refusalOf(recoverRuns(home, never))).toMatchObject({
      code: 'journal-damaged',
      facts: { line: 2, run, path: `doctor/runs/${run}/journal.jsonl` },
    });
    const plan = planOf(home, [setMode(home, 'daemon.lock', 0o640)]);
    expect((await applyPlan(plan, willing(home))).fixes[0]?.reason?.code).toBe('journal-damaged');
    expect(listRuns(home).map(({ state, why }) => [state, why?.code])).toEqual([['not-ours', 'journal-damaged']]);
    expect(linesOf(home)).toEqual(before);
  });

  const foreign: Readonly<Record<string, readonly [why: string, attack: (journal: string) => void]>> = {
    'readable by others': ['mode', (journal) => chmodSync(journal, 0o644)],
    'a symlink': [
      'kind',
      (journal) => {
        renameSync(journal, `${journal}.away`);
        symlinkSync(`${journal}.away`, journal);
      },
    ],
    'with a second name': ['links', (journal) => linkSync(journal, `${journal}.second`)],
    'a FIFO': [
      'kind',
      (journal) => {
        rmSync(journal);
        execFileSync('mkfifo', ['-m', '600', journal]);
      },
    ],
    ...(isRoot && { 'of another user': ['owner', (journal: string) => chownSync(journal, 1000, 1000)] as const }),
  };
  test.each(Object.keys(foreign))('%s are refused', async (name) => {
    await using scratch = await makeScratch('memory');
    const { home, run, journal } = await makeUnfinished(scratch);
    const [why, attack] = foreign[name] ?? ['', () => undefined];
    attack(journal);
    const before = linesOf(home);
    expect(await refusalOf(recoverRuns(home, never))).toMatchObject({
      code: 'not-private',
      facts: { why, path: `doctor/runs/${run}/journal.jsonl` },
    });
    expect(linesOf(home)).toEqual(before);
  });
});

describe('a recovery', () => {
  test('keeps what it cannot take back, and says why; the next run goes on', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const { runId } = await applyPlan(planOf(home, [setAside(home, 'daemon.json', 'record')]), willing(home));
    const journal = join(home, 'doctor', 'runs', runId ?? '', 'journal.jsonl');
    writeFileSync(journal, `${readFileSync(journal, 'utf8').split('\n').slice(0, 2).join('\n')}\n`);
    // What a daemon that was started meanwhile writes.
    writeFileSync(join(home, 'daemon.json'), '{"pid":1}', { mode: 0o600 });
    const [recovered] = await recoverRuns(home, never);
    expect(recovered?.fixes).toEqual([
      { fix: 'record', outcome: 'kept', reason: { code: 'drift', facts: { path: 'daemon.json', fields: 'taken' } } },
    ]);
    expect(await recoverRuns(home, never)).toEqual([]);
    rmSync(join(home, 'daemon.json'));
    expect((await undoRun({ home, run: undefined, signal: never })).outcome).toBe('undone');
    expect(readFileSync(join(home, 'daemon.json'), 'utf8')).toBe('{"pid":4242}\n');
  });

  test('goes by inodes where the machine gave the device another number', async () => {
    await using scratch = await makeScratch('memory');
    const { home, before, journal } = await makeUnfinished(scratch);
    const { dev } = imageOf(home, 'coven.sqlite3');
    writeFileSync(journal, readFileSync(journal, 'utf8').replaceAll(`"dev":"${dev}"`, '"dev":"4242"'));
    const [recovered] = await recoverRuns(home, never);
    expect(recovered?.fixes.map(({ outcome }) => outcome)).toEqual(['rolled-back']);
    expect(linesOf(home)).toEqual(before);
  });

  test('leaves the run of a home that this one is a copy of, once', async () => {
    await using scratch = await makeScratch('memory');
    const { home, run } = await makeUnfinished(scratch);
    const copy = copyHome(home, join(scratch.path, 'copy'));
    const lines = linesOf(copy);
    expect(await recoverRuns(copy, never)).toEqual([
      { run, fixes: [{ fix: 'daemon.json stale', outcome: 'kept', reason: { code: 'other-home', facts: {} } }] },
    ]);
    expect(await recoverRuns(copy, never)).toEqual([]);
    expect(linesOf(copy)).toEqual(lines);
  });

  test('of a home that was never repaired makes nothing in it', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const before = snapshot(home);
    expect(await recoverRuns(home, never)).toEqual([]);
    expect((await applyPlan(planOf(home, []), willing(home))).exit).toBe(0);
    expect((await undoRun({ home, run: undefined, signal: never })).reasons.map(({ code }) => code)).toEqual([
      'nothing-to-undo',
    ]);
    expect(listRuns(home)).toEqual([]);
    expect(snapshot(home)).toEqual(before);
  });
});
