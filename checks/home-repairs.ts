import { withoutHome } from '../src/coven/gates.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';

const target = '<coven-home>/doctor';

/** Why what is in the folder of runs cannot be told. */
const unexaminedWords: Readonly<Record<string, string>> = {
  platform: 'without /proc, <coven-home>/doctor cannot be examined safely',
  'other-user': 'the home belongs to another user as seen from here',
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
    ok: { message: () => 'none was cut off' },
    unfinished: {
      message: ({ run, at }) => `the repair ${run} was cut off${at === null ? '' : ` (${at})`}`,
      hint: () => 'run --fix: it finishes that repair or takes it back before anything else',
    },
    'changed-since': {
      message: ({ run, changed }) =>
        `the repair ${run} was cut off, and <coven-home>/${changed} was changed after that; the files of before are in <coven-home>/doctor/runs/${run}/quarantine`,
      hint: () =>
        '`coven-doctor --fix` ends that repair and keeps the ledger as it is now; it deletes nothing, so a session that you miss is in the files of before',
    },
    'not-private': {
      message: ({ notOurs }) =>
        `<coven-home>/doctor is not the user's alone (${notOurs}); no repair will begin beside it`,
      hint: () =>
        'see who owns what is in <coven-home>/doctor and who can write there, and make it yours alone; keep it where it is, since it holds your backups',
    },
    undetermined: {
      message: ({ unexamined }) =>
        `it cannot be told whether a repair was cut off: ${unexaminedWords[String(unexamined)] ?? 'unknown'}; your backups in <coven-home>/doctor stay as they are`,
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
