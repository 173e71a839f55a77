import Builder from 'fast-xml-builder';
import { harmless } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { type CheckReport, countedStatus, fails, type Report } from '../run/report.ts';
import { sayAccepted } from './accepted.ts';

const builder = new Builder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
  format: true,
});

/**
 * JUnit XML, as the xunit plug-in of Jenkins describes it (`junit-10.xsd`): a suite is a category, a case is a check. A
 * check that fails the run is a failure, one that could not be determined an error, and one that was skipped or is
 * suppressed or known is skipped. A warning below the threshold passes, with its words in `system-out`.
 */
export function renderJunit(report: Report): string {
  const categories = [...new Set(report.checks.map(({ check }) => check.category))];
  const suites = categories.map((category) => suite(category, report));
  const document = {
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    testsuites: {
      '@name': 'coven-doctor',
      ...totals(report.checks, report),
      '@time': seconds(report.durationMs),
      testsuite: suites,
    },
  };
  return builder.build(document).trim().concat('\n');
}

type Outcome = 'failure' | 'error' | 'skipped' | 'pass';

function outcome({ worst }: CheckReport, { threshold }: Report): Outcome {
  if (fails(worst, threshold)) return 'failure';
  const counted = countedStatus(worst);
  if (counted === 'unknown') return 'error';
  return counted === 'pass' || counted === 'warn' ? 'pass' : 'skipped';
}

/** For a suite only: the schema has no number of skipped cases for the whole. */
function totals(checks: readonly CheckReport[], report: Report) {
  const count = (wanted: Outcome): number => checks.filter((check) => outcome(check, report) === wanted).length;
  return { '@tests': checks.length, '@failures': count('failure'), '@errors': count('error') };
}

function suite(category: string, report: Report): object {
  const checks = report.checks.filter(({ check }) => check.category === category);
  return {
    '@name': category,
    ...totals(checks, report),
    '@skipped': checks.filter((check) => outcome(check, report) === 'skipped').length,
    '@time': seconds(Math.max(0, ...checks.map(({ durationMs }) => durationMs))),
    // Readers of JUnit expect UTC without a zone.
    '@timestamp': report.startedAt.slice(0, '2026-12-31T00:00:00'.length),
    testcase: checks.map((check) => testcase(check, report)),
  };
}

function testcase(check: CheckReport, report: Report): object {
  const { worst } = check;
  const result = outcome(check, report);
  const words = {
    '@message': say(check.check, worst).message,
    '@type': harmless(`${countedStatus(worst)}.${worst.code}`),
    '#text': story(check),
  };
  return {
    '@name': check.check.id,
    '@classname': `coven-doctor.${check.check.category}`,
    '@time': seconds(check.durationMs),
    ...(result !== 'pass' && { [result]: words }),
    ...(result === 'pass' && worst.status === 'warn' && { 'system-out': story(check) }),
  };
}

/** Every finding of a check but passes, with its target and what to do. */
function story({ check, findings }: CheckReport): string {
  const lines = findings
    .filter(({ status }) => status !== 'pass')
    .flatMap((finding) => {
      const { message, hint } = say(check, finding);
      const accepted = sayAccepted(finding);
      return [
        `${finding.status} ${harmless(finding.code)} ${harmless(finding.target)}: ${message}`,
        ...(hint ? [`  next: ${hint}`] : []),
        ...(accepted ? [`  ${accepted}`] : []),
      ];
    });
  return lines.join('\n');
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);
