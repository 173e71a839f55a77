import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { limits } from '../src/store/protocol.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = ['src', 'checks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort(),
);
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Files of this project that a file imports, lazily too. */
function imports(file: string): readonly string[] {
  return [...text(file).matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, target = '']) =>
    relative(root, join(root, dirname(file), target)),
  );
}

/** The same without what is imported for its types alone. */
const valueImports = (file: string, lazyToo = true): readonly string[] =>
  [...text(file).matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'/gm)]
    .filter(([, target]) => lazyToo || target !== undefined)
    .map(([, target, lazy]) => relative(root, join(root, dirname(file), target ?? lazy ?? '')));

/** What plans are made of. */
const planning = ['digest', 'foresee', 'live', 'paths', 'plan', 'remedies/', 'schema'].map(
  (name) => `src/repair/${name}`,
);

/** Who may import what, by the start of a path; the first rule that fits a file counts. */
const rules: readonly (readonly [from: string, to: readonly string[]])[] = [
  [
    'checks/',
    [
      ...['checks/', 'src/model/', 'src/coven/', 'src/repair/remedies/'],
      ...['causes', 'see', 'state'].map((name) => `src/upgrade/${name}.ts`),
    ],
  ],
  // Types alone: who imports it gets nothing of the host.
  ['src/model/observation.ts', ['src/host/observations/', 'src/host/shape.ts']],
  ['src/deadline.ts', []],
  ['src/json.ts', []],
  ['src/random.ts', []],
  ['src/start/', ['src/start/', 'src/child/code-cache.ts']],
  ['src/child/', ['src/child/', 'src/deadline.ts', 'src/package.ts', 'src/programs.ts']],
  ['src/package.ts', []],
  ['src/programs.ts', []],
  ['src/host/system/', ['src/host/system/', 'src/child/', 'src/programs.ts']],
  ['src/model/', ['src/model/']],
  ['src/coven/', ['src/coven/', 'src/model/']],
  ['src/sqlite/', ['src/sqlite/', 'src/child/', 'src/model/observation.ts']],
  ['src/rescue/', ['src/rescue/', 'src/child/', 'src/sqlite/', 'src/coven/']],
  [
    'src/store/',
    [
      ...['src/store/', 'src/child/', 'src/sqlite/', 'src/coven/', 'src/model/observation.ts', 'src/random.ts'],
      'src/rescue/',
    ],
  ],
  [
    'src/host/',
    [
      'src/host/',
      'src/child/',
      'src/redaction/',
      'src/store/no-sessions.ts',
      'src/store/ask.ts',
      'src/store/protocol.ts',
      'src/coven/',
      ...['needs', 'observation', 'reading'].map((name) => `src/model/${name}.ts`),
      'src/deadline.ts',
      'src/package.ts',
      'src/programs.ts',
      'src/host/system/',
      'src/json.ts',
      'src/random.ts',
    ],
  ],
  ['src/run/runner.ts', ['src/model/', 'src/host/host.ts', 'src/deadline.ts']],
  ['src/run/advise.ts', ['src/model/', 'src/coven/', 'src/host/host.ts', 'src/run/runner.ts']],
  ['src/run/judge.ts', ['src/model/', 'src/host/host.ts', 'src/run/advise.ts', 'src/run/runner.ts']],
  ['src/run/accepted.ts', ['src/model/']],
  [
    'src/run/report.ts',
    [
      ...['src/run/accepted.ts', 'src/run/runner.ts', 'src/model/'],
      ...['src/coven/causes.ts', 'src/coven/layout.ts', 'src/coven/obstacles.ts'],
    ],
  ],
  [
    'src/run/',
    [
      ...['src/model/', 'src/coven/layout.ts', 'src/host/host.ts', 'src/host/live.ts', 'src/repair/engine/see-runs.ts'],
      ...['src/run/judge.ts', 'src/run/report.ts', 'src/run/runner.ts', 'src/random.ts'],
    ],
  ],
  ['src/plugins/freeze.ts', []],
  ['src/index.ts', ['src/model/', 'src/plugins/define.ts']],
  ['src/plugins/program.ts', ['src/plugins/protocol.ts', 'src/child/end-with-parent.ts', 'src/plugins/freeze.ts']],
  ['src/plugins/hooks.ts', ['src/plugins/trust.ts']],
  [
    'src/plugins/kit/',
    [
      'src/plugins/kit/',
      'src/plugins/',
      'src/host/',
      'src/coven/layout.ts',
      'src/model/',
      'src/model/observation.ts',
      'src/run/runner.ts',
      'src/repair/engine/see-runs.ts',
      'src/deadline.ts',
      'fixtures/hostile.ts',
    ],
  ],
  ['src/plugins/', ['src/plugins/', 'src/child/', 'src/model/', 'src/host/schemas.ts', 'src/model/observation.ts']],
  [
    'src/render/page',
    [
      'src/render/',
      'src/run/report.ts',
      'src/model/',
      'src/model/observation.ts',
      'src/coven/contract.ts',
      'src/coven/limits.ts',
    ],
  ],
  ['src/render/kit.ts', ['src/render/', 'src/model/', 'src/plugins/kit/']],
  [
    'src/render/backup.ts',
    ['src/render/', 'src/model/', 'src/backup/', 'src/coven/layout.ts', 'src/repair/engine/', 'src/store/protocol.ts'],
  ],
  [
    'src/render/remediation.ts',
    ['src/render/', 'src/model/', 'src/coven/advice.ts', 'src/coven/obstacles.ts', 'src/run/report.ts'],
  ],
  ['src/render/bundle-refused.ts', ['src/render/', 'src/model/', 'src/bundle/refused.ts']],
  ['src/render/bundle-verified.ts', ['src/render/', 'src/model/', 'src/bundle/verify.ts']],
  ...['rescue', 'rescued-sessions'].map((name): readonly [string, readonly string[]] => [
    `src/render/${name}.ts`,
    ['src/render/', 'src/model/', 'src/rescue/report.ts', 'src/rescue/outcome.ts'],
  ]),
  ['src/render/diff.ts', ['src/render/', 'src/model/', 'src/bundle/compare.ts']],
  [
    'src/render/',
    [
      'src/render/',
      'src/run/accepted.ts',
      'src/coven/layout.ts',
      'src/coven/contract.ts',
      'src/coven/event-output.ts',
      'src/coven/session-states.ts',
      'src/store/protocol.ts',
      'src/model/',
      'src/run/report.ts',
      'src/run/runner.ts',
      'src/model/',
      'src/repair/engine/',
    ],
  ],
  [
    'src/packing/',
    [
      ...['src/packing/', 'src/bundle/', 'src/child/', 'src/redaction/', 'src/host/', 'src/model/', 'src/run/'],
      ...['src/render/', 'src/package.ts', 'checks/index.ts'],
    ],
  ],
  // What opens a stranger's file knows nothing of this machine.
  ...['bytes', 'json', 'limits', 'names', 'read', 'refused', 'tgz', 'verify', 'zip'].map(
    (name): readonly [string, readonly string[]] => [`src/bundle/${name}.ts`, ['src/bundle/', 'src/json.ts']],
  ),
  [
    'src/bundle/',
    [
      'src/bundle/',
      'src/redaction/',
      'src/coven/',
      'src/host/',
      'src/store/protocol.ts',
      'src/model/',
      'src/model/observation.ts',
      'src/run/runner.ts',
      'src/deadline.ts',
      'src/package.ts',
      'src/programs.ts',
      'src/store/ask-judge.ts',
      'src/host/system/',
      'src/json.ts',
    ],
  ],
  ['src/redaction/', ['src/redaction/', 'src/coven/', 'src/json.ts']],
  ['src/terminal/', ['src/terminal/', 'src/render/', 'src/redaction/', 'src/model/harmless.ts']],
  [
    'src/disclosure/',
    [
      ...['src/disclosure/', 'src/bundle/', 'src/redaction/', 'src/host/', 'src/model/', 'src/run/'],
      ...['src/upgrade/state.ts', 'src/coven/contract.ts', 'src/rescue/report.ts'],
    ],
  ],
  // What stands for parts of packages in the build.
  ['src/build/', []],
  ['src/daemon/', ['src/daemon/', 'src/coven/', 'src/child/sqlite.ts', 'src/programs.ts', 'package.json']],
  [
    'src/lifecycle/',
    [
      'src/lifecycle/',
      'src/coven/',
      'src/host/',
      ...['amounts', 'needs', 'observation'].map((name) => `src/model/${name}.ts`),
      'src/deadline.ts',
      'src/package.ts',
    ],
  ],
  [
    'src/repair/engine/',
    [
      'src/repair/engine/',
      'src/model/',
      'src/repair/digest.ts',
      'src/repair/foresee.ts',
      'src/repair/live.ts',
      'src/repair/paths.ts',
      'src/repair/schema.ts',
      'src/coven/',
      'src/host/',
      'src/lifecycle/',
      'src/backup/',
      'src/sqlite/',
      'src/child/',
      'src/store/ask.ts',
      'src/store/protocol.ts',
      'src/model/observation.ts',
      'src/programs.ts',
      'src/package.ts',
      'src/json.ts',
    ],
  ],
  // Planning is pure: it knows no host and no engine.
  ['src/repair/', [...planning, 'src/coven/', 'src/model/', 'src/json.ts']],
  ['src/upgrade/', ['src/upgrade/', 'src/model/', 'src/coven/', 'src/model/observation.ts', 'src/json.ts']],
  ['src/training/', ['src/training/', 'src/lifecycle/probe.ts', 'src/host/']],
  [
    'src/backup/',
    [
      'src/backup/',
      'src/child/',
      ...['answers', 'ask', 'ask-judge', 'protocol', 'reach'].map((name) => `src/store/${name}.ts`),
      'src/sqlite/',
      'src/coven/',
      'src/model/run-id.ts',
      'src/model/stage.ts',
      'src/host/',
      'src/model/observation.ts',
      'src/deadline.ts',
      'src/programs.ts',
      'src/package.ts',
      'src/json.ts',
    ],
  ],
  // What several commands share imports no command. The process for archives runs some.
  [
    'src/cli/options/',
    [
      ...['src/cli/options/', 'src/terminal/', 'src/host/', 'src/model/', 'src/run/', 'src/bundle/', 'src/plugins/'],
      ...['src/render/', 'src/coven/layout.ts', 'src/json.ts', 'checks/index.ts'],
    ],
  ],
  [
    'src/cli/diagnosis/',
    [
      ...['src/cli/diagnosis/', 'src/cli/options/', 'src/terminal/', 'src/disclosure/', 'src/render/'],
      ...['src/host/', 'src/model/', 'src/run/', 'src/package.ts'],
    ],
  ],
  [
    'src/cli/repair/',
    [
      ...['src/cli/repair/', 'src/cli/diagnosis/', 'src/cli/rescue/foreseen.ts', 'src/terminal/', 'src/disclosure/'],
      ...[
        'src/repair/',
        'src/backup/',
        'src/host/',
        'src/model/',
        'src/run/',
        'src/coven/',
        'src/package.ts',
        'checks/index.ts',
      ],
    ],
  ],
  [
    'src/cli/rescue/',
    [
      ...[
        'src/cli/rescue/',
        'src/terminal/',
        'src/rescue/',
        'src/store/ask-rescue.ts',
        'src/repair/engine/',
        'src/backup/',
        'src/render/',
      ],
      ...['src/host/', 'src/model/', 'src/run/runner.ts', 'src/coven/', 'src/deadline.ts', 'src/json.ts'],
    ],
  ],
  [
    'src/cli/archives/',
    [
      ...['src/cli/archives/', 'src/terminal/', 'src/child/', 'src/bundle/', 'src/render/', 'src/model/amounts.ts'],
      ...['analyze', 'bundle-verify', 'diff', 'sessions'].map((command) => `src/cli/${command}.ts`),
    ],
  ],
  ['src/cli/', ['src/', 'checks/', 'fixtures/faults/index.ts']],
  ['src/coven.ts', ['src/cli/main.ts']],
  ['src/coven-doctor.ts', ['src/cli/main.ts']],
];

describe.each(files)('%s', (file) => {
  test('imports only what its layer may', () => {
    const allowed = rules.find(([from]) => file.startsWith(from))?.[1];
    expect(allowed).toBeDefined();
    expect(imports(file).filter((target) => !allowed?.some((to) => target.startsWith(to)))).toEqual([]);
  });
});

test('outside the daemon and backups, a home is changed by the engine alone; other files that are written are temporary, or named by `--output`', () => {
  const writes =
    /\b(writeFile|appendFile|createWriteStream|rename|unlink|rmdir|rm|mkdir|mkdtemp|link|symlink|[fl]?chmod|[fl]?chown|[fl]?utimes|f?truncate|copyFile|cp)(Sync)?\(|\bwritev?Sync\(|O_CREAT/;
  expect(files.filter((file) => !/^src\/(daemon|backup)\//.test(file) && writes.test(text(file)))).toEqual([
    // An answer, to a pipe.
    'src/child/requests.ts',
    'src/child/sqlite.ts',
    // Its answers, to a pipe.
    'src/cli/archives/program.ts',
    'src/cli/demo.ts',
    'src/cli/options/outputs.ts',
    // What is staged for a run of the engine, in the folder of that run.
    'src/cli/rescue/in-place.ts',
    // What is written and removed outside a home.
    'src/host/outside-file.ts',
    'src/host/private.ts',
    // A copy of a ledger, in a private folder.
    'src/host/rehearse.ts',
    'src/host/store.ts',
    // A home of its own, in which patterns are tried.
    'src/host/try-config.ts',
    'src/host/try-patterns.ts',
    'src/lifecycle/spawn.ts',
    // An answer, to a pipe.
    'src/plugins/program.ts',
    'src/repair/engine/attributes.ts',
    'src/repair/engine/durable.ts',
    // The new ledger, and scratch files.
    'src/rescue/tree-writer.ts',
    // Some pages of a ledger, in the folder that it is read from.
    'src/sqlite/extract.ts',
    // A folder of the user's cache, for Node.
    'src/start/code-cache.ts',
    // Files in it.
    'src/start/kept-code.ts',
    // A copy of a ledger, in the folder of a run.
    'src/store/empty-search.ts',
    'src/store/foreign.ts',
    'src/store/jobs/mend.ts',
    'src/store/reach.ts',
    'src/training/place.ts',
  ]);
});

test('the table of commands loads no command, and the default diagnosis no command but itself', () => {
  const isCommand = (file: string): boolean => /^src\/cli\/[^/]+\.ts$/.test(file);
  const loadedBy = (first: string): readonly string[] => {
    const loaded = new Set([first]);
    for (const file of loaded) for (const target of valueImports(file, false)) loaded.add(target);
    return [...loaded].filter((file) => file !== first && isCommand(file));
  };
  expect(loadedBy('src/cli/commands/index.ts')).toEqual([]);
  expect(loadedBy('src/cli/dispatch.ts')).toEqual([]);
  expect(loadedBy('src/cli/doctor.ts')).toEqual([]);
});

test('each folder says on one page what it holds', () => {
  const folders = new Set([
    ...files.flatMap((file) => /^src\/([^/]+)\//.exec(file)?.[1] ?? []),
    ...files.flatMap((file) => /^src\/(cli\/(?!commands\/)[^/]+)\//.exec(file)?.[1] ?? []),
  ]);
  const pages = [...folders].map((name) => {
    const page = join(root, 'src', name, 'README.md');
    return [name, existsSync(page) ? readFileSync(page, 'utf8').trimEnd().split('\n').length : 0] as const;
  });
  expect(pages.filter(([, lines]) => lines < 4 || lines > 70)).toEqual([]);
  // What a page names is there.
  const missing = pages.flatMap(([name]) =>
    [...readFileSync(join(root, 'src', name, 'README.md'), 'utf8').matchAll(/`([\w./-]+\.(?:ts|mjs|json))`/g)]
      .map(([, file = '']) => file)
      .filter((file) => !['', 'src', join('src', name)].some((from) => existsSync(join(root, from, file))))
      .map((file) => `src/${name}/README.md: ${file}`),
  );
  expect(missing).toEqual([]);
});

test('SQLite is loaded by child programs and the minimal daemon alone: without it, everything else works', () => {
  const reached = new Set<string>();
  const walk = (file: string): void => {
    if (reached.has(file) || /^(fixtures|src\/daemon)\//.test(file)) return;
    reached.add(file);
    for (const target of valueImports(file)) walk(target);
  };
  walk('src/coven-doctor.ts');
  expect(reached.size).toBeGreaterThan(200);
  expect([...reached].filter((file) => /import (?!type ).*'better-sqlite3'/.test(text(file)))).toEqual([]);
});

describe('the jobs of the program that opens ledgers', () => {
  const moduleOf = (job: string): string => `src/store/jobs/${job}.ts`;
  /** All that is loaded with a job's module. */
  const loadedBy = (job: string): readonly string[] => {
    const loaded = new Set([moduleOf(job)]);
    for (const file of loaded) for (const target of valueImports(file)) loaded.add(target);
    return [...loaded];
  };

  test('each has a module, and there is no other', () => {
    expect(files.filter((file) => file.startsWith('src/store/jobs/'))).toEqual(
      Object.keys(limits).map(moduleOf).sort(),
    );
  });

  test.each(Object.entries(limits))(
    '%s loads no code of another job, and opens ledgers as it may',
    (job, { opens }) => {
      const loaded = loadedBy(job);
      expect(loaded.filter((file) => file.startsWith('src/store/jobs/'))).toEqual([moduleOf(job)]);
      const openings = loaded.filter((file) => /import Database\b.* from '.*child\/sqlite\.ts'/.test(text(file)));
      const byRescue = openings.filter((file) => file.startsWith('src/rescue/'));
      expect(byRescue.length > 0).toBe(job === 'rescue' || job === 'merge');
      const allowed = { nothing: [], 'to read': ['read'], 'to write': ['read', 'write'] }[opens];
      const others = openings.filter((file) => !byRescue.includes(file));
      expect(allowed.map((how) => `src/sqlite/open-to-${how}.ts`)).toEqual(expect.arrayContaining(others));
    },
  );

  test('what opens a database through SQLite is listed', () => {
    expect(files.filter((file) => /import Database\b.* from '.*child\/sqlite\.ts'/.test(text(file)))).toEqual([
      // The minimal daemon has a ledger of its own.
      'src/daemon/ledger.ts',
      // A new ledger, and what is noted beside it.
      ...['merge', 'rescue', 'session-notes', 'words', 'write-agreed', 'write'].map((name) => `src/rescue/${name}.ts`),
      'src/sqlite/open-to-read.ts',
      'src/sqlite/open-to-write.ts',
    ]);
  });
});

/** What comes round to itself: the first way on which it does, or null. */
function circleIn(all: readonly string[], importsOf: (one: string) => readonly string[]): readonly string[] | null {
  const visited = new Set<string>();
  const circleFrom = (one: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(one)) return [...path.slice(path.indexOf(one)), one];
    if (visited.has(one) || !all.includes(one)) return null;
    visited.add(one);
    for (const target of importsOf(one)) {
      const circle = circleFrom(target, [...path, one]);
      if (circle) return circle;
    }
    return null;
  };
  for (const one of all) {
    const circle = circleFrom(one, []);
    if (circle) return circle;
  }
  return null;
}

// The types of observations are made of what takes them, so that each is declared once.
const withoutObservations = files.filter((file) => file !== 'src/model/observation.ts');

test('no file imports itself through others, lazily or not, nor for its types', () => {
  expect(circleIn(files, (file) => valueImports(file))).toBeNull();
  expect(circleIn(withoutObservations, imports)).toBeNull();
});

test('no folder imports itself through others, not even for types', () => {
  const folderOf = (file: string): string => /^(?:src\/[^/]+|checks)(?=\/)/.exec(file)?.[0] ?? file;
  const importedBy = (folder: string): readonly string[] =>
    withoutObservations
      .filter((file) => folderOf(file) === folder)
      .flatMap(imports)
      .map(folderOf)
      .filter((to) => to !== folder);
  expect(circleIn([...new Set(withoutObservations.map(folderOf))], importedBy)).toBeNull();
});

test('redaction is pure: it opens nothing, asks nobody, and knows no clock', () => {
  const impure = /node:(?:fs|net|http|child_process|os)|process\.|Date\.now|new Date\(\)|Math\.random|better-sqlite3/;
  expect(files.filter((file) => file.startsWith('src/redaction/') && impure.test(text(file)))).toEqual([]);
});

test('only the command line reads argv and sets the exit code', () => {
  const files_ = files.filter((file) => /process\.(argv|exitCode|exit\()/.test(text(file)));
  expect(files_.filter((file) => !/^src\/(cli\/|coven\.ts|coven-doctor\.ts)/.test(file))).toEqual([
    // A child is given the number of its parent.
    'src/child/end-with-parent.ts',
    'src/child/tie.ts',
    // No code cache is kept in what the command line names.
    'src/start/start.ts',
    // And the name of its job.
    'src/store/program.ts',
    // The exit code of a bug, before there is a result.
    'src/terminal/end-loudly.ts',
  ]);
});

test('no child is ended by an option: one that could not be started has no number, and Node would signal what is in its place', () => {
  const spawns = /\b(?:spawn|execFile|fork)\((?:[^;]|;(?!\n))*?\bsignal\b[^;]*?\}\)/;
  expect(files.filter((file) => spawns.test(text(file)))).toEqual([]);
});

test('no command is given to a shell', () => {
  expect(files.filter((file) => /\bexec(Sync)?\(|shell: true/.test(text(file).replaceAll(/\.exec\(/g, '')))).toEqual(
    [],
  );
});
