import { isPrivate } from '../../coven/layout.ts';
import type { FileIdentity } from '../../model/observation.ts';
import type { PlanInput } from '../../model/plan-input.ts';
import { type Draft, draft, identityOf, type Proposal, type Remedy, refuse } from '../../model/remedy.ts';

const closeHome = (input: PlanInput): Proposal => {
  const was = identityOf(input, '.');
  return was ? { steps: [draft({ kind: 'set-mode', path: '.', mode: 0o700, was }, 'alive')] } : refuse('not-seen');
};

type Named = readonly [path: string, was: FileIdentity];

/** What can be changed by itself, and what has other names, by which it would be changed elsewhere. */
function apart(input: PlanInput, files: readonly Named[]): { readonly own: readonly Named[]; readonly left: Left } {
  const links = new Map(input['home.entries']?.list.map(({ name, links }) => [name, links]));
  const isLinked = ([path, { kind }]: Named): boolean => kind === 'file' && (links.get(path) ?? 1) > 1;
  const linked = files.filter(isLinked);
  const [first] = linked;
  const facts = first && { name: first[0], links: links.get(first[0]) ?? 2, count: linked.length };
  return { own: files.filter((file) => !isLinked(file)), left: facts && { reason: 'linked', facts } };
}
type Left = Extract<Proposal, { readonly steps: unknown }>['left'];

const remedyOf = (steps: readonly Draft[], left: Left): Proposal => {
  if (steps.length > 0) return { steps, left };
  return left ? refuse(left.reason, left.facts) : refuse('not-seen');
};

function closeEntries(input: PlanInput): Proposal {
  const open = Object.entries(input['home.identities']?.files ?? {}).filter(
    ([name, { kind, mode }]) => isPrivate(name) && (kind === 'file' || kind === 'directory') && mode & 0o077,
  );
  const { own, left } = apart(input, open);
  return remedyOf(
    own.map(([path, was]) => draft({ kind: 'set-mode', path, mode: was.mode & 0o700, was }, 'alive')),
    left,
  );
}

/** Only root may give a file away, and only in a home of its own: elsewhere the owner is told the command. */
function takeEntries(input: PlanInput): Proposal {
  const { home, machine } = input;
  if (home === null || machine === null || home.uid !== machine.uid) return refuse('other-owner');
  const foreign = Object.entries(input['home.identities']?.files ?? {}).filter(([, { uid }]) => uid !== home.uid);
  const gid = identityOf(input, '.')?.gid;
  if (machine.uid !== 0 || gid === undefined)
    return refuse('needs-root', { uid: home.uid, name: foreign[0]?.[0] ?? '', count: foreign.length });
  const { own, left } = apart(
    input,
    foreign.filter(([, { kind }]) => kind !== 'symlink'),
  );
  return remedyOf(
    own.map(([path, was]) => draft({ kind: 'set-owner', path, uid: machine.uid, gid, was }, 'gone')),
    left,
  );
}

/** Old backups of our own, each by name. */
function makeRoom({ oldBackups }: PlanInput): Proposal {
  if (oldBackups.length === 0) return refuse('no-old-backups');
  return { steps: oldBackups.map((run) => draft({ kind: 'remove-backup', run }, 'alive', 'lossy')) };
}

export const roomRemedy: Remedy = {
  risk: 'lossy',
  summary: 'removes our own old backups, but for the newest, the soundest and the fullest',
  helps: ({ spareBackups }) => spareBackups !== 0,
  plan: makeRoom,
};
export const homeModeRemedy: Remedy = { risk: 'safe', summary: 'sets the mode of the home to 0700', plan: closeHome };
export const entryModeRemedy: Remedy = {
  risk: 'safe',
  summary: 'takes the rights of others away from what is private',
  plan: closeEntries,
};
export const ownerRemedy: Remedy = {
  risk: 'safe',
  summary: 'gives the entries back to the owner of the home, where root runs it',
  helps: ({ me }) => me === 0,
  plan: takeEntries,
};
