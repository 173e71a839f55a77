import type { Process, Role } from '../../model/observation.ts';
import { type Html, html } from './html.ts';
import { code, moment, section, table } from './parts.ts';
import type { Subject } from './subject.ts';

const roles: Readonly<Record<Role, string>> = {
  serve: 'daemon',
  helper: 'helper of a daemon',
  run: 'coven run',
  'other-coven': 'another coven',
  harness: 'harness',
  other: 'other',
};

/** As in proc(5). */
const states: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a disk',
  Z: 'ended, not reaped',
  T: 'stopped',
  t: 'traced',
  X: 'dead',
  I: 'idle',
};

/** The processes that belong to this home, and the holders of its locks. */
export function renderProcesses({ seen }: Subject): Html {
  const { processes, 'home.locks': locks, machine } = seen;
  const limits = [
    ...(processes && !processes.complete ? ['Not every process could be looked at.'] : []),
    ...(machine && !machine.seesEveryProcess ? ['Processes or locks of this machine may be hidden.'] : []),
  ];
  return section(
    'processes',
    'Processes and locks',
    limits.length > 0 ? html`<p class="note">${limits.join(' ')}</p>` : null,
    processes
      ? processes.list.length > 0
        ? table(
            'Processes of this home',
            ['Process', 'Role', 'State', 'Started (UTC)', 'Belongs to', 'Signs'],
            processes.list.map((process) => [
              html`<strong>${process.pid}</strong> ${code(process.command, 60)}`,
              roles[process.role] ?? String(process.role),
              states[process.state] ?? code(process.state, 10),
              moment(process.startedAt),
              belonging(process),
              signs(process).join(', ') || '–',
            ]),
          )
        : html`<p>No process belongs to this home.</p>`
      : html`<p>The processes could not be listed.</p>`,
    locks
      ? table(
          'Locks',
          ['Lock', 'Held by'],
          locks.files.map(({ name, holders }) => [
            code(name, 80),
            holders.length === 0
              ? locks.method === 'none'
                ? 'cannot be seen here'
                : 'no visible process'
              : holders
                  .map(
                    ({ pid, exclusive }) =>
                      `${pid === 0 ? 'a hidden process' : pid} (${exclusive ? 'exclusive' : 'shared'})`,
                  )
                  .join(', '),
          ]),
        )
      : html`<p>The locks could not be looked at.</p>`,
    locks?.ledgerWriter
      ? html`<p class="note">Process ${locks.ledgerWriter.pid} held the ledger’s write lock for all of ${locks.ledgerWriter.watchedMs} ms.</p>`
      : null,
  );
}

const belonging = ({ ownerPid, sessionId, standalone, ppid }: Process): Html =>
  html`${ownerPid === null ? `parent ${ppid}` : `owner ${ownerPid}`}${sessionId === null ? null : html`, session ${code(sessionId, 40)}`}${standalone ? ', by itself' : null}`;

function signs(process: Process): readonly string[] {
  return [
    ...(process.listening ? ['listens on a socket of the home'] : []),
    ...(process.ledgerOpen ? ['has the ledger open'] : []),
    ...(process.deadTerminal ? ['its terminal is gone'] : []),
    ...(process.sessionLeader ? ['leads its session'] : []),
    ...(process.home === 'other' ? ['names another home'] : []),
    ...(process.home === 'unreadable' ? ['its environment may not be read'] : []),
    ...(process.own ? ['the doctor, or above it'] : []),
  ];
}
