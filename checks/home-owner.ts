import { withoutHome } from '../src/coven/gates.ts';
import { lockNames, names } from '../src/coven/layout.ts';
import { listed, listNames, sayListed } from '../src/coven/listed.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { ownerRemedy } from '../src/repair/remedies/home.ts';

/** Entries that Coven must write to do its work. The owner of the socket is daemon:socket's business. */
const needed: readonly string[] = [...Object.values(names), ...lockNames];

type Named = Readonly<Record<'name' | 'owned', Facts[string] | undefined>>;

const ownedOf = ({ name, owned }: Named): readonly string[] =>
  listed(owned).length > 0 ? listed(owned) : [String(name)];

/** A command names a part of many, and says so. */
const ofThese = (n: Facts[string] | undefined, facts: Named): string =>
  Number(n) > ownedOf(facts).length ? ', and so on for the others' : '';

/** Home and entries belong to one user, the one who runs Coven. Coven refuses a home of another. */
export const homeOwner = defineCheck({
  id: 'home:owner',
  category: 'home',
  title: 'The home and what is in it belong to you',
  explain:
    'Coven refuses a home or a lock of another user, and cannot write what another user owns. The usual cause is a coven ' +
    'command run once with sudo. Run as root over the home of another user, the doctor only diagnoses.',
  causes: {
    ok: {
      message: ({ examined, complete }) =>
        `${complete ? 'all' : 'the first'} ${count(examined, 'entry', 'entries')} belong to the owner of the home`,
    },
    'foreign-owner': {
      message: ({ uid, me }) => `the home belongs to another user: uid ${uid}, and you are uid ${me}`,
      hint: ({ uid, me, folderAlone }) =>
        folderAlone
          ? [
              'All that is in it is yours: the folder alone is not. As root, this gives it back:',
              command('chown', '-h', String(me), '<coven-home>'),
            ]
          : `Run coven-doctor as uid ${uid}, or set COVEN_HOME to a folder of your own.`,
    },
    'foreign-entries': {
      message: ({ count: n, name, uid, owner, owned }) =>
        `${count(n, 'entry belongs', 'entries belong')} to another user than the home (uid ${owner}): ${n === 1 ? `${name} (uid ${uid})` : `${sayListed(n, listed(owned))} (${name} to uid ${uid})`}`,
      hint: ({ owner, uid, count: n, name, owned, folderAlone }) => [
        ...(folderAlone
          ? [
              `All that is in it belongs to uid ${uid}, and the folder alone does not. If this is the home of that user, as root:`,
              command('chown', '-h', String(uid), '<coven-home>'),
              `If it is the home of uid ${owner}, as root${ofThese(n, { name, owned })}:`,
            ]
          : [`As root${ofThese(n, { name, owned })}:`]),
        command('chown', '-h', String(owner), ...ownedOf({ name, owned }).map((one) => `<coven-home>/${one}`)),
      ],
      follows: ['home:owner foreign-owner'],
      remedy: ownerRemedy,
    },
    elevated: {
      message: ({ uid, me }) =>
        `you are uid ${me} and the home belongs to uid ${uid}; what you create there locks its owner out`,
      hint: ({ uid }) => `Run Coven and coven-doctor as uid ${uid}.`,
    },
    undetermined: {
      message: ({ count: n, name }) =>
        `${count(n, 'entry', 'entries')} could not be examined${n === 1 ? ': ' : '; the first is '}${name}`,
      hint: () => 'Run coven-doctor as the owner of the home.',
      follows: ['home:mode not-writable'],
    },
  },
  needs: ['home', 'machine', 'home.entries'],
  skip: (seen) => (withoutHome(seen) === 'home-unreadable' ? undefined : withoutHome(seen)),
  judge: ({ home, machine, 'home.entries': entries }) => {
    const found = [];
    const owner = from('home', { uid: home.uid });
    const owners = new Set(entries.list.map(({ uid }) => uid));
    // What is in it has one owner, who is not that of the folder.
    const folderAlone = entries.complete && owners.size === 1 && home.uid !== null && !owners.has(home.uid);
    if (home.uid !== machine.uid) {
      const facts = { uid: home.uid, me: machine.uid, folderAlone: folderAlone && owners.has(machine.uid) };
      const evidence = [...owner, ...from('machine', { uid: machine.uid })];
      found.push(
        machine.uid === 0
          ? warn('elevated', '<coven-home>', { facts, evidence })
          : fail('foreign-owner', '<coven-home>', { facts, evidence }),
      );
    }
    const foreign = entries.list.filter(({ name, uid }) => uid !== home.uid && name !== names.socket);
    if (foreign.length > 0) {
      const blocking = foreign.find(({ name }) => needed.includes(name));
      const first = blocking ?? foreign[0];
      const facts = {
        name: first?.name ?? '',
        owned: listNames([...(first ? [first] : []), ...foreign.filter((one) => one !== first)]),
        uid: first?.uid ?? null,
        count: foreign.length,
        owner: home.uid,
        me: machine.uid,
        folderAlone,
      };
      const evidence = from(
        'home.entries',
        Object.fromEntries(foreign.slice(0, 20).map(({ name, uid }) => [name, uid])),
      );
      const say = blocking ? fail : warn;
      found.push(
        say('foreign-entries', `<coven-home>/${first?.name}`, {
          facts,
          evidence: [...owner, ...evidence],
        }),
      );
    }
    // A home that another user keeps to himself has one cause.
    const isShut = home.uid !== machine.uid && !home.listable;
    if (entries.unreadable.length > 0 && !isShut) {
      const facts = {
        count: entries.unreadable.length,
        name: entries.unreadable[0] ?? '',
      };
      const evidence = from('home.entries', {
        unreadable: entries.unreadable.length,
      });
      found.push(unknown('undetermined', '<coven-home>', { facts, evidence }));
    }
    if (found.length > 0) return found;
    const examined = entries.list.length;
    const evidence = [...owner, ...from('home.entries', { examined, complete: entries.complete })];
    return [
      pass('<coven-home>', {
        facts: { examined, complete: entries.complete },
        evidence,
      }),
    ];
  },
});
