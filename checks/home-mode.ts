import { withoutHome } from '../src/coven/gates.ts';
import { isPrivate } from '../src/coven/layout.ts';
import { listed, listNames, sayListed } from '../src/coven/listed.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { count, octal } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';
import { entryModeRemedy, homeModeRemedy } from '../src/repair/remedies/home.ts';

const closing = (mode: string, names: Facts[string] | undefined): Advice =>
  listed(names).length > 0 ? [command('chmod', mode, ...listed(names).map((name) => `<coven-home>/${name}`))] : [];

/**
 * A home is private to its owner. Its ledger and log at 0644 are normal: the home's 0700 protects them.
 */
export const homeMode = defineCheck({
  id: 'home:mode',
  category: 'home',
  title: 'The home is private to its owner',
  explain:
    'The home keeps everything in it private by its mode 0700; the ledger and the log inside it are normally 0644, which is no ' +
    'fault. Every coven command sets the home back to 0700 by itself.',
  causes: {
    ok: { message: ({ mode }) => `the home is private (${mode})` },
    'writable-by-others': {
      message: ({ mode }) => `other users can write to the home (mode ${mode})`,
      hint: () => [command('chmod', '0700', '<coven-home>')],
      remedy: homeModeRemedy,
    },
    'readable-by-others': {
      message: ({ mode }) => `other users can read the home (mode ${mode})`,
      hint: () => [command('chmod', '0700', '<coven-home>')],
      remedy: homeModeRemedy,
    },
    'not-writable': {
      message: ({ mode }) => `the owner of the home may not use it (mode ${mode})`,
      hint: () => [command('chmod', '0700', '<coven-home>')],
      follows: ['home:filesystem read-only'],
      remedy: homeModeRemedy,
    },
    'entry-open': {
      message: ({ name, mode, count: n, files, folders }) =>
        `${count(n, 'private entry is', 'private entries are')} open to other users: ${n === 1 ? `${name} (mode ${mode})` : sayListed(n, [...listed(folders), ...listed(files)])}`,
      hint: ({ count: n, files, folders }) => [
        ...(listed(files).length + listed(folders).length < Number(n)
          ? ['This is for those that are named; `--fix` closes all of them.']
          : []),
        ...closing('0700', folders),
        ...closing('0600', files),
      ],
      remedy: entryModeRemedy,
    },
  },
  needs: ['home', 'home.entries'],
  skip: (seen) => (withoutHome(seen) === 'home-unreadable' ? undefined : withoutHome(seen)),
  judge: ({ home, 'home.entries': entries }) => {
    const mode = home.mode ?? 0;
    const facts = { mode: octal(mode) };
    const evidence = from('home', facts);
    const found = [];
    if (mode & 0o022) found.push(fail('writable-by-others', '<coven-home>', { facts, evidence }));
    else if (mode & 0o055) found.push(warn('readable-by-others', '<coven-home>', { facts, evidence }));
    if ((mode & 0o700) !== 0o700) found.push(warn('not-writable', '<coven-home>', { facts, evidence }));
    const open = entries.list.filter(({ name, kind, mode }) => kind !== 'symlink' && isPrivate(name) && mode & 0o077);
    // By inode: neither the order in which a folder is listed nor a bundle, which hides names, changes that.
    const inOrder = open.toSorted((a, b) => a.ino.length - b.ino.length || (a.ino < b.ino ? -1 : 1));
    const [first] = inOrder;
    const of = (isFolder: boolean) => inOrder.filter(({ kind }) => (kind === 'directory') === isFolder);
    if (first) {
      found.push(
        warn('entry-open', `<coven-home>/${first.name}`, {
          facts: {
            name: first.name,
            mode: octal(first.mode),
            count: open.length,
            expected: first.kind === 'directory' ? '0700' : '0600',
            folders: listNames(of(true)),
            files: listNames(of(false)),
          },
          evidence: from(
            'home.entries',
            Object.fromEntries(open.slice(0, 20).map(({ name, mode }) => [name, octal(mode)])),
          ),
        }),
      );
    }
    return found.length > 0 ? found : [pass('<coven-home>', { facts, evidence })];
  },
});
