import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import {
  configKeys,
  configShapes,
  eventDays,
  expectable,
  firstWrong,
  gatewayFaults,
  strangeKey,
  zeroDays,
} from '../../coven/config.ts';
import { retentionDays } from '../../coven/context.ts';
import { brokenLine } from '../../coven/json5.ts';
import { parseJson } from '../../json.ts';
import { look as lookAt, readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { refusedGateway } from '../mobile-gateway.ts';
import { readToml } from '../read-toml.ts';
import { filePath, flag, kind, list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';
import { isRemote, readMounts } from './home-filesystem.ts';

const judged = () => ({
  state: oneOf(['parsed', 'unparsable', 'wrong-type', 'not-utf8', 'too-large', 'not-a-file', 'unreadable']),
  /** Of the first fault, from 1; null where it is not known. */
  line: maybe(number),
  /** Of what is there and is no regular file, behind any link: Coven follows links. */
  kind: v.exactOptional(kind),
});

export const schema = () =>
  v.object({
    files: list(
      v.object({
        name,
        ...judged(),
        /** The first value that is not what Coven expects, or is missing. */
        wrong: v.exactOptional(v.object({ key: oneOf(configKeys), expected: oneOf(expectable), missing: flag })),
        /** The line of the first key that Coven does not know, and the one that may be meant: the key itself may be anything. */
        strange: v.exactOptional(v.object({ line: maybe(number), near: maybe(oneOf(configKeys)) })),
        /** Days that it keeps events, where it says so. */
        days: v.exactOptional(number),
        /** Numbers of days that are 0. */
        zero: v.exactOptional(list(oneOf(configKeys))),
      }),
    ),
    /** Days that events are kept, by the environment and privacy.toml; null where Coven deletes none, since it cannot read that. */
    eventDays: v.exactOptional(maybe(number)),
    /** What Coven refuses of the mobile gateway, with which no daemon starts. */
    gateway: v.exactOptional(oneOf(gatewayFaults)),
    /** The file that it is about, where it is about one of its state. */
    gatewayFile: v.exactOptional(name),
    /** Of repos.toml, those that are no git repository, as it names them. */
    reposGone: v.exactOptional(list(v.object({ called: name, path: filePath }), 50)),
    /** The settings of the user, outside the home, where there are any. */
    settings: v.exactOptional(v.object({ path: filePath, ...judged() })),
  });
export type Config = ValueOf<typeof schema>;
type Judged = Omit<Config['files'][number], 'name'>;

const tomls = Object.keys(configShapes);
/** Coven's own are some kilobytes. */
const limitBytes = 1024 ** 2;

/** Whether the configuration files can be read as Coven reads them; what they say is not kept. */
export async function take(look: Look): Promise<Config> {
  const { home, env, observe } = look;
  const { list } = await observe('home.entries');
  const wanted = list.filter(({ name }) => tomls.includes(name) || /^adapters\/[^/]+\.json$/.test(name));
  const [settings, ...files] = await Promise.all([
    settingsOf(env),
    ...wanted.map(async ({ name }) => ({ name, ...((await judge(join(home, name), name)) ?? parsed) })),
  ]);
  const gateway = await refusedGateway(look, list);
  const isRead = files.some(({ name, state }) => name === 'repos.toml' && state === 'parsed');
  const reposGone = isRead ? await goneIn(join(home, 'repos.toml')) : [];
  const privacy: Config['files'][number] | undefined = files.find(({ name }) => name === 'privacy.toml');
  const eventDays =
    privacy && privacy.state !== 'parsed' ? null : retentionDays(env.COVEN_LOG_RETENTION_DAYS, privacy?.days);
  return { files, eventDays, ...(settings && { settings }), ...gateway, ...(reposGone.length > 0 && { reposGone }) };
}

const mostRepos = 50;

/** Entries that Coven's own doctor fails for. Source: `coven doctor` and `coven patch` of 0.4.6, which want a `.git` in a folder. */
async function goneIn(file: string): Promise<NonNullable<Config['reposGone']>> {
  const repos = (await readToml(file))?.repos;
  const mounts = readMounts() ?? [];
  const gone: { called: string; path: string }[] = [];
  for (const [called, entry] of Object.entries(repos ?? {}).slice(0, mostRepos)) {
    const path = (entry as { readonly path?: unknown } | null)?.path;
    if (typeof path !== 'string' || (isAbsolute(path) && isRemote(path, mounts))) continue;
    // A relative one counts from wherever each command is run.
    const isThere = isAbsolute(path) && (await lookAt(join(path, '.git')).catch(() => true)) !== null;
    if (!isThere) gone.push({ called, path });
  }
  return gone;
}

/** Every command of Coven reads them, and says nothing but a line on stderr where it ignores them. Source: observed of 0.4.6. */
async function settingsOf({ XDG_CONFIG_HOME, HOME }: Look['env']): Promise<Config['settings'] | null> {
  const folder = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'));
  if (!folder || !isAbsolute(folder)) return null;
  const path = join(folder, 'coven', 'settings.json');
  const found = await judge(path, 'settings.json');
  // Under another user's HOME nobody may look: that says nothing of his.
  return found && found.state !== 'unreadable' ? { path, ...found } : null;
}

const parsed = { state: 'parsed', line: null } as const;

/** What of a privacy.toml does not do what it seems to. */
function oddities(text: string, value: unknown): Pick<Config['files'][number], 'strange' | 'days' | 'zero'> {
  const [found, days, zero] = [strangeKey(value), eventDays(value), zeroDays(value)];
  const line =
    found === null ? -1 : text.split('\n').findIndex((line) => line.replace(/^[[ \t"']*/, '').startsWith(found.key));
  return {
    ...(found && { strange: { line: line < 0 ? null : line + 1, near: found.near } }),
    ...(days !== null && { days }),
    ...(zero.length > 0 && { zero }),
  };
}

/** Null where nothing is there. */
async function judge(path: string, name: string): Promise<Judged | null> {
  const reading = await readThrough(path, limitBytes + 1);
  if (reading.state === 'absent') return null;
  if (reading.state !== 'read')
    return { state: reading.state, line: null, ...(reading.kind && { kind: reading.kind }) };
  if (reading.bytes.length > limitBytes) return { state: 'too-large', line: null };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(reading.bytes);
  } catch {
    return { state: 'not-utf8', line: null };
  }
  if (name === 'settings.json') {
    const line = brokenLine(text);
    return line === null ? parsed : { state: 'unparsable', line };
  }
  try {
    if (name.endsWith('.json')) parseJson(text);
    else {
      const value = (await import('smol-toml')).parse(text, { integersAsBigInt: true });
      const wrong = firstWrong(configShapes[name] ?? [], value);
      if (wrong) return { state: 'wrong-type', line: null, wrong };
      if (name === 'privacy.toml') return { ...parsed, ...oddities(text, value) };
    }
    return parsed;
  } catch (error) {
    // The parser's message quotes the file, which may hold a secret; the line number does not.
    const line = error instanceof Error && 'line' in error ? Number(error.line) : null;
    return { state: 'unparsable', line };
  }
}
