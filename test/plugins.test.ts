import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

/** The text of a module with one check, `judge` being the body of its function. */
const moduleOf = (judge: string, rest = ''): string =>
  `import { defineCheck, fail, from, pass, unknown, warn } from 'coven-doctor';
   ${rest}
   export default [defineCheck({
     id: 'acme:it', title: 'It is fine', explain: 'It explains itself.', needs: ['home'],
     causes: { ok: { message: 'a {kind} of {n}' }, bad: { message: 'bad {n}', hint: 'mend {n}' } },
     judge: ({ home }) => {
       const rest = { facts: { kind: home.kind, n: 3 }, evidence: from('home', { kind: home.kind }) };
       ${judge}
     },
   })];`;
const passes = 'return [pass("<coven-home>", rest)];';

/** A home, and a module beside it. */
function prepare(scratch: Scratch, text: string): { home: string; module: string } {
  const home = makeHome(join(scratch.path, 'home'));
  const module = join(scratch.path, 'acme.mjs');
  writeFileSync(module, text);
  return { home, module };
}

test('a check of others is listed, explained, run, rendered and left out as ours are', async () => {
  await using scratch = await makeScratch();
  const { home, module } = prepare(scratch, moduleOf('return [warn("bad", "<coven-home>", rest)];'));
  const named = ['--checks', module];
  const { document, all } = await diagnose(home, { args: [...named, '--only', 'custom,home:disk'] });
  expect(all).toEqual(['home:disk ok pass', 'acme:it bad warn']);
  expect(document.checks.at(-1)).toMatchObject({
    id: 'acme:it',
    category: 'custom',
    source: 'acme.mjs',
    message: 'bad 3',
    hint: 'mend 3',
  });
  expect(document.checks[0]).not.toHaveProperty('source');
  const list = await cli(['list', ...named], { env: { COVEN_HOME: home } });
  const explained = await cli(['explain', 'acme:it', ...named, '--home', home]);
  const text = await cli([...named, '--home', home, '--only', 'acme:it']);
  const without = await diagnose(home, { args: [...named, '--skip', 'acme:it,store'] });
  expect(list.stdout.trimEnd().split('\n').at(-1)).toMatch(/^acme:it +It is fine \(acme\.mjs\)$/);
  expect(explained.stdout).toContain('From:     acme.mjs, which is not part of coven-doctor');
  expect(explained.stdout).toContain('because home kind is directory');
  expect(text.stdout).toContain('[--] Bad 3\n     mend 3\n     acme:it bad from acme.mjs\n');
  expect(text.stdout).toContain('Not part of coven-doctor, and not covered by its promises: acme.mjs.');
  expect(without.all.filter((line) => line.startsWith('acme'))).toEqual([]);
});

test('a package is found from the current folder, and its relative imports are loaded', async () => {
  await using scratch = await makeScratch();
  const { home } = prepare(scratch, '');
  const folder = join(scratch.path, 'node_modules', '@acme', 'checks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', exports: { import: './main.js' } }));
  writeFileSync(join(folder, 'main.js'), "export { default } from './inner.js';");
  writeFileSync(join(folder, 'inner.js'), moduleOf(passes));
  const { document } = await diagnose(home, {
    args: ['--checks', '@acme/checks', '--only', 'acme:it'],
    cwd: scratch.path,
  });
  expect(document.checks[0]).toMatchObject({ source: '@acme/checks', message: 'a directory of 3' });
});

describe('what goes wrong in it is unknown, with the reason, and hides no other check', () => {
  test.each([
    ['throws', 'throw new Error("boom");', 'threw', 'the check itself failed: boom'],
    ['never ends', 'for (;;);', 'overran', 'the check did not finish within 5000 ms'],
    ['never answers', 'return new Promise(() => {});', 'overran', 'the check did not finish within 5000 ms'],
    ['exits', 'process.exit(0);', 'threw', 'its process ended (0)'],
    ['dies', 'process.abort();', 'threw', 'its process ended (SIGABRT)'],
    [
      'takes memory without end',
      'const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1));',
      'threw',
      'Array buffer allocation failed',
    ],
    ['writes what is no answer', 'writeSync(3, "no\\n"); return [];', 'threw', 'it wrote what is no answer'],
    ['writes without end', 'writeSync(3, "x".repeat(2e6)); return [];', 'threw', 'it wrote what is no answer'],
    ['says nothing', 'return [];', 'threw', 'it says nothing'],
    ['names a cause that it has no words for', 'return [fail("other", "<x>", rest)];', 'threw', 'is not among its'],
    ['passes with a fault', 'return [{ ...pass("<x>", rest), code: "bad" }];', 'threw', 'only a pass'],
    [
      'rests on what it did not ask for',
      'return [pass("<x>", { evidence: from("install", { a: 1 }) })];',
      'threw',
      'rest',
    ],
    ['has no evidence', 'return [pass("<x>", { evidence: [] })];', 'threw', 'has no evidence'],
    ['changes what it is given', 'home.kind = "file"; return [pass("<x>", rest)];', 'threw', 'read only'],
    ['writes a file', 'writeFileSync(home.path + "/x", ""); return [pass("<x>", rest)];', 'threw', 'restricted'],
    ['starts a program', 'execFileSync("true"); return [pass("<x>", rest)];', 'threw', 'restricted'],
  ])('%s', async (_, judge, code, message) => {
    await using scratch = await makeScratch();
    const imports =
      "import { writeFileSync, writeSync } from 'node:fs'; import { execFileSync } from 'node:child_process';";
    const { home, module } = prepare(scratch, moduleOf(judge, imports));
    const args = ['--checks', module, '--only', 'acme:it,home:mode', '--timeout', '60'];
    const { document, all, exitCode } = await diagnose(home, { args });
    expect(all).toEqual(['home:mode ok pass', `acme:it ${code} unknown`]);
    // Who wrote it reads what it said; a machine document tells no more of that than is known.
    const { stdout } = await cli([...args, '--home', home]);
    expect(stdout.replaceAll(/\n {5}/g, ' ').toLowerCase()).toContain(message.toLowerCase());
    expect(document.checks[1]?.message).toMatch(
      /^(?:the check did not finish within|the check itself failed: (?:‹|it|the))/,
    );
    expect(document.checks[1]?.hint).toContain('The check is of acme.mjs');
    expect(exitCode).toBe(3);
  });
});

test('it prints nowhere, and is given nothing of the environment', async () => {
  await using scratch = await makeScratch();
  const { home, module } = prepare(
    scratch,
    moduleOf(
      'console.log("x"); console.error("x"); return [pass("<x>", { ...rest, facts: { kind: "", n: Object.keys(process.env).length } })];',
    ),
  );
  const { document } = await diagnose(home, {
    args: ['--checks', module, '--only', 'acme:it'],
    env: { ACME_TOKEN: 'secret' },
  });
  expect(document.checks[0]?.message).toBe('a  of 0');
});

test('what it says is harmless on a terminal', async () => {
  await using scratch = await makeScratch();
  const text = moduleOf('return [pass("<x>\\u001b", { ...rest, facts: { kind: "\\u001b[2J", n: "\\u202e" } })];');
  const { home, module } = prepare(scratch, text.replace('It is fine', '\\u001b]0;x\\u0007'));
  for (const words of [['--verbose'], ['--json'], ['explain', 'acme:it'], ['list']]) {
    const { stdout, exitCode } = await cli([
      ...words,
      '--checks',
      module,
      ...(words[0] === 'list' ? [] : ['--home', home]),
    ]);
    expect(exitCode).toBeLessThan(2);
    expect(stdout).toContain('acme:it');
    expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
  }
});

describe('a module that may not or cannot be used is one line and exit 2', () => {
  const refused = async (module: string, home: string, cwd: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await cli(['--checks', module, '--home', home], { cwd });
    expect([exitCode, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
    return stderr;
  };

  test.each([
    ['is not there', './none.mjs', 'there is no such file'],
    ['is a folder', './home', 'not a file'],
    ['is no package', 'acme.mjs', 'no such package from here; a file is named with its path, as ./acme.mjs'],
  ])('it %s', async (_, named, reason) => {
    await using scratch = await makeScratch();
    const { home } = prepare(scratch, moduleOf(passes));
    expect(await refused(named, home, scratch.path)).toContain(reason);
  });

  test.each([
    ['does not parse', 'export const', 'does not load: '],
    ['throws', 'throw new Error("boom")', 'does not load: boom'],
    ['never loads', 'await new Promise(() => setInterval(() => {}, 1000))', 'does not load: no answer within 5000 ms'],
    ['exports nothing', 'export {}', 'exports no check'],
    ['exports something else', 'export const a = 1', 'its export a is no check'],
    ['takes an area of ours', moduleOf(passes).replace('acme:it', 'home:it'), "one of coven-doctor's own"],
    ['has a bad id', moduleOf(passes).replace('acme:it', 'Acme'), 'not of the form area:subject'],
    ['needs what is not there', moduleOf(passes).replace("needs: ['home']", "needs: ['homes']"), 'needs "homes"'],
    ['has no words for ok', moduleOf(passes).replace('{ ok:', '{ fine:'), 'has no words for ok'],
    [
      'exports one id twice',
      `${moduleOf(passes)}\nexport const other = { ...(await import('./acme.mjs?x')).default[0] };`,
      '',
    ],
  ])('it %s', async (_, text, reason) => {
    await using scratch = await makeScratch();
    const { home } = prepare(scratch, text);
    expect(await refused('./acme.mjs', home, scratch.path)).toContain(reason);
  });

  test('two modules have a check of one id', async () => {
    await using scratch = await makeScratch();
    const { home, module } = prepare(scratch, moduleOf(passes));
    writeFileSync(join(scratch.path, 'other.mjs'), readFileSync(module));
    const { stderr, exitCode } = await cli([
      '--checks',
      module,
      '--checks',
      join(scratch.path, 'other.mjs'),
      '--home',
      home,
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('acme:it is already a check of acme.mjs');
  });

  test('it, a folder above it, or what it imports can be written by others', async () => {
    await using scratch = await makeScratch();
    const folder = join(scratch.path, 'a', 'b');
    mkdirSync(folder, { recursive: true });
    const { home } = prepare(scratch, '');
    writeFileSync(join(folder, 'main.mjs'), "export { default } from './inner.mjs';");
    writeFileSync(join(folder, 'inner.mjs'), moduleOf(passes));
    for (const [path, mode] of [
      [join(folder, 'main.mjs'), 0o664],
      [folder, 0o777],
      [join(scratch.path, 'a'), 0o775],
      [join(folder, 'inner.mjs'), 0o646],
    ] as const) {
      const before = path.endsWith('.mjs') ? 0o644 : 0o755;
      chmodSync(path, mode);
      expect(await refused(join(folder, 'main.mjs'), home, '/')).toContain(`${path} can be written by others`);
      chmodSync(path, before);
    }
    // In a folder with the sticky bit nobody can replace it.
    chmodSync(join(scratch.path, 'a'), 0o1777);
    expect((await diagnose(home, { args: ['--checks', join(folder, 'main.mjs'), '--only', 'custom'] })).exitCode).toBe(
      0,
    );
  });

  test.skipIf(process.geteuid?.() !== 0)('it belongs to another user (needs root)', async () => {
    await using scratch = await makeScratch();
    const { home, module } = prepare(scratch, moduleOf(passes));
    chownSync(module, 65_534, 65_534);
    expect(await refused(module, home, '/')).toContain('belongs to another user (uid 65534)');
  });

  test('it is in the home, or led to through it', async () => {
    await using scratch = await makeScratch();
    const { home, module } = prepare(scratch, moduleOf(passes));
    writeFileSync(join(home, 'in.mjs'), moduleOf(passes));
    symlinkSync(module, join(home, 'out.mjs'));
    symlinkSync(home, join(scratch.path, 'elsewhere'));
    symlinkSync(join(home, 'in.mjs'), join(scratch.path, 'link.mjs'));
    writeFileSync(join(scratch.path, 'imports.mjs'), "export { default } from './home/in.mjs';");
    for (const named of ['home/in.mjs', 'home/out.mjs', 'elsewhere/in.mjs', 'link.mjs', 'imports.mjs']) {
      expect(await refused(join(scratch.path, named), join(scratch.path, 'elsewhere'), '/')).toContain(
        'is in the Coven home',
      );
    }
    mkdirSync(join(scratch.path, 'other'));
    const { stderr } = await cli(['--checks', join(home, 'in.mjs'), '--home', join(scratch.path, 'other')], {
      env: { COVEN_HOME: home },
    });
    expect(stderr).toContain('is in the Coven home');
  });
});
