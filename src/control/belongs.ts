import { liveHost } from '../host/live.ts';

const coreTables = ['sessions', 'events', 'store_meta', 'request_adoptions'];
const readMs = 5000;

/**
 * Tables of a home's ledger beyond the core that the minimal daemon knows: signs of a full Coven, whose other rows it
 * would not look after. Empty where there is no ledger, or none that opens.
 */
export async function foreignTables(home: string, signal: AbortSignal): Promise<readonly string[]> {
  const host = liveHost({ home, source: 'option', env: process.env, deep: false, deadlineMs: readMs, signal });
  try {
    const look = await host.observe('store.open');
    if (!look.ok) return [];
    return look.value.tables.filter(
      (name) => !coreTables.includes(name) && !name.startsWith('events_fts') && !name.startsWith('sqlite_'),
    );
  } finally {
    await host.close();
  }
}
