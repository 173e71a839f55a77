import type { Subject } from './subject.ts';

/** Coven's statuses with their colours, from the bottom of a column to its top. All other statuses share one colour. */
const shades = ['completed', 'running', 'idle', 'created', 'killed', 'cancelled', 'orphaned', 'failed'] as const;
const other = 'other';
const groups = [...shades, other];

export const groupOf = (status: string): string => shades.find((shade) => shade === status) ?? other;
/** The class that gives a status its colour. */
export const shadeOf = (status: string): string => `s-${groupOf(status)}`;

/** No real ledger holds this many. A bundle can claim any number. */
const tooMany = 1e9;
const most = 60;

export interface Day {
  /** The start of the day, in milliseconds since 1970, UTC. */
  readonly at: number;
  readonly total: number;
  /** Sessions created on it by current status, in the order of the colours. */
  readonly groups: readonly (readonly [group: string, sessions: number])[];
}

/** Days on which sessions were created, oldest first. */
export function daysOf({ report, seen }: Subject): readonly Day[] {
  const now = Date.parse(report.startedAt);
  const days = new Map<number, Map<string, number>>();
  for (const { day, status, sessions } of seen['store.sessions']?.byDay ?? []) {
    const at = Date.parse(day);
    if (!(at <= now && sessions > 0 && sessions < tooMany)) continue;
    const counts = days.get(at) ?? new Map<string, number>();
    days.set(at, counts.set(groupOf(status), (counts.get(groupOf(status)) ?? 0) + sessions));
  }
  return [...days]
    .sort(([a], [b]) => a - b)
    .slice(-most)
    .map(([at, counts]) => ({
      at,
      total: [...counts.values()].reduce((sum, rows) => sum + rows, 0),
      groups: groups.flatMap((group) => (counts.has(group) ? [[group, counts.get(group) ?? 0] as const] : [])),
    }));
}
