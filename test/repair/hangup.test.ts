import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { holdAfter } from '../../fixtures/held.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));

const standing = (home: string): readonly string[] =>
  snapshot(home, { without: 'doctor' }).filter((line) => !line.startsWith('. 40755'));

/** As a login shell: the kernel signals it alone, and it passes the signal on. It notes the exit code of its command. */
const shell = `
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const [code, ...words] = process.argv.slice(1);
const child = spawn(process.execPath, words, { stdio: 'inherit' });
process.on('SIGHUP', () => child.kill('SIGHUP'));
child.on('exit', (exit, signal) => writeFileSync(code, String(signal ?? exit)));
`;

const quoted = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn(5);
}

describe.each([
  ['with a shell above it', true],
  ['as the leader of its session', false],
])('the terminal of a repair is closed, %s', (_, hasShell) => {
  // Before the plan is agreed to, while it is backed up, at each step, and while the home is checked again.
  test.each(['[y/N]', 'Making a backup', '1. ', '2. ', '3. ', 'Checking again'])(
    'at "%s": its journal is over, nothing of it is half done, and no scratch is left',
    async (word) => {
      await using scratch = await makeScratch();
      const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 20 });
      writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
      chmodSync(join(home, 'state.lock'), 0o644);
      chmodSync(home, 0o755);
      const before = standing(home);
      const code = join(scratch.path, 'code');
      const temporary = join(scratch.path, 'tmp');
      mkdirSync(temporary);
      const doctor = [program, '--home', home, '--fix', ...(word === '[y/N]' ? [] : ['--yes'])];
      const words = hasShell ? [process.execPath, '-e', shell, code, ...doctor] : [process.execPath, ...doctor];
      const hold = holdAfter(scratch.path, word);
      // The kernel hangs the terminal up when its other side is closed: what held that is killed, as a dropped connection.
      const terminal = spawn('script', ['-qec', `exec ${quoted(words)}`, '/dev/null'], {
        env: {
          ...{ PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm', SHELL: '/bin/sh', TMPDIR: temporary },
          ...hold.env,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      scratch.onEnd(() => void terminal.kill('SIGKILL'));
      let said = '';
      terminal.stdout.on('data', (data) => {
        said += data;
      });
      await until(() => said.includes(word));
      const closed = once(terminal, 'close');
      terminal.kill('SIGKILL');
      await closed;
      hold.letGo();
      if (hasShell) {
        await until(() => existsSync(code) && readFileSync(code, 'utf8') !== '');
        // A shell shows it as 129.
        expect(readFileSync(code, 'utf8')).toBe('SIGHUP');
      } else await until(() => !isHeld(home));
      expect(readdirSync(temporary)).toEqual([]);
      const runs = JSON.parse((await cli(['runs', '--home', home, '--json'])).stdout).runs as { state: string }[];
      expect(runs.filter(({ state }) => state === 'unfinished')).toEqual([]);
      if (!runs.some(({ state }) => state === 'committed')) expect(standing(home)).toEqual(before);
      expect((await cli(['--home', home, '--fix', '--yes'])).exitCode).toBe(0);
    },
  );
});

/** Whether a process that works on this home lives. */
function isHeld(home: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return argv.includes(home) && argv.includes('--fix');
    } catch {
      return false;
    }
  });
}
