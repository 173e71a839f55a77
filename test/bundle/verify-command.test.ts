import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { bundleMembers } from '../../fixtures/bundle/bundle.ts';
import { hostileTgzs, hostileZips } from '../../fixtures/bundle/hostile.ts';
import { zipOf } from '../../fixtures/bundle/zip.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { BundleRefused } from '../../src/bundle/refused.ts';
import { bundleVerify } from '../../src/cli/bundle-verify.ts';
import { sayRefused } from '../../src/render/bundle-refused.ts';
import { UsageError } from '../../src/terminal/usage.ts';

/** What the command says of some bytes, and its exit code. */
async function verify(bytes: Buffer, json: boolean): Promise<{ code: number; said: string }> {
  await using scratch = await makeScratch('memory');
  const file = join(scratch.path, 'b.zip');
  await writeFile(file, bytes);
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((_text, done?: unknown) => {
    if (typeof done === 'function') done();
    return true;
  });
  try {
    const code = await bundleVerify(file, json);
    return { code, said: out.mock.calls.map(([text]) => String(text)).join('') };
  } catch (error) {
    if (error instanceof UsageError) return { code: 2, said: error.message.replace(file, 'b.zip') };
    throw error;
  } finally {
    out.mockRestore();
  }
}

const good = Object.entries(bundleMembers()).map(([name, content]) => ({ name, content }));

test('a whole bundle: what it holds, what was cut and left out', async () => {
  const { code, said } = await verify(zipOf(good), false);
  expect(code).toBe(0);
  expect(said.split('\n').slice(1)).toEqual([
    'Made by coven-doctor 0.1.0 at 2026-11-25T07:00:00.000Z. That is what it says; nothing in it proves who made it.',
    'Truncated: log/daemon-recovery.log: all but the last 512 KiB (limit)',
    'Omitted: store.json (ledger-cannot-open)',
    '',
  ]);
  expect(said).toMatch(/b\.zip is whole: 4 members with \d+ bytes beside its manifest\.\n/);
  const answer = JSON.parse((await verify(zipOf(good), true)).said);
  expect([answer.ok, answer.schema, answer.members.length]).toEqual([true, 'coven-doctor.bundle/1', 4]);
});

test('a changed one is refused with its reason, exit code 2, in words and as JSON', async () => {
  const changed = zipOf(
    good.map((member) => (member.name === 'report.txt' ? { ...member, content: '\u001b[2J' } : member)),
  );
  expect(await verify(changed, false)).toEqual({
    code: 2,
    said: 'b.zip is not taken for a bundle: its member "report.txt" is not what it was',
  });
  const { code, said } = await verify(changed, true);
  expect([code, JSON.parse(said)]).toEqual([
    2,
    {
      ok: false,
      refused: { code: 'member-changed', member: 'report.txt', message: 'its member "report.txt" is not what it was' },
    },
  ]);
});

test('every reason has words, and no name moves a cursor', async () => {
  const codes = new Set([...hostileZips, ...hostileTgzs].map(([, , code]) => code));
  for (const code of codes) {
    const said = sayRefused(new BundleRefused(code, { member: `a\u001b[2J\u202e${'x'.repeat(200)}`, limit: 3 }));
    expect(said).toMatch(/^[\x20-\x7e…]{10,200}$/);
  }
});
