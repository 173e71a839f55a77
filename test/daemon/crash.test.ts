import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeWorld, ours, type Running, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const crashes = Number(process.env.COVEN_DOCTOR_CRASHES ?? 12);
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);

/** What the API acknowledged: input texts and events that it showed, by session. */
interface Acknowledged {
  readonly launched: Set<string>;
  readonly inputs: Set<string>;
  readonly events: Map<number, string>;
}

test(`killed with -9 at ${crashes} random moments under load, no acknowledged event is lost`, async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const random = seeded(seed);
  const acknowledged: Acknowledged = { launched: new Set(), inputs: new Set(), events: new Map() };
  let starts = 0;
  for (let round = 0; round < crashes; round += 1) {
    const daemon = await startDaemon(scratch, world, ours);
    starts += 1;
    const load = [0, 1, 2].map((lane) => press(daemon, `${round}-${lane}`, acknowledged));
    await sleep(random(120));
    await daemon.end('SIGKILL');
    await Promise.all(load);
    const ledger = new Database(join(world.home, 'coven.sqlite3'));
    expect(ledger.pragma('integrity_check', { simple: true })).toBe('ok');
    ledger.close();
  }
  await startDaemon(scratch, world, ours);
  const ledger = new Database(join(world.home, 'coven.sqlite3'), { readonly: true });
  const rows = ledger
    .prepare<[], { seq: number; id: string; kind: string; data: string }>(
      "SELECT rowid AS seq, id, kind, json_extract(payload_json, '$.data') AS data FROM events",
    )
    .all();
  const sessions = new Set(ledger.prepare('SELECT id FROM sessions').pluck().all());
  const running = ledger.prepare("SELECT count(*) FROM sessions WHERE status = 'running'").pluck().get();
  ledger.close();
  const inputs = new Set(rows.filter(({ kind }) => kind === 'input').map(({ data }) => data));
  const ids = new Map(rows.map(({ seq, id }) => [seq, id]));
  const lost = {
    sessions: [...acknowledged.launched].filter((id) => !sessions.has(id)),
    inputs: [...acknowledged.inputs].filter((data) => !inputs.has(data)),
    events: [...acknowledged.events].filter(([seq, id]) => ids.get(seq) !== id),
  };
  console.log(
    `crashes ${crashes} (seed ${seed}), starts ${starts + 1}, acknowledged: sessions ${acknowledged.launched.size}, inputs ${acknowledged.inputs.size}, events ${acknowledged.events.size}; rows ${rows.length}; lost 0 expected, found ${Object.values(lost).flat().length}`,
  );
  expect(lost).toEqual({ sessions: [], inputs: [], events: [] });
  expect(running).toBe(0);
}, 3_600_000);

/** Launches sessions, sends input and reads events until the daemon is gone. */
async function press(daemon: Running, name: string, { launched, inputs, events }: Acknowledged): Promise<void> {
  try {
    await until(async () => {
      const id = await daemon.launch('i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); done; cat');
      launched.add(id);
      for (let n = 0; n < 5; n += 1) {
        const data = `${name}-${id}-${n}\n`;
        const { status } = await daemon.request('POST', `/sessions/${id}/input`, { data });
        if (status === 202) inputs.add(data);
        const { body } = await daemon.request('GET', `/sessions/${id}/events`);
        for (const event of body.events) events.set(event.seq, event.id);
      }
      await daemon.request('POST', `/sessions/${id}/kill`);
      return false;
    });
  } catch {
    // The daemon was killed: what it acknowledged before is what counts.
  }
}
