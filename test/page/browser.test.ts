import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faults } from '../../fixtures/faults/index.ts';
import { observe } from '../../fixtures/observed.ts';
import { hostilePages, troubledPage } from '../../fixtures/pages.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { stageFault } from '../../fixtures/staged.ts';
import { renderPage } from '../../src/render/page.ts';

const program = '/usr/bin/chromium';
const missing = !existsSync(program);
if (missing) console.log(`no test of the page in a browser: there is no ${program}`);

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
beforeAll(async () => {
  if (!missing) browser = await chromium.launch({ executablePath: program, args });
});
afterAll(async () => browser?.close());

interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What it said to the console, what it threw, and what it asked for beside itself. */
  readonly events: readonly string[];
}

/** Opens a page from a file, as somebody does who has unpacked a bundle. */
async function open(source: string, width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
  const scratch = await makeScratch();
  const path = join(scratch.path, 'report.html');
  await writeFile(path, source);
  const url = pathToFileURL(path).href;
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  const events: string[] = [];
  page.on('console', (message) => events.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => events.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => events.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => request.url() !== url && events.push(`request: ${request.url()}`));
  await page.goto(url);
  return {
    page,
    events,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** Pixels of the page that stick out to the right of its window. */
const overhang = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Every image has a text, every table its heads, every part its name, and no heading leaves out a level. */
const unreachable = `
  const named = (element) => (element.getAttribute('aria-label') ?? document.getElementById(element.getAttribute('aria-labelledby'))?.textContent ?? '').trim();
  const levels = [...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]));
  [
    ...[...document.querySelectorAll('svg:not(svg svg)')].filter((image) => image.ariaHidden !== 'true' && !(image.role === 'img' && named(image))).map(() => 'an image without a text'),
    ...[...document.querySelectorAll('section')].filter((part) => !named(part)).map((part) => 'a part without a name: ' + part.id),
    ...[...document.querySelectorAll('table')].filter((table) => !table.caption || table.querySelectorAll('th[scope=col]').length === 0).map(() => 'a table without heads'),
    ...levels.flatMap((level, index) => (level > (levels[index - 1] ?? 0) + 1 ? ['a heading leaves out a level: ' + index] : [])),
    ...(document.documentElement.lang === 'en' ? [] : ['no language']),
    ...(document.querySelectorAll('h1').length === 1 ? [] : ['not one title']),
  ]
`;

/** What is folded on the screen, or marked as if it could be unfolded, where paper has no fold. */
const hiddenInPrint = `
  [...document.querySelectorAll('details')].flatMap((details) => [
    ...[...details.querySelectorAll('tr, p, li')].filter((part) => part.getBoundingClientRect().height === 0).map((part) => 'folded: ' + part.textContent.slice(0, 80)),
    ...(getComputedStyle(details.querySelector('summary')).listStyleType === 'none' ? [] : ['a triangle: ' + details.querySelector('summary').textContent]),
  ])
`;

/** Text that is wider than its box where the box hides what sticks out: paper does not scroll. */
const cutInPrint = `
  [...document.querySelectorAll('main *')]
    .filter((part) => !part.closest('svg') && !part.matches('caption, thead, thead *') && getComputedStyle(part).overflowX !== 'visible' && part.scrollWidth > part.clientWidth + 1)
    .map((part) => part.outerHTML.slice(0, 80))
`;

/** Rules that keep things together on a page of so many pixels, for what is shorter than half of one. */
const tornInPrint = (height: number): string => `
  [
    ...[...document.querySelectorAll('tr, .tile, .meter')].filter((part) => part.getBoundingClientRect().height < ${height} / 2 && getComputedStyle(part).breakInside !== 'avoid'),
    ...[...document.querySelectorAll('h2, h3, summary, h2 + p')].filter((part) => getComputedStyle(part).breakAfter !== 'avoid'),
  ].map((part) => part.outerHTML.slice(0, 80))
`;

const require = createRequire(import.meta.url);
const axe = (): string => readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core holds against the page with everything unfolded: contrast below 4.5, roles, names, order. */
async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
  await page.evaluate(`${axe()}; void 0`);
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => [id, html.slice(0, 200), any[0]?.message ?? ''].join(': '))))`);
}

const screens = [
  [1280, 'light'],
  [1280, 'dark'],
  [375, 'light'],
  [375, 'dark'],
] as const;

const known = [
  ...['session-orphaned', 'log-crash-loop', 'events-damaged', 'sessions-fail', 'wal-torn', 'record-dead-pid'],
  ...['wal-of-another-ledger', 'home-writable-by-others'],
];

describe.skipIf(missing)('in Chromium', () => {
  test.each(known)('the page of %s: quiet, whole, and its cause is seen', async (name) => {
    const fault = faults.find((fault) => fault.name === name);
    if (!fault) throw new TypeError(`no such fault: ${name}`);
    await using staged = await stageFault(fault);
    const { report, observations } = await observe(staged.home, staged.circumstances);
    await using opened = await open(renderPage(report, observations));
    const { page, events } = opened;
    const [check = '', code = ''] = fault.cause.split(' ');
    // A cause in an article, or what follows from it in a line.
    const told = page.locator('#findings article, #findings li', { has: page.getByText(check, { exact: true }) });
    expect(await told.getByText(code, { exact: true }).first().isVisible()).toBe(true);
    expect(await page.evaluate(unreachable)).toEqual([]);
    for (const [width, colorScheme] of screens) {
      await page.setViewportSize({ width, height: 700 });
      await page.emulateMedia({ colorScheme });
      expect([width, colorScheme, await overhang(page)]).toEqual([width, colorScheme, 0]);
      expect(await barriers(page)).toEqual([]);
    }
    expect(await page.locator('main').textContent()).not.toMatch(/\b(null|undefined|NaN)\b/);
    expect(events).toEqual([]);
  });

  test('a home in trouble: every part is there, on a desk, on a phone and in the dark', async () => {
    for (const [width, scheme] of screens) {
      await using opened = await open(troubledPage(), width, scheme);
      const { page, events } = opened;
      for (const id of ['findings', 'rescue', 'timeline', 'sessions', 'storage', 'processes', 'install', 'blind'])
        expect(await page.locator(`#${id}`).isVisible()).toBe(true);
      expect(await page.locator('h1').textContent()).toContain('The ledger was cut off');
      // The style is the one that the policy names: without it, nothing would have a ground.
      expect(await page.locator('.verdict').evaluate('(part) => getComputedStyle(part).borderRadius', null)).not.toBe(
        '0px',
      );
      expect(await page.locator('.timeline rect').count()).toBeGreaterThan(20);
      expect(await page.locator('#next .command').count()).toBeGreaterThan(4);
      expect(await page.locator('.meter').count()).toBe(8);
      expect(await page.evaluate(unreachable)).toEqual([]);
      expect(await barriers(page)).toEqual([]);
      expect([width, scheme, await overhang(page), events]).toEqual([width, scheme, 0, []]);
    }
  });

  test('a text that cannot be told from its ground is found', async () => {
    await using opened = await open(troubledPage());
    await opened.page.evaluate('document.querySelector("h1").style.color = "#fccccc"');
    expect(await barriers(opened.page)).toEqual([expect.stringContaining('color-contrast: <h1')]);
  });

  test.each(Object.entries(missing ? {} : hostilePages()))(
    'of hostile text, %s: it is shown, and does nothing',
    async (_what, source) => {
      for (const width of [1280, 375]) {
        await using opened = await open(source, width);
        const { page, events } = opened;
        expect(await page.locator('h1').isVisible()).toBe(true);
        expect(
          await page.evaluate('[document.scripts.length, document.images.length, document.styleSheets.length]'),
        ).toEqual([0, 0, 1]);
        expect(await page.evaluate('[...document.links].map((link) => link.getAttribute("href")[0])')).toEqual(
          Array(source.includes('href="#rescue"') ? 7 : 6).fill('#'),
        );
        expect(await page.evaluate(unreachable)).toEqual([]);
        expect([width, await overhang(page), events]).toEqual([width, 0, []]);
      }
    },
  );

  test('it is printed, light even where the screen is dark', async () => {
    await using opened = await open(troubledPage(), 1280, 'dark');
    const { page, events } = opened;
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.toString('latin1', 0, 5)).toBe('%PDF-');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(events).toEqual([]);
  });

  // Between margins of 12 mm, at 96 pixels an inch: A4, and US Letter.
  test.each([
    ['A4', 703, 1032],
    ['Letter', 725, 965],
  ])(
    'on %s everything is there that the screen folds away, nothing is cut, and no title stands alone',
    async (_, width, height) => {
      for (const source of [troubledPage(), ...Object.values(hostilePages())]) {
        await using opened = await open(source, width);
        const { page, events } = opened;
        await page.emulateMedia({ media: 'print' });
        expect(await overhang(page)).toBe(0);
        expect(await page.evaluate(hiddenInPrint)).toEqual([]);
        expect(await page.evaluate(cutInPrint)).toEqual([]);
        expect(events).toEqual([]);
      }
      await using opened = await open(troubledPage(), width);
      await opened.page.emulateMedia({ media: 'print' });
      // A part is kept with what comes below its title, and a row, a tile or a finding is never torn in two.
      expect(await opened.page.evaluate(tornInPrint(height))).toEqual([]);
    },
  );
});
