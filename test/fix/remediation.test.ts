import { expect, test } from 'vitest';
import { remedyNames } from '../../src/fix/plan.ts';
import { remediations } from '../../src/render/words/remediation.ts';

test('a report offers a remediation for exactly the findings that have a remedy', () => {
  expect(Object.keys(remediations).toSorted()).toEqual([...remedyNames].toSorted());
});
