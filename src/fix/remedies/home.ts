import { lockNames, names } from '../../coven/layout.ts';
import type { FileIdentity } from '../../observation.ts';
import { type Draft, draft, identityOf, type Remedies, type Remedy, refuse } from '../remedy.ts';
import type { PlanSight } from '../sight.ts';

/** Folders that hold keys, and the files that Coven keeps at 0600. */
const privateFolders = ['keys', 'mobile'];
const privateFiles: readonly string[] = [names.record, ...lockNames];

const closeHome = (sight: PlanSight): Remedy => {
  const was = identityOf(sight, '.');
  return was ? { steps: [draft({ kind: 'set-mode', path: '.', mode: 0o700, was }, 'alive')] } : refuse('not-seen');
};

type Named = readonly [path: string, was: FileIdentity];

/** What can be changed by itself, and what has other names, by which it would be changed elsewhere. */
function apart(sight: PlanSight, files: readonly Named[]): { readonly own: readonly Named[]; readonly left: Left } {
  const links = new Map(sight['home.entries']?.list.map(({ name, links }) => [name, links]));
  const isLinked = ([path, { kind }]: Named): boolean => kind === 'file' && (links.get(path) ?? 1) > 1;
  const linked = files.filter(isLinked);
  const [first] = linked;
  const facts = first && { name: first[0], links: links.get(first[0]) ?? 2, count: linked.length };
  return { own: files.filter((file) => !isLinked(file)), left: facts && { reason: 'linked', facts } };
}
type Left = Extract<Remedy, { readonly steps: unknown }>['left'];

const remedyOf = (steps: readonly Draft[], left: Left): Remedy => {
  if (steps.length > 0) return { steps, left };
  return left ? refuse(left.reason, left.facts) : refuse('not-seen');
};

function closeEntries(sight: PlanSight): Remedy {
  const isPrivate = (name: string): boolean =>
    privateFiles.includes(name) || privateFolders.some((top) => name === top || name.startsWith(`${top}/`));
  const open = Object.entries(sight['home.identities']?.files ?? {}).filter(
    ([name, { kind, mode }]) => isPrivate(name) && (kind === 'file' || kind === 'directory') && mode & 0o077,
  );
  const { own, left } = apart(sight, open);
  return remedyOf(
    own.map(([path, was]) => draft({ kind: 'set-mode', path, mode: was.mode & 0o700, was }, 'alive')),
    left,
  );
}

/** Only root may give a file away, and only in a home of its own: elsewhere the owner is told the command. */
function takeEntries(sight: PlanSight): Remedy {
  const { home, machine } = sight;
  if (home === null || machine === null || home.uid !== machine.uid) return refuse('other-owner');
  const foreign = Object.entries(sight['home.identities']?.files ?? {}).filter(([, { uid }]) => uid !== home.uid);
  const gid = identityOf(sight, '.')?.gid;
  if (machine.uid !== 0 || gid === undefined)
    return refuse('needs-root', { uid: home.uid, name: foreign[0]?.[0] ?? '', count: foreign.length });
  const { own, left } = apart(
    sight,
    foreign.filter(([, { kind }]) => kind !== 'symlink'),
  );
  return remedyOf(
    own.map(([path, was]) => draft({ kind: 'set-owner', path, uid: machine.uid, gid, was }, 'gone')),
    left,
  );
}

/** Old backups of our own, each by name. */
function makeRoom({ oldBackups }: PlanSight): Remedy {
  if (oldBackups.length === 0) return refuse('no-old-backups');
  return { steps: oldBackups.map((run) => draft({ kind: 'remove-backup', run }, 'alive', 'lossy')) };
}

export const homeRemedies: Remedies = {
  'home:disk full': makeRoom,
  'home:disk low': makeRoom,
  'home:disk no-room-for-backup': makeRoom,
  'home:mode writable-by-others': closeHome,
  'home:mode readable-by-others': closeHome,
  'home:mode not-writable': closeHome,
  'home:mode entry-open': closeEntries,
  'home:owner foreign-entries': takeEntries,
};
