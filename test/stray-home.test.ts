import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sessionsLeases } from '../checks/sessions-leases.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { namedHome } from '../src/cli/options/home.ts';

test('a home whose name ends in a carriage return is told beside the one that is meant', async () => {
  await using scratch = await makeScratch();
  expect(() => namedHome(`${scratch.path}\r`)).toThrow(`; ${scratch.path} is there`);
  expect(() => namedHome(join(scratch.path, 'none\r'))).not.toThrow('is there');
});

test('of a gate that is another user’s, what is moved lies in a folder of the project’s own', () => {
  const gate = '/p/.git/coven-maintenance-gate';
  for (const closed of [gate, `${gate}/writers`, `${gate}/lock`]) {
    const told = sessionsLeases.causes.closed?.hint;
    const hint = typeof told === 'function' ? JSON.stringify(told({ closed, uid: 0, me: 1 })) : '';
    expect(hint).toContain(`"${gate}"`);
    expect(hint).not.toContain(`${closed === gate ? 'writers' : closed}.aside`);
  }
});
