import { isIP } from 'node:net';

/**
 * What Coven 0.4.6 expects in each of its configuration files, a path to each value; `*` is every entry. Other keys are ignored.
 * Source: its answers to files that have one value of another type each.
 */
export const expectable = ['days', 'boolean', 'text', 'texts', 'table', 'tables'] as const;
export type Expected = (typeof expectable)[number];
interface Expectation {
  readonly key: string;
  readonly expected: Expected;
  readonly required?: true;
}

export const configShapes: Readonly<Record<string, readonly Expectation[]>> = {
  'privacy.toml': [
    { key: 'log_retention_days', expected: 'days' },
    { key: 'raw_artifact_retention_days', expected: 'days' },
    { key: 'persist_raw_artifacts', expected: 'boolean' },
    { key: 'extra_patterns', expected: 'texts' },
  ],
  'repos.toml': [
    { key: 'repos', expected: 'table' },
    { key: 'repos.*', expected: 'table' },
    { key: 'repos.*.path', expected: 'text', required: true },
  ],
  'familiars.toml': [
    { key: 'familiar', expected: 'tables' },
    ...['id', 'display_name', 'role', 'description'].map((key) => ({
      key: `familiar.*.${key}`,
      expected: 'text' as const,
      required: true as const,
    })),
  ],
};

/** More lead to a date before the first one that Coven knows, and it prunes nothing. Source: `coven logs prune --dry-run` of Coven 0.4.6. */
const mostDays = 96_000_000n;

/** Every key that is expected to be something. */
export const configKeys: readonly string[] = Object.values(configShapes).flatMap((shape) =>
  shape.map(({ key }) => key),
);

/** The first value that is not what Coven expects; null where all are. Whole numbers come as bigint, which tells 3 from 3.0. */
export function firstWrong(
  shape: readonly Expectation[],
  value: unknown,
): { key: string; expected: Expected; missing: boolean } | null {
  for (const { key, expected, required } of shape)
    for (const found of valuesAt(value, key.split('.'))) {
      const missing = found === undefined;
      if (missing ? required : !is(expected, found)) return { key, expected, missing };
    }
  return null;
}

function valuesAt(value: unknown, [first, ...rest]: readonly string[]): readonly unknown[] {
  if (first === undefined) return [value];
  // What is no table is told by the expectation of that.
  if (typeof value !== 'object' || value === null) return [];
  if (first === '*') return Object.values(value).flatMap((entry) => valuesAt(entry, rest));
  const next = Object.hasOwn(value, first) ? (value as Readonly<Record<string, unknown>>)[first] : undefined;
  return next === undefined && rest.length > 0 ? [] : valuesAt(next, rest);
}

const isTable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function is(expected: Expected, value: unknown): boolean {
  switch (expected) {
    case 'days':
      return typeof value === 'bigint' && value >= 0n && value <= mostDays;
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'table':
      return isTable(value);
    case 'tables':
      return Array.isArray(value) && value.every(isTable);
  }
}

/** Numbers of days that are 0, which Coven 0.4.6 takes for 1. Source: `coven logs prune --dry-run`. */
export const zeroDays = (value: unknown): readonly string[] =>
  (configShapes['privacy.toml'] ?? [])
    .filter(({ key, expected }) => expected === 'days' && valuesAt(value, [key])[0] === 0n)
    .map(({ key }) => key);

/** Days that privacy.toml keeps events, where it says so. 0 counts as 1 (tried on Coven 0.4.6). */
export function eventDays(value: unknown): number | null {
  const [days] = valuesAt(value, ['log_retention_days']);
  return typeof days === 'bigint' ? Math.max(1, Number(days)) : null;
}

/** The first key of privacy.toml that Coven does not know and passes over, and the one that may be meant; null where it knows all. */
export function strangeKey(value: unknown): { readonly key: string; readonly near: string | null } | null {
  if (!isTable(value)) return null;
  const known = (configShapes['privacy.toml'] ?? []).map(({ key }) => key);
  for (const [key, inside] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (known.includes(key)) continue;
    const within = isTable(inside) ? Object.keys(inside as object) : [];
    const near = known.find((one) => within.includes(one)) ?? known.find((one) => isMisspelt(key, one)) ?? null;
    return { key, near };
  }
  return null;
}

const bare = (key: string): string => key.toLowerCase().replace(/[^a-z]/g, '');

/** Same letters but for one that is missing, added or another, whatever joins the words; or the start of the other. */
function isMisspelt(key: string, known: string): boolean {
  const [a, b] = [bare(key), bare(known)];
  if (a === b || (a.length > 5 && (b.startsWith(a) || b.endsWith(a)))) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const rest = (text: string, skipped: number): string => text.slice(start + skipped);
  return rest(a, 1) === rest(b, 1) || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1);
}

/** Why a daemon does not start with the mobile gateway as it is configured. */
export const gatewayFaults = [
  ...['not-private', 'no-port', 'port-differs', 'not-here', 'port-taken', 'state-open', 'state-damaged'],
] as const;
export type GatewayFault = (typeof gatewayFaults)[number];

/** Where an enabled gateway listens, and the port that it is told by; null for one without. */
export interface GatewayBind {
  readonly address: string;
  readonly port: number;
  readonly toldPort: number | null;
}

/** Null for a gateway that Coven takes for disabled, as one of another shape. Source: `coven daemon serve` of 0.4.6 with each. */
export function gatewayBind(value: unknown): GatewayBind | null {
  const { enabled, bind, advertisedEndpoint: endpoint } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (enabled !== true || typeof bind !== 'string' || typeof endpoint !== 'string' || bind.length > 100) return null;
  const [, six, four, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(bind) ?? [];
  const [address, port] = [six ?? four ?? '', Number(digits)];
  if (isIP(address) !== (six === undefined ? 4 : 6) || port > mostPort) return null;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  return { address, port, toldPort: url && Number(url.port || 443) };
}

const mostPort = 65_535;

/**
 * What Coven 0.4.6 refuses of an enabled gateway, for which the whole daemon ends as it starts; null where it refuses nothing.
 * Source: `coven daemon serve` with each address. `isHere` is whether an address is one of this machine.
 */
export function gatewayFault(
  { address, port, toldPort }: GatewayBind,
  isHere: (address: string) => boolean,
): GatewayFault | null {
  const isPrivate = isIP(address) === 4 ? isPrivate4(address) : /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i.test(address);
  if (!isPrivate) return 'not-private';
  if (port === 0) return 'no-port';
  if (toldPort !== null && toldPort !== port) return 'port-differs';
  return isHere(address) ? null : 'not-here';
}

/** Fewer bytes are no key. */
const leastKeyBytes = 100;

/**
 * The first file of an enabled gateway for which the whole daemon ends as it starts, by what a look at it tells alone. Source: `coven daemon serve`
 * of 0.4.6 with each of them of another mode, and with other bytes in it.
 */
export function gatewayState<T extends { readonly name: string; readonly mode: number; readonly size: number }>(
  files: readonly T[],
): { readonly file: T; readonly fault: GatewayFault } | null {
  for (const file of files.filter(({ name }) => /^mobile\/[^/]+\.(?:json|pem)$/.test(name))) {
    if (file.mode !== 0o600) return { file, fault: 'state-open' };
    if (file.name.endsWith('.pem') ? file.size < leastKeyBytes : file.size === 0)
      return { file, fault: 'state-damaged' };
  }
  return null;
}

/** Private, shared and link-local addresses. Source: RFC 1918, 6598, 3927. */
function isPrivate4(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number);
  return (
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254)
  );
}
