import { describe, expect, test } from 'vitest';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import {
  type Edits,
  type Installer,
  installBroken,
  installMinimal,
  installReal,
  makeSite,
} from '../../fixtures/upgrade.ts';

interface Coven {
  readonly installer: Installer;
  /** What makes it announce a capability, lack one, and speak another contract. */
  readonly rich: Edits;
  readonly poor: Edits;
  readonly otherContract: Edits;
  readonly lost: string;
  /** What a restart makes of a live session, and what postflight says of that. */
  readonly ends: readonly [status: RegExp, faults: readonly string[]];
}

const minimal: Coven = {
  installer: installMinimal,
  rich: { 'sessionHandoff:!1': 'sessionHandoff:!0' },
  poor: {},
  otherContract: { 'coven.daemon.v1': 'coven.daemon.v2' },
  ends: [/killed/, []],
  lost: 'sessionHandoff',
};

const real = findRealCoven();
if ('why' in real) console.log(`no upgrade of the real Coven: ${real.why}`);

const covens: readonly (readonly [string, Coven])[] = [
  ['the minimal daemon', minimal],
  ...('path' in real
    ? [
        [
          'the real Coven',
          {
            installer: installReal(real.path),
            rich: {},
            poor: { sessionHandoff: 'sessionXandoff' },
            // The compiler has put the end of the name into instructions.
            otherContract: { 'aemon.v1': 'aemon.v2' },
            // A restart leaves the rows to the next start, or sees the harness fail; the minimal daemon ends them by itself.
            ends: [/orphaned|failed/, ['upgraded:sessions interrupted warn']],
            lost: 'sessionHandoff',
          },
        ] as const,
      ]
    : []),
];

const messageOf = (
  diagnosis: { document: { checks: readonly { id: string; message: string; hint?: string }[] } },
  id: string,
) => diagnosis.document.checks.find((check) => check.id === id);

describe.each(covens)(
  'a home of %s, upgraded by the steps of the guide',
  (_, { installer, rich, poor, otherContract, ends, lost }) => {
    const site = (scratch: Parameters<typeof makeSite>[0], edits?: Edits) =>
      makeSite(scratch, installer, '0.4.6', edits);

    test('to a newer version', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch);
      const before = await preflight('--target-version', '0.4.7', '--require', 'sessions,coven.sessions');
      expect([before.exitCode, before.faults]).toEqual([0, []]);
      expect(before.all.filter((line) => line.startsWith('upgrade:'))).toEqual([
        'upgrade:quiet ok pass',
        'upgrade:sessions ok pass',
        'upgrade:target ok pass',
        'upgrade:binaries ok pass',
        'upgrade:room ok pass',
        'upgrade:capabilities ok pass',
      ]);
      install('0.4.7');
      expect(await coven('daemon', 'restart')).toBe(0);
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([0, []]);
      expect(after.all.filter((line) => line.startsWith('upgrade'))).toEqual([
        'upgraded:state ok pass',
        'upgraded:version ok pass',
        'upgraded:capabilities ok pass',
        'upgraded:ledger ok pass',
        'upgraded:sessions ok pass',
        'upgrade:contract ok pass',
        'upgrade:capabilities ok pass',
      ]);
    });

    test('beside a live session, which the restart ends', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven, launch, untilStatus } = await site(scratch);
      const id = await launch('sleep 600');
      await untilStatus(id, 'running');
      const before = await preflight('--target-version', '0.4.7');
      expect([before.exitCode, before.faults]).toEqual([1, ['upgrade:sessions live-sessions fail']]);
      expect(messageOf(before, 'upgrade:sessions')?.message).toContain(id);
      install('0.4.7');
      expect(await coven('daemon', 'restart')).toBe(0);
      const after = await postflight();
      const [status, faults] = ends;
      expect([after.exitCode, after.faults]).toEqual([0, faults]);
      expect(messageOf(after, 'upgraded:sessions')?.message).toMatch(new RegExp(`${id} (${status.source})`));
    });

    test('to an older version', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch);
      const before = await preflight('--target-version', '0.4.5');
      expect([before.exitCode, before.faults]).toEqual([1, ['upgrade:target downgrade fail']]);
      install('0.4.5');
      expect(await coven('daemon', 'restart')).toBe(0);
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([1, ['upgraded:version older fail']]);
    });

    test('without the restart', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install } = await site(scratch);
      expect((await preflight('--target-version', '0.4.7')).exitCode).toBe(0);
      install('0.4.7');
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([
        1,
        ['daemon:version skew warn', 'upgraded:version not-restarted fail'],
      ]);
    });

    test('to a version that is not the one that was wanted', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch);
      expect((await preflight('--target-version', '0.4.8')).exitCode).toBe(0);
      install('0.4.7');
      expect(await coven('daemon', 'restart')).toBe(0);
      expect((await postflight()).faults).toEqual(['upgraded:version wrong-version fail']);
    });

    test('to one whose daemon does not start', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch);
      expect((await preflight('--target-version', '0.4.7', '--contract', 'coven.daemon.v1')).exitCode).toBe(0);
      expect(await coven('daemon', 'stop')).toBe(0);
      install('0.4.7', {}, installBroken);
      expect(await coven('daemon', 'start')).toBe(1);
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([
        1,
        [
          'daemon stopped warn',
          'upgraded:version not-running fail',
          'upgraded:capabilities no-answer unknown',
          'upgrade:contract no-answer unknown',
        ],
      ]);
      expect(after.causes).toEqual(['upgraded:version not-running']);
      expect(after.document.escalate).toEqual(['health-failed']);
    });

    test('to one with another contract, whose clients must be updated', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch);
      expect((await preflight('--target-version', '0.4.7')).exitCode).toBe(0);
      expect(await coven('daemon', 'stop')).toBe(0);
      install('0.4.7', otherContract);
      expect(await coven('daemon', 'start')).toBe(0);
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([
        1,
        ['daemon:contract unsupported fail', 'upgrade:contract differs fail'],
      ]);
      expect(after.causes).toEqual(['daemon:contract unsupported']);
      expect(messageOf(after, 'daemon:contract')?.hint).toMatch(/^Update Coven, then restart/);
    });

    test('to one that loses a capability', async () => {
      await using scratch = await makeScratch();
      const { preflight, postflight, install, coven } = await site(scratch, rich);
      expect((await preflight('--target-version', '0.4.7', '--require', `sessions,${lost}`)).exitCode).toBe(0);
      install('0.4.7', poor);
      expect(await coven('daemon', 'restart')).toBe(0);
      const after = await postflight();
      expect([after.exitCode, after.faults]).toEqual([
        1,
        ['upgraded:capabilities lost fail', 'upgrade:capabilities missing fail'],
      ]);
      expect(messageOf(after, 'upgraded:capabilities')?.message).toContain(`no longer announced: ${lost}`);
    });
  },
);
