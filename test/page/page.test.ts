import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hostilePages, pageOfAnotherWal, troubledPage } from '../../fixtures/pages.ts';
import { hostileText } from '../../fixtures/reports.ts';
import { makeProof } from '../../src/redaction/proof.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';
import { clipped, html, toText } from '../../src/render/page/html.ts';
import { style } from '../../src/render/page/style.ts';
import { renderPage } from '../../src/render/page.ts';
import { makeReport } from '../../src/run/report.ts';

/** The tags of a page, each with its attributes as they are written. */
const tagsOf = (page: string): readonly { readonly name: string; readonly attributes: string }[] =>
  [...page.replace(/<style>[\s\S]*?<\/style>/, '<style>').matchAll(/<([a-zA-Z!][^\s/>]*)((?:"[^"]*"|[^">])*)>/g)].map(
    ([, name = '', attributes = '']) => ({ name: name.toLowerCase(), attributes }),
  );

test('text is text, in content and in attributes', () => {
  const text = `<b a='1' b="2">&amp;\`</b>\n\u0000\u001b[31m\u202e\u2028\ud800 ü 漢`;
  const written =
    '&lt;b a=&apos;1&apos; b=&quot;2&quot;&gt;&amp;amp;`&lt;/b&gt;\\u{a}\\u{0}\\u{1b}[31m\\u{202e}\\u{2028}\\u{d800} ü 漢';
  expect(toText(html`<p title="${text}">${text}${html`<i>${1}</i>`}${[null, 'x', ['y']]}</p>`)).toBe(
    `<p title="${written}">${written}<i>1</i>xy</p>`,
  );
  // What looks like finished HTML and was parsed is none.
  expect(() => toText(html`${JSON.parse('{"html":"<script>","Symbol(markup)":"<script>"}')}`)).toThrow();
  expect(clipped('x'.repeat(305))).toBe(`${'x'.repeat(300)}… (5 characters more)`);
});

test.each(Object.entries(hostilePages()))('of hostile text, %s: nothing but the page’s own tags', (_what, page) => {
  const allowed =
    /^(!doctype|html|head|meta|title|style|body|main|header|footer|section|article|nav|figure|figcaption|h[1-3]|p|ul|ol|li|dl|dt|dd|div|span|strong|b|samp|time|a|table|caption|thead|tbody|tr|th|td|details|summary|svg|rect|line|path|text)$/;
  const tags = tagsOf(page);
  expect([...new Set(tags.map(({ name }) => name).filter((name) => !allowed.test(name)))]).toEqual([]);
  const names = tags.flatMap(({ attributes }) =>
    [...attributes.matchAll(/([^\s=]+)=?(?:"[^"]*")?/g)].map(([, name]) => name),
  );
  const own =
    /^(html|lang|charset|http-equiv|content|name|id|class|href|role|scope|open|data-head|aria-(label|labelledby|hidden)|width|height|x|y|x1|x2|y1|y2|rx|d|\/)$/;
  expect([...new Set(names.filter((name = '') => !own.test(name)))]).toEqual([]);
  expect(page.match(/href="(?!#[a-z]+")/g)).toBeNull();
  expect(
    page.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g),
  ).toBeNull();
  expect(Buffer.from(page).toString()).toBe(page);
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toContain(hostileText.split('\n')[3]);
  expect(page.length).toBeLessThan(2 ** 20);
});

test('its policy allows its one style and nothing else', () => {
  const page = troubledPage();
  const css = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(css).digest('base64');
  expect(page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1]?.replaceAll('&apos;', "'")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
  );
  expect(css).not.toMatch(/url\(|@import|<|expression/);
});

test('the same makes the same, and redaction finds nothing in what is clean', async () => {
  const page = troubledPage();
  expect(troubledPage()).toBe(page);
  expect(makeRedactor({}).redact(page).text).toBe(page);
  const prove = await makeProof([]);
  expect(await prove({ name: 'report.html', bytes: Buffer.from(page) })).toEqual([]);
});

test('what the page tells', () => {
  const text = troubledPage()
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replace(/\s+/g, ' ');
  for (const said of [
    'coven-doctor: something is wrong',
    'The ledger was cut off',
    'The ledger holds 292 sessions: 2 running, 1 not yet started.',
    'The daemon started, and ended before it could serve',
    'Sessions made on this day, by their status now: 5 completed, 1 killed, 3 orphaned, 5 failed',
    'Sent to support because: the ledger cannot be opened whole.',
    '12 starts, of which 9 served; 4 clean stops, 2 panics. Read: the last 512 KiB of 879 KiB of the recovery log.',
    '2026-11-23 21:36:00 ✕ crash The daemon crashed (a panic)',
    'completed 212 73 %',
    'failed 41 14 %',
    '700 MiB free of 64 GiB',
    '480 MiB ledger; 2.01 GiB wanted, 700 MiB free',
    '38 MiB',
    '1.43 MiB of 2 MiB',
    'The writer calls itself pressured; 0 events were dropped.',
    '870 of 1024',
    '4242 coven daemon sleeping',
    'daemon-serve.lock 4242 (exclusive)',
    '0.4.6',
    'sessions.leases overran no answer within 3000 ms',
  ])
    expect(text).toContain(said);
});

test('every colour can be told from its ground: text at 4.5 to 1, shapes at 3 to 1', () => {
  const themes = [...toText(style).matchAll(/:root \{([^}]*)\}/g)].map(
    ([, block = '']) =>
      new Map([...block.matchAll(/--([a-z-]+): (#[0-9a-f]+)/g)].map(([, name = '', color = '']) => [name, color])),
  );
  expect(themes).toHaveLength(2);
  const pairs = (names: string, grounds: string, least: number) =>
    names.split(' ').flatMap((name) => grounds.split(' ').map((ground) => ({ name, ground, least })));
  const wanted = [
    ...pairs('ink quiet', 'paper card tint fail-tint warn-tint unknown-tint good-tint', 4.5),
    ...pairs('link', 'paper', 4.5),
    ...['fail', 'warn', 'unknown', 'good'].flatMap((name) => pairs(name, `${name}-tint card`, 4.5)),
    ...pairs('completed running idle created killed cancelled orphaned failed other', 'card', 3),
  ];
  const poor = themes.flatMap((theme) =>
    wanted
      .map(({ name, ground, least }) => ({ name, ground, least, is: contrast(theme.get(name), theme.get(ground)) }))
      .filter(({ is, least }) => !(is >= least)),
  );
  expect(poor).toEqual([]);
});

/** Source: WCAG 2.2, contrast ratio. */
function contrast(one = '', other = ''): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const digits = color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join('') : color.slice(1);
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(digits.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('a Coven on PATH of an unknown version is there, and what a rescue lost is in the story', () => {
  const startedAt = '2026-11-27T12:00:00.000Z';
  const report = makeReport([], 'fail', { runId: 'r', startedAt, durationMs: 1, home: '<coven-home>' });
  const took = { at: startedAt, ms: 1, ok: true } as const;
  const coven = { path: '/opt/coven', target: '/opt/coven', version: null, ours: false };
  const install = { covens: [coven], broken: [], harnesses: [] };
  const counts = { rescued: 12, lost: 6, uncertain: 0, doubts: 0, unaccounted: 0, placeholders: 0, incomplete: 3 };
  const rescues = [{ id: 'run-1', at: '2026-11-27T11:00:00.000Z', counts }];
  const runs = { unfinished: [], notOurs: null, unexamined: null, rescues };
  const page = renderPage(report, [
    { key: 'install', value: install, ...took },
    { key: 'home.runs', value: runs, ...took },
  ]).replace(/<[^>]*>/g, '');
  expect(page).toContain('an unidentified version on PATH');
  expect(page).not.toContain('none on the PATH');
  expect(page).toContain(
    'The damaged ledger was replaced by a rescued one: run run-1; 12 rows came back, and 6 rows were lost',
  );
});

test('rows that were read through the WAL of another ledger are no sessions of this home', () => {
  const [own, others] = [troubledPage(), pageOfAnotherWal()].map((page) =>
    page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '),
  );
  expect(own).toMatch(/The ledger holds \d+ sessions/);
  expect(others).not.toMatch(/The ledger holds|made in the last day|Sessions made on this day/);
  expect(others).toContain('The sessions in the ledger could not be read.');
});
