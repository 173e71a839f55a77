import { harnessChecks, harnesses } from '../../checks/harnesses.ts';
import { installBinaries } from '../../checks/install-binaries.ts';
import { type Changes, runningRow } from '../../fixtures/seen.ts';
import type { Install } from '../../src/model/observation.ts';
import { judges } from './table.ts';

const coven = { path: '/usr/bin/coven', target: '/opt/coven', version: '0.4.6', ours: false };
const launcher = {
  path: '/home/ada/.local/bin/coven',
  target: '/home/ada/.local/bin/coven',
  version: null,
  ours: true,
  launcher: true,
};
const covens = (...list: Install['covens']): Changes => ({ install: { covens: list } });
judges(installBinaries, [
  ['one', {}, ['pass ok']],
  ['none', covens(), ['skipped no-coven']],
  ['one by two paths', covens(coven, { ...coven, path: '/bin/coven' }), ['pass ok']],
  ['another behind it', covens(coven, { ...coven, path: '/bin/coven', target: '/old/coven' }), ['warn shadowed']],
  [
    'another without a version behind it',
    covens(coven, { ...coven, path: '/bin/coven', target: '/old/coven', version: null }),
    ['warn shadowed'],
  ],
  ['a launcher of ours before it', covens(launcher, coven), ['pass ok']],
  ['a launcher of ours, and no Coven', covens(launcher), ['pass ok']],
  ['a launcher of ours behind it', covens(coven, launcher), ['warn shadowed']],
  [
    'a launcher before two',
    covens(launcher, coven, { ...coven, path: '/bin/coven', target: '/old/coven' }),
    ['warn shadowed'],
  ],
  [
    'a link to nothing before it, which is passed over',
    { install: { covens: [coven], broken: [{ path: '/opt/bin/coven', why: 'dangling' }] } },
    ['warn broken'],
  ],
  [
    'a link to nothing, and no Coven behind it',
    { install: { covens: [], broken: [{ path: '/opt/bin/coven', why: 'dangling' }] } },
    ['fail broken'],
  ],
  [
    'one of another processor beside it',
    { install: { covens: [coven], broken: [{ path: '/opt/bin/coven', why: 'architecture' }] } },
    ['fail broken'],
  ],
  [
    'a launcher whose coven-doctor is gone',
    { install: { covens: [launcher], broken: [{ path: launcher.path, why: 'no-doctor' }] } },
    ['fail broken'],
  ],
]);

const [codex] = harnessChecks;
if (codex) {
  const absent: Changes = { install: { harnesses: [{ id: 'codex', path: null }] } };
  const byDaemon = (harnesses: readonly string[]): Changes => ({ 'daemon.process': { harnesses } });
  const configured = (name: string) => ({ name, kind: 'file', problem: null }) as never;
  const adapters: Changes = {
    'home.config': { files: [configured('privacy.toml'), configured('adapters/mine.json')] },
  };
  const blocked = (isOther: boolean): Changes => ({
    install: {
      harnesses: [
        { id: 'codex', path: null, blocked: { path: '/opt/codex', why: 'noexec' } },
        { id: 'claude', path: isOther ? '/usr/bin/claude' : null },
      ],
    },
  });
  const open = (row: object): Changes => ({ ...absent, 'store.sessions': { open: [{ ...runningRow, ...row }] } });
  judges(codex, [
    ['on PATH', {}, ['pass ok']],
    ['not there, and not needed', absent, ['skipped absent']],
    ['not there, and needed', open({}), ['warn absent']],
    ['there, and cannot be run, beside another', blocked(true), ['warn blocked']],
    ['there, and cannot be run, as the only one', blocked(false), ['fail blocked']],
    [
      'there, and a session needs it, and it cannot be run',
      { ...blocked(true), 'store.sessions': { open: [runningRow] } },
      ['fail blocked'],
    ],
    [
      'there, and cannot be run, and the rows cannot be read',
      { ...blocked(true), 'store.sessions': { outcome: 'failed' } },
      ['warn blocked'],
    ],
    ['not there, and another is needed', open({ harness: 'claude' }), ['skipped absent']],
    ['not there, and an external session names it', open({ external: true }), ['skipped absent']],
    [
      'not there, and the rows cannot be read',
      { ...absent, 'store.sessions': { outcome: 'failed' } },
      ['skipped absent'],
    ],
    ['there, and the daemon finds none', byDaemon([]), ['fail not-for-daemon']],
    ['there, and the daemon finds none, and has an adapter', { ...byDaemon([]), ...adapters }, ['pass ok']],
    [
      'the same, and a session needs it',
      { ...byDaemon([]), ...adapters, 'store.sessions': { open: [runningRow] } },
      ['fail not-for-daemon'],
    ],
    ['there, and the daemon finds another, which is all that is used', byDaemon(['claude']), ['pass ok']],
    [
      'there, and the daemon finds another, and a session needs this one',
      { ...byDaemon(['claude']), 'store.sessions': { open: [runningRow] } },
      ['fail not-for-daemon'],
    ],
    [
      'there, and the daemon finds another, and an external session names it',
      { ...byDaemon(['claude']), 'store.sessions': { open: [{ ...runningRow, external: true }] } },
      ['pass ok'],
    ],
    [
      'there, and the daemon finds another, and the rows cannot be read',
      { ...byDaemon(['claude']), 'store.sessions': { outcome: 'failed', open: [runningRow] } },
      ['pass ok'],
    ],
    [
      'there, and the daemon finds it, and a session needs it',
      { ...byDaemon(['claude', 'codex']), 'store.sessions': { open: [runningRow] } },
      ['pass ok'],
    ],
    ['not there, and the daemon finds none', { ...absent, ...byDaemon([]) }, ['skipped absent']],
  ]);
}

judges(harnesses, [
  [
    'a manifest of adapters that is not there',
    { install: { manifest: { path: '/opt/mine.json', code: 'ENOENT' } } },
    ['fail no-manifest'],
  ],
  ['one of two', {}, ['pass ok']],
  [
    'none of two',
    {
      install: {
        harnesses: [
          { id: 'codex', path: null },
          { id: 'claude', path: null },
        ],
      },
    },
    ['warn none'],
  ],
  [
    'one that may be run and one that may not',
    { install: { harnesses: [{ id: 'codex', path: '/usr/bin/codex' }] } },
    ['pass ok'],
  ],
]);
