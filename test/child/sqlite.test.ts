import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { type Broken, copyPackage } from '../../fixtures/package.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { noSqliteOf } from '../../src/child/no-sqlite.ts';

interface Document {
  readonly exitCode: number;
  readonly nextSteps: readonly string[];
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

const ofStore = ['store:open', 'store:integrity', 'store:index', 'store:wal', 'store:schema', 'store:content'];

/** All that rests on rows or pages. */
const unknown = [
  ...ofStore,
  ...['orphaned', 'stranded', 'processes', 'churn', 'leases', 'automations'].map((subject) => `sessions:${subject}`),
];

const missing = 'the native part of better-sqlite3 is missing';
const cases: readonly (readonly [Broken, reason: string, npm: string])[] = [
  ['native-missing', missing, 'npm rebuild --ignore-scripts=false better-sqlite3'],
  ['native-garbled', 'better_sqlite3.node: file too short', 'npm rebuild --ignore-scripts=false better-sqlite3'],
  [
    'package-missing',
    'better-sqlite3 is not installed',
    'npm install --no-save --ignore-scripts=false better-sqlite3@',
  ],
];

describe.each(cases)(
  '%s: nothing is claimed about a ledger, and the repair of the installation is named',
  (broken, reason, npm) => {
    test('by a diagnosis, a backup, a fix and a bundle', async () => {
      await using scratch = await makeScratch();
      // A path that has to be quoted.
      const folder = join(scratch.path, "it's here");
      const program = copyPackage(folder, broken);
      const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 20 });
      const before = snapshot(home, { without: 'doctor' });
      const run = (...words: readonly string[]) =>
        execa(process.execPath, [program, ...words], {
          env: { PATH: process.env.PATH, HOME: '/nonexistent', COVEN_HOME: home },
          extendEnv: false,
          reject: false,
          stdin: 'ignore',
        });
      const command = `cd '${folder.replaceAll("'", "'\\''")}' && ${npm}`;

      const diagnosis = await run('--json');
      const document = JSON.parse(diagnosis.stdout) as Document;
      expect([diagnosis.exitCode, document.exitCode, diagnosis.stderr]).toEqual([3, 3, '']);
      const store = document.checks.filter(({ id, status }) => id.startsWith('store:') && status !== 'skipped');
      expect(store.map(({ id, status }) => [id, status])).toEqual(ofStore.map((id) => [id, 'unknown']));
      for (const { message, hint } of store) {
        expect(message).toContain(reason);
        expect(hint).toContain(command);
      }
      // Whoever has to paste it is shown the whole of it.
      expect((await run()).stdout).toContain(`       ${command}`);
      // It is said once what to do, and what has nothing to do with the ledger is judged as ever.
      expect(document.nextSteps.filter((step) => step.includes('npm'))).toHaveLength(1);
      expect(document.checks.filter(({ id }) => id.startsWith('home:')).every(({ status }) => status === 'pass')).toBe(
        true,
      );
      const statusOf = (start: string) =>
        document.checks.filter(({ id }) => id.startsWith(start)).map(({ id, status }) => `${id} ${status}`);
      const harnesses = document.checks.filter(({ id }) => id.startsWith('harness:'));
      expect(harnesses.length).toBeGreaterThan(0);
      for (const { id, status, message } of harnesses) {
        expect([id, status]).toEqual([id, 'skipped']);
        expect(message).toContain('whether an open session needs it cannot be read from the ledger');
      }
      expect(statusOf('daemon:log')).toEqual(['daemon:log pass']);
      expect(document.checks.filter(({ status }) => status === 'unknown').map(({ id }) => id)).toEqual(unknown);

      const backup = await run('backup', 'create');
      expect([backup.exitCode, backup.stdout]).toEqual([5, '']);
      expect(backup.stderr).toContain(reason);
      expect(backup.stderr).toContain(command);

      const fix = await run('--fix', '--yes', '--start-daemon', '--json');
      expect([fix.exitCode, fix.stderr]).toEqual([5, '']);
      const bundle = await run('bundle', '-o', join(scratch.path, 'b.zip'));
      expect([bundle.exitCode, bundle.stderr]).toEqual([0, '']);
      expect(snapshot(home, { without: 'doctor' })).toEqual(before);
    });
  },
);

test('a module that was built for another ABI is told with both numbers; source: the message of Node’s loader', () => {
  const error =
    "The module '/p/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 127. This version of Node.js requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing\nthe module (for instance, using `npm rebuild` or `npm install`).";
  expect(noSqliteOf(JSON.stringify({ noSqlite: error }))?.message).toBe(
    `SQLite cannot be loaded: better-sqlite3 was built for Node ABI 127, and this is Node ${process.versions.node} with ABI 115`,
  );
  expect(noSqliteOf('{"kind":"open"}')).toBeNull();
});
