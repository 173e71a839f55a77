import type { Check, Facts, Finding, StatedWords } from '../check.ts';
import { harmless } from './harmless.ts';
import { answerWords } from './words/answer.ts';
import { daemonWords } from './words/daemon.ts';
import { homeWords } from './words/home.ts';
import { installWords } from './words/install.ts';
import { logWords } from './words/log.ts';
import { placeWords } from './words/place.ts';
import { sessionWords } from './words/sessions.ts';
import { storeWords } from './words/store.ts';
import { upgradeWords } from './words/upgrade.ts';
import { upgradedWords } from './words/upgraded.ts';

/** One line, made from the facts of a finding. */
export type Say = (facts: Facts) => string;

export interface Cause {
  readonly message: Say;
  /** What to do next. It never advises what is known to fail in that very state. */
  readonly hint?: Say;
}

export interface CheckWords {
  /** What the check asks, as a short question or title. */
  readonly title: string;
  /** What it decides and why that matters, for `explain`. */
  readonly explain: string;
  /** By code; `ok` is the pass. */
  readonly causes: Readonly<Record<string, Cause>>;
}

const catalogue: Readonly<Record<string, CheckWords>> = {
  ...homeWords,
  ...placeWords,
  ...daemonWords,
  ...answerWords,
  ...logWords,
  ...storeWords,
  ...sessionWords,
  ...installWords,
  ...upgradeWords,
  ...upgradedWords,
};

/** What words depend on of a check. */
export type Named = Pick<Check, 'id' | 'stated'>;

export function wordsOf({ id, stated }: Named): CheckWords {
  if (stated) return fromTemplates(stated);
  return catalogue[id] ?? { title: id, explain: '', causes: {} };
}

function fromTemplates({ title, explain, causes }: StatedWords): CheckWords {
  const filled = Object.entries(causes).map(([code, { message, hint }]): [string, Cause] => [
    code,
    { message: (facts) => fill(message, facts), ...(hint && { hint: (facts) => fill(hint, facts) }) },
  ]);
  return { title: harmless(title), explain: harmless(explain), causes: Object.fromEntries(filled) };
}

/** `{name}` becomes the fact of that name; one that is no fact stays as it is written. */
function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (written, name) =>
    Object.hasOwn(facts, name) ? String(facts[name]) : written,
  );
}

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

export interface Words {
  readonly message: string;
  readonly hint?: string;
}

/** The words for one finding. Text that came from the machine is made harmless in them. */
export function say(check: Named, { code, facts }: Finding): Words {
  const { causes } = wordsOf(check);
  const cause =
    (Object.hasOwn(causes, code) ? causes[code] : undefined) ??
    (Object.hasOwn(common, code) ? common[code] : undefined);
  if (!cause) return { message: harmless(code) };
  const hint =
    check.stated && (code === 'threw' || code === 'overran')
      ? `the check is of ${check.stated.module}: tell its author, and leave it out with --skip ${check.id}`
      : cause.hint?.(facts);
  return {
    message: harmless(cause.message(facts)),
    ...(hint && { hint: harmless(hint) }),
  };
}
