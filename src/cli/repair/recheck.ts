import { checks as allChecks } from '../../../checks/index.ts';
import type { Finding } from '../../model/check.ts';
import type { Plan } from '../../model/step.ts';
import type { Recheck } from '../../repair/engine/perform.ts';
import { type SurveyOptions, survey } from './survey.ts';

/** Checks by which the start of a daemon is proven, beside its own. */
const bringingUp: readonly string[] = ['start-daemon', 'restart-daemon'];
const ofDaemons = ['daemon', 'daemon:health', 'daemon:contract', 'daemon:capabilities'];

/** Looks anew whether the causes of fixes are gone, and whether a daemon that was started is well. */
export async function recheck(
  fixes: readonly string[],
  plan: Plan,
  options: SurveyOptions,
  signal: AbortSignal,
): Promise<readonly Recheck[]> {
  const ids = new Set([...fixes.map((fix) => fix.split(' ')[0] ?? ''), ...ofDaemons]);
  const checks = allChecks.filter(({ id }) => ids.has(id));
  const { report } = await survey(options, signal, checks);
  const findingsOf = (id: string): readonly Finding[] =>
    report.checks.find(({ check }) => check.id === id)?.findings ?? [];
  return fixes.map((fix) => {
    const [id = '', code = ''] = fix.split(' ');
    const brings = plan.steps.some(({ fix: of, action }) => of === fix && bringingUp.includes(action.kind));
    const findings = [...findingsOf(id), ...(brings ? ofDaemons.flatMap(findingsOf) : [])];
    // What the plan left out is there as before.
    const left = plan.refused.find(({ finding, reason }) => finding === fix && reason === 'linked')?.facts.count ?? 0;
    const isLeft = ({ facts }: Finding): boolean => Number(facts.count ?? 1) <= Number(left);
    const isThere = findings.some(
      (finding) => (finding.code === code && !isLeft(finding)) || (brings && finding.status === 'fail'),
    );
    const isUnknown = findings.length === 0 || findings.some(({ status }) => status === 'unknown');
    return { fix, verdict: isThere ? 'still-there' : isUnknown ? 'unknown' : 'gone' };
  });
}
