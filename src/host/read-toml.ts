import { readThrough } from './files.ts';

const limitBytes = 1024 ** 2;

/**
 * The fields of a TOML file that was judged before; null where it is not there, or cannot be parsed by now: whoever writes it anew leaves it
 * empty or cut for a moment, which says nothing of what was judged.
 */
export async function readToml(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const reading = await readThrough(path, limitBytes);
  if (reading.state !== 'read') return null;
  const { parse } = await import('smol-toml');
  try {
    return parse(reading.bytes.toString('utf8'), { integersAsBigInt: true });
  } catch {
    return null;
  }
}
