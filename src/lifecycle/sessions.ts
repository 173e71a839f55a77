import { type LiveSessions, liveSessions, rowNeeds } from '../coven/rows.ts';
import { see } from '../host/host.ts';
import { whole } from '../model/observation.ts';
import { lookAfresh } from './look-afresh.ts';

/** The sessions that live on a home now; null where that cannot be told. Changes nothing. */
export const seeLiveSessions = (home: string, signal: AbortSignal): Promise<LiveSessions | null> =>
  lookAfresh(home, signal, async (host) => {
    const rows = whole(await see(host, rowNeeds), rowNeeds);
    return rows && liveSessions(rows);
  });
