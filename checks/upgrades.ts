import { apiVersion } from '../src/coven/contract.ts';
import type { Check, Finding } from '../src/model/check.ts';
import { nothingRequired, type Requirements, type UpgradeState } from '../src/upgrade/state.ts';
import { checks } from './index.ts';
import { upgradeBinaries } from './upgrade-binaries.ts';
import { upgradeCapabilities } from './upgrade-capabilities.ts';
import { upgradeContract } from './upgrade-contract.ts';
import { upgradeQuiet } from './upgrade-quiet.ts';
import { upgradeRoom } from './upgrade-room.ts';
import { upgradeSessions } from './upgrade-sessions.ts';
import { upgradeTarget } from './upgrade-target.ts';
import { upgradedCapabilities } from './upgraded-capabilities.ts';
import { upgradedLedger } from './upgraded-ledger.ts';
import { upgradedSessions } from './upgraded-sessions.ts';
import { upgradedState } from './upgraded-state.ts';
import { upgradedVersion } from './upgraded-version.ts';

/** Checks that say nothing of whether an upgrade may begin, or went well. */
const apart: readonly string[] = ['daemon:resources', 'sessions:churn', 'sessions:leases', 'harnesses'];

const common = checks.filter(({ id, category }) => category !== 'harness' && !apart.includes(id));

/** What Coven works with for now, and what makes an upgrade go wrong: a migration writes, and a start may be one. */
const grave: readonly string[] = [
  'home:mode not-writable',
  'home:repairs unfinished',
  'home:repairs not-private',
  'daemon starting',
  'store:index index-mismatch',
];

const graver = (check: Check): Check => ({
  ...check,
  judge: async (seen, signal) =>
    (await check.judge(seen, signal)).map(
      (finding): Finding => (grave.includes(`${check.id} ${finding.code}`) ? { ...finding, status: 'fail' } : finding),
    ),
});

/** What is asked before an upgrade. */
export const preflightChecks = (requirements: Requirements): readonly Check[] => [
  ...common.map(graver),
  upgradeQuiet,
  upgradeSessions,
  upgradeTarget(requirements),
  upgradeBinaries(requirements),
  upgradeRoom,
  ...required(requirements),
];

/** What is asked after it, of a home whose state before was saved. */
export const postflightChecks = (before: UpgradeState): readonly Check[] => {
  const { requirements, daemon } = before;
  const contract = requirements.contract ?? (daemon === 'none' ? null : (daemon?.contract ?? null));
  return [...common, ...comparisons(before), ...required({ ...requirements, contract })];
};

/** Every check that only one of the two asks, as it is without anything that is required, or saved. */
export const upgradeChecks: readonly Check[] = [
  ...preflightChecks(nothingRequired).filter(({ category }) => category === 'upgrade'),
  upgradeContract(apiVersion),
  upgradeCapabilities([]),
  ...comparisons(null),
];

function required({ contract, capabilities }: Requirements): readonly Check[] {
  return [
    ...(contract === null ? [] : [upgradeContract(contract)]),
    ...(capabilities.length === 0 ? [] : [upgradeCapabilities(capabilities)]),
  ];
}

function comparisons(before: UpgradeState | null): readonly Check[] {
  return [upgradedState, upgradedVersion, upgradedCapabilities, upgradedLedger, upgradedSessions].map((check) =>
    check(before),
  );
}
