import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutRows } from '../src/coven/gates.ts';
import type { Lease } from '../src/observation.ts';

/** A lease lasts 90 s and is renewed every 20 s; a busy machine may miss one renewal. */
const lateSeconds = 30;

/**
 * The writer leases of the projects. Expired ones whose session is over are what every ended run leaves: Coven passes over
 * them and removes them later. One of a live session lets maintenance begin beneath it.
 */
export const sessionsLeases = defineCheck({
  id: 'sessions:leases',
  category: 'sessions',
  needs: ['machine', 'home', 'store.open', 'store.sessions', 'sessions.leases', 'processes'],
  skip: withoutRows,
  judge: ({ machine, 'sessions.leases': { projects }, processes: { list } }) => {
    const now = Date.parse(machine.now) / 1000;
    const alive = new Set(list.filter(({ state }) => state !== 'Z').map(({ sessionId }) => sessionId));
    const isLate = ({ expiresAt }: Lease): boolean => expiresAt !== null && expiresAt + lateSeconds < now;
    const found = projects.flatMap(({ path, gate, owner, writers }) => {
      const about = (lease: Lease | null) => ({
        facts: { path, gate, name: lease?.name ?? null, session: lease?.sessionId ?? null, owner: lease === owner },
        evidence: from('sessions.leases', {
          gate,
          lease: lease?.name ?? null,
          state: lease?.state ?? null,
          expiresAt: lease?.expiresAt ?? null,
        }),
      });
      const target = '<project>/.git/coven-maintenance-gate';
      if (gate === 'unreadable' || gate === 'remote') return [unknown('undetermined', target, about(null))];
      const unreadable = [owner, ...writers].find((lease) => lease?.state === 'unreadable');
      const malformed = writers.find(({ state }) => state === 'malformed');
      const late = writers.find((writer) => writer.sessionId && alive.has(writer.sessionId) && isLate(writer));
      return [
        ...(owner?.state === 'malformed' ? [fail('malformed', target, about(owner))] : []),
        ...(malformed ? [warn('malformed', target, about(malformed))] : []),
        ...(late ? [warn('expired', target, about(late))] : []),
        ...(unreadable ? [unknown('undetermined', target, about(unreadable))] : []),
      ];
    });
    if (found.length > 0) return found;
    const writers = projects.flatMap((project) => project.writers);
    const facts = { projects: projects.length, writers: writers.length, left: writers.filter(isLate).length };
    return [pass('<coven-home>', { facts, evidence: from('sessions.leases', facts) })];
  },
});
