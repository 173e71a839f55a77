import { toRun } from '../src/coven/advice.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { judgeLiveness, type LivenessInput } from '../src/coven/liveness.ts';
import { compareKnown } from '../src/coven/versions.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { type Check, defineCheck, fail, from, pass, skipped, unknown } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import { noAnswer, noState, versionOf } from '../src/upgrade/causes.ts';
import { installedVersion, processOf } from '../src/upgrade/see.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

const target = '<daemon-socket>';

/** What a shell would run is told by the check of what is installed. */
const replaceInstalled = (what: string): Advice => [
  what,
  'This shows which one is run:',
  command('coven-doctor', 'explain', 'install:binaries'),
];

/** Another process runs, and it is of the version that was wanted: the file on the disk says nothing of that. */
export const upgradedVersion = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:version',
    category: 'upgrade',
    title: 'Another version runs',
    explain:
      'A daemon goes on with the program that it was started from. It is upgraded when another process answers and names the version that ' +
      'was wanted, or a newer one than before.',
    causes: {
      ok: {
        message: ({ was, now }) => `${versionOf(now)} runs, ${now === was ? 'as before' : `after ${versionOf(was)}`}`,
      },
      'no-state': noState,
      'not-running': {
        message: ({ verdict }) => `no daemon runs after the upgrade (${verdict})`,
        hint: (facts) => [...toRun('start', facts), 'If it fails, `coven daemon serve` in the foreground says why.'],
      },
      'not-restarted': {
        message: ({ pid, now, installed, isOld }) =>
          isOld
            ? `the coven on PATH was not upgraded: it is ${versionOf(installed)}, and pid ${pid ?? 'unknown'} still runs ${versionOf(now)}`
            : `the daemon was not restarted: pid ${pid ?? 'unknown'} still runs ${versionOf(now)}`,
        hint: ({ isOld, installed = null, ...facts }) => [
          ...(isOld ? ['Install the new version first: a restart would run the old one again. Then restart it:'] : []),
          ...(!isOld && installed === null
            ? ['Which version is on PATH could not be told. Make sure that it is the new one, then restart it:']
            : []),
          ...(!isOld && installed !== null ? ['Restart it:'] : []),
          ...toRun('restart', facts),
        ],
      },
      older: {
        message: ({ was, now }) => `${versionOf(now)} runs, and ${versionOf(was)} has written the ledger before`,
        hint: () => 'Install the newer one again; to go back, restore a backup of before it.',
      },
      'wrong-version': {
        message: ({ now, wanted }) => `${versionOf(now)} runs; ${wanted} was wanted`,
        hint: () =>
          replaceInstalled('Install the target version in the place of the one that is run, then restart it.'),
      },
      'same-version': {
        message: ({ now }) => `${versionOf(now)} runs, as before`,
        hint: () => replaceInstalled('Install the new version in the place of the one that is run, then restart it.'),
      },
      'no-version': {
        message: ({ was, now }) => `${versionOf(was)} and ${versionOf(now)} cannot be compared`,
        hint: () => 'Name the target when the state is saved (--target-version).',
      },
      'no-answer': noAnswer,
    },
    needs: [...livenessNeeds, 'install'],
    wants: ['store.rehearsal'],
    judge: (seen) => {
      const { verdict, pid } = judgeLiveness(seen);
      const answers = withoutAnswer(seen) === undefined;
      const now = answers ? (seen['daemon.health'].body?.covenVersion ?? null) : null;
      const wanted = before?.requirements.targetVersion ?? null;
      const was = before?.daemon === 'none' ? before.installed : (before?.daemon?.version ?? null);
      const installed = installedVersion(seen.install, seen['store.rehearsal']);
      // What a restart would start: not what was wanted, or no other than before.
      const isOld = installed !== null && (wanted === null ? installed === was : installed !== wanted);
      const rest = {
        facts: { was, now, wanted, installed, isOld, pid, verdict },
        evidence: [
          ...from('daemon.health', { outcome: seen['daemon.health'].outcome, covenVersion: now }),
          ...from('install', { version: seen.install.covens.find(({ ours }) => !ours)?.version ?? null }),
          ...from('processes', { pid, startTicks: processOf(seen)?.startTicks ?? null }),
        ],
      };
      if (!before) return [skipped('no-state', target, rest)];
      if (verdict === 'stopped' || verdict === 'stale')
        return [fail('not-running', target, { ...rest, escalate: 'health-failed' })];
      if (!answers) return [unknown('no-answer', target, rest)];
      if (isSameProcess(before, seen)) return [fail('not-restarted', target, rest)];
      const order = compareKnown(now, was);
      if (order !== null && order < 0) return [fail('older', target, rest)];
      if (wanted !== null && now !== null && now !== wanted) return [fail('wrong-version', target, rest)];
      if (now === null || (wanted === null && order === null)) return [unknown('no-version', target, rest)];
      return [wanted === null && order === 0 ? fail('same-version', target, rest) : pass(target, rest)];
    },
  });

/** By its identity, or by the time that it says it began where it is not seen here. */
function isSameProcess({ daemon }: UpgradeState, seen: LivenessInput): boolean {
  if (!daemon || daemon === 'none') return false;
  const [was, is] = [daemon.process, processOf(seen)];
  if (was && is) return was.pid === is.pid && was.startTicks === is.startTicks && was.bootId === is.bootId;
  return daemon.startedAt !== null && daemon.startedAt === seen['daemon.health'].body?.startedAt;
}
