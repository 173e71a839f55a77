import { createHash } from 'node:crypto';
import type { Plan } from '../model/step.ts';

/** sha256 in hex of what a plan does and where: equal plans of equal homes have equal digests, whenever they are made. */
export function digestOf({ home: { dev, ino }, machine, steps }: Pick<Plan, 'home' | 'machine' | 'steps'>): string {
  return createHash('sha256')
    .update(JSON.stringify({ home: { dev, ino }, machine, steps }, inOrder))
    .digest('hex');
}

/** Keys in alphabetical order: a plan that was saved and read again is the same plan. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
