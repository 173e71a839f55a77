import { join } from 'node:path';
import * as v from 'valibot';
import { commandOf } from '../coven-program.ts';
import { readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { flag, list, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';
import { tryPatterns } from '../try-patterns.ts';

/** What the real Coven makes of the `extra_patterns` of privacy.toml, tried in a private home. What they say is not kept. */
export const schema = () =>
  v.object({
    outcome: oneOf(['tried', 'not-run']),
    /** How many there are. */
    count: number,
    version: maybe(text),
    /** Those, from 1, that it passes over: what they should hide is recorded as it is. */
    ignored: list(number),
    /** They hide plain words: a transcript says nothing any more. */
    hidesAll: flag,
  });
export type Patterns = ValueOf<typeof schema>;

const limitBytes = 1024 ** 2;
const patternLimit = 200;

const notRun = (count: number): Patterns => ({
  outcome: 'not-run',
  count,
  version: null,
  ignored: [],
  hidesAll: false,
});

/**
 * Coven passes over a pattern that its regular expressions do not know, without a word. So it is asked: it runs a harness of ours
 * that prints a marker for each pattern, and what it records tells which of them it took. `A|B` compiles where B does, and hides A.
 */
export async function take(look: Look): Promise<Patterns> {
  const patterns = await patternsOf(look);
  if (patterns.length === 0) return notRun(0);
  const [machine, home, install] = [
    await look.observe('machine'),
    await look.observe('home'),
    await look.observe('install'),
  ];
  const coven = install.covens.find(({ ours }) => !ours);
  const command = coven && machine.uid === home.uid ? commandOf(coven.path) : null;
  if (!command) return notRun(patterns.length);
  return (await look.waits(tryPatterns(patterns, command, look))) ?? notRun(patterns.length);
}

async function patternsOf({ home, observe }: Look): Promise<readonly string[]> {
  const { files } = await observe('home.config');
  if (!files.some(({ name, state }) => name === 'privacy.toml' && state === 'parsed')) return [];
  const reading = await readThrough(join(home, 'privacy.toml'), limitBytes);
  if (reading.state !== 'read') return [];
  const { extra_patterns: patterns } = (await import('smol-toml')).parse(reading.bytes.toString('utf8'), {
    integersAsBigInt: true,
  });
  return Array.isArray(patterns) ? patterns.filter((one) => typeof one === 'string').slice(0, patternLimit) : [];
}
