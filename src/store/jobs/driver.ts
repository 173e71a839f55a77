import { sqliteDriver } from '../../child/sqlite.ts';
import type { SqliteDriver } from '../../sqlite/answers.ts';

export const work = (): SqliteDriver => sqliteDriver();
