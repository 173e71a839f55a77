import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { lockNames, names } from '../src/coven/layout.ts';

/** Entries that Coven must write to do its work. The owner of the socket is daemon:socket's business. */
const needed: readonly string[] = [...Object.values(names), ...lockNames];

/** Home and entries belong to one user, the one who runs Coven. Coven refuses a home of another. */
export const homeOwner = defineCheck({
  id: 'home:owner',
  category: 'home',
  needs: ['home', 'machine', 'home.entries'],
  skip: (seen) => (withoutHome(seen) === 'home-unreadable' ? undefined : withoutHome(seen)),
  judge: ({ home, machine, 'home.entries': entries }) => {
    const found = [];
    const owner = from('home', { uid: home.uid });
    if (home.uid !== machine.uid) {
      const facts = { uid: home.uid, me: machine.uid };
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
        uid: first?.uid ?? null,
        count: foreign.length,
        owner: home.uid,
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
