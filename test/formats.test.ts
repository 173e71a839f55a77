import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { Ajv } from 'ajv';
import DraftFour from 'ajv-draft-04';
import { execa } from 'execa';
import fc from 'fast-check';
import { XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import type { Log } from 'sarif';
import { describe, expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { postflightChecks, preflightChecks } from '../checks/upgrades.ts';
import {
  faults,
  hostile,
  hostileAcceptance,
  hostileText,
  hostileUpgrade,
  lawless,
  reportOf,
} from '../fixtures/reports.ts';
import { savedState } from '../fixtures/upgrade-state.ts';
import { workflowCommand } from '../fixtures/workflow-command.ts';
import { type Check, fail, unknown, warn } from '../src/model/check.ts';
import { harmless } from '../src/model/harmless.ts';
import { say } from '../src/model/say.ts';
import { type Format, formats, render } from '../src/render/format.ts';
import { renderMarkdownWithin } from '../src/render/markdown.ts';
import reportSchema from '../src/render/report.schema.json' with { type: 'json' };
import type { Report } from '../src/run/report.ts';

const options = { tool: { name: 'coven-doctor', version: '0.1.0' }, color: false, verbose: true };

const before = preflightChecks(savedState.requirements);
const after = postflightChecks(savedState);

const reports: Readonly<Record<string, Report>> = {
  healthy: reportOf({}),
  faulty: reportOf(faults),
  'faulty at the threshold warn': reportOf(faults, 'warn'),
  hostile: reportOf(hostile),
  lawless: reportOf(lawless),
  'hostile and suppressed': reportOf(hostile, 'warn', hostileAcceptance),
  'a preflight': reportOf({}, 'fail', undefined, before),
  'a hostile preflight': reportOf(hostileUpgrade(before), 'fail', undefined, before),
  'a postflight': reportOf({}, 'fail', undefined, after),
  'a hostile postflight': reportOf(hostileUpgrade(after), 'fail', undefined, after),
};

/** The checks of a report, and the report without a finding that has the same ones. */
const askedIn = (name: string): readonly Check[] => (reports[name]?.checks ?? []).map(({ check }) => check);
const healthy = (name: string): string => (name.endsWith('flight') ? name.replace('hostile ', '') : 'healthy');

const text = async (format: Format, name: string): Promise<string> =>
  render(format, reports[name] ?? expect.fail(name), options);

const toHtml = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });

/** Tags that are none of a table's, nor of the ids and commands in it. */
const foreignTags = (html: string): readonly string[] =>
  [...html.matchAll(/<[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => !/^<\/?(h3|p|table|thead|tbody|tr|th|td|code)>$|^<(br|!-- --)>$/.test(tag));

describe.each(Object.keys(reports))('%s', (name) => {
  test.each(formats)('%s has no character that does something, and no line that is a command', async (format) => {
    const out = await text(format, name);
    expect(out.match(/[^\P{C}\n]|[\u2028\u2029]/gu)).toBeNull();
    expect(Buffer.from(out).toString()).toBe(out);
    expect(out).toMatch(/^$|\n$/);
    expect(out).not.toMatch(/##(vso)?\[/);
    const commands = out.split('\n').flatMap((line) => workflowCommand(line) ?? []);
    if (format !== 'github') return expect(commands).toEqual([]);
    expect(commands).toHaveLength(out.split('\n').length - 1);
    expect(new Set(commands.map(({ name }) => name))).toEqual(
      new Set(commands.map(({ name }) => name).filter((name) => ['error', 'warning', 'notice'].includes(name))),
    );
    expect(commands.map(({ properties }) => Object.keys(properties))).toEqual(commands.map(() => ['title']));
  });

  test('json is valid against the published schema, and jsonl holds the same', async () => {
    const validate = new Ajv({ validateFormats: false, allowUnionTypes: true }).compile<{ checks: object[] }>(
      reportSchema,
    );
    const document: unknown = JSON.parse(await text('json', name));
    // The schema forbids a code that is no word: that is what this report is about.
    if (name !== 'lawless' && !validate(document)) expect.fail(JSON.stringify(validate.errors));
    const events = (await text('jsonl', name))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { event, consequences, ...summary } = events.pop();
    expect(event).toBe('summary');
    expect({ ...summary, checks: events.map(({ event, ...check }) => check) }).toEqual(document);
    expect(events.map(({ event }) => event)).toEqual(askedIn(name).map(() => 'check'));
  });

  test('junit is valid against its schema, and its numbers are those of its cases', async () => {
    using document = XmlDocument.fromString(await text('junit', name));
    using schema = XmlDocument.fromString(
      readFileSync(fileURLToPath(new URL('../fixtures/junit.xsd', import.meta.url)), 'utf8'),
    );
    using validator = XsdValidator.fromDoc(schema);
    validator.validate(document);
    const found = (xpath: string): number => document.find(xpath).length;
    const said = (xpath: string): number => document.find(xpath).reduce((sum, { content }) => sum + Number(content), 0);
    const { length } = askedIn(name);
    expect(found('//testcase')).toBe(length);
    expect([said('//testsuite/@tests'), said('/testsuites/@tests')]).toEqual([length, length]);
    for (const kind of ['failure', 'error']) {
      const names = [said(`//testsuite/@${kind}s`), said(`/testsuites/@${kind}s`)];
      expect(names).toEqual([found(`//${kind}`), found(`//${kind}`)]);
    }
    expect(said('//testsuite/@skipped')).toBe(found('//skipped'));
  });

  test('sarif is valid against the schema of SARIF 2.1.0', async () => {
    const validate = new DraftFour.default({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
      sarifSchema,
    );
    const log = JSON.parse(await text('sarif', name)) as Log;
    if (!validate(log)) expect.fail(JSON.stringify(validate.errors, null, 1));
    const notices = log.runs[0]?.invocations?.flatMap(
      ({ toolExecutionNotifications = [] }) => toolExecutionNotifications,
    );
    const messages = [...(log.runs[0]?.results ?? []), ...(notices ?? [])].map(({ message }) => message.text ?? '');
    expect(messages.filter((message) => /]\(|[{}]/.test(message.replaceAll(/{{|}}/g, '')))).toEqual([]);
  });

  test('markdown is a table of plain text, whatever is in it', async () => {
    const out = await text('markdown', name);
    const html = toHtml(out);
    expect(foreignTags(html)).toEqual([]);
    const rows = html.match(/<tr>[\s\S]*?<\/tr>/g) ?? [];
    expect(rows.map((row) => row.match(/<t[hd]>/g)?.length)).toEqual(rows.map(() => 4));
    const findings = reports[name]?.checks.flatMap(({ findings }) => findings) ?? [];
    expect(rows).toHaveLength(findings.length + 1);
    // What is found, in the third column, is never code, whatever it says.
    const messages = rows.map((row) =>
      row
        .split(/<t[hd]>/)[3]
        ?.replaceAll('<!-- -->', '')
        .match(/<[^>]*>/g),
    );
    expect(messages.flatMap((tags) => tags ?? [])).toEqual(rows.map((_, index) => (index === 0 ? '</th>' : '</td>')));
    const shown = html.replaceAll('<!-- -->', '').replaceAll(/<[^>]*>/g, '');
    const read = shown
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
    for (const { check, worst } of reports[name]?.checks ?? []) expect(read).toContain(say(check, worst).message);
  });

  test('prometheus has the same series in every run', async () => {
    const series = (out: string): readonly string[] =>
      out
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.replace(/ [^ ]*$/, ''));
    expect(series(await text('prometheus', name))).toEqual(series(await text('prometheus', healthy(name))));
  });
});

describe.runIf(await hasPromtool())('promtool', () => {
  test.each(Object.keys(reports))('finds nothing to say about the metrics: %s', async (name) => {
    const { stdout, stderr, exitCode } = await execa('promtool', ['check', 'metrics'], {
      input: await text('prometheus', name),
      reject: false,
    });
    expect([stdout, stderr, exitCode]).toEqual(['', '', 0]);
  });
});

async function hasPromtool(): Promise<boolean> {
  const { failed } = await execa('promtool', ['--version'], { reject: false });
  if (failed) console.warn("promtool is skipped: it is not installed (Debian's package prometheus)");
  return !failed;
}

test('no text of a finding, a reason or a target makes any format invalid', async () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      ...hostileText.split(/(?<=[\s|,])/),
      ']]>',
      '%0A',
      '::error::',
      '\\',
      '](',
      '`',
      '<',
      '&',
      '|',
      '\n',
    ),
  );
  const foreign = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(foreign, foreign, foreign, async (message, target, reason) => {
      const facts = {
        name: message,
        kind: message,
        links: 2,
        first: message,
        hidden: message,
        observation: message,
        message,
      };
      const found = {
        'home:locks': [fail('linked', `<coven-home>/${target}`, { facts, evidence: [] })],
        'install:binaries': [warn('shadowed', target, { facts, evidence: [] })],
        'daemon:record': [unknown('unobserved', target, { facts, evidence: [] })],
      };
      const suppressions = [{ check: 'install:binaries', reason, expires: '2026-12-31' }];
      const report = reportOf(found, 'warn', { suppressions, baseline: null });
      XmlDocument.fromString(await render('junit', report, options)).dispose();
      for (const format of ['json', 'sarif'] as const) JSON.parse(await render(format, report, options));
      const commands = (await render('github', report, options)).trimEnd().split('\n').map(workflowCommand);
      expect(commands.map((command) => command?.name)).toEqual(['error', 'error', 'notice']);
      const html = toHtml(await render('markdown', report, options));
      expect(foreignTags(html)).toEqual([]);
      expect(html.match(/<td>/g)).toHaveLength(4 * checks.length);
      const lines = (await render('text', report, options)).trimEnd().split('\n');
      expect(lines.flatMap((line) => workflowCommand(line) ?? [])).toEqual([]);
    }),
    { seed: Number(process.env.COVEN_DOCTOR_SEED ?? 1), numRuns: 40 },
  );
});

test('junit: what fails the run is a failure, unknown an error, not asked or accepted skipped, a warning passes', async () => {
  const cases = async (report: Report): Promise<readonly string[]> => {
    using document = XmlDocument.fromString(await render('junit', report, options));
    return document.find('//testcase[*]').map((node) => {
      const result = node.get('*');
      return `${node.get('@name')?.content} ${result instanceof XmlElement && result.name}`;
    });
  };
  expect(await cases(reportOf(faults))).toEqual([
    'home:locks failure',
    'daemon system-out',
    'daemon:duplicates error',
    'store:open failure',
    'sessions:churn skipped',
  ]);
  expect((await cases(reportOf(faults, 'warn')))[1]).toBe('daemon failure');
  const accepted = {
    suppressions: [{ check: 'home:locks', reason: 'a mirror', expires: '2026-12-31' }],
    baseline: { runId: 'x', statuses: new Map([['daemon/stopped/<daemon-socket>', 'warn' as const]]) },
  };
  expect((await cases(reportOf(faults, 'warn', accepted))).slice(0, 2)).toEqual([
    'home:locks skipped',
    'daemon skipped',
  ]);
});

test('sarif: results, locations, fingerprints, notifications and suppressions', async () => {
  const accepted = {
    suppressions: [{ check: 'home:locks', reason: 'a mirror', expires: '2026-12-31' }],
    baseline: {
      runId: reports.healthy?.runId ?? '',
      statuses: new Map([['daemon/stopped/<daemon-socket>', 'warn' as const]]),
    },
  };
  const log = JSON.parse(await render('sarif', reportOf(faults, 'fail', accepted), options)) as Log;
  const [run] = log.runs;
  expect(
    run?.results?.map(({ ruleId, level, locations, partialFingerprints, suppressions, baselineState }) => [
      ruleId,
      level,
      locations?.[0]?.physicalLocation?.artifactLocation,
      partialFingerprints?.['checkCodeTarget/v1'],
      suppressions?.map(({ justification }) => justification),
      baselineState,
    ]),
  ).toEqual([
    ...['daemon.lock', 'state.lock'].map((uri) => [
      'home:locks',
      'error',
      { uri, uriBaseId: 'COVEN_HOME' },
      `home:locks/linked/<coven-home>/${uri}`,
      ['a mirror'],
      'new',
    ]),
    [
      'daemon',
      'warning',
      { uri: 'coven.sock', uriBaseId: 'COVEN_HOME' },
      'daemon/stopped/<daemon-socket>',
      undefined,
      'unchanged',
    ],
    [
      'store:open',
      'error',
      { uri: 'coven.sqlite3', uriBaseId: 'COVEN_HOME' },
      'store:open/malformed/<coven-home>/coven.sqlite3',
      undefined,
      'new',
    ],
  ]);
  expect(run?.invocations?.map(({ executionSuccessful, exitCode }) => [executionSuccessful, exitCode])).toEqual([
    [false, 1],
  ]);
  expect(
    run?.invocations?.[0]?.toolExecutionNotifications?.map(({ level, associatedRule }) => [level, associatedRule?.id]),
  ).toEqual([
    ['error', 'daemon:duplicates'],
    ['note', 'sessions:churn'],
  ]);
  expect(run?.tool.driver.rules?.map(({ id, help }) => [id, Boolean(help?.text)])).toEqual(
    checks.map(({ id }) => [id, true]),
  );
});

test('sarif: a location leads nowhere but into the home', async () => {
  const names = ['a b#?%.toml', '../../etc/passwd', 'a//b', './a', 'https://x', '\ud800'];
  const findings = names.map((name) => fail('linked', `<coven-home>/${name}`, { facts: { name }, evidence: [] }));
  const log = JSON.parse(await render('sarif', reportOf({ 'home:locks': findings }), options)) as Log;
  const uris = log.runs[0]?.results?.map(({ locations }) => locations?.[0]?.physicalLocation?.artifactLocation?.uri);
  expect(uris?.toSorted()).toEqual(['%EF%BF%BD', 'a%20b%23%3F%25.toml', undefined, undefined, undefined, undefined]);
});

test('github: the runner reads a title and a message as they were written', async () => {
  const commands = (await text('github', 'lawless')).trimEnd().split('\n').map(workflowCommand);
  const said = harmless(hostileText);
  expect(commands).toEqual([
    { name: 'error', properties: { title: `daemon:log unknown ${said}` }, data: said },
    { name: 'warning', properties: { title: `daemon:log warn ${said}` }, data: said },
  ]);
});

test('github: what it would not show is merged into the last of its level, worst first', async () => {
  const many = (status: typeof fail, code: string) =>
    Array.from({ length: 14 }, (_, index) =>
      status(code, `<coven-home>/${index}`, { facts: { name: `${index}` }, evidence: [] }),
    );
  const report = reportOf({ 'home:locks': many(fail, 'linked'), daemon: many(warn, 'stopped') });
  const commands = (await render('github', report, options)).trimEnd().split('\n').map(workflowCommand);
  expect(commands.map((command) => command?.name)).toEqual([...Array(10).fill('error'), ...Array(10).fill('warning')]);
  expect(commands[0]?.properties.title).toBe('home:locks fail linked');
  expect(commands[9]?.properties.title).toBe('5 more findings');
  expect(commands[9]?.data.split('\n')).toHaveLength(5);
});

test('a step summary keeps to what is left of its room, and says what it leaves out', () => {
  const findings = Array.from({ length: 2000 }, (_, index) =>
    fail('linked', `<coven-home>/${index}`, { facts: { name: 'é'.repeat(20) }, evidence: [] }),
  );
  const report = reportOf({ 'home:locks': findings });
  for (const limit of [0, 100, 1000, 10_000, 100_000]) {
    const out = renderMarkdownWithin(report, limit);
    expect(Buffer.byteLength(out)).toBeLessThanOrEqual(limit);
    const rows = out
      .split('\n')
      .filter((line) => line.startsWith('| `home:locks') || line.startsWith('| home\\:locks'));
    if (out !== '') expect(out).toContain(`${findings.length - rows.length} more findings are left out here.`);
  }
  expect(renderMarkdownWithin(report, 1024 ** 2)).not.toContain('left out');
});
