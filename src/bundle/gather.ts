import { realpath } from 'node:fs/promises';
import { patience, within } from '../deadline.ts';
import { reasonOf } from '../host/host.ts';
import type { LiveHost } from '../host/live.ts';
import { observationKeys } from '../host/schemas.ts';
import type { Observation, ObservationKey, Observations } from '../model/observation.ts';
import type { Named } from '../redaction/tokens.ts';
import type { StoreInventory } from '../store/protocol.ts';
import { gatherLogs, gatherRuns } from './files.ts';
import { patternsOf, thingsOf } from './identities.ts';
import { join, ledgerParts, seenOf } from './ledger.ts';
import { ownText } from './own-text.ts';
import type { Gathered, LeftOut } from './part.ts';
import { knownSecrets } from './secrets.ts';
import { seeSystem } from './system.ts';
import { seeTree } from './tree.ts';
import { vocabulary } from './vocabulary.ts';

export interface GatherOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly titles: boolean;
  readonly eventsOf: string | null;
  readonly signal: AbortSignal;
  /** Called with each stage that begins. */
  readonly tell: (doing: 'observations' | 'ledger' | 'files and machine') => void;
}

/** Facts of this machine that must not be in a bundle. */
export interface Redaction {
  readonly knownValues: readonly string[];
  /** The user's patterns from `privacy.toml`. */
  readonly patterns: readonly string[];
  /** Names that numbered tokens replace. */
  readonly named: readonly Named[];
  /** Values that are removed where they stand as a separate word. */
  readonly common: readonly string[];
}

/** Everything that goes into a bundle, and what redaction needs to know, as plain data. */
export interface Collected {
  readonly observations: readonly Observation[];
  readonly gathered: Gathered;
  readonly redaction: Redaction;
  /** What the proof searches for: known values, and the first bytes of those that are not removed. */
  readonly forbidden: readonly string[];
  /** Projects that have no token. */
  readonly unnamed: ReadonlySet<string>;
}

/** Not recorded: it contains hashes of files, from which a secret could be guessed, and no check needs it. */
const unrecorded: readonly ObservationKey[] = ['home.identities'];
/** Of CPU time, for counting the events of each session. */
const countMs = 500;
const inventoryMs = 6000;
const partMs = 8000;

/** Gathers all parts. A part that fails or takes too long is omitted with the reason; the others stay. Never rejects. */
export async function gather(host: LiveHost, options: GatherOptions): Promise<Collected> {
  const { home, env, signal, tell } = options;
  tell('observations');
  const observations = await observeAll(host);
  const value = <K extends ObservationKey>(key: K): Observations[K] | null =>
    seenOf(observations.find((seen) => seen.key === key) as Observation<Observations[K]> | undefined);

  tell('ledger');
  const { inventory, why } = await inventoryOf(host, options, value('store.open')?.outcome ?? 'not seen');
  const seen = {
    files: value('store.files'),
    open: value('store.open'),
    integrity: value('store.integrity'),
    sessions: value('store.sessions'),
  };
  const part = async (name: string, make: () => Promise<Gathered>): Promise<Gathered> => {
    const late = (): Gathered =>
      nothing({ name, why: signal.aborted ? 'the time for the run was over' : `it took longer than ${partMs} ms` });
    const made = make().catch((error: unknown) => nothing({ name, why: reasonOf(error).message }));
    return within(made, partMs, signal, late, patience);
  };
  const json = async (name: string, make: () => Promise<unknown>): Promise<Gathered> =>
    part(name, async () => ({ parts: [{ name, json: await make() }], cut: [], leftOut: [] }));

  tell('files and machine');
  // A symlink could point to any folder of the machine.
  const inHome = async (name: string, make: () => Promise<Gathered>): Promise<Gathered> =>
    value('home')?.kind === 'directory' ? make() : nothing({ name, why: 'the home is no folder' });
  const gathered = await Promise.all([
    ledgerParts(seen, inventory, why),
    inHome('log/', () => part('log/', () => gatherLogs(home))),
    inHome('runs/', () => part('runs/', () => gatherRuns(home))),
    inHome('tree.json', () => json('tree.json', () => seeTree(home, signal))),
    json('system.json', () => seeSystem(inventory?.sqlite ?? null, signal)),
    json('daemon.json', async () => answersOf(await host.answers())),
    json('install.json', async () => ({ ...value('install'), node: process.execPath })),
  ]);

  const projects = [
    ...(seen.sessions?.projects ?? []),
    ...(value('sessions.leases')?.projects ?? []).map(({ path }) => path),
    ...(value('sessions.automations')?.automations ?? []).flatMap(({ folder }) => (folder ? [folder.path] : [])),
    ...(inventory?.sessions ?? []).flatMap(({ fields }) =>
      typeof fields.project_root === 'string' ? fields.project_root : [],
    ),
  ];
  const words = vocabulary();
  const secrets = await knownSecrets(env, home, value('home.entries'), words, ownText);
  const { values, common, heads, passedOver, unread } = secrets;
  const real = await realpath(home).catch(() => home);
  const owner = value('home')?.uid ?? null;
  const { named, unnamed } = await thingsOf({ home, realHome: real, owner, env, projects, words });
  const { patterns, unreadable } = await patternsOf(home);
  const left = unrecorded.map((key) => ({ name: `observation ${key}`, why: 'it holds hashes of files' }));
  return {
    observations,
    gathered: join(...gathered, {
      parts: [],
      cut: [],
      leftOut: [
        ...left,
        ...(unreadable === null ? [] : [{ name: 'your patterns of privacy.toml', why: unreadable }]),
        ...(unnamed.size > 0
          ? [
              {
                name: `tokens of ${unnamed.size} projects`,
                why: 'there are too many; within other texts they are told by their shape',
              },
            ]
          : []),
        ...(unread > 0
          ? [
              {
                name: `search for what ${unread} entries of keys/ hold`,
                why: 'they are no files, not to be read, or too large',
              },
            ]
          : []),
        ...(passedOver > 0
          ? [{ name: `search for ${passedOver} known values`, why: 'there are too many; the rules stand alone there' }]
          : []),
      ],
    }),
    redaction: { knownValues: values, patterns, named, common },
    forbidden: [...values, ...heads],
    unnamed,
  };
}

/** About ten times what Coven answers. Of a longer answer, only the size is recorded. */
const answerLimit = 256 * 1024;

const answersOf = (answers: Awaited<ReturnType<LiveHost['answers']>>): object =>
  Object.fromEntries(
    Object.entries(answers).map(([path, { body, ...rest }]) => {
      const length = JSON.stringify(body)?.length ?? 0;
      return [path, length > answerLimit ? { ...rest, bodyLength: length } : { ...rest, body }];
    }),
  );

const nothing = (leftOut: LeftOut): Gathered => ({ parts: [], cut: [], leftOut: [leftOut] });

/** Every observation in its order. A daemon is watched for ten seconds only if it does not answer. */
async function observeAll(host: LiveHost): Promise<readonly Observation[]> {
  const health = await host.observe('daemon.health');
  const silent = health.ok && ['no-bytes', 'incomplete'].includes(health.value.outcome);
  const wanted = observationKeys.filter((key) => !unrecorded.includes(key) && (silent || key !== 'daemon.progress'));
  return Promise.all(wanted.map((key): Promise<Observation> => host.observe(key)));
}

async function inventoryOf(
  host: LiveHost,
  { titles, eventsOf }: GatherOptions,
  outcome: string,
): Promise<{ readonly inventory: StoreInventory | null; readonly why: string }> {
  if (outcome !== 'opened') return { inventory: null, why: `the ledger: ${outcome}` };
  try {
    const inventory = await host.inventory({ inventory: { titles, eventsOf, budgetMs: countMs } }, inventoryMs);
    return { inventory, why: 'the ledger did not tell in time' };
  } catch (error) {
    return { inventory: null, why: reasonOf(error).message };
  }
}
