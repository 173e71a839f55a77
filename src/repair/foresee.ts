import { names } from '../coven/layout.ts';
import type { FileIdentity } from '../model/observation.ts';
import type { Action, Step } from '../model/step.ts';

interface Change {
  readonly fix: string;
  readonly image: Partial<FileIdentity>;
}

/**
 * Steps in their order, each planned on what those before it leave: a file whose owner or mode was set is not drift to
 * a later step, which in turn rests on that fix. Pure.
 */
export function foresee(steps: readonly Step[]): readonly Step[] {
  const changes = new Map<string, Change>();
  return steps.map((step) => {
    const requires = new Set(step.requires);
    const seen = <T extends FileIdentity | null | undefined>(path: string, was: T): T => {
      const earlier = changes.get(path);
      if (!was || !earlier) return was;
      if (earlier.fix !== step.fix) requires.add(earlier.fix);
      return { ...was, ...earlier.image };
    };
    const action = withImages(step.action, seen);
    if (action.kind === 'set-mode' || action.kind === 'set-owner') {
      const { mode, uid, gid } = { ...action.was, ...action };
      changes.set(action.path, { fix: step.fix, image: { mode, uid, gid } });
    }
    return { ...step, action, requires: [...requires] };
  });
}

type See = <T extends FileIdentity | null | undefined>(path: string, was: T) => T;

function withImages(action: Action, see: See): Action {
  switch (action.kind) {
    case 'set-mode':
    case 'set-owner':
      return { ...action, was: see(action.path, action.was) };
    case 'quarantine': {
      const was = see(action.path, action.was);
      return action.beside ? { ...action, was, beside: see(names.ledger, action.beside) } : { ...action, was };
    }
    case 'checkpoint':
    case 'rebuild-index':
    case 'rebuild-search': {
      const { main, wal, shm } = action.ledger;
      const ledger = { main: see(names.ledger, main), wal: see(names.wal, wal), shm: see(names.shm, shm) };
      return { ...action, ledger };
    }
    default:
      return action;
  }
}
