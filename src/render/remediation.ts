import { type CommandLine, command, shellLine } from '../model/advice.ts';
import type { Cause, Check, Finding } from '../model/check.ts';
import type { Remedy } from '../model/remedy.ts';

type Found = Pick<Finding, 'code' | 'status'>;

function remedyOf({ causes }: Pick<Check, 'causes'>, { code, status }: Found): Cause['remedy'] {
  const remedy = causes[code]?.remedy;
  return status === 'fail' || (status === 'warn' && !remedy?.failuresOnly) ? remedy : undefined;
}

/** Whether --fix does something about a finding by itself; that a daemon is merely stopped needs more words. */
const hasRemedy = (check: Pick<Check, 'id' | 'causes'>, finding: Found): boolean =>
  remedyOf(check, finding) !== undefined && `${check.id} ${finding.code}` !== 'daemon stopped';

/** The command that repairs a finding; null where there is no remedy, or none without being asked for by name. */
export function fixCommand(check: Pick<Check, 'id' | 'causes'>, finding: Found): CommandLine | null {
  const remedy = hasRemedy(check, finding) ? remedyOf(check, finding) : undefined;
  return remedy ? repairCommand(remedy) : null;
}

/** What that command may cost; `safe` where there is none. */
export const riskOf = (check: Pick<Check, 'causes'>, finding: Found): Risk => remedyOf(check, finding)?.risk ?? 'safe';

/** What --fix would do about a finding; nothing where there is no remedy, or no fault. */
export function remediation(check: Pick<Check, 'id' | 'causes'>, finding: Found): object {
  const remedy = remedyOf(check, finding);
  if (!remedy) return {};
  const { risk, summary } = remedy;
  const commands = [shellLine(repairCommand(remedy))];
  return { remediation: { id: `${check.id}/${finding.code}`, risk, summary, commands } };
}

function repairCommand({ risk, mayBe = risk }: Pick<Remedy, 'risk' | 'mayBe'>): CommandLine {
  const agreed = [...new Set([risk, mayBe])].filter((one) => one !== 'safe');
  return command('coven-doctor', '--fix', ...(agreed.length === 0 ? [] : ['--allow', ...agreed]));
}
