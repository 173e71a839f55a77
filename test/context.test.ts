import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { findRealCoven, makeWorld, request } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no daemon of the real Coven in another context: ${real.why}`);

test.skipIf('why' in real)(
  'a daemon that ignores SIGCHLD refuses every session, and that is what is told',
  async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch, 'path' in real ? real.path : '', { through: ['env', '--ignore-signal=CHLD'] });
    await world.serve();
    const posted = { projectRoot: `${scratch.path}/project`, harness: 'codex', prompt: 'hi', title: 't' };
    expect(await request(world.home, 'POST', '/sessions', posted)).toHaveProperty(
      'error.code',
      'maintenance_gate_unavailable',
    );
    const found = await diagnose(world.home, { daemonLives: true });
    expect(found.causes).toEqual(['daemon:context ignores-children']);
  },
);
