import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** How many files are named. */
const count = 10;

/** Prints the slowest files of a run: CI has 25 minutes, and these are where they go. */
export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= count) return;
    const taken = modules
      .map((module) => {
        const { duration, collectDuration, environmentSetupDuration, prepareDuration, setupDuration } =
          module.diagnostic();
        const ms = duration + collectDuration + environmentSetupDuration + prepareDuration + setupDuration;
        return { file: relative(process.cwd(), module.moduleId), seconds: ms / 1000 };
      })
      .sort((a, b) => b.seconds - a.seconds);
    const whole = taken.reduce((sum, { seconds }) => sum + seconds, 0);
    console.log(`\nThe ${count} slowest of ${taken.length} test files, which took ${whole.toFixed(0)} s together:`);
    for (const { file, seconds } of taken.slice(0, count)) console.log(`${seconds.toFixed(1).padStart(8)} s  ${file}`);
  }
}
