import { count, octal } from '../../model/amounts.ts';
import type { Facts } from '../../model/check.ts';
import { homeWord, quoted } from '../../model/shell.ts';
import type { Action, Plan, RescueCounts, Risk, Step } from '../../model/step.ts';

const at = (path: string): string => (path === '.' ? '<coven-home>' : `<coven-home>/${path}`);

type TwoValues = NonNullable<Extract<Action, { kind: 'rebuild-index' }>['values']>;

const valueWords = (values: TwoValues = []): string =>
  values.length === 0
    ? ''
    : `; these values of the tables are kept, and those of the indexes are lost, of which either may be the right one: ${values
        .map(
          ({ table, rowid, column, inTable, inIndex }) =>
            `${table} row ${rowid}, ${column}: ${inTable} in the table, ${inIndex} in the index`,
        )
        .join('; ')}`;

/** What is rescued and what is not, by table and by session. */
export function rescueWords({ rescued, lost, uncertain, doubts, ...counts }: RescueCounts): string {
  const { tables, sessions, incomplete, unplaced, unaccounted } = counts;
  const atLeast = unplaced + unaccounted > 0 ? 'at least ' : '';
  const hurt = tables.filter((table) => table.lost + table.uncertain > 0);
  const gone = (of: { readonly lost: number; readonly uncertain: number }): string =>
    [
      ...(of.lost > 0 ? [`${of.lost} lost`] : []),
      ...(of.uncertain > 0 ? [`${of.uncertain} left out as uncertain`] : []),
    ].join(' and ');
  const named = sessions.slice(0, 5).map((one) => {
    const isEmpty = one.eventless && one.lost + one.uncertain === 0;
    const what = [
      `${one.lost > 0 ? atLeast : ''}${gone(one)}`,
      ...(one.likely > 0 ? [`most likely ${one.likely} more`] : []),
      ...(one.placeholder ? ['its own row is lost'] : []),
      ...(isEmpty ? ['all of its events may be lost'] : []),
    ].filter((part) => part !== '');
    return `${one.session} (${what.join(', ')})`;
  });
  return [
    `${count(rescued, 'row')} rescued, ${lost + uncertain === 0 ? (doubts > 0 ? 'none known to be lost' : 'none lost') : `${doubts > 0 && lost > 0 ? 'at least ' : ''}${gone({ lost, uncertain })}`}`,
    ...(hurt.length > 0 ? [hurt.map((table) => `${table.table}: ${gone(table)}`).join(', ')] : []),
    ...(named.length > 0
      ? [
          `${count(incomplete, 'session is', 'sessions are')} not complete${sessions.every((one) => one.lost > 0 || one.uncertain > 0 || one.placeholder) ? '' : ', or may not be'}: ${named.join(', ')}${incomplete > 5 ? ', …' : ''}`,
        ]
      : []),
    ...(unplaced > 0 ? [`of ${count(unplaced, 'lost event')} nothing says which session they are of`] : []),
    ...(doubts > 0
      ? [`${unaccounted > 0 ? `up to ${count(unaccounted, 'more event')}` : 'more'} may be lost without a trace`]
      : []),
  ].join('; ');
}

/** What a step does, in the imperative. */
export function stepWords(action: Action): string {
  switch (action.kind) {
    case 'quarantine':
      return `move ${at(action.path)} into the quarantine of this run`;
    case 'set-mode':
      return `set the mode of ${at(action.path)} from ${octal(action.was.mode)} to ${octal(action.mode)}`;
    case 'set-owner':
      return `give ${at(action.path)} from uid ${action.was.uid} to uid ${action.uid}`;
    case 'checkpoint':
      return 'replace the ledger by a copy that also holds what is in its WAL';
    case 'rebuild-index':
      return `replace the ledger by a copy whose indexes are rebuilt from their tables (${action.index})${valueWords(action.values)}`;
    case 'rebuild-search':
      return 'replace the ledger by a copy whose full-text index is rebuilt';
    case 'rescue-ledger':
      return `put a rescued ledger in the place of the damaged one, which is kept: ${rescueWords(action.counts)}`;
    case 'start-daemon':
      return 'start the daemon, and verify its health, contract and capabilities';
    case 'put-back':
      return `move ${at(action.path)} back from the quarantine of run ${action.run}`;
    case 'swap-ledger':
      return `put the ledger of run ${action.run} in the place of ${at(action.path ?? 'coven.sqlite3')}, which goes to the quarantine of this run`;
    case 'place':
      return `put ${at(action.path)} of run ${action.run} back, and move what is there now into the quarantine of this run`;
    case 'restart-daemon':
      return 'restart the daemon, and verify its health, contract and capabilities';
    case 'continue-process':
      return `let pid ${action.process.pid} continue (SIGCONT)`;
    case 'end-process':
      return `end pid ${action.process.pid} (SIGTERM${action.kill ? ', then SIGKILL' : ''})`;
    case 'remove-backup':
      return `remove the backup of run ${action.run}`;
  }
}

/** How a step is undone, or that it cannot be. */
export function undoWords({ action, undo }: Pick<Step, 'action' | 'undo'>): string {
  if (undo === 'none') {
    if (action.kind === 'remove-backup') return 'cannot be undone: it is gone for good';
    return 'cannot be undone: what Coven does after that stays';
  }
  switch (action.kind) {
    case 'quarantine':
      return 'undo moves it back';
    case 'set-mode':
      return `undo sets ${octal(action.was.mode)} again`;
    case 'set-owner':
      return `undo gives it back to uid ${action.was.uid}`;
    case 'place':
      return 'undo puts back what is there now';
    default:
      return 'undo puts the earlier ledger back, unless the new one was written to since';
  }
}

/** A rescue without a loss is allowed by either word. */
export const riskWords = ({ risk, action }: Pick<Step, 'risk' | 'action'>): string =>
  risk === 'disruptive' && action.kind === 'rescue-ledger'
    ? 'puts another ledger in place; needs --allow disruptive or --allow lossy'
    : risks[risk];

const risks: Readonly<Record<Risk, string>> = {
  safe: 'loses nothing and interrupts nobody',
  disruptive: 'ends or disturbs live work; needs --allow disruptive',
  lossy: 'may lose data; needs --allow lossy',
};

/** Why a finding is not repaired, and the documented way, by reason code. */
const reasons: Readonly<Record<string, (facts: Facts) => string>> = {
  'by-hand': () => 'there is no safe automatic repair; `coven-doctor` shows what to do',
  'not-read': () => 'the WAL is large and was not read; run with --deep, which copies it to do that',
  covered: ({ by }) => `fixed with ${by}`,
  'start-blocked': ({ blockers }) => `a start would fail or do harm here (${blockers}); that has to be fixed first`,
  'reset-interrupted': () => 'a reset was cut off: run that `coven reset … --apply` again, then --fix',
  'symlinked-home': () => 'the home is a symlink; name the folder itself with --home or COVEN_HOME',
  'no-home': () => 'there is no home to repair',
  'other-owner': ({ uid }) =>
    `the home belongs to uid ${uid}; run as that user, since what others make there locks it out`,
  'needs-root': ({ uid, name }) => `needs root: sudo chown -h ${uid} ${homeWord(name)}`,
  'read-only': () => 'the file system is mounted read-only',
  'no-boot-id': () =>
    'this system does not identify its boots, so a process cannot be told from a later one with its pid',
  linked: ({ name, links, count: files }) =>
    `<coven-home>/${name} has ${links} names${Number(files) > 1 ? `, and ${Number(files) - 1} more have others, too` : ''}: what is changed there would change elsewhere; see where, then do it by hand`,
  'not-seen': ({ name }) => `${name ? `<coven-home>/${name}` : 'what it is about'} could not be seen`,
  mended: () => 'it was put right while this ran; run again to see what is left',
  'daemon-alive': () => 'a live daemon may own it',
  'daemon-not-proven': () => 'it is not proven which process the daemon is',
  'not-watched': ({ pid }) => `pid ${pid} was not watched long enough to call it wedged`,
  slow: ({ pid }) => `pid ${pid} is slow, not wedged: it did something within ten seconds. Run again later`,
  'ledger-adrift': ({ pid }) =>
    `pid ${pid} writes to a ledger that was deleted or replaced beneath it, and what it has recorded would be gone with it; save that first, as store:open says`,
  traced: ({ pid }) => `pid ${pid} is held by a debugger; end that first`,
  frozen: ({ pid }) => `the control group of pid ${pid} is frozen; no signal reaches it until that is thawed`,
  'waits-for-device': ({ pid }) => `pid ${pid} waits for a device; no signal reaches it until that answers`,
  'not-runnable': ({ pid }) => `pid ${pid} is stopped: SIGTERM would not reach it; kill -CONT ${pid} first`,
  supervised: ({ unit, user }) =>
    `it runs under systemd: systemctl ${user ? '--user ' : ''}restart ${quoted(String(unit))}`,
  'ledger-damaged': () => 'the ledger is damaged; `coven-doctor rescue --dry-run` shows what can be rescued',
  'nothing-to-rescue': () => 'no row of a ledger is in it; `coven-doctor backup list` shows what can be restored',
  'cannot-rescue': ({ why }) => `what a rescue would bring back could not be told: ${why}`,
  'ledger-in-use': () => 'a process may have the ledger open: coven daemon stop, then --fix again',
  'no-old-backups': () => 'there is no old backup of ours to remove; make room on the file system of the home',
  'newer-writer': ({ writer }) => `the ledger was written by a newer SQLite (${writer}) than this program has`,
  'indexes-not-compared': () => 'the entries of the indexes could not be held against their tables; run again',
  'index-holds-lost-rows': ({ rows }) =>
    `the index holds ${count(Number(rows), 'entry', 'entries')} of rows that the table lost, and rebuilding it would end them`,
  'index-not-named': () => 'SQLite does not name the index',
  'not-provably-left': () => 'none of these is proven to be a harness that was left over; look at each yourself',
};

export const refusalWords = (reason: string, facts: Facts): string => reasons[reason]?.(facts) ?? reason;

/** What a start or restart does to running sessions; empty if none is running. */
export function liveWords({ daemonSessions, runSessions }: Plan['live']): readonly string[] {
  const named = (ids: readonly string[]): string => `${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`;
  return [
    ...(daemonSessions.length > 0
      ? [`A stop or restart ends ${count(daemonSessions.length, 'live session')}: ${named(daemonSessions)}`]
      : []),
    ...(runSessions.length > 0
      ? [
          `A start calls ${count(runSessions.length, 'row')} orphaned that a live \`coven run\` may own: ${named(runSessions)}`,
        ]
      : []),
  ];
}
