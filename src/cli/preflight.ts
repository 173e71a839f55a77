import { randomBytes } from 'node:crypto';
import { preflightChecks } from '../../checks/upgrades.ts';
import { makeSeal } from '../disclosure/sealed.ts';
import { see } from '../host/host.ts';
import { harmless } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { tool } from '../package.ts';
import type { Diagnosis } from '../run/diagnose.ts';
import { compareChecks, leadOf, type Report } from '../run/report.ts';
import { print } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import { stateNeeds, stateOf } from '../upgrade/see.ts';
import type { Requirements, UpgradeState } from '../upgrade/state.ts';
import { doctor } from './doctor.ts';
import { namedHome } from './options/home.ts';
import { placeOf, writeOutput } from './options/outputs.ts';
import type { DoctorOptions } from './options/shared.ts';

export interface PreflightOptions extends DoctorOptions {
  readonly requirements: Requirements;
  /** The file to which the state before the upgrade is saved. */
  readonly save: string | undefined;
  /** How long to wait for running sessions to end. */
  readonly waitSeconds: number;
}

/**
 * `doctor preflight`: whether an upgrade may begin. Changes nothing but the files that `--save` and `--output` name. The
 * state is saved whatever the exit code, from the same observations as the report.
 */
export async function preflight(options: PreflightOptions, signal: AbortSignal): Promise<number> {
  const { requirements, save, waitSeconds } = options;
  const home = namedHome(options.home);
  const place = save === undefined ? null : placeOf('--save', save, home.path);
  if (waitSeconds > 0) await waitUntilIdle(home.path, waitSeconds, signal);
  let state: UpgradeState | null = null;
  const beside = async (found: Diagnosis): Promise<void> => {
    state = await seeState(found, requirements);
  };
  const code = await doctor(options, signal, {
    checks: preflightChecks(requirements),
    conclude: mayBegin,
    startsNext: true,
    ...(place !== null && { beside }),
  });
  if (place === null) return code;
  if (state === null) throw new UsageError('--save: there is no home whose state could be kept');
  const ready = code === 0;
  await writeOutput(place, `${JSON.stringify({ ...(state as UpgradeState), ready }, null, 2)}\n`, '--save');
  if (options.format === 'text')
    await print(
      `State saved to ${harmless(String(save))}.${ready ? '' : ' It says that this upgrade was not allowed.'}\n`,
    );
  return code;
}

/** `Ready to upgrade from 0.4.6 to 0.4.7.`, or why not. */
function mayBegin(report: Report): string {
  const target = report.checks.find(({ check }) => check.id === 'upgrade:target')?.worst;
  const { current = null, next = null, asked = null } = target?.facts ?? {};
  // Without --target-version, the next Coven is the one on PATH: where that is the one that runs, no other is known.
  const isNew = next !== null && next !== current;
  const upgrade = current === null ? '' : ` from ${current}${isNew ? ` to ${next}` : ''}`;
  if (report.exitCode === 0) {
    if (target?.code === 'same-version') return `Nothing to upgrade: Coven ${current} is there already.`;
    return asked || isNew
      ? `Ready to upgrade${upgrade}.`
      : `Ready to upgrade${upgrade}; --target-version names to which.`;
  }
  const [worst] = report.checks.toSorted(compareChecks);
  return `Not ready to upgrade${upgrade}${worst ? `: ${say(worst.check, leadOf(worst)).message}` : ''}.`;
}

async function waitUntilIdle(home: string, seconds: number, signal: AbortSignal): Promise<void> {
  const [{ waitIdle }, { showWaiting }] = await Promise.all([
    import('../lifecycle/wait-idle.ts'),
    import('../render/waiting.ts'),
  ]);
  const display = showWaiting(process.stderr, process.env);
  await waitIdle(home, seconds, display.tell, signal).finally(display.end);
}

async function seeState(
  { host, run: { runId, startedAt } }: Diagnosis,
  requirements: Requirements,
): Promise<UpgradeState | null> {
  const observed = await see(host, stateNeeds);
  const { dev, ino } = observed.home ?? {};
  if (!dev || !ino) return null;
  // Without a salt, short texts could be guessed from their digests, and states could be compared with each other.
  const salt = randomBytes(32).toString('hex');
  const about = { tool: tool(), runId, at: startedAt, home: { dev, ino }, salt, requirements };
  return stateOf(makeSeal(salt).seen(observed), about);
}
