import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import {
  configShapes,
  firstWrong,
  gatewayBind,
  gatewayFault,
  gatewayState,
  strangeKey,
  zeroDays,
} from '../../src/coven/config.ts';

/** A file, and what Coven 0.4.6 says of it: the key that it stumbles over, or nothing. */
const rows: readonly (readonly [file: string, text: string, key: string | null])[] = [
  ['privacy.toml', '', null],
  ['privacy.toml', 'log_retention_days = 30\nnonsense = 3\n[redact]\npatterns = ["a"]', null],
  ['privacy.toml', 'log_retention_days = "thirty"', 'log_retention_days'],
  ['privacy.toml', 'log_retention_days = -3', 'log_retention_days'],
  ['privacy.toml', 'log_retention_days = 96000000', null],
  ['privacy.toml', 'log_retention_days = 97000000', 'log_retention_days'],
  ['privacy.toml', 'log_retention_days = 3.0', 'log_retention_days'],
  ['privacy.toml', 'raw_artifact_retention_days = true', 'raw_artifact_retention_days'],
  ['privacy.toml', 'persist_raw_artifacts = 1', 'persist_raw_artifacts'],
  ['privacy.toml', 'extra_patterns = "a"', 'extra_patterns'],
  ['privacy.toml', 'extra_patterns = [1]', 'extra_patterns'],
  ['privacy.toml', 'extra_patterns = ["("]', null],
  ['repos.toml', 'repo = "x"', null],
  ['repos.toml', 'repos = 3', 'repos'],
  ['repos.toml', '[[repos]]\npath = "/x"', 'repos'],
  ['repos.toml', '[repos]\nx = "/x"', 'repos.*'],
  ['repos.toml', '[repos.x]', 'repos.*.path'],
  ['repos.toml', '[repos.x]\npath = 1', 'repos.*.path'],
  ['repos.toml', '[repos.x]\npath = "/x"', null],
  ['familiars.toml', 'familiars = 3', null],
  ['familiars.toml', 'familiar = 3', 'familiar'],
  ['familiars.toml', '[[familiar]]\nid = 1', 'familiar.*.id'],
  ['familiars.toml', '[[familiar]]\nid = "a"\ndisplay_name = "b"\nrole = "c"\ndescription = "d"', null],
  ['familiars.toml', '[[familiar]]\nid = "a"\ndisplay_name = "b"\nrole = "c"', 'familiar.*.description'],
];

it.each(rows)('%s: %s', (file, text, key) => {
  const value = parse(text, { integersAsBigInt: true });
  expect(firstWrong(configShapes[file] ?? [], value)?.key ?? null).toBe(key);
});

/** A privacy.toml, whether Coven passes over a key of it, and which one is meant. */
const strange: readonly (readonly [text: string, near: string | null | 'none'])[] = [
  ['log_retention_days = 30', 'none'],
  ['extra_pattern = ["a"]', 'extra_patterns'],
  ['extraPatterns = ["a"]', 'extra_patterns'],
  ['extra-patterns = ["a"]', 'extra_patterns'],
  ['extra_paterns = ["a"]', 'extra_patterns'],
  ['log_retention_day = 3', 'log_retention_days'],
  ['retention_days = 3', 'log_retention_days'],
  ['[privacy]\npersist_raw_artifacts = true', 'persist_raw_artifacts'],
  ['[redact]\npatterns = ["a"]', null],
  ['note = "mine"', null],
];

it.each(strange)('%s: its key is taken for what it is', (text, near) => {
  const found = strangeKey(parse(text, { integersAsBigInt: true }));
  expect(found === null ? 'none' : found.near).toBe(near);
});

it('days that are 0', () => {
  expect(
    zeroDays(parse('log_retention_days = 0\nraw_artifact_retention_days = 1', { integersAsBigInt: true })),
  ).toEqual(['log_retention_days']);
});

/** The address that an enabled gateway binds to, the port that it is told by, and what the real Coven refuses. */
const gateways: readonly (readonly [bind: string, port: number, fault: string | null])[] = [
  ['0.0.0.0:47801', 47801, 'not-private'],
  ['127.0.0.1:47801', 47801, 'not-private'],
  ['172.32.0.1:4', 4, 'not-private'],
  ['[::1]:47801', 47801, 'not-private'],
  ['[2001:db8::1]:4', 4, 'not-private'],
  ['10.1.2.3:0', 0, 'no-port'],
  ['172.16.0.1:4', 47801, 'port-differs'],
  ['10.9.9.9:4', 4, 'not-here'],
  ['10.1.2.3:47801', 47801, null],
  ['[fd00::1]:47801', 47801, null],
  ['[fe80::1]:47801', 47801, null],
  ['100.64.1.1:47801', 47801, null],
  ['169.254.1.1:9', 9, null],
  // It takes these for disabled, as gateways of another shape.
  ['localhost:47801', 47801, null],
  ['10.1.2.3', 47801, null],
];

it.each(gateways)('a gateway at %s, told as port %i', (bind, port, fault) => {
  const gateway = { enabled: true, bind, advertisedEndpoint: `https://box.internal:${port}` };
  const isHere = (address: string): boolean => address !== '10.9.9.9';
  const parsed = gatewayBind(gateway);
  expect(parsed && gatewayFault(parsed, isHere)).toBe(fault);
  expect(gatewayBind({ ...gateway, enabled: false })).toBe(null);
});

/** What Coven takes for disabled has no address, and so no port that could be taken. */
it.each([
  ['10.0.0.1:47801', 'https://box.internal', { address: '10.0.0.1', port: 47801, toldPort: 443 }],
  ['[fd00::1]:1', 'no URL', { address: 'fd00::1', port: 1, toldPort: null }],
  ['10.0.0.1:47801', undefined, null],
  ['10.0.0.1:65536', 'https://box.internal', null],
  ['10.0.0.300:1', 'https://box.internal', null],
  ['[10.0.0.1]:1', 'https://box.internal', null],
  [['10.0.0.1:47801'], 'https://box.internal', null],
])('the address of an enabled gateway at %s, told as %s', (bind, advertisedEndpoint, address) => {
  expect(gatewayBind({ enabled: true, bind, advertisedEndpoint })).toEqual(address);
  expect(gatewayBind({ enabled: false, bind, advertisedEndpoint })).toBe(null);
});

it.each([null, undefined, 3, 'text', []])('%s is no gateway', (value) => {
  expect(gatewayBind(value)).toBe(null);
});

/** A file of the state of an enabled gateway, and what the real Coven ends for as it starts. */
it.each([
  ['mobile/host-key.pem', 0o600, 241, null],
  ['mobile/host-key.pem', 0o644, 241, 'state-open'],
  ['mobile/host-key.pem', 0o600, 3, 'state-damaged'],
  ['mobile/host-identity.json', 0o640, 642, 'state-open'],
  ['mobile/host-identity.json', 0o600, 0, 'state-damaged'],
  // It takes these as they are.
  ['mobile/audit.jsonl', 0o644, 73, null],
  ['mobile/.devices.lock', 0o644, 0, null],
])('of a gateway, %s of mode %i and %i bytes', (name, mode, size, fault) => {
  expect(gatewayState([{ name, mode, size }])?.fault ?? null).toBe(fault);
});
