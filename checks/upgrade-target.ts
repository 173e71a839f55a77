import { withoutAnswer } from '../src/coven/gates.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { knownColumns } from '../src/coven/tables.ts';
import { compareKnown } from '../src/coven/versions.ts';
import { type Check, defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { StoreOpen } from '../src/model/observation.ts';
import { noAnswer, versionOf } from '../src/upgrade/causes.ts';
import { installedVersion } from '../src/upgrade/see.ts';
import type { Requirements } from '../src/upgrade/state.ts';

const target = '<daemon-socket>';

/**
 * What would run after the restart is no older than what has written the ledger: Coven has no guard against that. It
 * opens a ledger of a later version in silence, and may end in the middle of its start.
 */
export const upgradeTarget = ({ targetVersion }: Pick<Requirements, 'targetVersion'>): Check =>
  defineCheck({
    id: 'upgrade:target',
    category: 'upgrade',
    title: 'What would run next is no older than what runs',
    explain:
      'Coven migrates its ledger when it opens it, and has no guard against going back: an older one opens it in silence, ignores what it ' +
      'does not know, or ends in the middle of its start. The ledger carries no version; columns that no Coven of the target’s version ' +
      'makes tell of a later one.',
    causes: {
      ok: {
        message: ({ current, next, asked }) =>
          asked
            ? `from ${versionOf(current)} to ${next}`
            : `a restart would run ${versionOf(next)}; ${versionOf(current)} ran last`,
      },
      'nothing-to-upgrade': {
        message: () => 'there is no home here',
        hint: () => 'Check --home and COVEN_HOME. A machine without a home needs no preflight.',
      },
      'no-target': { message: () => 'skipped: no --target-version, and no Coven is on PATH' },
      downgrade: {
        message: ({ current, next, asked }) =>
          `${versionOf(current)} has written the ledger, and ${asked ? 'the target' : 'the one on PATH'}, ${next}, is older`,
        hint: () => 'Keep the newer one; to go back, restore a backup of before the upgrade.',
      },
      'newer-schema': {
        message: ({ next, columns }) => `the ledger has columns that Coven ${next} does not make (${columns})`,
        hint: () => 'Use the version that made them, or a later one.',
      },
      'same-version': {
        message: ({ current }) => `${versionOf(current)} is what there is already; there is nothing to upgrade`,
        hint: () => 'Check the version you passed to --target-version.',
      },
      'no-version': {
        message: ({ current, next }) => `${versionOf(current)} and ${versionOf(next)} cannot be compared`,
        hint: () =>
          'Ask while the daemon runs, or put the `coven` that serves this home on PATH; what ran last is known from these alone.',
      },
      'no-answer': noAnswer,
    },
    needs: [...livenessNeeds, 'install', 'store.open'],
    wants: ['store.rehearsal'],
    judge: (seen) => {
      const rehearsal = seen['store.rehearsal'];
      const installed = installedVersion(seen.install, rehearsal);
      const answers = withoutAnswer(seen) === undefined;
      const running = answers ? (seen['daemon.health'].body?.covenVersion ?? null) : null;
      const { verdict } = judgeLiveness(seen);
      const isDown = verdict === 'stopped' || verdict === 'stale';
      const current = answers ? running : isDown ? installed : null;
      const next = targetVersion ?? installed;
      const columns = laterColumns(next, seen['store.open']);
      const rest = {
        facts: { running, installed, current, next, asked: targetVersion !== null, columns: columns.join(', ') },
        evidence: [
          ...from('daemon.health', { covenVersion: running }),
          ...from('install', { version: seen.install.covens.find(({ ours }) => !ours)?.version ?? null }),
          ...(rehearsal?.version ? from('store.rehearsal', { version: rehearsal.version }) : []),
          ...(columns.length > 0 ? from('store.open', { columns: columns.join(', ') }) : []),
        ],
      };
      // A path that was mistyped must not look like a home with nothing wrong.
      if (seen.home.kind === 'absent') {
        return [fail('nothing-to-upgrade', '<coven-home>', { ...rest, evidence: from('home', { kind: 'absent' }) })];
      }
      const found = [];
      const order = compareKnown(next, current);
      if (order !== null && order < 0) found.push(fail('downgrade', target, rest));
      if (columns.length > 0) found.push(fail('newer-schema', '<coven-home>/coven.sqlite3', rest));
      if (found.length > 0) return found;
      if (next === null && (answers || isDown)) return [skipped('no-target', target, rest)];
      if (order === null) return [unknown(answers || isDown ? 'no-version' : 'no-answer', target, rest)];
      return [order === 0 && targetVersion !== null ? warn('same-version', target, rest) : pass(target, rest)];
    },
  });

/** Columns of the ledger that a Coven of this version does not make. */
function laterColumns(version: string | null, { outcome, columns }: StoreOpen): readonly string[] {
  const order = compareKnown(version, knownColumns.version);
  if (outcome !== 'opened' || order === null || order > 0) return [];
  return Object.entries(knownColumns.tables).flatMap(([table, known]) =>
    (columns[table] ?? []).filter((name) => !known.includes(name)).map((name) => `${table}.${name}`),
  );
}
