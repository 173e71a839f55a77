import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observations } from '../model/observation.ts';
import { askCoven, withoutNetwork } from './ask-coven.ts';
import type { Look } from './look.ts';
import { makeScratch } from './scratch.ts';

type Patterns = Observations['home.patterns'];

/** Alone on its line. A pattern that Coven compiles hides it, since each is tried with it as its first choice. */
const marker = (index: number): string => `coven-doctor-pattern-${index}-end`;

/** What any transcript may hold, each without what the others have. */
const plain = ['reading files and running tests', '42 passed', 'done', 'for x in y: pass', 'OK (7 tests, 3.2s)'];

/** What the Coven that `command` runs makes of these patterns in a private home without the network; null where that did not come to its end. */
export async function tryPatterns(
  patterns: readonly string[],
  command: readonly string[],
  look: Look,
): Promise<Patterns | null> {
  // In memory no program may be run on many machines.
  const scratch = makeScratch(look.home, null, 'last');
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
    const end = performance.now() + look.checksLeft() - 500;
    for (const prefix of [...withoutNetwork(), []]) {
      const left = end - performance.now();
      const { how, version } = await askCoven(command, 'run codex probe', prefix, scratch.path, left, look.signal);
      if (how !== 'late' && version === null) continue;
      const recorded = how === 0 ? await bytesOf(join(scratch.path, 'home')) : '';
      // What did not end well, or did not record what a harness prints, tells nothing.
      if (version === 'overran' || !/"data\\?"/.test(recorded)) break;
      const ignored = patterns.flatMap((_, index) => (recorded.includes(marker(index)) ? [index + 1] : []));
      const hidesAll = !plain.some((line) => recorded.includes(line));
      return { outcome: 'tried', count: patterns.length, version, ignored, hidesAll };
    }
    return null;
  } finally {
    scratch.remove();
  }
}

/** The ledger and its WAL, as text: what was recorded stands in them as it is. */
async function bytesOf(home: string): Promise<string> {
  const names = (await readdir(home)).filter((name) => name.startsWith('coven.sqlite3'));
  return (await Promise.all(names.map((name) => readFile(join(home, name), 'latin1')))).join('\n');
}
