import { homeConfig } from '../../checks/home-config.ts';
import { homeDisk } from '../../checks/home-disk.ts';
import { homeFilesystem } from '../../checks/home-filesystem.ts';
import { homeLocks } from '../../checks/home-locks.ts';
import { homeMode } from '../../checks/home-mode.ts';
import { homeOwner } from '../../checks/home-owner.ts';
import { homePath } from '../../checks/home-path.ts';
import { homeRepairs } from '../../checks/home-repairs.ts';
import { homeReset } from '../../checks/home-reset.ts';
import { ago, type Changes, daemonProcess, gibibyte, hour, mebibyte, stranger } from '../../fixtures/seen.ts';
import { oddName } from '../../src/coven/home-name.ts';
import type { Entry, Process } from '../../src/model/observation.ts';
import { judges } from './table.ts';

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  kind: 'file',
  mode: 0o600,
  uid: 1000,
  size: 1,
  links: 1,
  dev: '1',
  ino: name,
  modifiedAt: ago(hour),
  ...more,
});
const holding = (...list: readonly Entry[]) => ({ 'home.entries': { list } });

const odd = { code: 'not-expanded', part: 'variable', meant: null } as const;
const named = (path: string): Changes => ({ home: { path, odd: oddName(path) ?? undefined } });

judges(homePath, [
  ['a folder', {}, ['pass ok']],
  ['nothing yet', { home: { kind: 'absent' } }, ['pass ok']],
  ['nothing, and nothing can be made', { home: { kind: 'absent', writable: false } }, ['fail cannot-create']],
  ['a symlink', { home: { kind: 'symlink' } }, ['fail symlink']],
  ['a file', { home: { kind: 'file' } }, ['fail not-a-directory']],
  ['a name that is no UTF-8', { home: { utf8: false } }, ['fail not-utf8']],
  ['the longest path that Linux binds', { home: { socketPathBytes: 107 } }, ['pass ok']],
  ['one byte more', { home: { socketPathBytes: 108 } }, ['fail socket-path-too-long']],
  ['a tilde', named('/p/~/.coven'), ['fail not-expanded']],
  ['a name that redaction changed', { home: { path: '/p/‹text:5›/.coven', odd } }, ['fail not-expanded']],
  ['a variable', named('/p/$HOME/.coven'), ['fail not-expanded']],
  ['a line end of Windows', named('/home/ada/.coven\r'), ['fail stray-characters']],
  ['a blank before it', named('/p/ /home/ada/.coven'), ['fail stray-characters']],
  ['quotes around it', named('/p/"/home/ada/.coven"'), ['fail stray-characters']],
  ['quotes, a dollar and blanks in a name', named(`/home/Ada's $HOME 家 "x" %h/.coven`), ['pass ok']],
  [
    'the longest path that macOS binds',
    { home: { socketPathBytes: 103 }, machine: { platform: 'darwin' } },
    ['pass ok'],
  ],
  [
    'one byte more there',
    { home: { socketPathBytes: 104 }, machine: { platform: 'darwin' } },
    ['fail socket-path-too-long'],
  ],
  [
    'everything at once',
    { home: { kind: 'symlink', utf8: false, socketPathBytes: 200 } },
    ['fail not-utf8', 'fail symlink', 'fail socket-path-too-long'],
  ],
]);

judges(homeOwner, [
  ['its own user', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent', uid: null } }, ['skip no-home']],
  ['another user', { machine: { uid: 1001 } }, ['fail foreign-owner']],
  ['root', { machine: { uid: 0 } }, ['warn elevated']],
  ['an entry of root that Coven writes', holding(entry('daemon.lock', { uid: 0 })), ['fail foreign-entries']],
  ['an entry of root that it does not', holding(entry('notes', { uid: 0 })), ['warn foreign-entries']],
  ['both', holding(entry('a', { uid: 0 }), entry('state.lock', { uid: 0 })), ['fail foreign-entries']],
  ['the socket, which another check judges', holding(entry('coven.sock', { kind: 'socket', uid: 0 })), ['pass ok']],
  ['an entry that cannot be examined', { 'home.entries': { unreadable: ['keys'] } }, ['unknown undetermined']],
  [
    'a home that another user keeps to himself',
    { home: { listable: false }, machine: { uid: 1001 }, 'home.entries': { unreadable: ['.'] } },
    ['fail foreign-owner'],
  ],
  [
    'one that its own user cannot list',
    { home: { listable: false }, 'home.entries': { unreadable: ['.'] } },
    ['unknown undetermined'],
  ],
  [
    'another user, who may list it, and an entry that cannot be examined',
    { machine: { uid: 1001 }, 'home.entries': { unreadable: ['keys'] } },
    ['fail foreign-owner', 'unknown undetermined'],
  ],
]);

judges(homeMode, [
  ['0700', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a file', { home: { kind: 'file' } }, ['skip home-not-a-directory']],
  ['0720', { home: { mode: 0o720 } }, ['fail writable-by-others']],
  ['0702', { home: { mode: 0o702 } }, ['fail writable-by-others']],
  ['0750', { home: { mode: 0o750 } }, ['warn readable-by-others']],
  ['0740', { home: { mode: 0o740 } }, ['warn readable-by-others']],
  ['0710', { home: { mode: 0o710 } }, ['warn readable-by-others']],
  ['0704', { home: { mode: 0o704 } }, ['warn readable-by-others']],
  ['0701', { home: { mode: 0o701 } }, ['warn readable-by-others']],
  ['none that is known', { home: { mode: null } }, ['warn not-writable']],
  ['a lock at 0600', holding(entry('state.lock')), ['pass ok']],
  ['0500', { home: { mode: 0o500, listable: true } }, ['warn not-writable']],
  ['0300, which cannot be listed', { home: { mode: 0o300, listable: false } }, ['warn not-writable']],
  ['0555', { home: { mode: 0o555 } }, ['warn readable-by-others', 'warn not-writable']],
  ['a ledger at 0644', holding(entry('coven.sqlite3', { mode: 0o644 })), ['pass ok']],
  ['a lock at 0604', holding(entry('state.lock', { mode: 0o604 })), ['warn entry-open']],
  ['daemon.json at 0640', holding(entry('daemon.json', { mode: 0o640 })), ['warn entry-open']],
  ['keys/ at 0750', holding(entry('keys', { kind: 'directory', mode: 0o750 })), ['warn entry-open']],
  ['a key at 0644', holding(entry('keys/a.key', { mode: 0o644 })), ['warn entry-open']],
  ['a file of mobile/', holding(entry('mobile/gateway.json', { mode: 0o610 })), ['warn entry-open']],
  ['a file whose name only begins so', holding(entry('keysmith', { mode: 0o644 })), ['pass ok']],
  ['a symlink, whose mode says nothing', holding(entry('keys/a', { kind: 'symlink', mode: 0o777 })), ['pass ok']],
]);

judges(homeFilesystem, [
  ['a local disk', {}, ['pass ok']],
  ['read-only', { 'home.filesystem': { readOnly: true } }, ['fail read-only']],
  ['without sockets and links', { 'home.filesystem': { type: 'exfat' } }, ['fail unsuited']],
  ['over the network', { 'home.filesystem': { network: true } }, ['warn network']],
  ['synchronised', { 'home.filesystem': { syncedBy: 'Dropbox' } }, ['warn synced']],
  ['in memory', { 'home.filesystem': { inMemory: true } }, ['warn volatile']],
  [
    'all of it',
    { 'home.filesystem': { readOnly: true, network: true, syncedBy: 'Dropbox', inMemory: true } },
    ['fail read-only', 'warn network', 'warn synced', 'warn volatile'],
  ],
  ['where mounts cannot be seen', { machine: { platform: 'darwin' } }, ['skip no-mounts']],
]);

const disk = (freeBytes: number) => ({ 'home.disk': { freeBytes } });
const ledger = (size: number, wal: number) => ({
  main: { kind: 'file' as const, size, mode: 0o600, readable: true },
  wal: { kind: 'file' as const, size: wal, mode: 0o600, readable: true },
});
judges(homeDisk, [
  ['room', {}, ['pass ok']],
  ['below 256 MiB', disk(256 * mebibyte - 1), ['fail full']],
  ['256 MiB', disk(256 * mebibyte), ['warn low']],
  ['below 1 GiB', disk(gibibyte - 1), ['warn low']],
  ['1 GiB and room for a backup of nothing', { ...disk(gibibyte), 'store.files': ledger(0, 0) }, ['pass ok']],
  [
    'twice the ledger and its WAL, and 1 GiB',
    { ...disk(gibibyte + 2 * 30 * mebibyte), 'store.files': ledger(20 * mebibyte, 10 * mebibyte) },
    ['pass ok'],
  ],
  [
    'one byte less',
    { ...disk(gibibyte + 2 * 30 * mebibyte - 1), 'store.files': ledger(20 * mebibyte, 10 * mebibyte) },
    ['warn no-room-for-backup'],
  ],
  ['999 inodes', { 'home.disk': { freeInodes: 999 } }, ['fail inodes-full']],
  ['1,000 inodes', { 'home.disk': { freeInodes: 1000 } }, ['warn inodes-low']],
  ['9,999 inodes', { 'home.disk': { freeInodes: 9999 } }, ['warn inodes-low']],
  ['10,000 inodes', { 'home.disk': { freeInodes: 10_000 } }, ['pass ok']],
  ['no limit of inodes, as on btrfs', { 'home.disk': { freeInodes: 0, totalInodes: 0 } }, ['pass ok']],
  ['one inode in all', { 'home.disk': { freeInodes: 0, totalInodes: 1 } }, ['fail inodes-full']],
  ['neither bytes nor inodes', { 'home.disk': { freeBytes: 0, freeInodes: 5 } }, ['fail full', 'fail inodes-full']],
]);

const config = (
  ...files: readonly [string, 'parsed' | 'unparsable' | 'unreadable' | 'too-large' | 'not-a-file'][]
) => ({
  'home.config': { files: files.map(([name, state]) => ({ name, state, line: null })) },
});
const repo = { called: 'web', path: '/gone' };

judges(homeConfig, [
  ['a repository that is none', { 'home.config': { reposGone: [repo] } }, ['warn repo-gone']],
  ['two of them', { 'home.config': { reposGone: [repo, repo] } }, ['warn repo-gone']],
  ['a gateway whose port is taken', { 'home.config': { gateway: 'port-taken' } }, ['fail gateway-refused']],
  [
    'a gateway whose key is open to others',
    { 'home.config': { gateway: 'state-open', gatewayFile: 'mobile/host-key.pem' } },
    ['fail gateway-refused'],
  ],
  ['no files', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a file that parses', config(['repos.toml', 'parsed']), ['pass ok']],
  ['one that does not', config(['repos.toml', 'unparsable']), ['fail unparsable']],
  ['one that is too large', config(['privacy.toml', 'too-large']), ['fail unparsable']],
  ['a folder in its place', config(['privacy.toml', 'not-a-file']), ['fail unparsable']],
  ['one that its own user may not read', config(['privacy.toml', 'unreadable']), ['fail unparsable']],
  [
    'one that another user may not read',
    { ...config(['privacy.toml', 'unreadable']), machine: { uid: 0 } },
    ['unknown undetermined'],
  ],
  [
    'a FIFO in its place, and one in that of an adapter, which nothing opens',
    {
      'home.config': {
        files: ['privacy.toml', 'adapters/a.json'].map((name) => ({
          name,
          state: 'not-a-file',
          kind: 'fifo',
          line: null,
        })),
      },
    },
    ['fail blocks', 'warn unparsable'],
  ],
  [
    'a FIFO in the place of the settings',
    {
      'home.config': {
        files: [],
        settings: { path: '/h/settings.json', state: 'not-a-file', kind: 'fifo', line: null },
      },
    },
    ['fail blocks'],
  ],
  [
    'patterns that Coven passes over, and such that hide every word',
    {
      ...config(['privacy.toml', 'parsed']),
      'home.patterns': { outcome: 'tried', count: 3, version: '0.4.6', ignored: [1, 3], hidesAll: true },
    },
    ['fail pattern-ignored', 'fail hides-all'],
  ],
  [
    'files that the installed Coven does not take',
    {
      'home.taken': {
        outcome: 'tried',
        version: '0.4.6',
        ignored: ['adapters/mine.json', 'adapters/grok.json'],
        refused: [
          { name: 'familiars.toml', said: 'no' },
          { name: 'repos.toml', said: 'no' },
        ],
      },
    },
    ['warn refused', 'fail refused', 'warn adapter-ignored'],
  ],
  [
    'an adapter that is for another program',
    { 'home.taken': { outcome: 'tried', version: '0.4.6', ignored: ['adapters/mine.json'], refused: [] } },
    ['pass ok'],
  ],
  [
    'a key that Coven does not know, and days that it takes for one',
    {
      'home.config': {
        files: [
          {
            name: 'privacy.toml',
            state: 'parsed',
            line: null,
            strange: { line: 2, near: null },
            zero: ['log_retention_days'],
          },
        ],
      },
    },
    ['warn unknown-key', 'warn zero-days'],
  ],
  ['one whose absence only its own command minds', config(['familiars.toml', 'unparsable']), ['warn unparsable']],
  [
    'settings that Coven ignores',
    { 'home.config': { files: [], settings: { path: '/h/settings.json', state: 'unparsable', line: 2 } } },
    ['warn settings-ignored'],
  ],
  [
    'settings that it takes',
    { 'home.config': { files: [], settings: { path: '/h/settings.json', state: 'parsed', line: null } } },
    ['pass ok'],
  ],
  [
    'each by itself',
    config(['a', 'unparsable'], ['b', 'parsed'], ['c', 'unreadable']),
    ['warn unparsable', 'warn unparsable'],
  ],
]);

judges(homeReset, [
  ['no marker', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a marker', holding(entry('reset-transaction.json')), ['fail interrupted']],
  ['a symlink in its place', holding(entry('reset-transaction.json', { kind: 'symlink' })), ['fail interrupted']],
  [
    'a marker that cannot be examined',
    { 'home.entries': { unreadable: ['reset-transaction.json'] } },
    ['unknown undetermined'],
  ],
  ['another file that cannot be', { 'home.entries': { unreadable: ['keys'] } }, ['pass ok']],
]);

const stoppedHolder = (state: string): Changes => ({
  'home.locks': { files: [{ name: 'state.lock', holders: [{ pid: 77, exclusive: false }] }] },
  processes: { list: [daemonProcess, { ...stranger, role: 'run', home: 'this', state }] },
});
const heldBy = (name: string, pid: number): Changes => ({
  'home.held': { held: [{ name, pid, command: 'sleep', watchedMs: 6000 }] },
});
const lostLocks = (more: Partial<Process>): Changes => ({
  processes: { list: [{ ...daemonProcess, lostLocks: ['state.lock'], ...more }] },
});

judges(homeLocks, [
  ['no lock files', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['regular ones', holding(entry('state.lock'), entry('daemon.lock')), ['pass ok']],
  ['a folder', holding(entry('state.lock', { kind: 'directory', links: 2 })), ['fail not-regular']],
  ['a second name', holding(entry('daemon.lock', { links: 2 })), ['fail linked']],
  ['another file with two names', holding(entry('notes', { links: 2 })), ['pass ok']],
  [
    'each by itself',
    holding(entry('daemon-serve.lock', { kind: 'symlink' }), entry('state.lock', { links: 3 })),
    ['fail not-regular', 'fail linked'],
  ],
  ['one that its daemon has lost', lostLocks({}), ['warn lost']],
  ['one that a run has lost', lostLocks({ role: 'run', pid: 9, innerPid: 9 }), ['warn lost']],
  ['one of a daemon that does not answer', lostLocks({ pid: 9, innerPid: 9 }), ['pass ok']],
  [
    'two files that are one, of which one is Coven’s',
    holding(entry('notes', { links: 2, ino: '9' }), entry('privacy.toml', { links: 2, ino: '9' })),
    ['fail same-file'],
  ],
  [
    'one of Coven’s and one of its owner that are one',
    holding(entry('privacy.toml', { links: 2, ino: '9' }), entry('z', { links: 2, ino: '9' })),
    ['fail same-file'],
  ],
  [
    'two of its owner that are one',
    holding(entry('notes', { links: 2, ino: '9' }), entry('z', { links: 2, ino: '9' })),
    ['pass ok'],
  ],
  [
    'two of the same number on two file systems',
    holding(entry('daemon-recovery.log', { ino: '9' }), entry('privacy.toml', { ino: '9', dev: '2' })),
    ['pass ok'],
  ],
  [
    'two folders of one number',
    holding(entry('adapters/a', { kind: 'directory', ino: '9' }), entry('keys/b', { kind: 'directory', ino: '9' })),
    ['pass ok'],
  ],
  [
    'a lock that is one with a file of Coven, which is told of the lock',
    holding(entry('privacy.toml', { links: 2, ino: '9' }), entry('state.lock', { links: 2, ino: '9' })),
    ['fail linked'],
  ],
  [
    'two files of Coven that are one',
    holding(entry('daemon-recovery.log', { links: 2, ino: '9' }), entry('privacy.toml', { links: 2, ino: '9' })),
    ['fail same-file'],
  ],
  [
    'two of the operator that are one',
    holding(entry('notes', { links: 2, ino: '9' }), entry('notes.old', { links: 2, ino: '9' })),
    ['pass ok'],
  ],
  ['a stopped `coven run`', stoppedHolder('T'), ['warn stopped-holder']],
  ['one that goes on', stoppedHolder('S'), ['pass ok']],
  ['one that another program holds', heldBy('state.lock', 77), ['fail held']],
  ['one that the daemon holds for as long as it lives', heldBy('automations-scheduler.lock', 4242), ['pass ok']],
  [
    'the same beside other processes',
    { ...heldBy('automations-scheduler.lock', 4242), processes: { list: [stranger, daemonProcess] } },
    ['pass ok'],
  ],
  ['one that it holds for a moment only', heldBy('state.lock', 4242), ['fail held']],
  ['the scheduler’s, held by another program', heldBy('automations-scheduler.lock', 77), ['fail held']],
  ...(['other', 'helper'] as const).map(
    (role) =>
      [
        `the scheduler’s, held by a process that is no daemon (${role})`,
        {
          ...heldBy('automations-scheduler.lock', 77),
          processes: { list: [daemonProcess, { ...stranger, role, home: 'this' }] },
        },
        ['fail held'],
      ] as const,
  ),
  [
    'the scheduler’s, held by the daemon of another home',
    {
      ...heldBy('automations-scheduler.lock', 77),
      processes: { list: [daemonProcess, { ...daemonProcess, pid: 77, home: 'other' }] },
    },
    ['fail held'],
  ],
]);

const cutOff = { id: 'r1', at: ago(hour), fixes: 1, changed: null };
const nothingLost = { rescued: 9, lost: 0, uncertain: 0, doubts: 0, unaccounted: 0, placeholders: 0, incomplete: 0 };
const rescue = (days: number, counts: Partial<typeof nothingLost> | null) => ({
  id: 'r2',
  at: ago(days * 24 * hour + hour),
  counts: counts && { ...nothingLost, ...counts },
});
judges(homeRepairs, [
  ['none cut off', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['one cut off', { 'home.runs': { unfinished: [cutOff] } }, ['warn unfinished']],
  [
    'one cut off, and a file of it changed since',
    { 'home.runs': { unfinished: [{ ...cutOff, changed: 'coven.sqlite3' }] } },
    ['fail changed-since'],
  ],
  ['a rescue that lost rows', { 'home.runs': { rescues: [rescue(0, { lost: 3 })] } }, ['warn rescue-lost-rows']],
  ['one that may have', { 'home.runs': { rescues: [rescue(0, { doubts: 1 })] } }, ['warn rescue-lost-rows']],
  ['one that lost nothing', { 'home.runs': { rescues: [rescue(0, {})] } }, ['pass ok']],
  ['one without an account', { 'home.runs': { rescues: [rescue(0, null)] } }, ['warn rescue-lost-rows']],
  ['one that lost rows in another month', { 'home.runs': { rescues: [rescue(31, { lost: 3 })] } }, ['pass ok']],
  [
    'one that lost nothing after one that did',
    { 'home.runs': { rescues: [rescue(0, {}), rescue(1, { lost: 3 })] } },
    ['warn rescue-lost-rows'],
  ],
  ['a folder of another user', { 'home.runs': { notOurs: 'doctor' } }, ['warn not-private']],
  ['one that cannot be examined', { 'home.runs': { unexamined: 'platform' } }, ['unknown undetermined']],
  ['both', { 'home.runs': { unfinished: [cutOff], notOurs: 'doctor' } }, ['warn not-private', 'warn unfinished']],
]);
