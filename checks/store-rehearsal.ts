import { preserve, toRun } from '../src/coven/advice.ts';
import { passOfRows, withoutHome } from '../src/coven/gates.ts';
import { command, shellCommand } from '../src/model/advice.ts';
import { defineCheck, type Facts, fail, from, skipped, unknown, warn } from '../src/model/check.ts';

const target = '<coven-home>/coven.sqlite3';

const coven = ({ version }: Facts): string => `Coven ${version}`;

/** Coven opens a ledger before it reads any session for a list. Source: its messages for each, tried on 0.4.6. */
const onlyLists = ({ said }: Facts): boolean => String(said).startsWith('failed to read sessions');

/** Words about a schema that this Coven does not know: a later one wrote it. */
const isNewer = ({ said }: Facts): boolean =>
  /unsupported \w{0,40} ?schema|\bnewer\b|no such (?:table|column)/i.test(String(said));

/** What is damaged or missing is refused for that, and its own check names it. */
const damage = [
  'store:open *',
  'store:wal *',
  'store:schema *',
  'sessions:automations altered',
  'store:integrity corrupt',
  'store:index *',
  'home:disk full',
];

/** The real Coven opens a copy of the ledger: whatever it would die of at a start, known or not, it says then. */
export const storeRehearsal = defineCheck({
  id: 'store:rehearsal',
  category: 'store',
  title: 'Coven opens a copy of the ledger',
  explain:
    'A daemon that refuses its ledger ends without a reason. So a private copy of the ledger is given to the Coven on PATH, which lists ' +
    'its sessions there (`coven sessions --json`) without a network, a harness, a daemon or anything of the home; then a session and an ' +
    'event are written to that copy, read back and taken back. It is done where the daemon is down and the ledger is small, with --deep, in a ' +
    'preflight, and before a repair. The original is never opened for it.',
  causes: {
    ok: {
      message: (facts) =>
        `${coven(facts)} opens a copy of this ledger${facts.written === false ? '; whether it can be written to was not tried' : ', and a session and an event can be written to it'}`,
    },
    refused: {
      message: (facts) => `${coven(facts)} refuses this ledger: ${facts.said}`,
      hint: (facts) =>
        onlyLists(facts)
          ? 'Seen with `coven sessions` on a copy: it opened the ledger and could not list the sessions. A daemon may start on it, and lists none either. Ask for support.'
          : `Seen with \`coven sessions\` on a copy: it could not open the ledger, and a start opens it the same way. ${isNewer(facts) ? 'Run the version of Coven that wrote it last, or ask for support.' : 'Ask for support.'}`,
      follows: damage,
    },
    crashed: {
      message: (facts) => `${coven(facts)} crashes on a copy of this ledger (${facts.said})`,
      hint: preserve,
      follows: damage,
    },
    unwritable: {
      message: (facts) =>
        `${coven(facts)} opens this ledger, but no session and event can be written to it: ` +
        (facts.addition === null
          ? facts.unwritable
          : `${facts.kind === 'index' ? 'an index' : 'a trigger'} on ${facts.table} that Coven did not make is in their way`),
      hint: (facts) =>
        facts.addition === null
          ? preserve(facts)
          : [
              ...preserve(facts),
              'This shows it (it takes the `sqlite3` shell):',
              command(
                'sqlite3',
                '<coven-home>/coven.sqlite3',
                `SELECT name, sql FROM sqlite_schema WHERE rowid = ${facts.addition}`,
              ),
              `Then remove it there by its name, with \`DROP ${String(facts.kind).toUpperCase()}\`; it stays in that copy.`,
            ],
      follows: damage,
    },
    'search-lost': {
      message: (facts) =>
        `the full-text index is gone: ${coven(facts)} makes an empty one, in which no search finds the events of before`,
      hint: (facts) => ['Build the index again:', ...toRun('vacuum', facts)],
      follows: damage,
    },
    mute: {
      message: () =>
        'the first `coven` on PATH ends well without a word, whatever it is told: it is no Coven, and starts no daemon',
      hint: () => [
        'This shows which one that is. Move it away, or install Coven anew:',
        shellCommand('command -v coven'),
      ],
    },
    slow: {
      message: (facts) => `${coven(facts)} did not open a copy of this ledger in the time allowed`,
      hint: () => 'Run it again with --deep, which allows more time.',
    },
    'ledger-damaged': {
      message: () => 'skipped: the ledger is damaged, and that Coven opens a copy says nothing about the rest',
    },
    'no-ledger': { message: () => 'skipped: there is no ledger to read' },
    'ledger-not-opened': { message: () => 'skipped: the ledger is no regular file' },
    'no-coven': { message: () => 'skipped: no Coven is on PATH but this package’s own' },
    'not-trusted': { message: () => 'skipped: others can write to the `coven` on PATH, so that it is not run' },
    'does-not-run': { message: () => 'skipped: the `coven` on PATH does not tell its version' },
    'not-understood': { message: () => 'skipped: this Coven has no `sessions --json`' },
    'daemon-answers': { message: () => 'skipped: the daemon has the ledger open (--deep asks)' },
    'other-user': { message: () => 'skipped: the ledger is another user’s' },
    'too-large': { message: () => 'skipped: the ledger is too large to be copied (--deep copies more)' },
    'no-room': { message: () => 'skipped: there is no room for a copy of the ledger' },
    moving: { message: () => 'skipped: the ledger is being written to' },
  },
  needs: ['home', 'store.rehearsal'],
  wants: ['store.bytes', 'store.integrity'],
  skip: withoutHome,
  judge: ({ 'store.rehearsal': rehearsed, ...seen }) => {
    const { outcome, reason, version, said, unwritable, searchEmpty, isolated, inTheWay, written } = rehearsed;
    const { kind = null, rowid: addition = null, table = null } = inTheWay ?? {};
    const rest = {
      facts: { version, said, unwritable, written, kind, addition, table },
      evidence: from('store.rehearsal', {
        ...{ outcome, version, said, unwritable, searchEmpty, isolated },
        ...(inTheWay && { kind, addition, table }),
      }),
    };
    const escalate = 'ledger-cannot-open';
    switch (outcome) {
      case 'not-run':
        if (reason === 'mute') return [warn('mute', '<path>', rest)];
        return [skipped(reason ?? 'does-not-run', target, { evidence: from('store.rehearsal', { outcome, reason }) })];
      case 'refused':
      case 'crashed':
        return [fail(outcome, target, { ...rest, escalate })];
      case 'overran':
        return [unknown('slow', target, rest)];
      case 'opened':
        if (unwritable !== null) return [fail('unwritable', target, { ...rest, escalate })];
        return searchEmpty ? [warn('search-lost', target, rest)] : passOfRows(seen, [], target, rest);
    }
  },
});
