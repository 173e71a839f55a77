import * as v from 'valibot';
import { parseJson } from '../json.ts';
import type { UpgradeState } from './state.ts';

/* A saved state may be an attacker's. Anything of another shape or size is refused. */

const text = v.pipe(v.string(), v.maxLength(400));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const rowid = v.nullable(v.pipe(v.number(), v.safeInteger()));
const number = v.pipe(v.string(), v.regex(/^\d{1,20}$/));
const list = <const T extends v.GenericSchema>(item: T, most: number) => v.pipe(v.array(item), v.maxLength(most));

const requirements = v.strictObject({
  targetVersion: v.nullable(text),
  contract: v.nullable(text),
  capabilities: list(text, 100),
});

const daemon = v.strictObject({
  version: v.nullable(text),
  contract: v.nullable(text),
  startedAt: v.nullable(text),
  process: v.nullable(v.strictObject({ bootId: text, pid: count, startTicks: number })),
  capabilities: list(v.strictObject({ name: v.pipe(v.string(), v.maxLength(500)), value: text }), 20_000),
  catalogue: v.nullable(list(text, 1000)),
});

const ledger = v.strictObject({
  dev: number,
  ino: number,
  tables: list(
    v.strictObject({
      table: text,
      rows: count,
      firstRowid: rowid,
      lastRowid: rowid,
      sample: list(v.strictObject({ rowid: v.pipe(v.number(), v.safeInteger()), id: text, at: text }), 5000),
    }),
    200,
  ),
});

const standing = v.picklist(['live', 'unowned', 'gone', 'doubtful', 'external', 'created']);
const sessions = v.strictObject({
  byStatus: list(v.strictObject({ status: text, count }), 50),
  open: list(v.strictObject({ id: text, status: text, standing }), 500),
  openComplete: v.boolean(),
});

const state: v.GenericSchema<unknown, UpgradeState> = v.strictObject({
  schemaVersion: v.literal(1),
  tool: v.strictObject({ name: text, version: text }),
  runId: text,
  at: v.pipe(v.string(), v.isoTimestamp()),
  home: v.strictObject({ dev: number, ino: number }),
  salt: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  requirements,
  ready: v.exactOptional(v.boolean()),
  installed: v.nullable(text),
  daemon: v.nullable(v.union([v.literal('none'), daemon])),
  ledger: v.nullable(v.union([v.literal('none'), ledger])),
  sessions: v.nullable(sessions),
});

/** A saved state; null for anything else. */
export function parseState(json: string): UpgradeState | null {
  try {
    const parsed = v.safeParse(state, parseJson(json));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}
