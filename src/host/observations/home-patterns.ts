import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { askCoven, withoutNetwork } from '../ask-coven.ts';
import { commandOf } from '../coven-program.ts';
import { readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { makeScratch } from '../scratch.ts';
import { flag, list, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';

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
const rehearsalMs = 10_000;

/** Alone on its line. A pattern that Coven compiles hides it, since each is tried with it as its first choice. */
const marker = (index: number): string => `coven-doctor-pattern-${index}-end`;

/** What any transcript may hold, each without what the others have. */
const plain = ['reading files and running tests', '42 passed', 'done', 'for x in y: pass', 'OK (7 tests, 3.2s)'];

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
  return tryPatterns(patterns, command, look);
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

async function tryPatterns(patterns: readonly string[], command: readonly string[], look: Look): Promise<Patterns> {
  const scratch = makeScratch(look.home, null, limitBytes * 8);
  try {
    for (const folder of ['home', 'user', 'bin']) mkdirSync(join(scratch.path, folder), { mode: 0o700 });
    // A string of JSON is one of TOML.
    const tried = patterns.map((pattern, index) => JSON.stringify(`${marker(index)}|${pattern}`));
    writeFileSync(join(scratch.path, 'home', 'privacy.toml'), `extra_patterns = [${tried.join(', ')}]\n`, {
      mode: 0o600,
    });
    const lines = [...plain, ...patterns.map((_, index) => marker(index))];
    const harness = join(scratch.path, 'bin', 'codex');
    writeFileSync(harness, `#!/bin/sh\nprintf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}\n`);
    chmodSync(harness, 0o700);
    const end = performance.now() + Math.min(rehearsalMs, look.checksLeft() - 500);
    for (const prefix of [...withoutNetwork(), []]) {
      const left = end - performance.now();
      const { how, version } = await askCoven(command, 'run codex probe', prefix, scratch.path, left, look.signal);
      if (version === null) continue;
      const recorded = how === 0 ? await bytesOf(join(scratch.path, 'home')) : '';
      // What did not end well, or did not record what a harness prints, tells nothing.
      if (version === 'overran' || !/"data\\?"/.test(recorded)) break;
      const ignored = patterns.flatMap((_, index) => (recorded.includes(marker(index)) ? [index + 1] : []));
      const hidesAll = !plain.some((line) => recorded.includes(line));
      return { outcome: 'tried', count: patterns.length, version, ignored, hidesAll };
    }
    return notRun(patterns.length);
  } finally {
    scratch.remove();
  }
}

/** The ledger and its WAL, as text: what was recorded stands in them as it is. */
async function bytesOf(home: string): Promise<string> {
  const names = (await readdir(home)).filter((name) => name.startsWith('coven.sqlite3'));
  return (await Promise.all(names.map((name) => readFile(join(home, name), 'latin1')))).join('\n');
}
