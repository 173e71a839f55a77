import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Observations } from '../model/observation.ts';
import { askCoven, type Ended, type Words, withoutNetwork } from './ask-coven.ts';
import { readThrough } from './files.ts';
import type { Look } from './look.ts';
import { makeScratch } from './scratch.ts';

type Taken = Observations['home.taken'];

const rehearsalMs = 10_000;
const limitBytes = 1024 ** 2;

/** A file of the configuration: its name in a report, and where it lies. */
export interface ConfigFile {
  readonly name: string;
  readonly path: string;
}

/** The command that reads each, and what it says where it does not take it. Source: tried on Coven 0.4.6. */
const readers: readonly (readonly [name: RegExp, words: Words, refusal: RegExp])[] = [
  [/^repos\.toml$/, 'doctor', /^Error: .*repos\.toml/],
  [/^familiars\.toml$/, 'familiars', /^Error: .*familiars\.toml/],
  [/^settings\.json$/, 'adapter list', /ignoring settings/],
];

/**
 * What the Coven that `command` runs makes of copies of these files, in a private home without the network and with no program on PATH; null
 * where that did not come to its end. An adapter that it does not take, it passes over without a word: so its list is read.
 */
export async function tryConfig(
  files: readonly ConfigFile[],
  command: readonly string[],
  look: Look,
): Promise<Taken | null> {
  const scratch = makeScratch(look.home, null, 'last');
  const [home, user] = [join(scratch.path, 'home'), join(scratch.path, 'user')];
  const end = performance.now() + Math.min(rehearsalMs, look.checksLeft() - 500);
  let version: string | null = null;
  const ask = async (words: Words): Promise<Ended | null> => {
    for (const prefix of [...withoutNetwork(), []]) {
      const left = end - performance.now();
      const told = await askCoven(command, words, prefix, scratch.path, left, look.signal);
      if (told.version === null) continue;
      if (told.version === 'overran' || typeof told.how !== 'number') return null;
      version = told.version;
      return told;
    }
    return null;
  };
  try {
    for (const folder of [home, user, join(scratch.path, 'bin'), join(home, 'adapters')])
      mkdirSync(folder, { mode: 0o700 });
    mkdirSync(join(user, '.config', 'coven'), { recursive: true, mode: 0o700 });
    for (const { name, path } of files) {
      const reading = await readThrough(path, limitBytes);
      if (reading.state !== 'read') return null;
      const to = name === 'settings.json' ? join(user, '.config', 'coven', name) : join(home, name);
      // Coven takes no adapter that is a symlink.
      const isLink = lstatSync(path).isSymbolicLink();
      writeFileSync(isLink ? join(user, basename(name)) : to, reading.bytes, { mode: 0o600 });
      if (isLink) symlinkSync(join(user, basename(name)), to);
    }
    const refused: Taken['refused'][number][] = [];
    for (const { name } of files)
      for (const [is, words, refusal] of readers) {
        const told = is.test(name) ? await ask(words) : null;
        const line = told?.stderr.split('\n').find((line) => refusal.test(line));
        if (line === undefined || told === null) continue;
        // What lies between is the text of the file itself.
        const last = told.stderr.trim().split('\n').at(-1) ?? '';
        const said = [...new Set([line, last])].join(': ').replaceAll(home, '<coven-home>').replaceAll(user, '~');
        refused.push({ name, said: await look.texts.freeText(said.replace(/^Error: /, '')) });
      }
    const adapters = files.filter(({ name }) => name.startsWith('adapters/'));
    const listed = adapters.length > 0 ? await ask('adapter list') : null;
    // A list without what Coven itself has is none of it, or was cut.
    const isList = listed?.how === 0 && /^ +copilot +/m.test(listed.stdout) && !listed.cut;
    const lines = listed?.stdout.split('\n') ?? [];
    const isTaken = ({ name }: ConfigFile): boolean =>
      lines.some((line) => line.trimEnd().endsWith(`manifest from ${join(home, name)}`));
    const ignored = isList ? adapters.filter((file) => !isTaken(file)).map(({ name }) => name) : [];
    return version === null ? null : { outcome: 'tried', version, ignored, refused };
  } finally {
    scratch.remove();
  }
}
