import { checks as ours } from '../../checks/index.ts';
import { subjectOf } from '../kit/guests.ts';
import { stageHomes } from '../kit/stage.ts';
import { type Tried, tryCheck } from '../kit/trials.ts';
import { loadGuests } from '../plugins/load.ts';
import { renderKit } from '../render/kit.ts';
import { homesOf, usable } from './guests.ts';
import { print } from './print.ts';

/** `check-kit MODULE`: tries every check of a module on hostile homes; 1 where one may not be relied on. */
export async function checkKit(module: string, signal: AbortSignal): Promise<number> {
  const loading = { cwd: process.cwd(), homes: homesOf(undefined), ours: ours.map(({ id }) => id), signal };
  const guests = await usable(() => loadGuests([module], loading));
  await using stage = await stageHomes(signal);
  const all: Tried[] = [];
  for (const guest of guests) {
    const subject = subjectOf(guest, signal);
    try {
      all.push(await tryCheck(subject, stage, signal));
    } finally {
      subject.end();
    }
  }
  await print(renderKit(all, stage));
  return all.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}
