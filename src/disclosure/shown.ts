import { gated } from '../bundle/findings.ts';
import { type Gate, makeGate, type Reader } from '../bundle/gate.ts';
import { vocabulary } from '../bundle/vocabulary.ts';
import type { Host } from '../host/host.ts';
import type { Check, Finding } from '../model/check.ts';
import type { Observation, ObservationKey } from '../model/observation.ts';
import type { Accepted } from '../run/accepted.ts';
import { advise, isAdvice } from '../run/advise.ts';
import { type CheckRun, runChecks } from '../run/runner.ts';

/** What may be told of a diagnosis, to one reader. */
export interface Shown {
  /** Codes, statuses and their order stay. */
  readonly runs: (runs: readonly CheckRun[]) => Promise<readonly CheckRun[]>;
  /** Any other value of ours, its texts each by itself. */
  readonly value: <T>(value: T) => T;
  /** Reasons are somebody's own words. */
  readonly accepted: (accepted: Accepted) => Accepted;
}

/** What was seen is all there: judging it takes milliseconds. */
const judgeMs = 20_000;

/** The runner's own codes: what such a check waits for may never be seen. */
const unjudged: readonly string[] = ['overran', 'threw'];

export type LocalReader = Exclude<Reader, 'support'>;

/**
 * Tells a reader what checks found on a host; of `faults` alone where a report shows nothing of the rest but its number. Ours
 * judge again what the gate lets through of each observation, as for a bundle: so no words of theirs hold anything else,
 * however they are made. Where that would decide otherwise, and of checks that are not ours, the findings themselves go
 * through the gate.
 */
export function makeShown(
  host: Host,
  checks: readonly Check[],
  reader: LocalReader,
  shows: 'everything' | 'faults' = 'everything',
): Shown {
  let made: Gate | undefined;
  const gate = (): Gate => {
    made ??= makeGate({ words: vocabulary(), reader });
    return made;
  };
  const through = <T>(value: T): T => gate().json(value).value as T;
  const seen = new Map<ObservationKey, Promise<Observation>>();
  const look = async (key: ObservationKey): Promise<Observation> => {
    const found: Observation = await host.observe(key);
    if (found.ok) return { ...found, value: through(found.value) };
    // A command is made of our own folder alone, and is there to be pasted.
    const { command } = found.error;
    return { ...found, error: { ...through(found.error), ...(command !== undefined && { command }) } };
  };
  const observe: Host['observe'] = (key) => {
    const found = seen.get(key) ?? look(key);
    seen.set(key, found);
    return found as ReturnType<typeof observe<typeof key>>;
  };
  const told: Host = { observe, close: async () => undefined };

  async function again(run: CheckRun): Promise<readonly Finding[] | null> {
    const { check, findings } = run;
    // A module of the operator's own speaks to him as it does: he can read it, and has to mend it.
    if (check.sealed || (check.module && reader === 'operator')) return findings;
    if (check.module || findings.some(({ code }) => unjudged.includes(code))) return null;
    const signal = new AbortController().signal;
    const [judged] = await advise(await runChecks([check], told, { checkMs: judgeMs, signal }), told, checks);
    const isSame =
      judged?.findings.length === findings.length &&
      judged.findings.every(({ code, status }, index) => {
        const was = findings[index];
        return was?.code === code && was.status === status;
      });
    return isSame ? judged.findings : null;
  }
  const line = (text: string): string => withoutKeys(gate().text(text));
  return {
    value: (value) => deep(gate().typed(value)),
    runs: (runs) =>
      Promise.all(
        runs.map(async (run) => {
          if (shows === 'faults' && run.findings.every(isQuiet)) return { ...run, findings: run.findings.map(counted) };
          const findings =
            (await again(run)) ?? run.findings.map((found) => withOurs(gated(found, through, asItIs), found, run));
          return { ...run, findings: findings.map(deep) };
        }),
      ),
    accepted: ({ suppressions, baseline }) => ({
      suppressions: suppressions.map((entry) => ({ ...entry, reason: line(entry.reason) })),
      baseline: baseline && { ...baseline, runId: uuid.test(baseline.runId) ? baseline.runId : line(baseline.runId) },
    }),
  };
}

const isQuiet = ({ status }: Finding): boolean => status === 'pass' || status === 'skipped';

/** What is left of a finding that is counted, and whose words nobody is shown: no text of anybody. */
const counted = (found: Finding): Finding => ({
  ...found,
  target: '<coven-home>',
  facts: Object.fromEntries(Object.entries(found.facts).filter(([, fact]) => typeof fact !== 'string')),
  evidence: [],
});

/** What hints are chosen by is ours, and no text of anybody's: names of checks and causes. A role is a module's own. */
const withOurs = (told: Finding, { target, facts }: Finding, { check }: CheckRun): Finding =>
  check.module
    ? { ...told, target: /^<[a-z-]{1,24}>$/.test(target) ? target : told.target }
    : {
        ...told,
        facts: { ...told.facts, ...Object.fromEntries(Object.entries(facts).filter(([name]) => isAdvice(name))) },
      };

const asItIs = (name: string): string => name;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What was sealed is told apart by a key that nobody else needs to see. */
const withoutKeys = (text: string): string => text.replace(/ [0-9a-f]{16}\u203a/g, '›');
const deep = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, inner) => (typeof inner === 'string' ? withoutKeys(inner) : inner));
