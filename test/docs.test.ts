import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { documents } from '../fixtures/docs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

test.each(Object.entries(documents()))('%s says what the code says: `npm run docs` writes it', (path, expected) => {
  expect(text(path)).toBe(expected);
});

test('the README is read in five minutes', () => {
  expect(text('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200);
});

describe('links', () => {
  const pages = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.md') && !/(^|\/)(node_modules|dist|\.git)\//.test(path),
  );
  test.each(pages)('of %s lead to files that are there', (page) => {
    const links = [...text(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});
