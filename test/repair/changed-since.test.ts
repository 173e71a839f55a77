import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { insert, replacements, run, seen, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('no repair is cut off and then written to: strace is not installed');

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

test.skipIf(!hasStrace).each(['a repair', 'a restore'])(
  '%s was cut off and the ledger written to since: the diagnosis names the files of before, and its command keeps every session',
  async (name) => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const begin = replacements[name] ?? (async () => []);
    const made = run(await begin(join(scratch.path, 'counted')), log);
    // The last move of the ledger's files but the one that puts the next ledger in its place.
    const call = made.filter(({ line }) => /^(rename|link).*\/coven\.sqlite3(-wal|-shm)?"/.test(line)).at(-2);
    const home = join(scratch.path, 'home');
    const words = await begin(home);
    const main = hash(join(home, 'coven.sqlite3'));
    const before = seen(home);
    run(words, log, call);
    write(home, insert('since'));

    const { document, faults } = await diagnose(home);
    expect(faults).toContain('home:repairs changed-since fail');
    const { message, commands = [] } = document.checks.find(({ id }) => id === 'home:repairs') ?? { message: '' };
    const [, folder = ''] =
      /the earlier files are in <coven-home>\/(doctor\/runs\/[\w-]+\/quarantine)$/.exec(message) ?? [];
    const kept = join(home, folder);
    expect(readdirSync(kept).map((file) => hash(join(kept, file)))).toContain(main);

    const [end = [], merge = []] = commands.map(({ argv }) => argv.slice(1));
    const { exitCode } = await cli([...end, '--home', home]);
    expect([end, exitCode]).toEqual([['--fix', '--yes'], 0]);
    expect(merge.slice(0, 2)).toEqual(['rescue', '--merge']);
    const merged = await cli([...merge, '--home', home]);
    expect([merged.exitCode, merged.stdout]).toEqual([0, expect.stringContaining('Filled from the other ledger:')]);
    expect(seen(home).toSorted()).toEqual([...before, 'sessions since'].toSorted());
    expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  },
);
