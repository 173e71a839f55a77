import { expect, test } from 'vitest';
import { compare, rivals } from '../../fixtures/redaction/compare.ts';
import { harmlessSamples, secretSamples } from '../../fixtures/redaction/corpus.ts';
import { makeScore, type Tally } from '../../fixtures/redaction/score.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';

const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 7);
const count = 5000;
const redactor = makeRedactor({});
const share = ({ hits, of }: Tally): number => hits / of;
const below = (tallies: ReadonlyMap<string, Tally>, least: number): readonly string[] =>
  [...tallies].filter(([, tally]) => share(tally) < least).map(([key]) => key);

test('of a seeded part of the corpus, no byte of a secret is left and the look-alikes stay', () => {
  const { score, addSecret, addHarmless } = makeScore();
  for (const sample of secretSamples(seed, count)) addSecret(sample, redactor.locate(sample.bytes));
  for (const sample of harmlessSamples(seed, count)) addHarmless(sample, redactor.locate(sample.bytes));
  expect(score.recall.of).toBe(count);
  expect(share(score.recall)).toBeGreaterThanOrEqual(0.999);
  expect(below(score.byContext, 0.99)).toEqual([]);
  expect(share(score.precision)).toBeGreaterThanOrEqual(0.995);
});

test('the score can fail: a redactor that does nothing, one that removes everything, and one that leaves the last byte', () => {
  const { score, addSecret, addHarmless } = makeScore();
  for (const sample of secretSamples(seed, 50)) {
    expect(addSecret(sample, [])).toBe(false);
    expect(addSecret(sample, [{ start: 0, end: sample.bytes.length }])).toBe(true);
    const last = sample.secrets.at(-1)?.end ?? 0;
    expect(addSecret(sample, [{ start: 0, end: last - 1 }])).toBe(false);
  }
  for (const sample of harmlessSamples(seed, 50)) addHarmless(sample, [{ start: 0, end: sample.bytes.length }]);
  expect([score.recall, score.precision.hits]).toEqual([{ hits: 50, of: 150 }, 0]);
});

test('redacting twice is redacting once, and a line of JSON stays one', () => {
  for (const { bytes } of secretSamples(seed, count)) {
    const once = redactor.redact(bytes.toString()).text;
    expect(redactor.redact(once).text).toBe(once);
    for (const line of bytes.toString().split('\n').filter(isJson))
      expect(isJson(redactor.redact(line).text)).toBe(true);
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('the others are measured on the same samples', async () => {
  const own = await compare(rivals['coven-doctor'] ?? fail(), seed, 300);
  for (const name of ['secretlint', "Coven's eleven"]) {
    const other = await compare(rivals[name] ?? fail(), seed, 300);
    expect(other.recall.of).toBe(own.recall.of);
    expect(share(other.recall)).toBeGreaterThan(0.05);
    expect(share(other.recall)).toBeLessThan(share(own.recall));
  }
});

function fail(): never {
  throw new Error('no such rival');
}
