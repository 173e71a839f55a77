import { isResetCutOff } from '../coven/obstacles.ts';
import { agreed, type CommandLine, command, shellLine } from '../model/advice.ts';
import type { Cause, Check, Finding } from '../model/check.ts';
import type { Remedy } from '../model/remedy.ts';
import type { Risk } from '../model/step.ts';

type Found = Pick<Finding, 'code' | 'status' | 'facts'>;

function remedyOf({ causes }: Pick<Check, 'causes'>, { code, status, facts }: Found): Cause['remedy'] {
  const remedy = causes[code]?.remedy;
  // While a reset is cut off, every repair is refused: it is finished by running it again.
  if (isResetCutOff(facts)) return undefined;
  if (remedy?.helps?.(facts) === false) return undefined;
  return status === 'fail' || (status === 'warn' && !remedy?.failuresOnly) ? remedy : undefined;
}

/** Whether plain --fix repairs a finding. A daemon that is merely stopped needs --start-daemon. */
const hasRemedy = (check: Pick<Check, 'id' | 'causes'>, finding: Found): boolean =>
  remedyOf(check, finding) !== undefined && `${check.id} ${finding.code}` !== 'daemon stopped';

/** The command that repairs a finding; null if there is no remedy, or none that works without naming it. */
export function fixCommand(check: Pick<Check, 'id' | 'causes'>, finding: Found): CommandLine | null {
  const remedy = hasRemedy(check, finding) ? remedyOf(check, finding) : undefined;
  return remedy ? repairCommand(remedy) : null;
}

/** The risks that the command has to allow; empty if it is safe or there is none. */
export function risksOf(check: Pick<Check, 'causes'>, finding: Found): readonly Risk[] {
  const remedy = remedyOf(check, finding);
  return remedy ? agreedTo(remedy) : [];
}

/** What --fix would do about a finding, for programs, which cannot answer a question; undefined without a remedy or fault. */
export function remediation(check: Pick<Check, 'id' | 'causes'>, finding: Found): object {
  const remedy = remedyOf(check, finding);
  if (!remedy) return {};
  const { risk, summary } = remedy;
  const commands = [shellLine(agreed(repairCommand(remedy)))];
  return { remediation: { id: `${check.id}/${finding.code}`, risk, summary, commands } };
}

const agreedTo = ({ risk, mayBe = risk }: Pick<Remedy, 'risk' | 'mayBe'>): readonly Risk[] =>
  [...new Set([risk, mayBe])].filter((one) => one !== 'safe');

function repairCommand(remedy: Pick<Remedy, 'risk' | 'mayBe'>): CommandLine {
  const risks = agreedTo(remedy);
  return command('coven-doctor', '--fix', ...(risks.length === 0 ? [] : ['--allow', ...risks]));
}
