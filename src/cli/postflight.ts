import { lstat } from 'node:fs/promises';
import { postflightChecks } from '../../checks/upgrades.ts';
import { comparing } from '../disclosure/sealed.ts';
import { say } from '../model/say.ts';
import { compareChecks, leadOf, type Report } from '../run/report.ts';
import { UsageError } from '../terminal/usage.ts';
import { parseState } from '../upgrade/schema.ts';
import type { UpgradeState } from '../upgrade/state.ts';
import { doctor } from './doctor.ts';
import { namedHome } from './options/home.ts';
import type { DoctorOptions } from './options/shared.ts';
import { readUntrusted } from './options/untrusted-file.ts';

/** A state takes a few thousand bytes. */
const limitBytes = 4 * 1024 ** 2;

/** `doctor postflight`: whether an upgrade succeeded, compared with the saved state. */
export async function postflight(options: DoctorOptions, against: string, signal: AbortSignal): Promise<number> {
  const before = await readState(against, namedHome(options.home).path);
  const checks = comparing(before, postflightChecks);
  return doctor(options, signal, { checks, conclude: (report) => went(before, report) });
}

/** Whether it succeeded, with the versions before and after if they are known. */
function went({ daemon, installed, ready }: UpgradeState, report: Report): string {
  const { now = null } = report.checks.find(({ check }) => check.id === 'upgraded:version')?.worst.facts ?? {};
  const was = daemon === 'none' ? installed : (daemon?.version ?? null);
  const versions = now !== null && was !== null ? `: Coven ${now} runs, after ${was}` : '';
  const against = ready === false ? ' It was made although preflight had not allowed it.' : '';
  if (report.exitCode === 0 && now !== null && now === was)
    return `Nothing was upgraded: Coven ${now} runs, as before.`;
  if (report.exitCode === 0) return `The upgrade went well${versions}.${against}`;
  const [worst] = report.checks.toSorted(compareChecks);
  return `The upgrade is not complete${worst ? `: ${say(worst.check, leadOf(worst)).message}` : ''}.${against}`;
}

/** Throws a UsageError for a state that another user could have written, or that belongs to another home. */
async function readState(path: string, home: string): Promise<UpgradeState> {
  const refuse = (why: string): never => {
    throw new UsageError(`${path}: ${why}`);
  };
  const given = (await readUntrusted(path, home, limitBytes)) ?? refuse('there is no such file');
  if (given.uid !== process.geteuid?.()) refuse('belongs to another user');
  if (given.shared) refuse('can be written by its group; chmod g-w it first');
  const state = parseState(given.text) ?? refuse('is no state that `preflight --save` has written');
  const stat = await lstat(home, { bigint: true }).catch(() => null);
  if (stat && (String(stat.dev) !== state.home.dev || String(stat.ino) !== state.home.ino))
    refuse('is of another home, or of one that was replaced since');
  return state;
}
