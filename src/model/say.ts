import { type Advice, agreed, oneLine, shellCommand, shellLine } from './advice.ts';
import type { Cause, Check, Facts, Finding, Say } from './check.ts';
import { harmless } from './harmless.ts';

/** Causes that every check can have, because the runner reports them. */
const common: Readonly<Record<string, Cause>> = {
  unobserved: {
    message: ({ observation, message }) => `${observation} could not be read: ${message}`,
    hint: ({ command: line }) =>
      line === undefined
        ? 'Run it again, with a longer --timeout or as the owner of the home.'
        : ['Repair the installation of coven-doctor:', shellCommand(String(line))],
  },
  overran: {
    message: ({ ms }) => `the check did not finish within ${ms} ms`,
    hint: () => 'Run it again with a longer --timeout.',
  },
  threw: {
    message: ({ message }) => `the check itself failed: ${message}`,
    hint: () => 'This is a bug in coven-doctor. Please report it.',
  },
  'no-home': { message: () => 'skipped: there is no Coven home yet' },
  'home-not-a-directory': {
    message: () => 'skipped: the home is not a directory',
  },
  'home-unreadable': {
    message: () => 'skipped: the home cannot be listed by this user',
  },
  'no-mounts': { message: () => 'skipped: this system does not tell its mounts' },
  'sessions-unread': { message: () => 'skipped: the session rows could not be read' },
  'other-user': { message: () => 'skipped: the home is another user’s' },
  'no-ledger': { message: () => 'skipped: there is no ledger to read' },
  'wal-foreign': { message: () => 'skipped: the WAL beside the ledger is of another one' },
  'ledger-not-opened': { message: () => 'skipped: the ledger did not open' },
  'no-answer': {
    message: () => 'skipped: the daemon gave no valid health answer',
  },
  'socket-path-too-long': {
    message: () => 'skipped: no socket fits this path',
  },
  ...Object.fromEntries(
    [
      'stopped',
      'starting',
      'stale',
      'hung',
      'slow',
      'unreachable',
      'elsewhere',
      'duplicate',
      'foreign',
      'undetermined',
    ].map((verdict) => [`daemon-${verdict}`, { message: () => `skipped: the daemon is ${verdict}` }]),
  ),
};

const fill = (say: Say, facts: Facts): string =>
  typeof say === 'function'
    ? say(facts)
    : say.replace(/\{(\w+)\}/g, (written, name) => (Object.hasOwn(facts, name) ? String(facts[name]) : written));

export interface Words {
  readonly message: string;
  /** What to do, in one line. */
  readonly hint?: string;
  /** Its commands, in their order. */
  readonly commands?: readonly { readonly argv: readonly string[]; readonly line: string }[];
}

/**
 * The words for one finding, in formats that may be read where nobody can answer a question. Text from the machine, or
 * from a plug-in check, is made harmless.
 */
export function say(check: Pick<Check, 'id' | 'module' | 'causes'>, finding: Finding): Words {
  const cause = causeOf(check, finding);
  if (!cause) return { message: harmless(finding.code) };
  const advice = adviseOn(check, finding).map((part) => (typeof part === 'string' ? part : agreed(part)));
  const commands = advice.filter((part) => typeof part !== 'string');
  return {
    message: harmless(fill(cause.message, finding.facts)),
    ...(advice.length > 0 && { hint: harmless(oneLine(advice)) }),
    ...(commands.length > 0 && {
      commands: commands.map((command) => ({ argv: command.argv, line: harmless(shellLine(command)) })),
    }),
  };
}

/** What to do about a finding, as lines that a program shows: each a sentence, or a command by itself. */
export const adviceOf = (
  check: Pick<Check, 'id' | 'module' | 'causes'>,
  finding: Finding,
): readonly { readonly text: string; readonly isCommand: boolean }[] =>
  adviseOn(check, finding).map((part) => ({
    text: harmless(typeof part === 'string' ? part : shellLine(agreed(part))),
    isCommand: typeof part !== 'string',
  }));

/** What to do about a finding, sentences and commands in their order. */
export function adviseOn(check: Pick<Check, 'id' | 'module' | 'causes'>, finding: Finding): Advice {
  const { id, module } = check;
  const { code, facts } = finding;
  if (module && (code === 'threw' || code === 'overran'))
    return [`The check is of ${module}: tell its author, and leave it out with --skip ${id}.`];
  const hint = causeOf(check, finding)?.hint;
  if (hint === undefined) return [];
  const advice = typeof hint === 'function' ? hint(facts) : fill(hint, facts);
  return typeof advice !== 'string' ? advice : advice === '' ? [] : [advice];
}

const causeOf = ({ causes }: Pick<Check, 'causes'>, { code }: Finding): Cause | undefined =>
  (Object.hasOwn(causes, code) ? causes[code] : undefined) ?? (Object.hasOwn(common, code) ? common[code] : undefined);
