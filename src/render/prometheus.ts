import { harmless } from '../model/harmless.ts';
import type { CountedStatus, Report } from '../run/report.ts';
import { countedStatus, isHomeAbsent } from '../run/report.ts';
import type { RenderOptions } from './render-options.ts';

const statuses: readonly CountedStatus[] = ['pass', 'warn', 'fail', 'unknown', 'skipped', 'suppressed', 'known'];

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * The text format of Prometheus, for node_exporter's textfile collector. The labels are check ids and a fixed set of
 * statuses: no text of a finding enters it, so the series stay the same from run to run.
 */
export function renderPrometheus(report: Report, { tool }: RenderOptions): string {
  const only = (value: number): readonly Sample[] => [[{}, value]];
  return [
    gauge(
      'check_status',
      'Whether a check has this status: 1 for the one that it has, 0 for the others.',
      report.checks.flatMap(({ check, worst }) =>
        statuses.map((status): Sample => [{ check: check.id, status }, status === countedStatus(worst) ? 1 : 0]),
      ),
    ),
    gauge('run_complete', 'Whether everything that was asked could be determined.', only(report.complete ? 1 : 0)),
    gauge(
      'home_present',
      'Whether there is a Coven home: 0 where there is none yet.',
      only(isHomeAbsent(report) ? 0 : 1),
    ),
    gauge('run_duration_seconds', 'How long the diagnosis took.', only(report.durationMs / 1000)),
    gauge('exit_code', 'The exit code of the diagnosis.', only(report.exitCode)),
    gauge(
      'last_run_timestamp_seconds',
      'When the diagnosis started, in seconds since 1970.',
      only(Date.parse(report.startedAt) / 1000),
    ),
    gauge('build_info', 'The version of coven-doctor; the value is always 1.', [[{ version: tool.version }, 1]]),
  ].join('');
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const full = `coven_doctor_${name}`;
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${full}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join('')}`;
}

const escapeLabel = (text: string): string => harmless(text).replace(/[\\"]/g, '\\$&');
