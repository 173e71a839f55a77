import { type Advice, command, shellLine } from '../model/advice.ts';
import type { Check, Finding } from '../model/check.ts';
import { adviseOn } from '../model/say.ts';
import type { CheckReport } from '../run/report.ts';
import { type Repair, repairOf } from './remediation.ts';

/**
 * What to do about a finding: what to know first, the repair if there is one, then what can be done by hand. `others` are the
 * checks of the same report.
 */
export function advised(
  check: Pick<Check, 'id' | 'module' | 'causes'>,
  finding: Finding,
  others: readonly CheckReport[],
  unattended = false,
): Advice {
  const repair = repairOf(check, finding, others);
  const fix = repair?.command;
  const byHand = adviseOn(check, finding).filter(
    (part) => typeof part === 'string' || shellLine(part) !== (fix && shellLine(fix)),
  );
  // A sentence that introduces no command is to be known before anything is done.
  const begins = byHand.findIndex((part) => typeof part !== 'string' || part.endsWith(':'));
  const first = begins === -1 ? byHand : byHand.slice(0, begins);
  const before = repair?.before ?? [];
  const isBefore = before.every((part, index) => isSame(part, byHand[first.length + index]));
  const rest = byHand.slice(first.length + (isBefore ? before.length : 0));
  return [
    ...first,
    ...before,
    ...(repair ? repairLines(repair, unattended) : []),
    ...(fix && rest.length > 0 ? ['Or by hand:'] : []),
    ...rest,
  ];
}

/** What stands for a name or a text that is not shown; the roles of the home become its paths. */
const placeholder =
  /\u2039[^\u203a]*\u203a|<(?:id|project|another-project|path|home|user|host|reset-marker|title|labels|text)(?:-\d{1,5})?>/;

/** Without commands that hold a placeholder, and without the sentences that introduce them: nobody can type them. */
export function typeable(advice: Advice): Advice {
  const isUseless = (part: Advice[number] | undefined): boolean =>
    part !== undefined && typeof part !== 'string' && placeholder.test(shellLine(part));
  return advice.filter(
    (part, index) =>
      !isUseless(part) && !(typeof part === 'string' && part.endsWith(':') && isUseless(advice[index + 1])),
  );
}

const isSame = (one: Advice[number], other: Advice[number] | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The cost of a repair, said before its command. Without a terminal it cannot ask, so `plan` shows the plan first. */
function repairLines({ command: fix, risks, after, daemon }: Repair, unattended: boolean): Advice {
  const both = after.length > 0 ? ` together with what ${after.map((id) => `\`${id}\``).join(' and ')} says` : '';
  if (risks.length === 0)
    return [
      daemon
        ? `Fix it${both} (a backup comes first; ${daemon}ing the daemon cannot be undone):`
        : `Fix it${both} (a backup comes first, and \`coven-doctor undo\` takes it back):`,
      fix,
    ];
  const costs = [
    ...(risks.includes('disruptive') ? ['end running sessions'] : []),
    ...(risks.includes('lossy') ? ['lose data'] : []),
  ].join(' or ');
  if (!unattended)
    return [`Fix it${both} (this can ${costs}: the plan says what, and asks; a backup comes first):`, fix];
  return [
    `See what a repair would do, since it can ${costs}:`,
    command('coven-doctor', 'plan', '--allow', ...risks),
    `Then fix it${both} (a backup comes first):`,
    fix,
  ];
}
