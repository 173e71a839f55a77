import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lateOptimization, shortLived } from '../../src/child/short-lived.ts';

test('this Node starts with the options of a short-lived child, and has the heap that they name', () => {
  const heap = "process.stdout.write(String(require('node:v8').getHeapStatistics().heap_size_limit / 1024 ** 2))";
  const { status, stdout, stderr } = spawnSync(process.execPath, [...shortLived(64), '-e', heap], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(Number(stdout)).toBeLessThan(128);
});

test.each([
  ['11.3.244.8-node.38', ['--interrupt-budget=1081344']],
  ['12.4.254.21-node.57', ['--invocation-count-for-turbofan=48000']],
  ['13.6.233.17-node.53', ['--invocation-count-for-turbofan=48000']],
  ['14.6.202.34-node.40', ['--invocation-count-for-turbofan=48000']],
  // An option that a V8 does not know ends the child: where it is not known to, none is given.
  ['11.8.172.17-node.12', []],
  ['12.0.1', []],
  ['15.0.5', []],
  ['', []],
])('V8 %s is asked for %j', (v8, wanted) => {
  expect(lateOptimization(v8)).toEqual(wanted);
});
