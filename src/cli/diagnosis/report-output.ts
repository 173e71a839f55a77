import { makeShown, type Shown } from '../../disclosure/shown.ts';
import type { Host } from '../../host/host.ts';
import type { Check, Finding } from '../../model/check.ts';
import type { Reading } from '../../model/reading.ts';
import { tool } from '../../package.ts';
import { type Format, render } from '../../render/format.ts';
import type { RenderOptions } from '../../render/render-options.ts';
import type { Accepted } from '../../run/accepted.ts';
import { type Report, reportChecks } from '../../run/report.ts';
import type { CheckRun } from '../../run/runner.ts';
import { canAsk } from '../../terminal/can-ask.ts';
import { print } from '../../terminal/print.ts';
import type { DoctorOptions } from '../options/shared.ts';

export interface Watch {
  readonly done: (run: CheckRun, startedAt: string, host: Host) => void | Promise<void>;
  readonly reading?: (reading: Reading | null) => void;
  readonly end: () => Promise<void>;
}

/** What a run shows while it lasts: events, a display on a terminal, or nothing. */
export async function watcher(asked: readonly Check[], format: Format, accepted: Accepted): Promise<Watch> {
  if (format === 'text') {
    const [{ areasOf }, { progressOf, readingOf }] = await Promise.all([
      import('../../render/progress.ts'),
      import('../../terminal/display.ts'),
    ]);
    const progress = progressOf(areasOf(asked.map(({ id }) => id)));
    const reading = readingOf(progress, 'store:integrity');
    const end = async (): Promise<void> => {
      reading(null);
      await progress.end();
    };
    return { done: ({ check, findings }) => progress.done(check.id, findings.some(isFault)), reading, end };
  }
  if (format !== 'jsonl') return { done: () => {}, end: async () => {} };
  const { checkLine } = await import('../../render/jsonl.ts');
  let told: Shown | null = null;
  return {
    done: async (run, startedAt, host) => {
      told ??= makeShown(host, asked, 'program');
      const checks = reportChecks(await told.runs([run]), startedAt, told.accepted(accepted));
      for (const check of checks) process.stdout.write(checkLine(check));
    },
    end: async () => {},
  };
}

const isFault = ({ status }: Finding): boolean => status !== 'pass' && status !== 'skipped';

/** How a report is shown on stdout. */
export const look = ({ verbose }: Pick<DoctorOptions, 'verbose'>): RenderOptions => ({
  tool: tool(),
  verbose,
  unattended: !canAsk(process.stdout),
  columns: Math.min(120, process.stdout.columns || 80),
  color: Boolean(process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'),
});

/** Prints the report. Events of checks have been printed before. On GitHub, the step also gets a summary. */
export async function tell(report: Report, options: Pick<DoctorOptions, 'format' | 'verbose'>): Promise<void> {
  const { format } = options;
  if (format === 'jsonl') return print((await import('../../render/jsonl.ts')).summaryLine(report, look(options)));
  await print(await render(format, report, look(options)));
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (format !== 'github' || !summary) return;
  const { appendStepSummary } = await import('../options/outputs.ts');
  const { renderMarkdownWithin } = await import('../../render/markdown.ts');
  const failed = appendStepSummary(summary, report.home, (room) => renderMarkdownWithin(report, room));
  if (failed) process.stderr.write(`coven-doctor: no step summary: ${failed}\n`);
}
