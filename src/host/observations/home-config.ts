import { join } from 'node:path';
import * as v from 'valibot';
import { parseJson } from '../../json.ts';
import { readStart } from '../files.ts';
import type { Look } from '../look.ts';
import { list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    files: list(
      v.object({
        name,
        state: oneOf(['parsed', 'unparsable', 'too-large', 'not-a-file', 'unreadable']),
        /** Of the first fault, from 1; null where it is not known. */
        line: maybe(number),
      }),
    ),
  });
export type Config = ValueOf<typeof schema>;

const tomls = ['repos.toml', 'familiars.toml', 'privacy.toml'];
/** Coven's own are some kilobytes. */
const limitBytes = 1024 ** 2;

/** Whether the configuration files of a home can be parsed; what they say is not kept. */
export async function take({ home, observe }: Look): Promise<Config> {
  const { list } = await observe('home.entries');
  const wanted = list.filter(({ name }) => tomls.includes(name) || /^adapters\/[^/]+\.json$/.test(name));
  return { files: await Promise.all(wanted.map(({ name }) => judge(home, name))) };
}

async function judge(home: string, name: string): Promise<Config['files'][number]> {
  const reading = await readStart(join(home, name), limitBytes + 1);
  if (reading.state !== 'read')
    return { name, state: reading.state === 'absent' ? 'parsed' : reading.state, line: null };
  if (reading.bytes.length > limitBytes) return { name, state: 'too-large', line: null };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(reading.bytes);
    if (name.endsWith('.json')) parseJson(text);
    else (await import('smol-toml')).parse(text);
    return { name, state: 'parsed', line: null };
  } catch (error) {
    // The parser's message quotes the file, which may hold a secret; the line number does not.
    const line = error instanceof Error && 'line' in error ? Number(error.line) : null;
    return { name, state: 'unparsable', line };
  }
}
