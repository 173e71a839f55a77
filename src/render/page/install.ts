import { bytes } from '../../model/amounts.ts';
import { type Html, html, type Part } from './html.ts';
import { code, facts, moment, section, table } from './parts.ts';
import type { Subject } from './subject.ts';

/** The installed Coven, the place of the home, and what could not be examined. */
export function renderInstall(subject: Subject): Html {
  const { install } = subject.seen;
  return html`${section(
    'install',
    'Installed',
    install
      ? [
          install.covens.length > 0
            ? table(
                'Every coven on PATH, the first one found first',
                ['Path', 'Leads to', 'Version', 'Of'],
                install.covens.map(({ path, target, version, ours }) => [
                  code(path, 200),
                  code(target, 200),
                  version === null ? 'not known' : code(version, 40),
                  ours ? 'coven-doctor' : version === null ? 'not known' : 'Coven',
                ]),
              )
            : html`<p>There is no <samp>coven</samp> on PATH.</p>`,
          table(
            'Harnesses',
            ['Harness', 'Found at'],
            install.harnesses.map(({ id, path, blocked }) => [
              code(id, 40),
              path === null ? (blocked ? 'cannot be run' : 'not on PATH') : code(path, 200),
            ]),
          ),
        ]
      : html`<p>What is installed could not be looked at.</p>`,
    facts(place(subject)),
  )}${blindness(subject)}`;
}

function place({ seen }: Subject): readonly (readonly [string, Part])[] {
  const { machine, home, 'home.filesystem': filesystem, 'daemon.health': health, 'daemon.record': record } = seen;
  const { 'store.open': store, 'store.files': files } = seen;
  const body = health?.body;
  const joined = (...parts: readonly (string | null | false | undefined)[]): string =>
    parts.filter((part) => typeof part === 'string').join(', ');
  return [
    ['System', machine?.platform ?? null],
    ['User', machine ? `uid ${machine.uid}` : null],
    ['Mode of the home', typeof home?.mode === 'number' ? code(home.mode.toString(8).padStart(4, '0')) : null],
    [
      'File system',
      filesystem
        ? joined(
            filesystem.type,
            filesystem.readOnly && 'read-only',
            filesystem.network && 'on the network',
            filesystem.inMemory && 'in memory',
            filesystem.syncedBy && `synchronised by ${filesystem.syncedBy}`,
          )
        : null,
    ],
    ['Daemon’s health', health ? (health.outcome === 'not-asked' ? 'skipped: no daemon runs' : health.outcome) : null],
    ['Daemon’s version', body ? joined(body.covenVersion, body.apiVersion) : null],
    ['Daemon since (UTC)', body ? moment(body.startedAt) : null],
    ['Daemon’s storage', body?.storageStatus ?? null],
    ['daemon.json', record ? joined(record.state, record.pid !== null && `pid ${record.pid}`) : null],
    ['Ledger', store ? joined(store.outcome, store.way && `read by ${store.way}`, store.code) : null],
    ['Size of the ledger', files ? `${bytes(files.main.size)}, and ${bytes(files.wal.size)} of WAL` : null],
  ];
}

function blindness({ blind }: Subject): Html | null {
  if (blind.length === 0) return null;
  return section(
    'blind',
    'What could not be seen',
    table(
      'Looks that failed',
      ['Look', 'Reason', 'In words'],
      blind.map(({ key, code: reason, message }) => [code(key), code(reason, 80), code(message)]),
    ),
  );
}
