import { join } from 'node:path';
import * as v from 'valibot';
import { commandOf } from '../coven-program.ts';
import type { Look } from '../look.ts';
import { list, maybe, name, oneOf, text, type ValueOf } from '../shape.ts';
import { type ConfigFile, tryConfig } from '../try-config.ts';

/** What the real Coven takes of a private copy of the configuration. */
export const schema = () =>
  v.object({
    outcome: oneOf(['tried', 'not-run']),
    version: maybe(text),
    /** Adapters of which it has no harness, and says nothing. */
    ignored: list(name, mostFiles),
    /** Files that it refuses or ignores, with its words, without secrets. */
    refused: list(v.object({ name, said: text }), mostFiles),
  });
export type Taken = ValueOf<typeof schema>;

const notRun: Taken = { outcome: 'not-run', version: null, ignored: [], refused: [] };
const mostFiles = 50;

/** Only what can be parsed is tried: of the rest it is known that Coven does not take it. */
export async function take(look: Look): Promise<Taken> {
  const { files, settings } = await look.observe('home.config');
  const [machine, home] = [await look.observe('machine'), await look.observe('home')];
  const tried: ConfigFile[] = files
    .filter(({ name, state }) => state === 'parsed' && name !== 'privacy.toml')
    .map(({ name }) => ({ name, path: join(look.home, name) }));
  if (settings?.state === 'parsed') tried.push({ name: 'settings.json', path: settings.path });
  if (tried.length === 0 || machine.uid !== home.uid) return notRun;
  const { covens } = await look.observe('install');
  const coven = covens.find(({ ours }) => !ours);
  const command = coven ? commandOf(coven.path) : null;
  return (command && (await tryConfig(tried.slice(0, mostFiles), command, look))) ?? notRun;
}
