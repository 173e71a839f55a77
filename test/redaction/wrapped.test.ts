import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeProof } from '../../src/redaction/proof.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';

const value = 'Canary-7/zwölf+"x" and a second half that is long enough for some lines';
const redactor = makeRedactor({ knownValues: [value] });
const prove = await makeProof([value]);
const lines = (text: string, width: number, end: string): string =>
  text.match(new RegExp(`.{1,${width}}`, 'g'))?.join(end) ?? '';

/** How programs print bytes in lines: `base64`, MIME and PEM, `xxd -p`. */
const encodings = ['base64', 'base64url', 'hex'] as const;
const widths = [16, 64, 76];
const places: readonly (readonly [string, (text: string) => string])[] = [
  ['in lines', (text) => `before\n${text}\nafter, which stays\n`],
  ['indented', (text) => `key:\n    ${text.replaceAll('\n', '\n    ')}\nafter, which stays\n`],
  ['with CR LF', (text) => `before\r\n${text.replaceAll('\n', '\r\n')}\r\nafter, which stays\r\n`],
  ['in JSON', (text) => `${JSON.stringify({ a: text, b: 'after, which stays' })}\n`],
  ['in JSON of JSON', (text) => `${JSON.stringify({ a: JSON.stringify({ c: text }), b: 'after, which stays' })}\n`],
];

describe.each(encodings)('a known value in %s', (encoding) => {
  test.each(places)(
    '%s: nothing of it is left but what an earlier line ends with, and the proof agrees',
    async (_place, put) => {
      for (const width of widths)
        for (const shift of [0, 1, 2, 3]) {
          const run = Buffer.from(`${'y'.repeat(shift)}${value}${'z'.repeat(40)}`).toString(encoding);
          const text = put(lines(run, width, '\n'));
          const { text: clean, counts } = redactor.redact(text);
          expect(counts['known-value']).toBeGreaterThan(0);
          expect(clean).toContain('after, which stays');
          expect(await prove({ name: 'a', bytes: Buffer.from(text) })).toEqual([{ member: 'a', rule: 'known-value' }]);
          expect(await prove({ name: 'a', bytes: Buffer.from(clean) })).toEqual([]);
          const whole = Buffer.from(value).toString(encoding);
          const left = [...Array(whole.length - 12).keys()].filter((at) => clean.includes(whole.slice(at, at + 12)));
          expect([width, shift, left]).toEqual([width, shift, []]);
        }
    },
  );
});

test('where a text is cut into chunks makes no difference', () => {
  const text = places.map(([, put]) => put(lines(Buffer.from(`y${value}`).toString('base64'), 64, '\n'))).join('');
  const whole = redactor.redact(text).text;
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const bytes = redactor.bytes();
      const out = at.slice(1).map((to, index) => bytes.push(Buffer.from(text.slice(at[index], to))));
      expect(Buffer.concat([...out, bytes.end()]).toString()).toBe(whole);
    }),
    { seed: Number(process.env.COVEN_DOCTOR_SEED ?? 6), numRuns: 300 },
  );
});

test('the start of a form that does not go on is no form, and what follows it is read', () => {
  const start = Buffer.from(value).toString('base64').slice(0, 20);
  const secret = 'password=hunter2hunter2';
  expect(redactor.redact(`${start}\n${secret}\n`).text).toBe('[REDACTED]\npassword=[REDACTED]\n');
  expect(redactor.redact(`${start} and more\n`).text).toBe(`${start} and more\n`);
});
