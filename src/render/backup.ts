import { join } from 'node:path';
import type { Backup } from '../backup/create.ts';
import type { Listed } from '../backup/list.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { Proof } from '../backup/prove.ts';
import type { Prepared } from '../backup/restore.ts';
import { isSound } from '../backup/retention.ts';
import { names } from '../coven/layout.ts';
import { command } from '../model/advice.ts';
import { bytes, count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import type { FixOutcome } from '../repair/engine/transaction.ts';
import type { Newer } from '../store/protocol.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { reasonWords } from './words/reasons.ts';

/** Rows of the tables by which a user chooses a backup; null if they could not be counted. */
const rows = ({ ledgers }: Manifest): { readonly sessions: number | null; readonly events: number | null } => {
  const tables = ledgers.find(({ path }) => path === names.ledger)?.content.tables ?? [];
  const of = (wanted: string): number | null => tables.find(({ name }) => name === wanted)?.rows ?? null;
  return { sessions: of('sessions'), events: of('events') };
};

/** One complete backup as JSON. */
export const summary = (id: string, path: string, manifest: Manifest): object => ({
  id,
  path,
  madeAt: manifest.madeAt,
  bytes: manifest.bytes,
  files: manifest.entries.filter(({ kind }) => kind === 'file').length,
  proven: true,
  sound: isSound(manifest),
  unheld: manifest.unheld ?? [],
  ...rows(manifest),
});

export const listed = (backup: Listed): object =>
  backup.state === 'whole'
    ? { state: backup.state, ...summary(backup.id, backup.path, backup.manifest) }
    : { state: backup.state, id: backup.id, path: backup.path, ...(backup.state === 'refused' && { why: backup.why }) };

function described(manifest: Manifest): string {
  if (manifest.ledgers.length === 0) return `${bytes(manifest.bytes)}, no ledger`;
  const { sessions, events } = rows(manifest);
  const held = `${count(sessions ?? 'unknown', 'session')}, ${count(events ?? 'unknown', 'event')}`;
  return `${bytes(manifest.bytes)}, ${held}, ${isSound(manifest) ? 'sound' : 'ledger damaged, kept as it was'}`;
}

export const created = ({ id, path, manifest }: Backup): string =>
  `Backup ${id} written: ${described(manifest)}\n${harmless(path)}\nProven: it was restored into a scratch folder, and every file and row there equals the home's.\n${unheldLines(manifest).join('')}`;

const shownUnheld = 20;

/** What a backup does not contain, one line each. */
function unheldLines({ unheld = [] }: Manifest): readonly string[] {
  if (unheld.length === 0) return [];
  const more = unheld.length - shownUnheld;
  return [
    `Not in it, since it could not be read or named (${unheld.length}):\n`,
    ...unheld.slice(0, shownUnheld).map(({ path, why }) => `  ${harmless(path)} (${harmless(why)})\n`),
    ...(more > 0 ? [`  and ${more} more\n`] : []),
  ];
}

const lacks = ({ unheld = [] }: Manifest): string =>
  unheld.length > 0 ? `, without ${count(unheld.length, 'file')}` : '';

const noBackups = (home: NamedHome): string =>
  `No backups. This makes one:\n  ${typedLine(command('coven-doctor', 'backup', 'create'), home)}\n`;

export function list(backups: readonly Listed[], mayGo: readonly string[], home: NamedHome): string {
  if (backups.length === 0) return noBackups(home);
  const lines = backups.map((backup) => {
    if (backup.state === 'whole') return `${backup.id}  ${described(backup.manifest)}${lacks(backup.manifest)}`;
    if (backup.state === 'interrupted') return `${backup.id}  cut off while it was made: no backup`;
    return `${backup.id}  not used: ${harmless(backup.why)}`;
  });
  const offer = mayGo.length > 0 ? [`May go, since newer ones are kept: ${mayGo.join(', ')}`] : [];
  return `${[...lines, ...offer].join('\n')}\n`;
}

interface Verdict {
  readonly backup: Listed;
  /** Null for an incomplete backup. */
  readonly proof: Proof | null;
}

export const verdict = ({ backup, proof }: Verdict): object => ({
  ...listed(backup),
  proven: proof?.proven ?? false,
  ...(proof && !proof.proven && { why: proof.why }),
});

export function verified(verdicts: readonly Verdict[], home: NamedHome): string {
  if (verdicts.length === 0) return noBackups(home);
  return verdicts
    .map(({ backup, proof }) => {
      if (backup.state !== 'whole') return list([backup], [], home);
      if (proof?.proven) return `${backup.id}  proven: ${described(backup.manifest)}${lacks(backup.manifest)}\n`;
      return `${backup.id}  NOT PROVEN: ${harmless(proof?.why ?? 'not read')}\n`;
    })
    .join('');
}

/** What a restore would do, as JSON. */
export const loss = ({ newer, replaced }: Prepared): object => ({ replaced, newer });

const shownIds = 10;

const ids = (list: readonly string[]): string =>
  list.length === 0
    ? ''
    : ` (${list.slice(0, shownIds).map(harmless).join(', ')}${list.length > shownIds ? ', …' : ''})`;

const rowsOf = (newer: Newer): readonly string[] => [
  `  ${count(newer.newSessions.length, 'session')}${ids(newer.newSessions)}`,
  `  ${count(newer.events, 'event')}`,
  `  ${count(newer.changedSessions.length, 'session')} in another state${ids(newer.changedSessions)}`,
];

/** Rows that an undo would take away: written since, or what a rescue brought back. */
export const renderLost = (newer: Newer): string =>
  `${['Only in the ledger in place, and out of sight if it were undone:', ...rowsOf(newer)].join('\n')}\n`;

export function preview(backup: { readonly id: string; readonly manifest: Manifest }, prepared: Prepared): string {
  const { newer, replaced, home } = prepared;
  const lines =
    'unreadable' in newer
      ? [`What is newer than it cannot be told: the ledger that is there cannot be read (${newer.unreadable})`]
      : ['Newer than it, and out of the ledger then:', ...rowsOf(newer)];
  return `${[
    `Backup ${backup.id} of ${harmless(backup.manifest.madeAt)}: ${described(backup.manifest)}`,
    `Puts back in ${harmless(home)}: ${replaced.map(harmless).join(', ')}`,
    ...lines,
    ...unheldLines(backup.manifest).map((line) => line.trimEnd()),
    'What stands there now is kept in the quarantine of the run.',
  ].join('\n')}\n`;
}

/** The command that carries out a restore that was only shown. */
export function toRestore(
  id: string,
  { named, backupDir }: { readonly named: NamedHome; readonly backupDir: string | null },
): string {
  const place = backupDir === null ? [] : ['--backup-dir', backupDir];
  return `To do it:\n  ${typedLine(command('coven-doctor', 'backup', 'restore', id, ...place, '--allow', 'lossy'), named)}\n`;
}

export function restored(home: string, run: string, { newer }: Prepared, { unattended = false }: NamedHome): string {
  const named = { path: home, source: 'option', unattended } as const;
  const [since] = 'newSessions' in newer ? [...newer.newSessions, ...newer.changedSessions] : [];
  return [
    `Restored as run ${run}. What stood there before: ${harmless(join(home, 'doctor', 'runs', run, 'quarantine'))}`,
    'To take it back:',
    `  ${harmless(typedLine(command('coven-doctor', 'undo', run), named))}`,
    ...(since === undefined
      ? []
      : [
          'To bring a session of before into the ledger as it is now:',
          `  ${harmless(typedLine(command('coven-doctor', 'rescue', '--merge', run, '--session', since), named))}`,
        ]),
    '',
  ].join('\n');
}

/** Why a restore was not done, and what it left behind. */
export function notRestored({ outcome, reason }: FixOutcome, home: string): string {
  const why = reason ? expand(reasonWords(reason.code, reason.facts), home) : 'it failed';
  if (outcome === 'refused') return why;
  const rest =
    outcome === 'failed' ? 'and could not be taken back; `coven-doctor --fix` tries again' : 'and is taken back';
  return `the restore of ${home} failed (${why}), ${rest}`;
}
