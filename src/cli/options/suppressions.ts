import { dirname } from 'node:path';
import { parse, TomlDate } from 'smol-toml';
import { isInside } from '../../host/inside.ts';
import { type Check, codesOf } from '../../model/check.ts';
import type { Suppression } from '../../run/accepted.ts';
import { UsageError } from '../../terminal/usage.ts';
import { readUntrusted } from './untrusted-file.ts';

/** A suppression takes a few hundred bytes. */
const limitBytes = 256 * 1024;

/**
 * The suppressions of the file that `--suppress` names. Throws a UsageError if it is missing, malformed, or contains
 * anything but suppressions.
 */
export async function readSuppressions(
  path: string,
  home: string,
  checks: readonly Check[],
): Promise<readonly Suppression[]> {
  const given = await readUntrusted(path, home, limitBytes);
  if (!given) throw new UsageError(`${path}: there is no such file`);
  return parseSuppressions(path, given.text, checks);
}

/**
 * The suppressions of the file in the current folder. Nobody named it, so one that belongs to another user is refused: it
 * may have been planted. A file in the home is ignored.
 */
export async function findSuppressions(
  path: string,
  home: string,
  checks: readonly Check[],
): Promise<readonly Suppression[]> {
  if (await isInside(dirname(path), home)) return [];
  const given = await readUntrusted(path, home, limitBytes);
  if (!given) return [];
  if (given.uid !== 0 && given.uid !== process.geteuid?.()) {
    throw new UsageError(`${path}: belongs to another user; --suppress ${path} takes it all the same`);
  }
  return parseSuppressions(path, given.text, checks);
}

function parseSuppressions(path: string, text: string, checks: readonly Check[]): readonly Suppression[] {
  const refuse = (why: string): never => {
    throw new UsageError(`${path}: ${why}`);
  };
  const table = parseToml(text) ?? refuse('is not valid TOML');
  const foreign = Object.keys(table).find((key) => key !== 'suppress');
  if (foreign !== undefined) refuse(`${JSON.stringify(foreign)} has no meaning here; it can only hold [[suppress]]`);
  const entries: unknown = table.suppress ?? [];
  if (!Array.isArray(entries)) return refuse('suppress is not a list; write [[suppress]]');
  return entries.map((entry: unknown, index) => {
    const wrong = (why: string): never => refuse(`[[suppress]] number ${index + 1}: ${why}`);
    return parseEntry(entry, checks, wrong);
  });
}

function parseEntry(entry: unknown, checks: readonly Check[], wrong: (why: string) => never): Suppression {
  if (typeof entry !== 'object' || entry === null) return wrong('is not a table');
  const { check, code, reason, expires, ...rest } = entry as Readonly<Record<string, unknown>>;
  const [foreign] = Object.keys(rest);
  if (foreign !== undefined) wrong(`${JSON.stringify(foreign)} has no meaning here`);
  const named = checks.find(({ id }) => id === check);
  if (!named) {
    return wrong(`unknown check ${JSON.stringify(check)}; \`coven-doctor list\` names them all`);
  }
  const codes = codesOf(named);
  if (code !== undefined && (typeof code !== 'string' || !codes.includes(code))) {
    return wrong(`${named.id} has no code ${JSON.stringify(code)}; it has ${codes.join(', ')}`);
  }
  if (typeof reason !== 'string' || reason.trim() === '') return wrong('a reason is required, as text');
  if (!(expires instanceof TomlDate && expires.isDate())) return wrong('expires is required, as a date: 2026-12-31');
  return { check: named.id, ...(code !== undefined && { code }), reason, expires: expires.toISOString() };
}

function parseToml(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
