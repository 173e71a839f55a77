import { describe, expect, it } from 'vitest';
import { postflightChecks, preflightChecks, upgradeChecks } from '../../checks/upgrades.ts';
import { ago, type Changes, changed, daemonProcess, healthy, said } from '../../fixtures/seen.ts';
import { savedState } from '../../fixtures/upgrade-state.ts';
import type { Check } from '../../src/model/check.ts';
import { nothingRequired, type UpgradeState } from '../../src/upgrade/state.ts';

const idsOf = (checks: readonly Check[]): readonly string[] => checks.map(({ id }) => id);
const ofUpgrades = (checks: readonly Check[]): readonly string[] =>
  idsOf(checks).filter((id) => id.startsWith('upgrade:') || id.startsWith('upgraded:'));
const asked = ['upgrade:quiet', 'upgrade:sessions', 'upgrade:target', 'upgrade:binaries', 'upgrade:room'];
const compared = ['state', 'version', 'capabilities', 'ledger', 'sessions'].map((part) => `upgraded:${part}`);
const postflight = (more: Partial<UpgradeState>): readonly string[] =>
  ofUpgrades(postflightChecks({ ...savedState, ...more }));
const { requirements } = savedState;

describe('the checks of a preflight', () => {
  it('are those of a diagnosis but what says nothing of an upgrade, and what an upgrade asks', () => {
    const ids = idsOf(preflightChecks(nothingRequired));
    expect(
      ['daemon:resources', 'sessions:churn', 'sessions:leases', 'harnesses', 'harness:codex'].filter((id) =>
        ids.includes(id),
      ),
    ).toEqual([]);
    expect(
      ['home:path', 'daemon', 'store:open', 'sessions:orphaned', 'install:binaries'].filter((id) => !ids.includes(id)),
    ).toEqual([]);
    expect(ofUpgrades(preflightChecks(nothingRequired))).toEqual(asked);
  });

  it('ask for what is required', () => {
    expect(ofUpgrades(preflightChecks({ ...nothingRequired, contract: 'x' }))).toEqual([...asked, 'upgrade:contract']);
    expect(ofUpgrades(preflightChecks({ ...nothingRequired, capabilities: ['x'] }))).toEqual([
      ...asked,
      'upgrade:capabilities',
    ]);
  });

  const graver = (id: string, seen: Changes): unknown => {
    const check = preflightChecks(nothingRequired).find((one) => one.id === id);
    return check?.judge(changed(healthy, seen), new AbortController().signal);
  };
  it('fail where Coven works for now and an upgrade would go wrong', async () => {
    const saidOf = async (id: string, seen: Changes) =>
      ((await graver(id, seen)) as { status: string; code: string }[]).map(({ status, code }) => `${status} ${code}`);
    const cutOff = { unfinished: [{ id: 'r', at: null, fixes: 1, changed: null }], notOurs: 'doctor' };
    const found = await Promise.all([
      saidOf('home:mode', { home: { mode: 0o555 } }),
      saidOf('home:repairs', { 'home.runs': cutOff }),
      saidOf('store:index', { 'store.integrity': { indexProblems: ['x'] } }),
      saidOf('daemon', {
        'daemon.health': { outcome: 'unreachable', body: null },
        'daemon.socket': { kind: 'absent', mode: null, uid: null, connect: 'absent' },
        processes: { list: [{ ...daemonProcess, startedAt: ago(3), listening: false }] },
      }),
      saidOf('home:filesystem', { 'home.filesystem': { network: true } }),
    ]);
    expect(found).toEqual([
      ['warn readable-by-others', 'fail not-writable'],
      ['fail not-private', 'fail unfinished'],
      ['fail index-mismatch'],
      ['fail starting'],
      ['warn network'],
    ]);
  });
});

describe('the checks of a postflight', () => {
  it('compare, and ask again for what was required', () => {
    expect(postflight({})).toEqual([...compared, 'upgrade:contract', 'upgrade:capabilities']);
    expect(postflight({ requirements: nothingRequired, daemon: 'none' })).toEqual(compared);
    expect(postflight({ requirements: nothingRequired, daemon: null })).toEqual(compared);
    expect(postflight({ requirements: { ...requirements, capabilities: [] } })).toEqual([
      ...compared,
      'upgrade:contract',
    ]);
  });

  const contract = (state: Partial<UpgradeState>): readonly string[] => {
    const check = postflightChecks({ ...savedState, ...state }).find(({ id }) => id === 'upgrade:contract');
    return check ? said(check, healthy) : [];
  };
  it('hold the daemon to the contract that was asked for, or to that of before', () => {
    expect(contract({})).toEqual(['pass ok']);
    expect(contract({ requirements: { ...requirements, contract: 'v9' } })).toEqual(['fail differs']);
    expect(contract({ requirements: nothingRequired })).toEqual(['pass ok']);
    expect(contract({ requirements: { ...requirements, contract: 'v9' }, daemon: 'none' })).toEqual(['fail differs']);
  });
});

it('every check of an upgrade is listed once', () => {
  expect(idsOf(upgradeChecks)).toEqual([...asked, 'upgrade:contract', 'upgrade:capabilities', ...compared]);
});
