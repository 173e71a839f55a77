import { type Advice, type CommandLine, command, shellCommand, shellLine } from '../model/advice.ts';
import type { Facts, Seen } from '../model/check.ts';
import { homeWord } from '../model/shell.ts';
import { names } from './layout.ts';
import { isResetCutOff, obstacles, type Way } from './obstacles.ts';

/** Commands of Coven that hints advise. What is in their way is a fact of every finding, told by the ids of checks. */
const commands = {
  start: command('coven', 'daemon', 'start'),
  restart: command('coven', 'daemon', 'restart'),
  stop: command('coven', 'daemon', 'stop'),
  vacuum: command('coven', 'vacuum'),
} as const satisfies Readonly<Record<Way, CommandLine>>;

/**
 * The command alone where nothing is in its way; else what is to be done before, in words: what is known to fail is not
 * offered to be pasted. `own` is the check whose hint this is: what it names itself is done by then.
 */
export function toRun(name: Way, facts: Facts, own?: string): Advice {
  const others = obstacles(name, facts).filter(({ id }) => id !== own);
  if (others.length === 0) return [commands[name]];
  const then = `run \`${shellLine(commands[name])}\`.`;
  const places = [...new Set(others.flatMap(({ places }) => places))].map((id) => `\`${id}\``);
  const untold = others.filter(({ places }) => places.length === 0);
  const first = places.length > 0 ? `what ${places.join(' and ')} ${places.length > 1 ? 'say' : 'says'}` : '';
  if (untold.length === 0) return [`First do ${first}, then ${then}`];
  return [
    `First do ${first === '' ? 'what this says' : `${first}, and what this says`}:`,
    ...untold.map(({ id }) => command('coven-doctor', ...(isFamily(id) ? ['--only', id] : ['explain', id]))),
    `Then ${then}`,
  ];
}

/** `store` is every check of the ledger, where none of them was asked. */
const isFamily = (id: string): boolean => id === 'store';

/** Whether nothing is known to be in the way of a command. */
export const works = (name: Way, facts: Facts): boolean => obstacles(name, facts).length === 0;

/** A restart where a daemon can be told to stop, else the way by hand, which ends its sessions too. */
export function toRestart(facts: Facts): Advice {
  if (works('restart', facts)) return [commands.restart];
  const answer = ['daemon:health', 'daemon:contract', 'daemon:capabilities'];
  const own = obstacles('restart', facts).find(({ id }) => answer.includes(id))?.id;
  if (own === undefined || isAdrift(facts)) return toRun('restart', facts);
  return [
    'Coven’s own stop and restart refuse here. End the daemon, then start it again:',
    ...endDaemon(facts.daemonPid, facts),
    ...toRun('start', facts, own),
  ];
}

export const finishReset: Advice = [
  'The reset has moved it, and puts it where it belongs when you run that `coven reset … --apply` again.',
];

/** Whether the daemon writes to a ledger that is not at its path: nothing else of the ledger is in the way of a stop. */
export const isAdrift = (facts: Facts): boolean => obstacles('stop', facts).some(({ id }) => id === 'store:open');

const saveFirst = (facts: Facts): Advice =>
  obstacles('stop', facts).some(({ places }) => places.includes('store:open'))
    ? ['First do what `store:open` says: rows that only this daemon has open are gone when it ends.']
    : [
        'First save the rows that only this daemon has open. This tells how:',
        command('coven-doctor', '--only', 'store:open'),
      ];

/**
 * Ends a daemon by its number, and waits five seconds for its end: a start right behind the signal finds a daemon that is still
 * there, and refuses. In words where the number is not known, and where its end would be that of rows, which are saved before.
 */
export const endDaemon = (pid: unknown, facts: Facts): Advice =>
  isAdrift(facts)
    ? saveFirst(facts)
    : pid == null
      ? ['End the daemon where it runs.']
      : [
          shellCommand(
            `kill -TERM ${pid} && for i in 1 2 3 4 5; do kill -0 ${pid} 2>/dev/null || break; sleep 1; done`,
          ),
        ];

/** Stopping the daemon as the first part of an advice; nothing where none runs. */
export function stopFirst(facts: Facts): Advice {
  if (facts.daemonVerdict === 'stopped' || facts.daemonVerdict === 'stale') return [];
  return works('stop', facts) ? ['Stop the daemon first:', commands.stop] : toRun('stop', facts);
}

/**
 * Takes the name of another home's socket away, and the record that was copied with it. That daemon stays as it is. A daemon of this
 * home that lives without its socket is told by the next report.
 */
export const dropName = (facts: Facts): Advice => [
  'Leave that daemon alone: it is well, and its sessions are of that home. Move the name out of this one:',
  command('mv', '<coven-home>/coven.sock', '<coven-home>/coven.sock.aside'),
  ...(facts.recordPid === facts.listenerPid && facts.recordPid != null
    ? [command('mv', '<coven-home>/daemon.json', '<coven-home>/daemon.json.aside')]
    : []),
  ...(facts.pid != null && facts.pid !== facts.listenerPid
    ? ['Then check again:', command('coven-doctor')]
    : toRun('start', facts, 'daemon:socket')),
];

/** Coven takes any process of the recorded number for a live daemon; without the record, its start works. */
export const moveRecord = (facts: Facts): Advice => [
  command('mv', '<coven-home>/daemon.json', '<coven-home>/daemon.json.aside'),
  ...toRun('start', facts, 'daemon:record'),
];

/** What to do before anything is tried on a ledger that is damaged. */
export const preserve = (facts: Facts): Advice => [
  ...stopFirst(facts),
  'Keep a copy of the home before anything else is tried:',
  command('cp', '-a', '<coven-home>', '<coven-home>.copy'),
];

/** What gets rows back out of a damaged ledger, whatever else is done: it reads the files, and changes nothing. */
export const seeRescue: Advice = [
  'See what can be rescued (the damaged ledger is not touched):',
  command('coven-doctor', 'rescue', '--dry-run'),
];

/** What to do where the main file is gone or empty: rows may be in the WAL beside it. */
export function putLedgerBack(facts: Facts): Advice {
  if (isResetCutOff(facts)) return finishReset;
  return Number(facts.walBytes) > 0
    ? [
        'Do not run any coven command.',
        ...preserve(facts),
        'Then move the WAL to where no command deletes it. It exits with 1 all the same, since the ledger is still gone:',
        command('coven-doctor', '--fix'),
      ]
    : [
        'Restore the ledger from a backup before a daemon starts: a start makes an empty one. These are the backups:',
        command('coven-doctor', 'backup', 'list'),
      ];
}

/**
 * The first command that opens such a ledger beside a WAL writes the WAL into the damaged file, deletes it, and then fails (seen
 * with `coven sessions` of Coven 0.4.6). Without a WAL the commands that were tried fail and leave the file as it is; nobody tried
 * them all.
 */
const doNotRun = ({ walBytes }: Facts): Advice => [
  Number(walBytes) > 0
    ? 'Do not run any coven command: it would write the WAL into the damaged file, and delete it.'
    : 'Do not run any coven command: opening the ledger can make it worse.',
];

/** What to do with a ledger that SQLite does not take. */
export const keepDamaged = (facts: Facts): Advice => [...doNotRun(facts), ...preserve(facts), ...seeRescue];

/** A restart where a daemon runs, else a start: either has the PATH of today. */
export const serveAnew = (facts: Facts): Advice =>
  facts.daemonVerdict === 'running' ? toRestart(facts) : toRun('start', facts);

/** Why a daemon that gives no answer may only be slow. */
export const atWork = ({ cpuMs, log, runnable, lateMs, watchedMs, state }: Facts): string => {
  if (runnable) return `it runs, or waits for a processor or a disk (${cpuMs} ms of processor time)`;
  if (Number(cpuMs) >= 100) return `it used ${cpuMs} ms of processor time`;
  if (log) return 'it writes its log';
  if (Number(lateMs) >= 1000)
    return `this machine let the check itself wait for ${Math.round(Number(lateMs) / 1000)} s`;
  return state === null
    ? 'its process could not be watched'
    : `it was watched for ${Math.round(Number(watchedMs ?? 0) / 1000)} s alone`;
};

/**
 * Copies a ledger that was deleted beneath the process that has it open out of that process. It is paused meanwhile: nobody else
 * writes to that ledger, so that main file and WAL are of one moment.
 */
function saveAdrift({ adriftPid: pid, mainFd, walFd }: Facts): Advice {
  const folder = `${homeWord()}.saved-${pid}`;
  const copy = (fd: unknown, name: string): string => `cp /proc/${pid}/fd/${fd} ${folder}/${name}`;
  const copies = [copy(mainFd, names.ledger), ...(walFd == null ? [] : [copy(walFd, names.wal)])].join('; ');
  return [
    shellCommand(`mkdir -m 700 ${folder} && kill -STOP ${pid} && { ${copies}; kill -CONT ${pid}; }`),
    'See what the copy holds:',
    command('coven-doctor', 'rescue', '--from', savedFolder(pid), '--dry-run'),
  ];
}

/** Adds what only the copy has to the ledger of the home. */
const addSaved = ({ adriftPid: pid }: Facts): CommandLine =>
  command('coven-doctor', 'rescue', '--merge', savedFolder(pid));

const savedFolder = (pid: unknown): string => `<coven-home>.saved-${pid}`;

/** What to do about a process whose ledger was deleted or replaced: what it has recorded is gone when it ends. */
export const leaveAdrift = (facts: Facts): Advice => [
  `Do not ${facts.adriftRole === 'run' ? 'end it' : 'stop or restart it'}: what it has recorded is gone when it ends. Copy that first (the process is paused meanwhile):`,
  ...saveAdrift(facts),
  ...(facts.adriftRole === 'run'
    ? ['When it has ended, and with the daemon stopped, add to the ledger what is only in the copy:', addSaved(facts)]
    : [
        'What it records from now on is in no ledger of this home. When no session that you need is running, stop it, and add to the ledger what is only in the copy:',
        ...toRun('stop', facts, 'store:open'),
        addSaved(facts),
        command('coven', 'daemon', 'start'),
      ]),
];

/** Who reads the ledger without an end, as the end of a sentence. */
export const readersOf = ({ readers }: Facts): string =>
  readers
    ? `; ${readers} ${String(readers).includes(',') ? 'read' : 'reads'} it all the time, so that the WAL cannot be written back whole`
    : '';

export const endReaders = ({ readerPids }: Facts): Advice =>
  readerPids
    ? [
        'Find out what it is, and let it finish, or end it. Coven then writes the WAL back by itself:',
        command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(readerPids)),
      ]
    : ['End what reads the ledger without pause. Coven then writes the WAL back by itself.'];

/** The facts that both take. */
export function readerFacts(locks: Seen<'home.locks'>['home.locks'] | null): Facts {
  const readers = locks?.ledgerReaders ?? [];
  return {
    readers: readers.map(({ pid, command: name }) => `pid ${pid}${name ? ` (${name})` : ''}`).join(', '),
    readerPids: readers.map(({ pid }) => pid).join(','),
  };
}
