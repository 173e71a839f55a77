import { serveAnew } from '../src/coven/advice.ts';
import { keepsFromOpening, notStarted } from '../src/coven/automations.ts';
import { passOfRows, rowsUnread, withoutRows } from '../src/coven/gates.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, type Finding, fail, from, skipped, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Observations } from '../src/model/observation.ts';

const target = '<coven-home>/coven.sqlite3';

/** So many runs do not fail one after another by chance. */
const inARow = 3;
/** A daemon ends what is over its time within seconds, and looks after it with its next pass. */
const overdueMs = 600_000;

const folderWords: Readonly<Record<string, string>> = {
  absent: 'is not there',
  'not-a-folder': 'is no folder',
  denied: 'may not be entered by you',
  relative: 'is no absolute path, so that it counts from wherever the daemon was started',
};
const faultWords: Readonly<Record<string, string>> = {
  unreadable: 'cannot be parsed',
  altered: 'is not what Coven wrote: another program changed it, and its digest does not fit',
};

const unreadWords: Readonly<Record<string, string>> = {
  definitions: 'the automations of the ledger could not be read, so that nothing is known of them',
  more: 'the ledger holds more automations than are examined',
  runs: 'what became of the runs of automations could not be read',
  'last-pass': 'what the scheduler of automations last did could not be read',
};

const automation = ({ automation }: Facts): string => `the automation ${automation}`;
const more = ({ others }: Facts): string => (Number(others) > 0 ? ` (and ${others} more)` : '');

/** Coven has no command for automations: its API changes and removes them. */
const change =
  'Correct it with what made it, an app or the API of the daemon (`coven.automations.update`), or pause it there.';

/** What an automation needs is looked at before its hour comes, at which nobody watches. */
export const sessionsAutomations = defineCheck({
  id: 'sessions:automations',
  category: 'sessions',
  title: 'Automations can run',
  explain:
    'An automation runs at its hour, unattended: Coven accepts one whose folder, harness or familiar is missing, tells nobody when it fails, and calls ' +
    'itself healthy. So what each active one names is looked for, and what became of its runs is read. Paused and removed ones are passed ' +
    'over, but for one thing: Coven opens no ledger in which the definition of any of them was changed by another program.',
  causes: {
    ok: {
      message: ({ active }) =>
        Number(active) > 0 ? `${count(active, 'active automation')} can run` : 'no automation is active',
    },
    altered: {
      message: (facts) =>
        `the definition of ${automation(facts)} ${faultWords[String(facts.fault)]}${more(facts)}; no daemon can start on this ledger, and no coven command opens it`,
      hint: () => [
        'Put the ledger back as it was before that. These are the backups:',
        command('coven-doctor', 'backup', 'list'),
        'Without one, ask for support; a running daemon goes on until it is stopped.',
      ],
    },
    'no-schedule': {
      message: (facts) => `${automation(facts)} never runs: Coven does not understand its schedule${more(facts)}`,
      hint: () => `Coven takes FREQ=DAILY or FREQ=WEEKLY, with BYHOUR and BYDAY. ${change}`,
    },
    invalid: {
      message: (facts) => `Coven calls ${automation(facts)} invalid and never runs it${more(facts)}`,
      hint: () => change,
    },
    'no-folder': {
      message: (facts) =>
        facts.folder === null
          ? `${automation(facts)} cannot run: it names no folder to run in${more(facts)}`
          : `${automation(facts)} cannot run: its folder ${facts.folder} ${folderWords[String(facts.state)]}${more(facts)}`,
      hint: (facts) =>
        facts.folder === null || facts.state === 'relative'
          ? change
          : facts.state === 'denied'
            ? ['This shows whose it is:', command('ls', '-ld', String(facts.folder))]
            : `Put the folder back. If it is gone for good: ${change.charAt(0).toLowerCase()}${change.slice(1)}`,
    },
    'no-harness': {
      message: (facts) =>
        facts.state === 'unknown'
          ? `${automation(facts)} cannot run: Coven knows no harness ${facts.harness}, and no adapter in the home is named so${more(facts)}`
          : `${automation(facts)} cannot run: its harness ${facts.harness} is not on ${facts.pid === null ? 'PATH' : `the PATH of the daemon (pid ${facts.pid})`}${more(facts)}`,
      hint: (facts) =>
        facts.state === 'unknown'
          ? change
          : [
              `Install ${facts.harness}.`,
              ...(facts.pid === null
                ? ['A daemon finds what is on the PATH of the shell that starts it.']
                : ['When no session is running, with it on PATH:', ...serveAnew(facts)]),
            ],
      follows: ['harness:codex *', 'harness:claude *', 'harness:coven-code *', 'harness:copilot *'],
    },
    'no-familiar': {
      message: (facts) =>
        `${automation(facts)} cannot run: its familiar ${facts.familiar} is not in <coven-home>/familiars.toml${more(facts)}`,
      hint: () => `Add it there. ${change}`,
    },
    quarantined: {
      message: (facts) =>
        `${automation(facts)} has not run since ${facts.quarantinedAt}: Coven gave up on it after its runs failed${more(facts)}`,
      hint: (facts) => [
        'Find out why they failed, then let it run again with the program that made it (`coven.automations.unquarantine`).',
        ...showLast(facts),
      ],
    },
    failing: {
      message: (facts) =>
        (Number(facts.failed) > 1
          ? `the last ${facts.failed} runs of ${automation(facts)} failed, the newest at ${facts.lastAt}`
          : `the last run of ${automation(facts)}, at ${facts.lastAt}, failed`) +
        (facts.reason === null ? '' : `: ${facts.reason}`) +
        more(facts),
      hint: (facts) => [
        'Nobody is told by Coven. Its next run shows whether that is over.',
        ...(facts.reason === null ? showLast(facts) : []),
      ],
      follows: [
        'sessions:automations no-folder',
        'sessions:automations no-harness',
        'sessions:automations no-familiar',
        'daemon:context *',
      ],
    },
    overdue: {
      message: (facts) =>
        `a run of ${automation(facts)} should have ended at ${facts.overdueSince} and is recorded as running${more(facts)}: until it ends, no other one of it is started`,
      hint: (facts) => ['A restart ends it. It also ends every running session of the daemon:', ...serveAnew(facts)],
      follows: ['sessions:orphaned *', 'daemon *'],
    },
    'pass-failed': {
      message: (facts) =>
        facts.failures === null
          ? `the scheduler of automations failed at ${facts.at}`
          : `the scheduler of automations could not handle ${facts.failures} of them at ${facts.at}`,
      hint: () => [
        'This shows what the daemon said meanwhile:',
        command('tail', '-n', '20', '<coven-home>/daemon-recovery.log'),
      ],
      follows: [
        ...['altered', 'no-schedule', 'no-folder', 'no-harness', 'no-familiar'].map(
          (code) => `sessions:automations ${code}`,
        ),
        ...['store:open *', 'home:disk *', 'daemon:health *'],
      ],
    },
    undetermined: {
      message: (facts) =>
        facts.automation === undefined
          ? (unreadWords[String(facts.unread)] ?? 'not every automation of the ledger could be examined')
          : `what ${automation(facts)} needs was not examined: its definition is over 256 KiB${more(facts)}`,
      hint: ({ unread }) =>
        unread === 'more'
          ? 'Remove what is no longer used, with the program that made it.'
          : 'Ask the program that made them whether they run.',
      follows: ['store:open *', 'store:integrity *', 'store:index *', 'store:wal *', 'store:schema *'],
    },
    'not-seen': {
      message: (facts) => `skipped: whether ${automation(facts)} can run cannot be seen from here${more(facts)}`,
    },
    ...rowsUnread,
  },
  needs: [...livenessNeeds, 'store.open', 'store.sessions', 'sessions.automations'],
  wants: ['store.bytes', 'store.integrity'],
  skip: withoutRows,
  judge: (seen) => {
    const { automations, lastSweep, complete, unread = null } = seen['sessions.automations'];
    const { verdict, pid } = judgeLiveness(seen);
    const served = verdict === 'running' ? pid : null;
    const now = Date.parse(seen.machine.now);
    const active = automations.filter((one) => one.active);
    const found = [
      ...told(automations, 'altered', isAltered, ({ fault }) => ({ fault })),
      ...told(
        active,
        'no-schedule',
        ({ fault }) => fault === 'no-schedule',
        () => ({}),
      ),
      ...told(
        automations,
        'invalid',
        ({ fault }) => fault === 'invalid',
        () => ({}),
      ),
      ...told(active, 'no-folder', isWithoutFolder, ({ folder }) => ({
        folder: folder?.path ?? null,
        state: folder?.state ?? 'none',
      })),
      ...told(active, 'no-harness', isWithoutHarness, ({ harness }) => ({
        harness: harness?.called ?? null,
        state: harness?.state ?? null,
        pid: served,
      })),
      ...told(
        active,
        'no-familiar',
        ({ familiar }) => familiar?.state === 'absent',
        ({ familiar }) => ({
          familiar: familiar?.called ?? null,
        }),
      ),
      ...told(active, 'quarantined', ({ quarantinedAt }) => quarantinedAt !== null, lastOf),
      ...told(active, 'failing', isFailing, lastOf),
      ...told(
        active,
        'overdue',
        ({ overdueSince }) => served !== null && now - Date.parse(overdueSince ?? '') > overdueMs,
        ({ overdueSince }) => ({ overdueSince }),
      ),
    ];
    if (lastSweep && (lastSweep.failed || (lastSweep.failures ?? 0) > 0)) {
      const facts = { at: lastSweep.at, failures: lastSweep.failed ? null : lastSweep.failures };
      found.push(warn('pass-failed', target, { facts, evidence: from('sessions.automations', facts) }));
    }
    found.push(
      ...told(
        active,
        'undetermined',
        ({ fault }) => fault === 'too-large',
        () => ({}),
      ),
    );
    if (!complete)
      found.push(
        unknown('undetermined', target, { facts: { unread }, evidence: from('sessions.automations', { unread }) }),
      );
    if (found.length > 0) return found;
    const unseen = told(active, 'not-seen', isUnseen, () => ({}));
    const rest = {
      facts: { active: active.length },
      evidence: from('sessions.automations', { active: active.length }),
    };
    return unseen.length > 0 ? unseen : passOfRows(seen, ['automation_'], target, rest);
  },
});

type Automation = Observations['sessions.automations']['automations'][number];

/** Coven works with the rest of these. */
const mild: readonly string[] = ['failing', 'overdue', 'invalid'];

/** One finding of all that have the same fault: the first is named, the others are counted. */
function told(
  all: readonly Automation[],
  code: string,
  is: (one: Automation) => boolean,
  about: (one: Automation) => Facts,
): readonly Finding[] {
  const [first, ...others] = all.filter(is);
  if (!first) return [];
  const facts = { automation: first.called, ...about(first), others: others.length };
  const say = code === 'not-seen' ? skipped : code === 'undetermined' ? unknown : mild.includes(code) ? warn : fail;
  const escalate = code === 'altered' ? { escalate: 'ledger-cannot-open' as const } : {};
  return [say(code, target, { facts, evidence: from('sessions.automations', facts), ...escalate })];
}

const isAltered = ({ fault }: Automation): boolean => keepsFromOpening(fault);
const isWithoutFolder = ({ folder, fault }: Automation): boolean =>
  fault === null && (folder === null || folder.state in folderWords);
const isWithoutHarness = ({ harness }: Automation): boolean =>
  harness?.state === 'absent' || harness?.state === 'unknown';
const isUnseen = ({ folder, harness, familiar }: Automation): boolean =>
  [folder, harness, familiar].some((one) => one?.state === 'unseen');
/** One that Coven could not even start failed for a reason that stands until somebody removes it. */
const isFailing = ({ failed, runs, failure }: Automation): boolean =>
  failed >= inARow || (failed > 1 && failed === runs) || (failed > 0 && notStarted.includes(failure ?? ''));
const lastOf = ({ failed, lastAt, reason, sessionId, quarantinedAt }: Automation): Facts => ({
  ...{ failed, lastAt, reason, sessionId, quarantinedAt },
});

const showLast = ({ sessionId }: Facts) =>
  sessionId === null
    ? []
    : ['This shows the output of the newest run:', command('coven-doctor', 'sessions', 'show', String(sessionId))];
