import { homeAccess } from '../../checks/home-access.ts';
import { storeRehearsal } from '../../checks/store-rehearsal.ts';
import type { Changes } from '../../fixtures/seen.ts';
import { judges } from './table.ts';

const closed = (
  ...list: readonly {
    readonly name: string;
    readonly code: 'EACCES' | 'EPERM' | 'EROFS';
    readonly attribute?: 'append-only';
  }[]
): Changes => ({
  'home.access': { closed: list },
});
const limits = (openFiles: number | null, fileBytes: number | null): Changes => ({
  'home.access': { limits: { openFiles, fileBytes, processes: null } },
});
const gibibyte = 1024 ** 3;

judges(homeAccess, [
  ['all of it can be written', {}, ['pass ok']],
  ['attributes that nobody told', { 'home.access': { attributes: 'not-seen' } }, ['pass ok']],
  ['a ledger that may not be written', closed({ name: 'coven.sqlite3', code: 'EACCES' }), ['fail not-writable']],
  ['a ledger with an attribute', closed({ name: 'coven.sqlite3', code: 'EPERM' }), ['fail immutable']],
  ['a home with an attribute', closed({ name: '.', code: 'EPERM' }), ['fail immutable']],
  ['an append-only home', closed({ name: '.', code: 'EPERM', attribute: 'append-only' }), ['fail immutable']],
  ['a home whose mode closes it', closed({ name: '.', code: 'EACCES' }), ['pass ok']],
  ['a ledger on a mount of its own', closed({ name: 'coven.sqlite3', code: 'EROFS' }), ['fail read-only-mount']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a home of another user', { home: { uid: 0 } }, ['skip other-user']],
  [
    'a ledger on a file system that is read-only as a whole',
    { ...closed({ name: 'coven.sqlite3', code: 'EROFS' }), 'home.filesystem': { readOnly: true } },
    ['pass ok'],
  ],
  ['a whole home that is read-only', closed({ name: '.', code: 'EROFS' }), ['pass ok']],
  [
    'two ways at once',
    closed({ name: 'state.lock', code: 'EACCES' }, { name: 'coven.sqlite3', code: 'EPERM' }),
    ['fail not-writable', 'fail immutable'],
  ],
  ['as few descriptors as a daemon needs', limits(64, null), ['pass ok']],
  ['one fewer', limits(63, null), ['warn few-descriptors']],
  ['tasks for a session', { 'home.access': { tasks: { used: 92, limit: 100, by: 'user' } } }, ['pass ok']],
  ['tasks for none', { 'home.access': { tasks: { used: 93, limit: 100, by: 'control-group' } } }, ['warn few-tasks']],
  ['no pseudo terminals', { 'home.access': { terminals: 'none' } }, ['warn no-terminals']],
  ['none left', { 'home.access': { terminals: 'used-up' } }, ['warn no-terminals']],
  ['a file in the place of /dev/null', { 'home.access': { withoutNull: true } }, ['warn no-null']],
  ['no limit of descriptors', limits(null, null), ['pass ok']],
  ['room for files', limits(1024, gibibyte), ['pass ok']],
  ['no room for a ledger', limits(1024, 1024), ['fail small-files']],
]);

const rehearsed = (changes: NonNullable<Changes['store.rehearsal']>): Changes => ({ 'store.rehearsal': changes });
const opened = { outcome: 'opened', reason: null, unwritable: null, searchEmpty: false } as const;
judges(storeRehearsal, [
  ['it opened the copy', rehearsed(opened), ['pass ok']],
  ['its full-text index is empty', rehearsed({ ...opened, searchEmpty: true }), ['warn search-lost']],
  [
    'nothing can be written to it',
    rehearsed({ ...opened, unwritable: 'no' }),
    ['fail unwritable ! ledger-cannot-open'],
  ],
  ['it refused', rehearsed({ ...opened, outcome: 'refused', said: 'no' }), ['fail refused ! ledger-cannot-open']],
  ['it crashed', rehearsed({ ...opened, outcome: 'crashed', said: 'SIGSEGV' }), ['fail crashed ! ledger-cannot-open']],
  ['it did not end', rehearsed({ ...opened, outcome: 'overran' }), ['unknown slow']],
  ['there is no Coven', rehearsed({ ...opened, outcome: 'not-run', reason: 'no-coven' }), ['skipped no-coven']],
]);
