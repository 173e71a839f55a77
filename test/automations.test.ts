import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { act, automate } from '../fixtures/automate.ts';
import { diagnose } from '../fixtures/diagnose.ts';
import { editLedger } from '../fixtures/home.ts';
import { findRealCoven, makeWorld, type World } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`automations are not tried with the real Coven: ${real.why}`);

function makeIn(scratch: Scratch): { readonly world: World; readonly folder: string } {
  const folder = join(scratch.path, 'nightly');
  mkdirSync(folder);
  const world = makeWorld(scratch, 'path' in real ? real.path : '');
  world.endHarnesses();
  return { world, folder };
}

const found = async ({ home }: World, daemonLives: boolean): Promise<readonly string[]> =>
  (await diagnose(home, { daemonLives })).faults.filter((line) => line.startsWith('sessions:automations'));

describe.skipIf('why' in real)('what the real Coven accepts and cannot run is named before it fails', () => {
  test.each<[what: string, fields: object, spoil: (folder: string) => void, code: string]>([
    ['a folder that is gone', {}, (folder) => rmdirSync(folder), 'no-folder'],
    [
      'a folder that is a file',
      {},
      (folder) => {
        rmdirSync(folder);
        writeFileSync(folder, '');
      },
      'no-folder',
    ],
    ['no folder', { cwd: undefined }, () => undefined, 'no-folder'],
    ['a relative folder', { cwd: 'x/y' }, () => undefined, 'no-folder'],
    ['a harness that it does not know', { runtime: 'nope' }, () => undefined, 'no-harness'],
    ['a harness that is not on its PATH', { runtime: 'coven-code' }, () => undefined, 'no-harness'],
    ['a familiar that is nowhere', { familiarId: 'ghost' }, () => undefined, 'no-familiar'],
  ])('%s', async (_, fields, spoil, code) => {
    await using scratch = await makeScratch();
    const { world: made, folder } = makeIn(scratch);
    await made.serve();
    await automate(made, { id: 'nightly', cwd: folder, ...fields });
    spoil(folder);
    expect(await found(made, true)).toEqual([`sessions:automations ${code} fail`]);
    // That Coven itself fails at it, and keeps on accepting it, is why it has to be told.
    const ran = JSON.stringify(await act(made, { action: 'coven.automations.run', id: 'nightly' }));
    expect(ran).toContain('"status":"rejected"');
  });

  test('a definition that another program changed keeps every command from the ledger, though it is paused', async () => {
    await using scratch = await makeScratch();
    const { world: made, folder } = makeIn(scratch);
    const daemon = await made.serve();
    await automate(made, { id: 'nightly', cwd: folder, status: 'PAUSED' });
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    expect(await found(made, false)).toEqual([]);
    editLedger(
      join(made.home, 'coven.sqlite3'),
      "UPDATE automation_definitions SET definition_json = replace(definition_json, 'hi', 'ho')",
    );
    expect(await found(made, false)).toEqual(['sessions:automations altered fail']);
    expect((await made.coven('sessions')).exitCode).toBe(1);
  });
});
