import { type ListedSession, type SessionState, sessionStates } from '../coven/session-states.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';
import { lossLines, type ShownLoss } from './session-losses.ts';

const meaning: Readonly<Record<SessionState, (session: ListedSession) => string>> = {
  live: () => 'its process runs',
  unowned: () => 'its process runs, and its daemon is gone',
  orphaned: ({ status }) =>
    status === 'running' ? 'its row says running, and its process is gone' : 'its process ended without a word',
  stranded: () => 'made over ten minutes ago, and never launched',
  waiting: () => 'made just now, and not launched yet',
  external: () => 'recorded by another program; Coven does not run it',
  ended: ({ status, exitCode }) => `${status}${exitCode === null ? '' : `, exit code ${exitCode}`}`,
  unknown: () => 'whether its process runs cannot be told from here',
};

/** A command as words and as a shell line. Only a live session has one that reaches its process. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly shell: string;
}

export function commandsOf({ id, state, harness, projectRoot }: ListedSession): readonly Command[] {
  const command = (...argv: string[]): Command => ({ argv, shell: argv.map(quoted).join(' ') });
  if (state === 'live') return [command('coven', 'attach', id)];
  // In a bundle, a token stands for the project.
  if (
    !projectRoot.startsWith('/') ||
    harness === '' ||
    state === 'external' ||
    state === 'unowned' ||
    state === 'unknown'
  )
    return [];
  const argv = ['coven', 'run', harness];
  return [{ argv, cwd: projectRoot, shell: `cd ${quoted(projectRoot)} && ${argv.map(quoted).join(' ')}` }];
}

/** A session that has ended is called by how it ended: `failed` says more than `ended`. */
const labelOf = ({ state, status }: Pick<ListedSession, 'state' | 'status'>): string =>
  state === 'ended' ? status : state;

const minute = (at: string): string => at.slice(0, 16).replace('T', ' ');

/** One line for each session, by state, newest first. */
export function renderSessions(sessions: readonly ListedSession[], complete: boolean, problem: string | null): string {
  const trouble = problem === null ? '' : `${harmless(problem)}: sessions may be missing.\n`;
  if (sessions.length === 0) return `${trouble}There is no session.\n`;
  const all = complete ? count(sessions.length, 'session') : `The newest ${sessions.length} sessions`;
  const rows = sessionStates.flatMap((state) => sessions.filter((session) => session.state === state));
  const counts = [...new Set(rows.map(labelOf))].map(
    (label) => `${rows.filter((row) => labelOf(row) === label).length} ${harmless(label)}`,
  );
  const width = Math.max(...rows.map((row) => labelOf(row).length));
  const lines = rows.map(({ state, id, createdAt, harness, projectRoot, ...rest }) => {
    const detail = state === 'ended' && rest.exitCode !== null ? `  (exit code ${rest.exitCode})` : '';
    return `  ${labelOf({ state, status: rest.status }).padEnd(width)}  ${id}  ${minute(createdAt)}  ${harness}  ${projectRoot}${detail}`;
  });
  return `${trouble}${all}: ${counts.join(', ')}.\n\n${lines.map(harmless).join('\n')}\n\nReplay one:\n  coven-doctor sessions show ID\n`;
}

export interface ShownReplay {
  /** Its output and input, as lines. */
  readonly text: string;
  readonly first: number | null;
  readonly last: number | null;
  readonly shown: number;
  readonly total: number | null;
  readonly next: number | null;
  readonly code: string | null;
}

/** `where` is the option that names the home or the bundle again, empty where none is needed. */
export function renderSession(
  session: ListedSession,
  replay: ShownReplay | null,
  where: string,
  losses: readonly ShownLoss[],
): string {
  const { id, state, harness, createdAt, projectRoot, title } = session;
  const head = [
    `Session ${id}: ${state} (${meaning[state](session)})`,
    ...(harness === '' ? [] : [`  ${harness}, made ${minute(createdAt)}, in ${projectRoot}`]),
    ...(title === null ? [] : [`  title: ${title}`]),
    ...lossLines(losses),
  ].map(harmless);
  const body: string[] = [];
  if (!replay) body.push('Its events are not there.');
  else {
    const of = replay.total === null ? '' : ` of ${replay.total}`;
    body.push(
      replay.shown === 0
        ? `No events here${of}.`
        : `${count(replay.shown, 'event')}${of}, seq ${replay.first} to ${replay.last}:`,
      '',
      replay.text.trimEnd(),
      '',
    );
    if (replay.code !== null)
      body.push(`The ledger could not be read whole (${harmless(replay.code)}): events may be missing.`);
    if (replay.next !== null)
      body.push('More:', `  coven-doctor sessions show ${quoted(id)}${where} --from-seq ${replay.next}`);
  }
  const commands = commandsOf(session).map(({ shell }) => `  ${shell}`);
  const offer = state === 'live' ? 'Follow it:' : 'Start it again in the same project:';
  const lines = [...head, '', ...body, ...(commands.length > 0 ? [offer, ...commands] : [])];
  return `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`;
}
