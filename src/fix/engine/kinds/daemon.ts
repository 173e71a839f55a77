import { restart, start } from '../../../control/control.ts';
import type { Outcome } from '../../../control/outcome.ts';
import { probe } from '../../../control/probe.ts';
import { defineKind, type Scene, type Standing } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** No lock is held here: a daemon takes the same ones. Proof is the daemon's own answer, and the lock that it holds. */
const proven = ({ failure }: Outcome): void => {
  if (failure) throw new Refusal('daemon', { step: failure.step, why: failure.reason });
};

const optionsOf = ({ homePath: home, signal }: Scene) => ({ home, command: undefined, signal });

async function standing({ homePath, signal }: Scene): Promise<Standing> {
  return { at: (await probe(homePath, signal)).verdict === 'running' ? 'after' : 'before' };
}

const unchecked = (): void => undefined;

export const startDaemon = defineKind({
  kind: 'start-daemon',
  check: unchecked,
  apply: async ({ scene }) => proven(await start(optionsOf(scene))),
  standing: ({ scene }) => standing(scene),
});

export const restartDaemon = defineKind({
  kind: 'restart-daemon',
  check: unchecked,
  apply: async ({ scene }) => proven(await restart(optionsOf(scene))),
  standing: ({ scene }) => standing(scene),
});
