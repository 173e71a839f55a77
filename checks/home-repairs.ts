import { withoutHome } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { count, instant } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, type Seen, unknown, warn } from '../src/model/check.ts';
import { lossWords } from '../src/model/rescue-told.ts';

const target = '<coven-home>/doctor';
const ledger = '<coven-home>/coven.sqlite3';

/** Why what is in the folder of runs cannot be told. */
const unexaminedWords: Readonly<Record<string, string>> = {
  platform: 'without /proc, <coven-home>/doctor cannot be examined safely',
  'other-user': 'the home belongs to another user as seen from here',
  'too-many': '<coven-home>/doctor/runs holds more runs than are looked through',
  error: 'the system refused to read a part of <coven-home>/doctor',
};

/** Days for which a rescue that lost rows is a warning: by then, whoever reads reports has read it. Later it is told with what passed. */
const daysOfWarning = 30;

/** When and by which run the ledger in place was rescued, and what that lost. */
function rescueWords({ rescueRun: run, rescuedAt: at, rescued, ...facts }: Facts): string {
  const when = at === null ? '' : `at ${instant(at)} `;
  const counts = {
    lost: Number(facts.lost),
    uncertain: Number(facts.uncertain),
    doubts: Number(facts.doubts),
    unaccounted: Number(facts.unaccounted),
  };
  const what =
    rescued === null
      ? 'what was lost is not known, since its account is missing'
      : `${count(rescued, 'row')} came back, and ${lossWords(counts)}`;
  return `the ledger in place was rescued ${when}from a damaged one (run ${run}): ${what}`;
}

/** A repair that was cut off is finished or taken back by the next one, and by nothing else. */
export const homeRepairs = defineCheck({
  id: 'home:repairs',
  category: 'home',
  title: 'No repair was cut off, and no rescue lost rows lately',
  explain:
    'A repair writes down each step before it takes it, in <coven-home>/doctor. One that was cut off is finished or taken back by the ' +
    'next --fix, apply or undo; a diagnosis only tells of it. What others can write to there counts for nothing. A rescue keeps an account ' +
    `of what it could not bring back: that is a warning for ${daysOfWarning} days, and is told with what passed after that.`,
  causes: {
    ok: {
      message: (facts) => `no repair was cut off${facts.rescueRun === null ? '' : `; ${rescueWords(facts)}`}`,
    },
    'rescue-lost-rows': {
      message: rescueWords,
      hint: ({ incomplete }) => [
        ...(incomplete === 0 ? [] : ['See which sessions lack something:', command('coven-doctor', 'runs')]),
        'The damaged ledger is kept with that run. A backup may hold what was lost: `coven-doctor rescue --merge` with its id fills in what that run recorded as lost. See which backups there are:',
        command('coven-doctor', 'backup', 'list'),
      ],
    },
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
  needs: ['machine', 'home', 'home.runs'],
  skip: withoutHome,
  judge: ({ machine, 'home.runs': { unfinished, notOurs, unexamined, rescues } }) => {
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
    const lossy = rescues.find(isLossy);
    if (lossy && isRecent(lossy, machine)) {
      const told = rescueFacts(lossy);
      found.push(warn('rescue-lost-rows', ledger, { facts: told, evidence: from('home.runs', told) }));
    }
    if (unexamined !== null) found.push(unknown('undetermined', target, rest));
    if (found.length > 0) return found;
    const told = rescueFacts(lossy ?? rescues[0] ?? null);
    const evidence = [...rest.evidence, ...(told.rescueRun === null ? [] : from('home.runs', told))];
    return [pass(target, { facts: { ...facts, ...told }, evidence })];
  },
});

type Rescue = Seen<'home.runs'>['home.runs']['rescues'][number];

const isLossy = ({ counts }: Rescue): boolean => counts === null || counts.lost + counts.uncertain + counts.doubts > 0;

/** One whose time is not told counts as recent. */
const isRecent = ({ at }: Rescue, { now }: Seen<'machine'>['machine']): boolean =>
  !(Date.parse(now) - Date.parse(at ?? '') > daysOfWarning * 24 * 3_600_000);

const rescueFacts = (rescue: Rescue | null) => ({
  rescueRun: rescue?.id ?? null,
  rescuedAt: rescue?.at ?? null,
  rescued: rescue?.counts?.rescued ?? null,
  lost: rescue?.counts?.lost ?? null,
  uncertain: rescue?.counts?.uncertain ?? null,
  doubts: rescue?.counts?.doubts ?? null,
  unaccounted: rescue?.counts?.unaccounted ?? null,
  incomplete: rescue?.counts?.incomplete ?? null,
});
