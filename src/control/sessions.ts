import { type LiveSessions, liveSessions, rowNeeds } from '../coven/rows.ts';
import { lookAfresh } from './look.ts';

/** The sessions that live on a home now; null where that cannot be told. Changes nothing. */
export const seeLiveSessions = (home: string, signal: AbortSignal): Promise<LiveSessions | null> =>
  lookAfresh(home, signal, async ({ observe }) => {
    const looks = await Promise.all(rowNeeds.map((key) => observe(key)));
    if (looks.some((look) => !look.ok)) return null;
    const sight = Object.fromEntries(looks.map((look) => [look.key, look.ok ? look.value : null]));
    return liveSessions(sight as unknown as Parameters<typeof liveSessions>[0]);
  });
