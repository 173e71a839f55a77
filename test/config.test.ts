import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { harnessFolder } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`the real Coven is not asked about its configuration: ${real.why}`);
const stopped = 'daemon stopped warn';

const adapter = 'adapters/hermes.json';
const good: Readonly<Record<string, string>> = {
  'repos.toml': '[repos]\n',
  'familiars.toml':
    '[[familiar]]\nid = "a"\ndisplay_name = "A"\nrole = "r"\ndescription = "d"\nemoji = "x"\npronouns = "they"\n',
  'privacy.toml': 'log_retention_days = 90\n',
};

test.skipIf('why' in real).each<[what: string, change: (text: string) => string | null, faults: readonly string[]]>([
  ['as Coven wrote it', (text) => text, [stopped]],
  [
    'with one word of it changed',
    (text) => text.replace('"--query"', '"--ask"'),
    ['home:config adapter-ignored warn', stopped],
  ],
  ['behind a symlink', () => null, ['home:config adapter-ignored warn', stopped]],
])('an adapter %s', async (_, change, faults) => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const coven = join(scratch.path, 'coven');
  symlinkSync('path' in real ? real.path : '', coven);
  const env = { PATH: `${scratch.path}:${harnessFolder}:${process.env.PATH}` };
  await execa(coven, ['adapter', 'install', 'hermes'], { env: { ...env, COVEN_HOME: home, HOME: scratch.path } });
  for (const [name, text] of Object.entries(good)) writeFileSync(join(home, name), text);
  const path = join(home, adapter);
  const changed = change(readFileSync(path, 'utf8'));
  if (changed !== null) writeFileSync(path, changed);
  else {
    await execa('mv', [path, join(scratch.path, 'mine.json')]);
    symlinkSync(join(scratch.path, 'mine.json'), path);
  }
  expect((await diagnose(home, { env })).faults).toEqual(faults);
});
