import { checks } from '../../checks/index.ts';
import { upgradeChecks } from '../../checks/upgrades.ts';

const all = [...checks, ...upgradeChecks];

/** What can be named where a CHECK is wanted. The build puts the words themselves in the place of this file: no check is loaded for them. */
export const checkWords: readonly string[] = [
  ...new Set(all.map(({ category }) => category)),
  ...all.map(({ id }) => id),
];
