import { expect, test } from 'vitest';
import { literalsOf, slowText } from '../fixtures/linear/literals.ts';

const literals = literalsOf(['src', 'checks']);

test('what is slow is found', () => {
  const slow = [
    /a+$/,
    /(?:a|a)*b/,
    /(\w+\s?)*$/,
    /x .* y/,
    /"((?:[^"\\]|\\.)+)"/,
    /([A-Z]+)([A-Z][a-z])/g,
    /^\s*(?:\s*a)*$/,
  ];
  const fast = [/^a+$/, /a+/g, /[a-z]{0,4000}x/, /(?<!a)a+$/, /^(?:a|b)*c/, /"[^"]*"/y, /^(?:\w+\.)+\w+$/];
  expect(slow.filter((pattern) => slowText(pattern) === null)).toEqual([]);
  expect(fast.filter((pattern) => slowText(pattern) !== null)).toEqual([]);
});

test('only these are put together when they are loaded: of constants of ours, by modules that `npm run linear` tries', () => {
  const made = literals.filter(({ pattern }) => pattern === null).map(({ file }) => file);
  expect(
    Object.fromEntries([...new Set(made)].map((file) => [file, made.filter((other) => other === file).length])),
  ).toEqual({
    'src/bundle/findings.ts': 1,
    'src/bundle/gate.ts': 2,
    // The name of a field, in a file of the system.
    'src/bundle/system.ts': 1,
    'src/daemon/redact.ts': 2,
    // A word of the system's own.
    'src/host/observations/home-access.ts': 1,
    'src/redaction/assignment.ts': 2,
    'src/redaction/pairs.ts': 5,
    'src/redaction/quotes.ts': 2,
    'src/redaction/templates/paths.ts': 1,
    'src/redaction/templates/pieces.ts': 2,
    // A kind of a thing in a schema.
    'src/rescue/model.ts': 1,
  });
});

test('no regular expression of the product takes more than time proportional to the text', () => {
  expect(literals.length).toBeGreaterThan(300);
  const found = literals.flatMap(({ file, line, pattern }) => {
    const text = pattern && slowText(pattern);
    return text === null ? [] : [`${file}:${line} ${pattern}: ${JSON.stringify(text)}`];
  });
  expect(found).toEqual([]);
});
