import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import { configShapes, firstWrong } from '../../src/coven/config.ts';

/** A file, and what Coven 0.4.6 says of it: the key that it stumbles over, or nothing. */
const rows: readonly (readonly [file: string, text: string, key: string | null])[] = [
  ['privacy.toml', '', null],
  ['privacy.toml', 'log_retention_days = 30\nnonsense = 3\n[redact]\npatterns = ["a"]', null],
  ['privacy.toml', 'log_retention_days = "thirty"', 'log_retention_days'],
  ['privacy.toml', 'log_retention_days = -3', 'log_retention_days'],
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
