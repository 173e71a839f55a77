import { writeSync } from 'node:fs';
import { register } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { endWithParent } from '../child/end-with-parent.ts';
import { freeze } from './freeze.ts';
import type { Answer, Exported, Loaded, Request, Start } from './protocol.ts';

/*
 * The process that runs one module of plug-in checks. It reports what the module exports and then answers requests on
 * descriptor 3. What the module prints is discarded. It ends with its input, or is killed.
 */

interface Runnable {
  readonly id: unknown;
  readonly skip?: (seen: unknown) => unknown;
  readonly judge: (seen: unknown) => unknown;
}

const write = (line: Loaded | Answer): void => void writeSync(3, `${JSON.stringify(line)}\n`);
const lineOf = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
const beside = (name: string): string => new URL(name, import.meta.url).href;

endWithParent({ group: true });

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { path, homes } = JSON.parse((await input.next()).value ?? '{}') as Start;
register(beside('plugin-hooks.mjs'), { data: { own: beside('.'), index: beside('index.mjs'), homes } });

const checks: Runnable[] = [];
try {
  const loaded: Record<string, unknown> = await import(pathToFileURL(path).href);
  const exported = Object.entries(loaded).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((item): [string, unknown] => [name, item]) : [[name, value] as [string, unknown]],
  );
  write({ exports: exported.map(describe) });
} catch (error) {
  write({ error: lineOf(error) });
}
for await (const line of { [Symbol.asyncIterator]: () => input }) {
  const { id, seen } = JSON.parse(line) as Request;
  // Nothing that a check is given can be changed by it.
  write(await judge(id, freeze(seen)));
}

function describe([name, value]: readonly [string, unknown]): Exported {
  if (value === null || typeof value !== 'object') return { name, check: null };
  const { id, title, explain, causes, needs, skip, judge } = value as Record<string, unknown>;
  if (typeof judge !== 'function' || (skip !== undefined && typeof skip !== 'function')) return { name, check: null };
  checks.push(value as Runnable);
  return { name, check: { id, title, explain, causes, needs } };
}

async function judge(id: string, seen: unknown): Promise<Answer> {
  try {
    const check = checks.find((check) => check.id === id);
    if (!check) return { error: 'the module does not export it any more' };
    const skip = check.skip?.(seen);
    return skip === undefined ? { findings: await check.judge(seen) } : { skip };
  } catch (error) {
    return { error: lineOf(error) };
  }
}
