import { resolve } from 'node:path';
import type { Risk } from '../../model/step.ts';
import type { Threshold } from '../../run/report.ts';
import { type Named, namedHome } from './home.ts';
import { onePath, secondsFor } from './shared.ts';

export interface FixOptions {
  readonly home: Named;
  readonly allow: ReadonlySet<Risk>;
  readonly yes: boolean;
  readonly startStopped: boolean;
  /** Where the backup goes; undefined for the folder of the run. */
  readonly backupDir: string | undefined;
  readonly json: boolean;
  readonly failOn: Threshold;
  readonly deep: boolean;
  /** Seconds for each diagnosis. */
  readonly timeout: number;
}

export interface RepairWords {
  readonly home?: unknown;
  readonly allow?: readonly ('disruptive' | 'lossy')[] | undefined;
  readonly yes: boolean;
  readonly startDaemon: boolean;
  readonly backupDir?: unknown;
  readonly json: boolean;
  readonly failOn?: 'fail' | 'warn';
  readonly deep?: boolean;
  readonly timeout?: number | undefined;
}

export function repairOptions(words: RepairWords): FixOptions {
  const { home, allow = [], yes, startDaemon, backupDir, json, failOn = 'fail', deep = false, timeout } = words;
  const place = onePath('backup-dir', backupDir);
  const risks: readonly Risk[] = ['safe', ...allow];
  return {
    home: namedHome(home),
    allow: new Set(risks),
    yes,
    startStopped: startDaemon,
    backupDir: place === undefined ? undefined : resolve(place),
    json,
    failOn,
    deep,
    timeout: secondsFor(timeout, deep),
  };
}
