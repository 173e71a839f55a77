import type { Cause, Check, Facts, Finding, Say } from '../model/check.ts';
import { harmless } from '../model/harmless.ts';

/** Causes that every check can have: the engine's own. */
const common: Readonly<Record<string, Cause>> = {
  unobserved: {
    message: ({ observation, message }) => `could not look (${observation}): ${message}`,
    hint: ({ command }) =>
      command === undefined
        ? 'run again; if it stays, run with a longer --timeout or as the owner of the home'
        : `repair the installation of coven-doctor: ${command}`,
  },
  overran: {
    message: ({ ms }) => `no answer within ${ms} ms`,
    hint: () => 'run again with a longer --timeout',
  },
  threw: {
    message: ({ message }) => `the check failed by itself: ${message}`,
    hint: () => 'this is a bug of coven-doctor; please report it',
  },
  'no-home': { message: () => 'not asked: there is no home yet' },
  'home-not-a-directory': {
    message: () => 'not asked: the home is not a directory',
  },
  'home-unreadable': {
    message: () => 'not asked: the home cannot be listed by this user',
  },
  'no-mounts': { message: () => 'not asked: this system does not tell its mounts' },
  'sessions-unread': { message: () => 'not asked: the session rows could not be read' },
  'other-user': { message: () => 'not asked: the home is another user’s' },
  'no-ledger': { message: () => 'not asked: there is no ledger to read' },
  'wal-foreign': { message: () => 'not asked: the WAL beside the ledger is of another one' },
  'ledger-not-opened': { message: () => 'not asked: the ledger did not open' },
  'no-answer': {
    message: () => 'not asked: the daemon gave no valid health answer',
  },
  'socket-path-too-long': {
    message: () => 'not asked: no socket fits this path',
  },
  ...Object.fromEntries(
    ['stopped', 'starting', 'stale', 'hung', 'slow', 'unreachable', 'duplicate', 'foreign', 'undetermined'].map(
      (verdict) => [`daemon-${verdict}`, { message: () => `not asked: the daemon is ${verdict}` }],
    ),
  ),
};

const fill = (say: Say, facts: Facts): string =>
  typeof say === 'function'
    ? say(facts)
    : say.replace(/\{(\w+)\}/g, (written, name) => (Object.hasOwn(facts, name) ? String(facts[name]) : written));

export interface Words {
  readonly message: string;
  readonly hint?: string;
}

/** The words for one finding. Text that came from the machine, or from a check that is not ours, is made harmless in them. */
export function say({ id, module, causes }: Pick<Check, 'id' | 'module' | 'causes'>, { code, facts }: Finding): Words {
  const cause =
    (Object.hasOwn(causes, code) ? causes[code] : undefined) ??
    (Object.hasOwn(common, code) ? common[code] : undefined);
  if (!cause) return { message: harmless(code) };
  const hint =
    module && (code === 'threw' || code === 'overran')
      ? `the check is of ${module}: tell its author, and leave it out with --skip ${id}`
      : cause.hint && fill(cause.hint, facts);
  return { message: harmless(fill(cause.message, facts)), ...(hint && { hint: harmless(hint) }) };
}
