import { checks } from '../../../checks/index.ts';
import { upgradeChecks } from '../../../checks/upgrades.ts';

const all = [...checks, ...upgradeChecks];

/** The possible values of CHECK. The build replaces this file by the words themselves, so that no check is loaded for them. */
export const checkWords: readonly string[] = [
  ...new Set(all.map(({ category }) => category)),
  ...all.map(({ id }) => id),
];
