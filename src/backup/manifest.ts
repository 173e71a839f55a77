import type { BigIntStats } from 'node:fs';
import { countValues, TooMuchJson } from '../json.ts';
import type { Content } from '../store/answers.ts';
import { reasonOf } from './refused.ts';

/** What is told of everything that was found; `dev` and `ino` are the source's, so that it is known again. */
interface Attributes {
  /** Below the home, with `/` between its parts; `.` is the home itself. */
  readonly path: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: string;
  readonly dev: string;
  readonly ino: string;
}

export function attributesOf(path: string, { mode, uid, gid, mtimeNs, dev, ino }: BigIntStats): Attributes {
  return {
    path,
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
    mtimeNs: String(mtimeNs),
    dev: String(dev),
    ino: String(ino),
  };
}

export type Entry =
  | (Attributes & { readonly kind: 'directory' })
  | (Attributes & {
      readonly kind: 'file';
      /** Bytes that were copied; a log may have grown since. */
      readonly size: number;
      readonly sha256: string;
      readonly sparse: boolean;
    })
  | (Attributes & { readonly kind: 'symlink'; readonly target: string })
  /** A second name of a file of this backup. */
  | (Attributes & { readonly kind: 'hard-link'; readonly to: string })
  /** Told and not copied: what cannot be, and what another file system holds. */
  | (Attributes & { readonly kind: 'socket' | 'fifo' | 'device' | 'mount' });

/** What stood at a path when a ledger was taken. */
export interface PresentPart {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtimeNs: string;
}

export interface LedgerBackup {
  readonly path: string;
  /** `snapshot`: one consistent file through SQLite. `raw`: main file, WAL and shared memory, byte for byte. */
  readonly way: 'snapshot' | 'raw';
  /** Main file, WAL and shared memory of the source, as far as they were there. */
  readonly stood: readonly PresentPart[];
  readonly content: Content;
  /** It opened, its pages, WAL frames and indexes were found intact, and every row was read. */
  readonly sound: boolean;
}

export interface Manifest {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly id: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly home: { readonly dev: string; readonly ino: string };
  /** Bytes of all files that were copied. */
  readonly bytes: number;
  /** Each after the folder that it is in. */
  readonly entries: readonly Entry[];
  readonly ledgers: readonly LedgerBackup[];
  /** What is there and is not in the backup; absent in what earlier versions wrote. */
  readonly unheld?: readonly Unheld[] | undefined;
}

export interface Unheld {
  /** Below the home; a name that is not UTF-8 as near as it can be told. */
  readonly path: string;
  /** A system call's code, or a clause. */
  readonly why: string;
}

/** Whether a list that is written can be read again. */
export function fitsManifest(text: string): boolean {
  try {
    return Buffer.byteLength(text) <= manifestRoom.bytes && countValues(text, manifestRoom) > 0;
  } catch (error) {
    if (error instanceof TooMuchJson) return false;
    throw error;
  }
}

/**
 * What one manifest may be, and all that are read at once together: a backup takes 150,000 files and folders, each of twelve
 * values and some 250 bytes beside its path.
 */
export const manifestRoom = { bytes: 64 * 1024 ** 2, values: 2_000_000, levels: 16 } as const;

/** The manifest of a text that anybody may have written, within `manifestRoom`, or why it is none. */
export function parseManifest(text: string): Manifest | { readonly why: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { why: `it is not JSON (${reasonOf(error)})` };
  }
  if (!isRecord(value) || value.schemaVersion !== 1) return { why: 'it is not of schema version 1' };
  const { id, madeAt, bytes, home, tool, entries, ledgers } = value;
  const whole =
    typeof id === 'string' &&
    typeof madeAt === 'string' &&
    isSize(bytes) &&
    isRecord(home) &&
    isRecord(tool) &&
    [home.dev, home.ino, tool.name, tool.version].every((text) => typeof text === 'string') &&
    Array.isArray(entries) &&
    Array.isArray(ledgers);
  if (!whole) return { why: 'it lacks what a manifest has' };
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const entry of entries) {
    const why = whyNotEntry(entry, folders, files);
    if (why) return { why };
  }
  const { unheld = [] } = value;
  if (!Array.isArray(unheld) || !unheld.every(isUnheld)) return { why: 'what it does not hold is no list' };
  if (!folders.has('.')) return { why: 'it does not name the home' };
  if (!ledgers.every((ledger) => isLedger(ledger, files))) return { why: 'it names a ledger that is none' };
  return value as unknown as Manifest;
}

/** Restoring follows no symlink: what an entry is in must be a folder of the same backup. */
function whyNotEntry(entry: unknown, folders: Set<string>, files: Set<string>): string | null {
  if (!isRecord(entry)) return 'an entry is no object';
  const { path, kind } = entry;
  if (typeof path !== 'string' || !isBelow(path)) return `it names ${JSON.stringify(path)}, which is not below a home`;
  const numbers = [entry.mode, entry.uid, entry.gid];
  const texts = [entry.mtimeNs, entry.dev, entry.ino];
  if (!numbers.every(isSize) || !texts.every((text) => typeof text === 'string' && /^-?\d{1,20}$/.test(text)))
    return `${path}: attributes are missing`;
  if (folders.has(path) || files.has(path)) return `${path} is named twice`;
  if (path !== '.' && !folders.has(parentOf(path))) return `${path}: it is in no folder of the backup`;
  switch (kind) {
    case 'directory':
      folders.add(path);
      return null;
    case 'file':
      files.add(path);
      return isSize(entry.size) && typeof entry.sha256 === 'string' && typeof entry.sparse === 'boolean'
        ? null
        : `${path}: size or hash is missing`;
    case 'symlink':
      return typeof entry.target === 'string' ? null : `${path}: its target is missing`;
    case 'hard-link':
      return files.has(String(entry.to)) ? null : `${path}: what it is a name of is missing`;
    default:
      return ['socket', 'fifo', 'device', 'mount'].includes(String(kind)) ? null : `${path}: unknown kind`;
  }
}

function isLedger(value: unknown, files: ReadonlySet<string>): boolean {
  if (!isRecord(value) || !isRecord(value.content)) return false;
  const { path, way, sound, stood, content } = value;
  const isCopied = way === 'snapshot' ? files.has(String(path)) : way === 'raw';
  const tables = content.tables;
  return (
    isCopied &&
    typeof path === 'string' &&
    isBelow(path) &&
    typeof sound === 'boolean' &&
    Array.isArray(stood) &&
    stood.every((part) => isRecord(part) && typeof part.path === 'string' && isBelow(part.path)) &&
    Array.isArray(tables) &&
    tables.every(
      (table) => isRecord(table) && typeof table.name === 'string' && (table.rows === null || isSize(table.rows)),
    )
  );
}

const isUnheld = (value: unknown): boolean =>
  isRecord(value) && typeof value.path === 'string' && typeof value.why === 'string';

export const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.');

/** A name that leads out of no home: no absolute path, no `..`, no empty part, no NUL. */
export function isBelow(path: string): boolean {
  if (path === '.') return true;
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
