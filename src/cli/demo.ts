import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { ask } from '../host/ask.ts';
import { allPids, readEnviron, readStat } from '../host/procfs.ts';
import { makeScratch } from '../host/scratch.ts';
import { quoted } from '../model/shell.ts';
import { packageRoot } from '../package.ts';
import { systemPath } from '../programs.ts';
import { print } from '../terminal/print.ts';

const requestMs = 5000;
/** Of a ledger that the minimal daemon makes. */
const pageSize = 4096;
/** First byte of a page. Source: sqlite.org/fileformat2.html#b_tree_pages. */
const tableLeaf = 13;

interface Stage {
  readonly folder: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * `coven-doctor demo`: kills a daemon that has a session, in a scratch folder; diagnoses and repairs it, undoes the repair,
 * repairs again, and rescues a damaged ledger, with the commands that an operator would use. Everything that it creates or
 * starts is removed at its end.
 */
export async function demo(signal: AbortSignal): Promise<number> {
  const scratch = makeScratch(null, null, 'last');
  const folder = scratch.path;
  const home = join(folder, 'home');
  const bin = join(folder, 'bin');
  // A minimal environment: the demo uses nothing but this package.
  const env = { HOME: folder, COVEN_HOME: home, PATH: `${bin}:${systemPath}` };
  const stage = { folder, home, env, signal };
  try {
    mkdirSync(home, { mode: 0o700 });
    mkdirSync(bin, { mode: 0o700 });
    writeFileSync(join(bin, 'codex'), '#!/bin/sh\necho working\nexec sleep 600\n', { mode: 0o700 });
    return await play(stage);
  } finally {
    await endAll(home);
    scratch.remove();
  }
}

async function play(stage: Stage): Promise<number> {
  const { home, signal } = stage;
  const doctor = (...words: string[]) => run(stage, words);

  await say(`A scratch home, ${home}, and a daemon with a session in it.`);
  if ((await doctor('daemon', 'start', '--daemon-command', 'minimal')) !== 0) return 1;
  const body = { projectRoot: stage.folder, harness: 'codex', prompt: 'hello', title: 'demo' };
  const { status } = await ask(join(home, names.socket), '/api/v1/sessions', requestMs, signal, body);
  if (status !== 201) throw new Error(`the session was not launched (status ${status})`);
  await say('The daemon is killed with SIGKILL: it cannot clean up.');
  const { pid } = JSON.parse(readFileSync(join(home, names.record), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  while (readStat(pid) && readStat(pid)?.state !== 'Z') await new Promise((resolve) => setImmediate(resolve));

  await say('What is wrong? A diagnosis changes nothing.');
  await doctor('--only', 'daemon,sessions');
  await say('What would a repair do? Each step comes with its risk and its undo.');
  await doctor('plan');
  await say('Repair it: a proven backup first, then the steps, then the checks again.');
  if ((await doctor('--fix', '--yes')) !== 0) return 1;
  await say('Take the repair back. The daemon is stopped first: its open files are not touched.');
  await doctor('daemon', 'stop');
  if ((await doctor('undo')) !== 0) return 1;
  await doctor('--only', 'daemon');
  await say('Repair it again.');
  if ((await doctor('--fix', '--yes')) !== 0) return 1;
  await doctor('runs');
  await doctor('daemon', 'stop');
  await say('The disk loses eight bytes: the page that holds the sessions cannot be read.');
  damagePageOf(join(home, names.ledger), 'codex');
  await doctor('--only', 'store');
  await say('What do its bytes still hold? This changes nothing.');
  await doctor('rescue', '--dry-run');
  await say('Rescue it. The damaged ledger is kept, and can be put back.');
  // 3: rows may be lost without a trace, which the screen says.
  if (![0, 3].includes(await doctor('rescue', '--yes'))) return 1;
  await doctor('--only', 'store');
  await say('That was all. The scratch folder is removed.');
  return 0;
}

const say = (text: string): Promise<void> => print(`\n== ${text}\n\n`);

/** Runs coven-doctor with its output shown. Resolves with its exit code. */
async function run({ env, signal }: Stage, words: readonly string[]): Promise<number> {
  signal.throwIfAborted();
  await print(`$ coven-doctor ${words.map(quoted).join(' ')}\n`);
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'coven-doctor.js'), ...words], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Zeros the header of the leaf page of a table that holds a text. */
function damagePageOf(ledger: string, text: string): void {
  const bytes = readFileSync(ledger);
  for (let at = pageSize; at < bytes.length; at += pageSize)
    if (bytes[at] === tableLeaf && bytes.includes(text, at) && bytes.indexOf(text, at) < at + pageSize) {
      const fd = openSync(ledger, 'r+');
      writeSync(fd, Buffer.alloc(8), 0, 8, at);
      closeSync(fd);
      return;
    }
}

/** Ends every process that has the scratch home in its environment: only what the demo started has it. */
async function endAll(home: string): Promise<void> {
  for (const pid of allPids() ?? []) {
    const seen = readStat(pid);
    if (!seen || pid === process.pid || readEnviron(pid, ['COVEN_HOME'])?.COVEN_HOME !== home) continue;
    if (readStat(pid)?.startTicks !== seen.startTicks) continue;
    process.kill(pid, 'SIGKILL');
    // Wait for its end: until then it could write into the folder while that is removed.
    while (isAlive(pid, seen.startTicks)) await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(pid: number, startTicks: string): boolean {
  const now = readStat(pid);
  return now !== null && now.startTicks === startTicks && now.state !== 'Z';
}
