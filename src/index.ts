/** What a module of checks imports: `import { defineCheck } from 'coven-doctor'`. */
export type { Evidence, Facts, Finding, Seen, Status } from './model/check.ts';
export { fail, from, pass, skipped, unknown, warn } from './model/check.ts';
export type { ObservationKey, Observations } from './model/observation.ts';
export { type CustomCheck, defineCheck } from './plugins/define.ts';
