import { withoutHome } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';

const target = '<coven-home>/doctor';

/** Why what is in the folder of runs cannot be told. */
const unexaminedWords: Readonly<Record<string, string>> = {
  platform: 'without /proc, <coven-home>/doctor cannot be examined safely',
  'other-user': 'the home belongs to another user as seen from here',
  'too-many': '<coven-home>/doctor/runs holds more runs than are looked through',
  error: 'the system refused to read a part of <coven-home>/doctor',
};

/** A repair that was cut off is finished or taken back by the next one, and by nothing else. */
export const homeRepairs = defineCheck({
  id: 'home:repairs',
  category: 'home',
  title: 'No repair was cut off',
  explain:
    'A repair writes down each step before it takes it, in <coven-home>/doctor. One that was cut off is finished or taken back by the ' +
    'next --fix, apply or undo; a diagnosis only tells of it. What others can write to there counts for nothing.',
  causes: {
    ok: { message: () => 'no repair was cut off' },
    unfinished: {
      message: ({ run, at }) => `the repair ${run} was cut off${at === null ? '' : ` (${at})`}`,
      hint: () => ['Finish it, or take it back:', command('coven-doctor', '--fix')],
    },
    'changed-since': {
      message: ({ run, changed }) =>
        `the repair ${run} was cut off, and <coven-home>/${changed} was changed after that; the earlier files are in <coven-home>/doctor/runs/${run}/quarantine`,
      hint: ({ run }) => [
        'End that repair. The ledger stays as it is now, and nothing is deleted: a session that you miss is in the earlier files.',
        command('coven-doctor', '--fix'),
        'Where sessions are missing then, see what the earlier ledger would bring back; without --dry-run, it does so:',
        command('coven-doctor', 'rescue', '--merge', String(run), '--dry-run'),
      ],
    },
    'not-private': {
      message: ({ notOurs }) => `no repair can begin: <coven-home>/doctor is not yours alone (${notOurs})`,
      hint: () =>
        'See who owns <coven-home>/doctor and who can write there, and make it yours alone. Keep it where it is: it holds your backups.',
    },
    undetermined: {
      message: ({ unexamined }) =>
        `whether a repair was cut off could not be determined: ${unexaminedWords[String(unexamined)] ?? 'unknown'}; your backups in <coven-home>/doctor stay as they are`,
    },
  },
  needs: ['home', 'home.runs'],
  skip: withoutHome,
  judge: ({ 'home.runs': { unfinished, notOurs, unexamined } }) => {
    const changed = unfinished.find((run) => run.changed !== null);
    const first = changed ?? unfinished[0];
    const facts = {
      run: first?.id ?? null,
      at: first?.at ?? null,
      count: unfinished.length,
      notOurs,
      unexamined,
      changed: changed?.changed ?? null,
    };
    const rest = { facts, evidence: from('home.runs', facts) };
    const found = [];
    if (notOurs !== null) found.push(warn('not-private', target, rest));
    if (changed) found.push(fail('changed-since', target, rest));
    else if (first) found.push(warn('unfinished', target, rest));
    if (unexamined !== null) found.push(unknown('undetermined', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
