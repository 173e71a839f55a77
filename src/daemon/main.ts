import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { resolveHome } from '../coven/layout.ts';
import { serve } from './serve.ts';

// The daemon alone, for tests and benchmarks: `daemon serve [--managed-started-at TIME]` on the home of COVEN_HOME.
const { values } = parseArgs({
  options: { 'managed-started-at': { type: 'string' } },
  allowPositionals: true,
});
const managedStartedAt = values['managed-started-at'];

try {
  const home = resolve(resolveHome(undefined, process.env).path);
  await serve({ home, ...(managedStartedAt !== undefined && { managedStartedAt }) });
} catch (error) {
  process.stderr.write(`Error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
// A harness that could not be ended must not keep the daemon.
process.exit();
