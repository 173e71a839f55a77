import { describe, expect, it } from 'vitest';
import {
  ago,
  body,
  type Changes,
  changed,
  daemonProcess,
  healthy,
  hour,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import { ageSeconds, judgeLiveness } from '../../src/coven/liveness.ts';
import type { Observations, Process } from '../../src/model/observation.ts';

const lockedBy = (...holders: readonly { readonly pid: number; readonly exclusive: boolean }[]): Changes => ({
  'home.locks': {
    files: [
      { name: 'state.lock', holders: [{ pid: 9, exclusive: true }] },
      { name: 'daemon-serve.lock', holders },
      { name: 'daemon.lock', holders: [{ pid: 8, exclusive: true }] },
    ],
  },
});
const unlocked = lockedBy();
const processes = (...list: readonly Process[]): Changes => ({ processes: { list } });
const unanswered = (outcome: Observations['daemon.health']['outcome']): Changes => ({
  'daemon.health': { outcome, body: null },
});
const recorded = (more: Partial<Observations['daemon.record']>): Changes => ({
  'daemon.record': { ...healthy['daemon.record'], ...more },
});
const gone: Changes = {
  ...unanswered('unreachable'),
  'daemon.socket': { kind: 'absent', mode: null, uid: null, connect: 'absent' },
};
const accepts: Changes = { 'daemon.socket': { ...healthy['daemon.socket'] } };
const answers: Changes = { 'daemon.health': { ...healthy['daemon.health'], ...body({ pid: null })['daemon.health'] } };
const elsewhere: Changes = { machine: { seesEveryProcess: false } };
const inner: Process = { ...daemonProcess, innerPid: 7 };

/** The verdict, who the daemon is, what proves it, what became of the recorded pid, and what disagrees. */
type Said = `${string} ${number | 'nobody'} ${string} ${string}${'' | ` but ${string}`}`;

const rows: readonly (readonly [what: string, base: Observations, seen: Changes, said: Said])[] = [
  ['it holds the lock and answers', healthy, {}, 'running 4242 serve-lock live'],
  [
    'one that was started for this path and serves another folder',
    healthy,
    { ...unlocked, ...gone, ...processes({ ...daemonProcess, elsewhere: { folder: '/moved', why: 'moved' } }) },
    'elsewhere 4242 process live',
  ],
  [
    'beside such a one',
    healthy,
    processes({ ...daemonProcess, pid: 5000, elsewhere: { folder: '/moved', why: 'moved' } }, daemonProcess),
    'running 4242 serve-lock live',
  ],
  ['beside others', healthy, processes(stranger, daemonProcess), 'running 4242 serve-lock live'],
  [
    'a shared holder before it',
    healthy,
    lockedBy({ pid: 1, exclusive: false }, { pid: 4242, exclusive: true }),
    'running 4242 serve-lock live',
  ],
  [
    'another process took up the connection',
    healthy,
    { 'daemon.socket': { acceptedBy: 99 } },
    'foreign 4242 serve-lock live but listener',
  ],
  ['it took it up itself', healthy, { 'daemon.socket': { acceptedBy: 4242 } }, 'running 4242 serve-lock live'],
  [
    'by its own number in its container',
    healthy,
    { ...processes(inner), 'daemon.socket': { acceptedBy: 7 } },
    'running 4242 serve-lock live',
  ],
  ['nobody was seen to', healthy, { 'daemon.socket': { acceptedBy: null } }, 'running 4242 serve-lock live'],
  ['no record', healthy, recorded({ state: 'absent', pid: null }), 'running 4242 serve-lock none'],
  [
    'a record that cannot be read',
    healthy,
    recorded({ state: 'too-large', pid: null }),
    'running 4242 serve-lock none',
  ],
  ['a record without a pid', healthy, recorded({ pid: null }), 'running 4242 serve-lock none but record'],
  ['a record of another process', healthy, recorded({ pid: 5 }), 'running 4242 serve-lock dead but record'],
  ['a record of pid 0', healthy, recorded({ pid: 0 }), 'running 4242 serve-lock reused but record'],
  [
    'it answers by its number in a container',
    healthy,
    { ...body({ pid: 7 }), ...processes(stranger, inner) },
    'running 4242 serve-lock live',
  ],
  [
    'another process has that number there',
    healthy,
    { ...body({ pid: 7 }), ...processes(daemonProcess, { ...stranger, innerPid: 7 }) },
    'duplicate 4242 serve-lock live but health',
  ],
  [
    'a record of its number in a container',
    healthy,
    { ...recorded({ pid: 7 }), ...processes(inner) },
    'running 4242 serve-lock live',
  ],
  ['an answer of a process that is not seen', healthy, body({ pid: 5 }), 'duplicate 4242 serve-lock live but health'],
  ['an answer without a pid', healthy, body({ pid: null }), 'duplicate 4242 serve-lock live but health'],
  ['an answer without a contract', healthy, body({ apiVersion: null }), 'running 4242 serve-lock live'],
  [
    'an answer without a contract that names another process',
    healthy,
    body({ apiVersion: null, pid: 5 }),
    'running 4242 serve-lock live',
  ],
  ['an answer without a pid, and no lock', stopped, { ...answers, ...accepts }, 'foreign nobody socket none but lock'],
  [
    'the lock is held from elsewhere, and who took up the connection is seen here',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), 'daemon.socket': { acceptedBy: 99 } },
    'running 4242 serve-lock live',
  ],
  [
    'an error that names a contract',
    healthy,
    { 'daemon.health': { outcome: 'error-response' } },
    'running 4242 serve-lock live',
  ],
  [
    'the lock is held from elsewhere, and it answers',
    healthy,
    lockedBy({ pid: 0, exclusive: true }),
    'running 4242 serve-lock live',
  ],
  [
    'the same, and the pid of the answer is not to be seen',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), ...processes(), ...elsewhere },
    'running nobody serve-lock live',
  ],
  [
    'the same, and a process of that number is no daemon',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), ...processes({ ...stranger, pid: 4242 }), ...elsewhere },
    'running nobody serve-lock live',
  ],
  [
    'the same, and a daemon of another home has that number',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), ...processes({ ...daemonProcess, home: 'other' }), ...elsewhere },
    'running nobody serve-lock live',
  ],
  [
    'the same, and it is seen beside others',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), ...processes(stranger, daemonProcess), ...elsewhere },
    'running 4242 serve-lock live',
  ],
  [
    'the lock is held from elsewhere, and a record is of nobody here',
    healthy,
    { ...lockedBy({ pid: 0, exclusive: true }), ...processes(), ...recorded({ startedAt: ago(9) }), ...elsewhere },
    'running nobody serve-lock dead',
  ],
  ['its socket is gone', healthy, gone, 'unreachable 4242 serve-lock live'],
  ['its socket is gone, and it is not seen', healthy, { ...gone, ...processes() }, 'unreachable 4242 serve-lock live'],
  ['it does not answer', healthy, unanswered('no-bytes'), 'hung 4242 serve-lock live'],
  [
    'its queue is full',
    healthy,
    { ...unanswered('unreachable'), 'daemon.socket': { connect: 'full' } },
    'hung 4242 serve-lock live',
  ],
  [
    'another listens where it holds the lock',
    healthy,
    {
      ...unanswered('no-bytes'),
      ...processes({ ...daemonProcess, listening: false }, { ...stranger, listening: true }),
    },
    'foreign 4242 serve-lock live but listener',
  ],
  [
    'it listens, and another does, too',
    healthy,
    { ...unanswered('no-bytes'), ...processes(daemonProcess, { ...stranger, listening: true }) },
    'hung 4242 serve-lock live',
  ],
  [
    'nobody is seen to listen',
    healthy,
    { ...unanswered('no-bytes'), ...processes({ ...daemonProcess, listening: false }) },
    'hung 4242 serve-lock live',
  ],

  ['it answers and holds no lock', healthy, unlocked, 'running 4242 socket live but lock'],
  [
    'a stranger answers',
    healthy,
    { ...unlocked, ...body({ pid: 77 }), ...processes(stranger) },
    'foreign 77 socket dead but lock',
  ],
  [
    'a zombie of it',
    healthy,
    { ...unlocked, ...processes({ ...daemonProcess, state: 'Z' }) },
    'foreign 4242 socket zombie but lock',
  ],
  [
    'a daemon of another user',
    healthy,
    { ...unlocked, ...processes({ ...daemonProcess, uid: 0 }) },
    'foreign 4242 socket live but lock',
  ],
  [
    'a daemon of another home',
    healthy,
    { ...unlocked, ...processes({ ...daemonProcess, home: 'other' }) },
    'foreign 4242 socket reused but lock',
  ],
  [
    'an answer from another namespace',
    healthy,
    { ...unlocked, ...processes(), ...elsewhere },
    'running nobody socket live but lock',
  ],
  [
    'it accepts, and nobody is seen',
    healthy,
    { ...unlocked, ...unanswered('not-json'), ...processes() },
    'foreign nobody none dead but listener',
  ],
  [
    'it accepts, and a stranger listens',
    healthy,
    { ...unlocked, ...unanswered('not-json'), ...processes({ ...stranger, listening: true }) },
    'foreign 77 none dead but listener',
  ],
  [
    'it accepts and gives no valid answer',
    healthy,
    { ...unlocked, ...unanswered('not-json') },
    'running 4242 process live but lock',
  ],
  [
    'it accepts and says nothing',
    healthy,
    { ...unlocked, ...unanswered('no-bytes') },
    'hung 4242 process live but lock',
  ],
  [
    'it accepts, and who listens is in another namespace',
    healthy,
    { ...unlocked, ...unanswered('no-bytes'), ...processes(), ...elsewhere },
    'undetermined nobody none dead',
  ],
  [
    'it accepts, and a listener is seen in this one',
    healthy,
    { ...unlocked, ...unanswered('no-bytes'), ...processes({ ...stranger, listening: true }), ...elsewhere },
    'foreign 77 none dead but listener',
  ],
  [
    'it accepts, and no lock is to be seen',
    healthy,
    { ...unanswered('no-bytes'), 'home.locks': { method: 'none', files: [] }, ...processes() },
    'undetermined nobody none dead',
  ],
  [
    'two daemons without a lock and a socket',
    healthy,
    { ...unlocked, ...gone, ...processes(daemonProcess, { ...daemonProcess, pid: 5000, innerPid: 5000 }) },
    'unreachable 4242 process live but lock',
  ],
  ['a daemon without a lock and a socket', healthy, { ...unlocked, ...gone }, 'unreachable 4242 process live but lock'],

  ['nothing at all', stopped, {}, 'stopped nobody none none'],
  ['a record of nobody', stopped, recorded({}), 'stale nobody none dead'],
  [
    'a record of a zombie',
    stopped,
    { ...recorded({}), ...processes({ ...daemonProcess, role: 'other', state: 'Z' }) },
    'stale nobody none zombie',
  ],
  [
    'a record of a daemon in a record without a time',
    stopped,
    { ...recorded({ startedAt: null }), ...processes({ ...stranger, pid: 4242 }) },
    'stale nobody none reused',
  ],
  [
    'a record of a process without a time',
    stopped,
    { ...recorded({}), ...processes({ ...stranger, pid: 4242, startedAt: null }) },
    'stale nobody none reused',
  ],
  [
    'a record of a process that cannot be told',
    stopped,
    { ...recorded({}), ...processes({ ...stranger, pid: 4242, home: 'unreadable', startedAt: ago(2 * hour) }) },
    'undetermined 4242 none unproven',
  ],
  [
    'one that cannot be told, and what answers says of itself what the record says',
    healthy,
    { ...unlocked, ...processes({ ...stranger, pid: 4242, home: 'unreadable', startedAt: ago(2 * hour) }) },
    'foreign 4242 socket live but lock',
  ],
  [
    'one whose time says that it is another',
    stopped,
    { ...recorded({}), ...processes({ ...stranger, pid: 4242, home: 'unreadable', startedAt: ago(hour) }) },
    'stale nobody none reused',
  ],
  [
    'a record that answers for itself, from another namespace',
    stopped,
    { ...recorded({}), 'daemon.health': { ...healthy['daemon.health'] }, ...accepts, ...elsewhere },
    'running nobody socket live but lock',
  ],
  [
    'accepted from nobody',
    stopped,
    { 'daemon.socket': { ...healthy['daemon.socket'] } },
    'foreign nobody none none but listener',
  ],
];

describe('the verdict on a daemon', () => {
  for (const [what, base, seen, expected] of rows) {
    it(what, () => {
      const { verdict, pid, proof, recordedPid, disagrees } = judgeLiveness(changed(base, seen));
      const but = disagrees.length > 0 ? ` but ${disagrees.join(', ')}` : '';
      expect(`${verdict} ${pid ?? 'nobody'} ${proof} ${recordedPid}${but}`).toBe(expected);
    });
  }

  it('names who listens in the place of the daemon', () => {
    const listenerOf = (seen: Changes) => judgeLiveness(changed(healthy, seen)).listenerPid;
    const another = processes({ ...daemonProcess, listening: false }, { ...stranger, listening: true });
    expect([
      listenerOf({ 'daemon.socket': { acceptedBy: 99 } }),
      listenerOf({ ...unanswered('no-bytes'), ...another }),
      listenerOf({ ...unlocked, ...unanswered('not-json'), ...processes() }),
      listenerOf({}),
    ]).toEqual([99, 77, null, null]);
  });

  it('knows an age in seconds where both times are times', () => {
    expect([
      ageSeconds(ago(90), ago(0)),
      ageSeconds(null, ago(0)),
      ageSeconds('x', ago(0)),
      ageSeconds(ago(1), ''),
    ]).toEqual([90, null, null, null]);
  });
});
