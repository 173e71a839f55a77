import type { Cause, Check, Finding } from '../model/check.ts';

type Found = Pick<Finding, 'code' | 'status'>;

const remedyOf = ({ causes }: Pick<Check, 'causes'>, { code, status }: Found): Cause['remedy'] =>
  status === 'fail' || status === 'warn' ? causes[code]?.remedy : undefined;

/** Whether --fix does something about a finding by itself; that a daemon is merely stopped needs more words. */
export const hasRemedy = (check: Pick<Check, 'id' | 'causes'>, finding: Found): boolean =>
  remedyOf(check, finding) !== undefined && `${check.id} ${finding.code}` !== 'daemon stopped';

/** What --fix would do about a finding; nothing where there is no remedy, or no fault. */
export function remediation(check: Pick<Check, 'id' | 'causes'>, finding: Found): object {
  const remedy = remedyOf(check, finding);
  if (!remedy) return {};
  const { risk, summary } = remedy;
  const command = ['coven-doctor', '--fix', ...(risk === 'safe' ? [] : ['--allow', risk])].join(' ');
  return { remediation: { id: `${check.id}/${finding.code}`, risk, summary, commands: [command] } };
}
