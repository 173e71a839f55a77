import { stopFirst } from '../coven/advice.ts';
import { isResetCutOff, obstacles } from '../coven/obstacles.ts';
import { type Advice, agreed, type CommandLine, command, shellLine } from '../model/advice.ts';
import type { Cause, Check, Facts, Finding } from '../model/check.ts';
import type { Risk } from '../model/step.ts';
import { type CheckReport, counts } from '../run/report.ts';

type Found = Pick<Finding, 'code' | 'status' | 'facts'>;

/** The command that repairs a finding, and what has to be known of it: what the plan of that very command says. */
export interface Repair {
  readonly command: CommandLine;
  /** What the command allows; empty if all of it is safe. */
  readonly risks: readonly Risk[];
  /** Checks whose findings the same plan repairs first, because a daemon starts only after that. */
  readonly after: readonly string[];
  /** What has to be done before: the plan refuses to replace a ledger that a process may have open. */
  readonly before: Advice;
  /** It brings a daemon up, which `undo` does not take back. */
  readonly daemon: 'start' | 'restart' | null;
}

function remedyOf({ causes }: Pick<Check, 'causes'>, { code, status, facts }: Found): Cause['remedy'] {
  const remedy = causes[code]?.remedy;
  // While a reset is cut off, every repair is refused: it is finished by running it again.
  if (isResetCutOff(facts)) return undefined;
  if (remedy?.helps?.(facts) === false) return undefined;
  return status === 'fail' || (status === 'warn' && !remedy?.failuresOnly) ? remedy : undefined;
}

/**
 * The repair of a finding; null if there is none, or none that works without naming it, as for a daemon that is merely
 * stopped, or none before something else was done by hand. `others` are the checks of the same report.
 */
export function repairOf(
  check: Pick<Check, 'id' | 'causes'>,
  finding: Found,
  others: readonly CheckReport[] = [],
): Repair | null {
  return isMerelyStopped(check, finding) ? null : repairAsked(check, finding, others);
}

const isMerelyStopped = ({ id }: Pick<Check, 'id'>, { code }: Found): boolean => `${id} ${code}` === 'daemon stopped';

/** The same, where a daemon that is merely stopped is to be started, too. */
function repairAsked(
  check: Pick<Check, 'id' | 'causes'>,
  finding: Found,
  others: readonly CheckReport[],
): Repair | null {
  const remedy = remedyOf(check, finding);
  if (!remedy || hasUntold(remedy, finding, others)) return null;
  const after = others.filter(({ check: { id } }) => id !== check.id && placesBefore(remedy, finding).includes(id));
  const remedies = after.map((one) => one.findings.filter(counts).flatMap((other) => remedyOf(one.check, other) ?? []));
  // The engine withholds what starts a daemon while something that no repair ends is in the way.
  if (remedies.some((own) => own.length === 0)) return null;
  const all = [remedy, ...remedies.flat()];
  const { daemon = null } = remedy;
  const risks = [...new Set([...all.map(({ risk }) => risk), harmOf(daemon, finding.facts)])].filter(
    (risk) => risk !== 'safe',
  );
  return {
    command: fixWith(risks, isMerelyStopped(check, finding) ? ['--start-daemon'] : []),
    risks,
    after: after.map(({ check: { id } }) => id),
    before: all.some(({ closesLedger }) => closesLedger) ? closeFirst(finding.facts) : [],
    daemon,
  };
}

/** A start calls rows of live runs orphaned, and a restart ends the daemon's sessions, too. */
function harmOf(daemon: Repair['daemon'], { startHarms, restartHarms }: Facts): Risk {
  const harms = daemon === 'restart' ? restartHarms : daemon === 'start' ? startHarms : 0;
  return Number(harms ?? 0) > 0 ? 'disruptive' : 'safe';
}

function closeFirst(facts: Facts): Advice {
  if (facts.ledgerInUse !== true) return [];
  const stop = stopFirst(facts);
  return stop.length > 0 ? stop : ['Let what has the ledger open finish first, as a `coven run`.'];
}

/** The checks whose words the report shows for what is in the way of a daemon that the repair brings up. */
const placesBefore = ({ daemon }: NonNullable<Cause['remedy']>, { facts }: Found): readonly string[] =>
  daemon === undefined ? [] : obstacles(daemon, facts).flatMap(({ places }) => places);

/**
 * Something is in the way of the daemon that no check of this report tells, so that nobody knows whether a repair ends it. What follows from
 * the finding itself is told with it.
 */
function hasUntold(
  { daemon }: NonNullable<Cause['remedy']>,
  { facts }: Found,
  others: readonly CheckReport[],
): boolean {
  if (daemon === undefined) return false;
  const follows = (id: string): boolean =>
    others.some((one) => one.check.id === id && one.findings.some((other) => counts(other) && other.causedBy));
  return obstacles(daemon, facts).some(({ id, places }) => places.length === 0 && !follows(id));
}

/** What --fix would do about a finding, for programs, which cannot answer a question; undefined without a remedy or fault. */
export function remediation(
  check: Pick<Check, 'id' | 'causes'>,
  finding: Found,
  others: readonly CheckReport[] = [],
): object {
  const remedy = remedyOf(check, finding);
  const repair = repairAsked(check, finding, others);
  if (!remedy || !repair) return {};
  const { summary } = remedy;
  const before = repair.before.filter((part) => typeof part !== 'string');
  const fix = repair.command;
  const risk = (['lossy', 'disruptive'] as const).find((one) => repair.risks.includes(one)) ?? remedy.risk;
  const commands = [...before, fix].map((line) => shellLine(agreed(line)));
  return { remediation: { id: `${check.id}/${finding.code}`, risk, summary, commands } };
}

const fixWith = (risks: readonly Risk[], options: readonly string[]): CommandLine =>
  command('coven-doctor', '--fix', ...options, ...(risks.length === 0 ? [] : ['--allow', ...risks]));
