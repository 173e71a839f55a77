import { randomUUID } from 'node:crypto';
import { advise } from '../advise.ts';
import type { Check } from '../check.ts';
import { deadline } from '../deadline.ts';
import { liveHost } from '../host/live.ts';
import { tool } from '../host/package.ts';
import { makeReport, type Report, type Threshold } from '../report.ts';
import { runChecks } from '../runner.ts';
import { withGuests } from './guests.ts';
import { homeOf } from './home.ts';
import { print } from './print.ts';
import { selectChecks } from './select.ts';
import { UsageError } from './usage.ts';

export interface DiagnoseOptions {
  readonly home: string | undefined;
  /** Modules with checks that are not ours, as they were named. */
  readonly modules: readonly string[];
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly failOn: Threshold;
  /** Seconds for the whole run. */
  readonly timeout: number | undefined;
  readonly deep: boolean;
}

export type ListOptions = Pick<DiagnoseOptions, 'home' | 'modules'>;

export interface DoctorOptions extends DiagnoseOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** A whole ledger may take minutes; without --deep, a silent daemon is given two tries of two seconds. */
const defaultSeconds = { bounded: 15, deep: 600 };

/** `doctor`: diagnoses, prints, and tells the exit code. Changes nothing. */
export async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<number> {
  const { showProgress } = await import('../render/progress.ts');
  const checks = selectChecks(await withGuests(options.modules, options.home, signal), options.only, options.skip);
  const progress = options.json ? null : showProgress(checks, process.stdout, process.env);
  const report = await diagnose(checks, options, signal, progress?.done);
  await progress?.end();
  signal.throwIfAborted();
  await print(await render(report, options));
  return report.exitCode;
}

async function render(report: Report, { json, verbose }: DoctorOptions): Promise<string> {
  if (json) return (await import('../render/json.ts')).renderJson(report, tool());
  const color = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return (await import('../render/text.ts')).renderText(report, {
    color,
    verbose,
    home: report.home,
  });
}

/** `doctor list`: every check with what it asks. */
export async function list({ home, modules }: ListOptions, signal: AbortSignal): Promise<number> {
  const [{ wordsOf }, { harmless }] = await Promise.all([
    import('../render/words.ts'),
    import('../render/harmless.ts'),
  ]);
  const checks = await withGuests(modules, home, signal);
  const width = Math.max(...checks.map(({ id }) => id.length));
  const from = ({ stated }: Check): string => (stated ? ` (${harmless(stated.module)})` : '');
  await print(checks.map((check) => `${check.id.padEnd(width)}  ${wordsOf(check).title}${from(check)}\n`).join(''));
  return 0;
}

/** `doctor explain CHECK`: what it decides, and the chain from what is seen here to its findings. */
export async function explain(id: string, options: DiagnoseOptions, signal: AbortSignal): Promise<number> {
  const checks = await withGuests(options.modules, options.home, signal);
  const check = checks.find((check) => check.id === id);
  if (!check) throw new UsageError(`unknown check ${JSON.stringify(id)}; \`coven-doctor list\` names them all`);
  const report = await diagnose([check], options, signal);
  signal.throwIfAborted();
  const { renderExplain } = await import('../render/explain.ts');
  await print(report.checks.map(renderExplain).join('\n'));
  return 0;
}

async function diagnose(
  checks: readonly Check[],
  { home: option, failOn, timeout, deep }: DiagnoseOptions,
  signal: AbortSignal,
  onDone?: Parameters<typeof runChecks>[2]['onDone'],
): Promise<Report> {
  const { path, source } = homeOf(option);
  const seconds = timeout ?? (deep ? defaultSeconds.deep : defaultSeconds.bounded);
  const deadlineMs = seconds * 1000;
  const startedAt = new Date();
  const limit = deadline(deadlineMs, signal);
  const host = liveHost({
    home: path,
    source,
    env: process.env,
    deep,
    deadlineMs,
    signal: limit.signal,
  });
  try {
    const runs = await runChecks(checks, host, {
      checkMs: deadlineMs,
      signal: limit.signal,
      ...(onDone && { onDone }),
    });
    const durationMs = Date.now() - startedAt.getTime();
    return makeReport(await advise(runs, host), failOn, {
      runId: randomUUID(),
      startedAt: startedAt.toISOString(),
      durationMs,
      home: path,
    });
  } finally {
    limit.done();
    await host.close();
  }
}
