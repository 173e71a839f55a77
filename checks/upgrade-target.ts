import { type Check, defineCheck, fail, from, pass, skipped, unknown, warn } from '../src/check.ts';
import { withoutAnswer } from '../src/coven/gates.ts';
import { judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';
import { knownColumns } from '../src/coven/tables.ts';
import { compareKnown } from '../src/coven/versions.ts';
import type { StoreOpen } from '../src/observation.ts';
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
    needs: [...livenessNeeds, 'install', 'store.open'],
    judge: (seen) => {
      const installed = seen.install.covens.find(({ ours }) => !ours)?.version ?? null;
      const answers = withoutAnswer(seen) === undefined;
      const running = answers ? (seen['daemon.health'].body?.covenVersion ?? null) : null;
      const { verdict } = judgeLiveness(seen);
      const isDown = verdict === 'stopped' || verdict === 'stale';
      const current = answers ? running : isDown ? installed : null;
      const next = targetVersion ?? installed;
      const columns = next === null ? [] : laterColumns(next, seen['store.open']);
      const rest = {
        facts: { running, installed, current, next, asked: targetVersion !== null, columns: columns.join(', ') },
        evidence: [
          ...from('daemon.health', { covenVersion: running }),
          ...from('install', { version: installed }),
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
function laterColumns(version: string, { outcome, columns }: StoreOpen): readonly string[] {
  const order = compareKnown(version, knownColumns.version);
  if (outcome !== 'opened' || order === null || order > 0) return [];
  return Object.entries(knownColumns.tables).flatMap(([table, known]) =>
    (columns[table] ?? []).filter((name) => !known.includes(name)).map((name) => `${table}.${name}`),
  );
}
