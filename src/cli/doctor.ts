import { existsSync } from 'node:fs';
import { checks as ours } from '../../checks/index.ts';
import { type LocalReader, makeShown } from '../disclosure/shown.ts';
import type { Host } from '../host/host.ts';
import type { Check } from '../model/check.ts';
import { type Format, render } from '../render/format.ts';
import { type Accepted, nothingAccepted } from '../run/accepted.ts';
import { restsOnOthers } from '../run/advise.ts';
import type { Diagnosis } from '../run/diagnose.ts';
import { judgeOn } from '../run/judge.ts';
import { makeReport, type Report } from '../run/report.ts';
import { print } from '../terminal/print.ts';
import { diagnoseHome } from './diagnosis/diagnose-home.ts';
import { look, tell, watcher } from './diagnosis/report-output.ts';
import { namedHome } from './options/home.ts';
import type { Output } from './options/outputs.ts';
import { pluginChecksOf } from './options/plugins.ts';
import { selectChecks, unknownCheck } from './options/select.ts';
import { type DiagnoseOptions, type DoctorOptions, type ListOptions, secondsFor } from './options/shared.ts';

/** The suppressions of a project, in the current folder. */
const projectFile = '.coven-doctor.toml';

/** How a command differs from the plain diagnosis: its checks, what else it observes, and how it concludes. */
export interface Profile {
  readonly checks: readonly Check[];
  /** Called before the host is closed. The run waits for it. */
  readonly beside?: (found: Diagnosis) => Promise<void>;
  /** The result in the terms of the command: `Ready to upgrade from 0.4.6 to 0.4.7.` */
  readonly conclude?: (report: Report) => string;
  /** A start or an upgrade is about to come. */
  readonly startsNext?: boolean;
}

/** The plain diagnosis: runs the checks, prints the report, and resolves with the exit code. Writes only what `--output` names. */
export async function doctor(
  options: DoctorOptions,
  signal: AbortSignal,
  profile: Profile = { checks: ours },
): Promise<number> {
  const home = namedHome(options.home).path;
  const outputs = options.output.length === 0 ? [] : (await outputFiles()).parseOutputs(options.output, home);
  const pluginChecks = await pluginChecksOf(options.modules, options.home, signal);
  const checks = selectChecks([...profile.checks, ...pluginChecks], options.only, options.skip);
  const accepted = await acceptedBy(options, home, pluginChecks);
  const packer = options.bundle ? await (await import('./bundle.ts')).packerAfter(home, options.format, signal) : null;
  const watch = await watcher(checks, options.format, accepted);
  const finish = async (reports: Reports): Promise<number> => {
    await watch.end();
    signal.throwIfAborted();
    return show(reports, options, outputs);
  };
  const asked = { ...options, startsNext: profile.startsNext ?? false };
  const looking = async (found: Diagnosis): Promise<Reports> => {
    await profile.beside?.(found);
    const { conclude } = profile;
    // The conclusion can quote checks that passed, which a short screen only counts.
    const told = conclude ? { ...options, verbose: true } : options;
    const reports = await reportsOf(found, checks, told, outputs, accepted);
    return conclude
      ? new Map([...reports].map(([reader, report]) => [reader, { ...report, conclusion: conclude(report) }]))
      : reports;
  };
  if (!packer) return finish(await diagnoseHome(checks, asked, signal, looking, { watch }));
  const packing = async (found: Diagnosis): Promise<number> => {
    const code = await finish(await looking(found));
    return (await packer.pack(found, { failOn: options.failOn, accepted })) || code;
  };
  return diagnoseHome(checks, asked, signal, packing, { watch, ...packer.more });
}

/** One report for each kind of reader: they differ in what the gate lets through. */
export type Reports = ReadonlyMap<LocalReader, Report>;

const readerOf = (format: Format): LocalReader => (format === 'text' ? 'operator' : 'program');

/** Makes the reports for stdout and for the files of `--output`. */
export async function reportsOf(
  { host, runs, run }: Pick<Diagnosis, 'runs' | 'run'> & { readonly host: Host },
  checks: readonly Check[],
  { format, failOn, verbose }: Pick<DoctorOptions, 'format' | 'failOn' | 'verbose'>,
  outputs: readonly Output[] = [],
  accepted: Accepted = nothingAccepted,
): Promise<Reports> {
  const readers = new Set([format, ...outputs.map((output) => output.format)].map(readerOf));
  const reports = [...readers].map(async (reader): Promise<readonly [LocalReader, Report]> => {
    // Without --verbose, the text of checks that passed is not needed. Suppressions and baselines are compared with everything.
    const isShort = reader === 'operator' && !verbose && accepted === nothingAccepted;
    const told = makeShown(host, checks, reader, isShort ? 'faults' : 'everything');
    return [reader, makeReport(await told.runs(runs), failOn, run, told.accepted(accepted))];
  });
  return new Map(await Promise.all(reports));
}

/** Prints the report, writes it to the files of `--output`, and resolves with its exit code. */
export async function show(
  reports: Reports,
  options: Pick<DoctorOptions, 'format' | 'verbose'>,
  outputs: readonly Output[],
): Promise<number> {
  const of = (format: Format): Report => {
    const report = reports.get(readerOf(format));
    if (!report) throw new TypeError(`no report for ${format}`);
    return report;
  };
  await tell(of(options.format), options);
  const texts = await Promise.all(
    outputs.map(({ format }) => render(format, of(format), { ...look(options), color: false })),
  );
  for (const [index, { file }] of outputs.entries()) await (await outputFiles()).writeOutput(file, texts[index] ?? '');
  return of(options.format).exitCode;
}

/** Loaded only if `--output` is given. */
const outputFiles = () => import('./options/outputs.ts');

/** The suppressions and the baseline that apply. Without any of these files, it costs one stat. */
export async function acceptedBy(
  { suppress, baseline }: Pick<DoctorOptions, 'suppress' | 'baseline'>,
  home: string,
  pluginChecks: readonly Check[],
  ofProject = existsSync(projectFile),
): Promise<Accepted> {
  if (suppress === undefined && baseline === undefined && !ofProject) return nothingAccepted;
  const { findSuppressions, readSuppressions } = await import('./options/suppressions.ts');
  // The project's file may name checks of other commands, so that it is valid for all of them.
  const all = [...(await everyOwn()), ...pluginChecks];
  return {
    suppressions:
      suppress !== undefined
        ? await readSuppressions(suppress, home, all)
        : ofProject
          ? await findSuppressions(projectFile, home, all)
          : [],
    baseline:
      baseline === undefined ? null : await (await import('./options/baseline.ts')).readBaseline(baseline, home),
  };
}

/** All built-in checks, including those of preflight and postflight. */
async function everyOwn(): Promise<readonly Check[]> {
  return [...ours, ...(await import('../../checks/upgrades.ts')).upgradeChecks];
}

/** `coven-doctor list`: every check with its title. */
export async function list({ home, modules }: ListOptions, signal: AbortSignal): Promise<number> {
  const { harmless } = await import('../model/harmless.ts');
  const checks = [...(await everyOwn()), ...(await pluginChecksOf(modules, home, signal))];
  const width = Math.max(...checks.map(({ id }) => id.length));
  const from = ({ module }: Check): string => (module === undefined ? '' : ` (${harmless(module)})`);
  await print(checks.map((check) => `${check.id.padEnd(width)}  ${harmless(check.title)}${from(check)}\n`).join(''));
  return 0;
}

/** `coven-doctor explain CHECK`: what it decides, and the evidence for what it found here. */
export async function explain(id: string, options: DiagnoseOptions, signal: AbortSignal): Promise<number> {
  const checks = [...(await everyOwn()), ...(await pluginChecksOf(options.modules, options.home, signal))];
  const check = checks.find((check) => check.id === id);
  if (!check) throw unknownCheck(id, checks);
  const shown = { format: 'text', failOn: options.failOn, verbose: true } as const;
  const all = ours.includes(check) ? ours : [...ours, check];
  let asked: readonly Check[] = [check];
  const reports = await diagnoseHome(asked, options, signal, async (found) => {
    if (!found.runs.some(({ findings }) => findings.some((finding) => restsOnOthers(check, finding))))
      return reportsOf(found, asked, shown);
    asked = all;
    const checkMs = secondsFor(options.timeout, options.deep) * 1000;
    const runs = await judgeOn(found.host, asked, { checkMs, signal: found.signal });
    return reportsOf({ ...found, runs }, asked, shown);
  });
  signal.throwIfAborted();
  const { renderExplain } = await import('../render/explain.ts');
  const texts = [...reports.values()].flatMap(({ checks, home: path, homeSource: source }) =>
    checks
      .filter((report) => report.check.id === id)
      .map((report) => renderExplain(report, checks, { path, ...(source && { source }) })),
  );
  await print(texts.join('\n'));
  return 0;
}
