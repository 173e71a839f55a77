import * as v from 'valibot';
import { parseJson } from '../json.ts';
import type { FileIdentity, LedgerIdentity, ProcessIdentity, TwoValues } from '../model/observation.ts';
import { runIdPattern } from '../model/run-id.ts';
import { type Action, type LedgerFiles, type Plan, type RescueCounts, type Step, toldSessions } from '../model/step.ts';

/**
 * The vocabulary of steps as a schema: a journal or a saved plan may be an attacker's, and holds these or nothing.
 * Unknown kinds and unknown fields are refused.
 */

const number = v.pipe(v.string(), v.regex(/^-?\d{1,20}$/));
const id = v.pipe(v.string(), v.regex(/^[0-9a-zA-Z-]{1,40}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const mode = v.pipe(count, v.maxValue(0o7777));
const text = v.pipe(v.string(), v.maxLength(200));

export const runId = v.pipe(v.string(), v.regex(runIdPattern));

/** A name below the home that leads out of nothing, and not into what is ours there. */
const path = v.pipe(
  v.string(),
  v.maxLength(4096),
  v.check((path) => !path.includes('\0')),
  v.check((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')),
  v.check((path) => path.split('/')[0] !== 'doctor'),
);
const pathOrHome = v.union([v.literal('.'), path]);
const item = v.pipe(
  v.string(),
  v.maxLength(255),
  v.check((item) => /^[^/\0]+$/.test(item) && item !== '.' && item !== '..'),
);

const file: v.GenericSchema<unknown, FileIdentity> = v.strictObject({
  kind: v.picklist(['file', 'directory', 'symlink', 'socket', 'fifo', 'device']),
  dev: number,
  ino: number,
  mode,
  uid: count,
  gid: count,
  size: v.nullable(count),
  mtimeNs: v.nullable(number),
  sha256: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
});

/** Absent in what earlier versions wrote. */
const beside = v.optional(v.nullable(file));

const ends = v.optional(v.array(text));

const ledger: v.GenericSchema<unknown, LedgerIdentity> = v.strictObject({
  main: file,
  wal: v.nullable(file),
  shm: v.nullable(file),
});

const ledgerFiles: v.GenericSchema<unknown, LedgerFiles> = v.strictObject({
  main: v.nullable(file),
  wal: v.nullable(file),
  shm: v.nullable(file),
  journal: v.optional(v.nullable(file)),
});

const rescueCounts: v.GenericSchema<unknown, RescueCounts> = v.strictObject({
  rescued: count,
  lost: count,
  uncertain: count,
  doubts: count,
  unaccounted: count,
  placeholders: count,
  tables: v.array(v.strictObject({ table: text, rescued: count, lost: count, uncertain: count })),
  sessions: v.pipe(
    v.array(
      v.strictObject({
        ...{ session: text, lost: count, uncertain: count, placeholder: v.boolean() },
        ...{ likely: count, eventless: v.boolean() },
      }),
    ),
    v.maxLength(toldSessions),
  ),
  incomplete: count,
  unplaced: count,
});

const twoValues: v.GenericSchema<unknown, TwoValues> = v.strictObject({
  index: text,
  table: text,
  rowid: v.pipe(v.number(), v.safeInteger()),
  column: text,
  inTable: text,
  inIndex: text,
});

const process: v.GenericSchema<unknown, ProcessIdentity> = v.strictObject({
  bootId: v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/)),
  pidNamespace: v.pipe(v.string(), v.regex(/^pid:\[\d+\]$/)),
  // 0 and negative numbers would signal groups, 1 is the machine's own.
  pid: v.pipe(count, v.minValue(2)),
  startTicks: number,
  uid: count,
});

export const action: v.GenericSchema<unknown, Action> = v.variant('kind', [
  v.strictObject({ kind: v.literal('quarantine'), path, was: file, beside }),
  v.strictObject({ kind: v.literal('put-back'), path, run: runId, item, was: file, beside }),
  v.strictObject({ kind: v.literal('set-mode'), path: pathOrHome, mode, was: file }),
  v.strictObject({ kind: v.literal('set-owner'), path: pathOrHome, uid: count, gid: count, was: file }),
  v.strictObject({ kind: v.literal('checkpoint'), ledger }),
  v.strictObject({
    kind: v.literal('rebuild-index'),
    index: text,
    ledger,
    values: v.optional(v.pipe(v.array(twoValues), v.maxLength(20))),
  }),
  v.strictObject({ kind: v.literal('rebuild-search'), ledger }),
  v.strictObject({
    ...{ kind: v.literal('rescue-ledger'), ledger: ledgerFiles, counts: rescueCounts },
    backup: v.optional(
      v.strictObject({
        ...{ run: text, madeAt: text, sessions: count, events: count, fills: count },
        lacks: v.strictObject({ sessions: count, events: count }),
      }),
    ),
  }),
  v.strictObject({
    kind: v.literal('swap-ledger'),
    path: v.optional(path),
    run: runId,
    item: id,
    ledger: ledgerFiles,
    to: ledgerFiles,
    settled: beside,
    unsettled: v.optional(v.boolean()),
  }),
  v.strictObject({
    kind: v.literal('place'),
    path,
    run: runId,
    item,
    was: v.nullable(file),
    is: v.nullable(file),
  }),
  v.strictObject({ kind: v.picklist(['start-daemon', 'restart-daemon']), ends }),
  v.strictObject({ kind: v.literal('continue-process'), process }),
  v.strictObject({ kind: v.literal('end-process'), process, kill: v.boolean(), ends }),
  v.strictObject({ kind: v.literal('remove-backup'), run: runId }),
]);

export const step: v.GenericSchema<unknown, Step> = v.strictObject({
  id,
  fix: text,
  action,
  phase: v.picklist(['alive', 'gone', 'after']),
  risk: v.picklist(['safe', 'disruptive', 'lossy']),
  undo: v.picklist(['exact', 'none']),
  requires: v.array(text),
});

const fact = v.nullable(v.union([v.string(), v.number(), v.boolean()]));
const plan: v.GenericSchema<unknown, Plan> = v.strictObject({
  schemaVersion: v.literal(1),
  tool: v.strictObject({ name: text, version: text }),
  home: v.strictObject({ dev: number, ino: number }),
  machine: v.strictObject({ bootId: v.nullable(text), pidNamespace: v.nullable(text) }),
  madeAt: v.pipe(v.string(), v.isoTimestamp()),
  expiresAt: v.pipe(v.string(), v.isoTimestamp()),
  steps: v.array(step),
  refused: v.array(v.strictObject({ finding: text, reason: text, facts: v.record(text, fact) })),
  live: v.strictObject({ daemonSessions: v.array(text), runSessions: v.array(text) }),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** A plan that was saved; null for anything else. */
export function parsePlan(json: string): Plan | null {
  try {
    const parsed = v.safeParse(plan, parseJson(json));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}
