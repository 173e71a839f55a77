import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { startDouble } from '../fixtures/double.ts';
import { isolation } from '../fixtures/healthy/containers.ts';
import { healthy } from '../fixtures/healthy/index.ts';
import { stagings } from '../fixtures/healthy/variant.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const staged = stagings(healthy);
const skipped = staged.filter(({ why }) => why !== null);
for (const why of new Set(skipped.map(({ why }) => why)))
  console.log(`${skipped.filter((one) => one.why === why).length} healthy variants are skipped: ${why}`);

// The machine may be busy: no variant is about time.
for (const { title, why, stage } of staged) {
  test.skipIf(why !== null)(title, async () => {
    await using scratch = await makeScratch();
    const subjects = await stage(scratch);
    await Promise.all(
      subjects.map(async ({ home, how, right, says = {} }) => {
        const { faults, document } = await diagnose(home, { ...how, args: ['--timeout', '60'] });
        const message = (check: string) => document.checks.find(({ id }) => id === check)?.message;
        const said = faults.map((fault) => `${fault}: ${message(fault.split(' ')[0] ?? '')}`);
        expect(faults, said.join('\n')).toEqual(right);
        for (const check of Object.keys(says)) expect(message(check)).toBe(says[check]);
      }),
    );
  });
}

test.skipIf(isolation('--mount') !== null)(
  'a disk with less than 1 GiB free is not healthy (needs mounts)',
  async () => {
    await using scratch = await makeScratch();
    const folder = join(scratch.path, 'small');
    mkdirSync(folder);
    const mount = `mount -t tmpfs -o size=600m none "$0" && exec "$@"`;
    const through = ['unshare', '--mount', 'sh', '-c', mount, folder];
    expect((await diagnose(join(folder, 'home'), { through })).faults).toEqual([
      'home:filesystem volatile warn',
      'home:disk low warn',
      'daemon stopped warn',
    ]);
  },
);

test('events past their time are no fault just after a start, and a warning where nothing removes them', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const storage = { status: 'warning', walBytes: 0, freeDiskBytes: 1e12, oldestRetainedEventAt: hoursAgo(1000) };
  await startDouble(scratch, home, { health: { storage } });
  expect((await diagnose(home, { daemonLives: true })).faults).toEqual([]);
  expect((await diagnose(home, { daemonLives: true, laterSeconds: 3600 })).faults).toEqual([
    'daemon:health storage-warning warn',
  ]);
});
