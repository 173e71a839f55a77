import { toRestart } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { lockNames, names } from '../src/coven/layout.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';

const holder = ({ pid, command: name }: Facts): string =>
  Number(pid) > 0 ? `pid ${pid}${name ? ` (${name})` : ''}` : 'a process that cannot be seen from here';

/** What does not get on while each lock is held. */
const waits: Readonly<Record<string, string>> = {
  'state.lock': 'every coven command waits for it',
  'daemon.lock': 'coven daemon start, stop, restart and doctor wait for it',
  'daemon-serve.lock': 'no daemon can start',
  'automations-scheduler.lock': 'no daemon can start',
};

/** What waits for a process that is stopped. A command shares state.lock, and `coven reset` alone wants it for itself. */
function heldUp({ isRun, name }: Facts): string {
  if (isRun) return 'its session does not go on and does not end, and `coven reset` waits for it';
  const first = String(name)
    .split(', ')
    .find((one) => one !== names.stateLock);
  return first === undefined ? '`coven reset` waits for it' : (waits[first] ?? 'Coven waits for it');
}

const wake = ({ pid }: Facts) => command('kill', '-CONT', String(pid));

/** What refuses a lock that is a link, or no regular file. Source: the commands of Coven 0.4.6, tried with each. */
const refuses: Readonly<Record<string, string>> = {
  'state.lock': 'every coven command refuses',
  'daemon.lock': 'every `coven daemon` command refuses, and `coven doctor`',
  'daemon-serve.lock': 'no daemon can start',
  'automations-scheduler.lock': 'no daemon can start',
};

/** Gives a name a file of its own, with the same bytes. */
const ownFile = (name: string): Advice => [
  command('cp', '-p', `<coven-home>/${name}`, `<coven-home>/${name}.own`),
  command('mv', `<coven-home>/${name}.own`, `<coven-home>/${name}`),
];

/** Files that Coven reads or writes by itself. */
const isOfCoven = (name: string): boolean =>
  Object.values<string>(names).includes(name) || /^(?:repos|familiars|privacy)\.toml$|^(?:keys|adapters)\//.test(name);

/** The lock that stops most comes first. */
const byHarm: readonly string[] = Object.keys(refuses);

const isLinked = ({ kind, links }: { readonly kind: string; readonly links: number }): boolean =>
  kind === 'file' && links > 1;

/** Lock files are regular and have one name: a lock on anything else guards nothing. One that is held for ever is a fault. */
export const homeLocks = defineCheck({
  id: 'home:locks',
  category: 'home',
  title: 'The lock files are regular files of their own',
  explain:
    'Coven locks whole files with flock(2) and refuses one that is a symlink, no regular file, or known by a second name. Who holds a ' +
    'lock is shown with --verbose. A command holds one for a moment; a lock that is held exclusively for six seconds is reported.',
  causes: {
    ok: { message: ({ held }) => (held ? `these locks are held: ${held}` : 'no lock is held') },
    'not-regular': {
      message: ({ name, kind }) => `<coven-home>/${name} is a ${kind}, not a regular file`,
      hint: ({ name }) => [
        'When no coven process is running, move it out of the way. Coven makes it again:',
        command('mv', `<coven-home>/${name}`, `<coven-home>/${name}.aside`),
      ],
    },
    linked: {
      message: ({ name, links, others }) =>
        `${refuses[String(name)] ?? 'no daemon can start'}: <coven-home>/${name} has ${links} names, as after \`cp -al\`${Number(others) > 0 ? `; so ${Number(others) === 1 ? 'has' : 'have'} ${count(others, 'other lock file')}` : ''}`,
      hint: ({ names: linked, parts, partLinks }) => [
        `When no coven process is running, move ${String(linked).includes(' ') ? 'them' : 'it'} out of the way. Coven makes ${String(linked).includes(' ') ? 'them' : 'it'} again:`,
        ...String(linked)
          .split(' ')
          .map((name) => command('mv', `<coven-home>/${name}`, `<coven-home>/${name}.aside`)),
        ...(parts
          ? [
              `The ledger has ${partLinks} names, too: a copy that was made of links changes with it, and is no backup. Give it a file of its own, with no coven process running:`,
              ...String(parts).split(' ').flatMap(ownFile),
            ]
          : []),
      ],
    },
    held: {
      message: (facts) =>
        `${holder(facts)} has held <coven-home>/${facts.name} exclusively for over ${Math.floor(Number(facts.watchedMs) / 1000)} s; ${waits[String(facts.name)] ?? 'Coven waits for it'}`,
      hint: (facts) =>
        facts.stopped
          ? ['It is stopped (as by Ctrl-Z). Let it go on, or end it where it was started:', wake(facts)]
          : Number(facts.pid) > 0
            ? [
                'Find out what it is, and let it finish:',
                command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(facts.pid)),
              ]
            : 'Find out in the other container or namespace which process it is, and let it finish.',
      follows: ['daemon hung', 'daemon starting'],
    },
    'stopped-holder': {
      message: (facts) =>
        `${holder(facts)} is stopped (as by Ctrl-Z) and holds ${String(facts.name)
          .split(', ')
          .map((name) => `<coven-home>/${name}`)
          .join(' and ')}: ${heldUp(facts)}`,
      hint: (facts) => ['Let it go on, or end it where it was started:', wake(facts)],
      follows: ['daemon hung'],
    },
    lost: {
      message: ({ pid, role, locks, all }) =>
        `${role === 'run' ? 'a `coven run`' : 'the daemon'} (pid ${pid}) holds ${locks}, and ${all ? 'those files were' : 'that file was'} deleted or replaced beneath it: ` +
        (String(locks).includes(names.stateLock)
          ? '`coven reset` would take its ledger away while it runs'
          : 'it keeps no second daemon out any more'),
      hint: (facts) =>
        facts.role === 'run'
          ? 'Let it end before anything else is started.'
          : ['A restart makes them anew. When no session is running:', ...toRestart(facts)],
      follows: ['daemon:duplicates *', 'store:open detached'],
    },
    'same-file': {
      message: ({ name, other }) =>
        `<coven-home>/${name} and <coven-home>/${other} are one and the same file: what Coven writes to the one is in the other`,
      hint: ({ name }) => [
        'With the daemon stopped, give one of them a file of its own, here the first:',
        ...ownFile(String(name)),
      ],
    },
  },
  needs: ['home', 'home.entries', 'home.locks'],
  wants: ['home.held', 'processes', 'daemon.health'],
  skip: withoutHome,
  judge: ({
    'home.entries': { list },
    'home.locks': { files, method },
    'home.held': watched,
    processes,
    'daemon.health': health,
  }) => {
    // That a daemon without a socket lives is told by its own check, and its lock ends with it.
    const isDaemon = (holder: number): boolean =>
      processes?.list.some(({ pid, role, home }) => pid === holder && role === 'serve' && home === 'this') ?? false;
    const locks = list.filter(({ name }) => lockNames.some((lock) => lock === name));
    const found = locks.flatMap(({ name, kind, links }) =>
      kind === 'file'
        ? []
        : fail('not-regular', `<coven-home>/${name}`, {
            facts: { name, kind, links },
            evidence: from('home.entries', { [name]: kind, links }),
          }),
    );
    const linked = byHarm.flatMap((name) => locks.find((lock) => lock.name === name && isLinked(lock)) ?? []);
    const [worst] = linked;
    if (worst) {
      // Whoever linked the locks has mostly linked the whole home.
      const parts = list.filter(
        (entry) => isLinked(entry) && (entry.name === names.ledger || entry.name === names.wal),
      );
      found.push(
        fail('linked', `<coven-home>/${worst.name}`, {
          facts: {
            name: worst.name,
            links: worst.links,
            names: linked.map(({ name }) => name).join(' '),
            others: linked.length - 1,
            parts: parts.map(({ name }) => name).join(' '),
            partLinks: parts[0]?.links ?? null,
          },
          evidence: [...linked, ...parts].flatMap(({ name, kind, links }) =>
            from('home.entries', { [name]: kind, [`${name}.links`]: links }),
          ),
        }),
      );
    }
    const stoppedOf = (holder: number) => processes?.list.find(({ pid, state }) => pid === holder && state === 'T');
    const told = new Set<number>();
    for (const { name, pid, command, watchedMs } of watched?.held ?? []) {
      if (name === names.schedulerLock && isDaemon(pid)) continue;
      told.add(pid);
      found.push(
        fail('held', `<coven-home>/${name}`, {
          facts: { name, pid, command, watchedMs, stopped: stoppedOf(pid) !== undefined },
          evidence: from('home.held', { [name]: pid, watchedMs }),
        }),
      );
    }
    const byInode = new Map<string, string>();
    // Lock files with a second name are told above.
    for (const { name, kind, dev, ino } of list.filter((entry) => !locks.includes(entry))) {
      if (kind !== 'file') continue;
      const other = byInode.get(`${dev}:${ino}`);
      if (other === undefined) byInode.set(`${dev}:${ino}`, name);
      // The operator's own files may be anything.
      else if (isOfCoven(name) || isOfCoven(other))
        found.push(
          fail('same-file', `<coven-home>/${name}`, {
            facts: { name, other },
            evidence: from('home.entries', { [name]: other, ino }),
          }),
        );
    }
    // One that holds several locks is told once.
    const locksOf = new Map<number, readonly string[]>();
    for (const { name, holders } of files)
      for (const { pid } of holders) locksOf.set(pid, [...(locksOf.get(pid) ?? []), name]);
    for (const [pid, held] of locksOf) {
      const stopped = stoppedOf(pid);
      if (!stopped || isDaemon(pid) || told.has(pid)) continue;
      const [first = ''] = held;
      const facts = { name: held.join(', '), pid, command: stopped.command, isRun: stopped.role === 'run' };
      found.push(
        warn('stopped-holder', `<coven-home>/${first}`, {
          facts,
          evidence: [
            ...from('home.locks', Object.fromEntries(held.map((name) => [name, pid]))),
            ...from('processes', { [`${pid}.state`]: 'T' }),
          ],
        }),
      );
    }
    for (const { pid, innerPid, role, lostLocks = [] } of processes?.list ?? []) {
      // Of a daemon that nobody reaches any more, more than its locks is lost.
      if (lostLocks.length === 0 || (role === 'serve' && health?.body?.pid !== innerPid)) continue;
      const facts = { pid, role, locks: lostLocks.join(' and '), all: lostLocks.length > 1 };
      found.push(
        warn('lost', `<coven-home>/${lostLocks[0]}`, {
          facts,
          evidence: from('processes', { [`${pid}.lostLocks`]: facts.locks }),
        }),
      );
    }
    if (found.length > 0) return found;
    const held = files.filter(({ holders }) => holders.length > 0);
    const facts = {
      held: held.map(({ name, holders }) => `${name} by ${holders.map(({ pid }) => pid).join(', ')}`).join('; '),
    };
    return [pass('<coven-home>', { facts, evidence: from('home.locks', { method, ...facts }) })];
  },
});
