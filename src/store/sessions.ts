import type { Database } from 'better-sqlite3';
import type { SessionRow, StoreSessions } from '../model/observation.ts';
import { codeOf } from '../sqlite/names.ts';
import { refuseViews } from '../sqlite/ordinary.ts';
import { whole } from '../sqlite/whole.ts';
import { readAhead } from './ahead.ts';
import { readBehind } from './behind.ts';
import { readContent } from './content.ts';
import { readImpossible } from './impossible.ts';
import { noSessions } from './no-sessions.ts';

const openStatuses: readonly string[] = ['created', 'running'];

/** More statuses than Coven has; what is beyond is not counted. */
const groupLimit = 50;

/** Open rows beyond this many are counted and not listed. */
const openLimit = 500;

/** So many of the newest sessions are told with how they ended. */
const latestLimit = 50;

/** So many projects are named, among those of the newest sessions. */
const projectLimit = 20;

const dayMs = 24 * 3_600_000;

/** Days that are told one by one; the newest sessions, in which days and projects are looked for; and more groups than Coven's statuses make of them. */
const days = 30;
const newest = 20_000;
const dayLimit = 400;

/** The session rows as they stand now. Titles hold prompts and are not read. `hasEvents` is whether `db` has the rows of events. */
export function readSessions(db: Database, hasEvents = true): Omit<StoreSessions, 'looks'> {
  try {
    const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sessions'").get();
    if (!table) return { ...noSessions, outcome: 'no-table', code: null };
    refuseViews(db, ['sessions', 'events', 'sensitive_artifacts']);
    const counts = db
      .prepare(`SELECT ${whole('status', 40)}, count(*) AS n FROM sessions GROUP BY 1 LIMIT ${groupLimit}`)
      .all() as { status: string; n: number }[];
    // Each question about all sessions reads all of them: a million take a quarter of a second.
    const mayBeOpen = counts.length === groupLimit || counts.some(({ status }) => openStatuses.includes(status));
    // `__cockpit__` is a row that Coven makes up for its own screen.
    const open = db
      .prepare(
        `SELECT ${whole('id', 128)}, status, ${whole('harness', 64)}, ${whole('created_at', 40, 'createdAt')},
                ${whole('updated_at', 40, 'updatedAt')}, ${external(db)} AS external
           FROM sessions WHERE status IN (${openStatuses.map((status) => `'${status}'`).join()}) AND id <> '__cockpit__'
          ORDER BY created_at DESC LIMIT ${mayBeOpen ? openLimit + 1 : 0}`,
      )
      .all() as (Omit<SessionRow, 'external'> & { external: number })[];
    const recent = db
      .prepare(
        `SELECT count(*) AS made, count(*) FILTER (WHERE status = 'failed') AS failed,
                count(*) FILTER (WHERE status = 'orphaned') AS orphaned
           FROM sessions WHERE created_at > ? AND id <> '__cockpit__'`,
      )
      .get(new Date(Date.now() - dayMs).toISOString()) as StoreSessions['recent'];
    const byDay = db
      .prepare(
        `SELECT substr(created_at, 1, 10) AS day, ${whole('status', 40)}, count(*) AS sessions
           FROM (SELECT created_at, status FROM sessions WHERE created_at > ? AND id <> '__cockpit__'
                  ORDER BY created_at DESC LIMIT ${newest})
          WHERE day GLOB '20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]' GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${dayLimit}`,
      )
      .all(new Date(Date.now() - days * dayMs).toISOString()) as StoreSessions['byDay'];
    const latest = db
      .prepare(
        `SELECT ${whole('id', 128)}, ${whole('status', 40)}, ${whole('created_at', 40, 'createdAt')} FROM sessions
          WHERE ${external(db)} = 0 AND id <> '__cockpit__' ORDER BY created_at DESC LIMIT ${latestLimit}`,
      )
      .all() as StoreSessions['latest'];
    const projects = db
      .prepare(
        `SELECT project_root
           FROM (SELECT project_root, created_at FROM sessions WHERE length(project_root) < 4096 AND id <> '__cockpit__'
                  ORDER BY created_at DESC LIMIT ${newest})
          GROUP BY project_root ORDER BY max(created_at) DESC LIMIT ${projectLimit}`,
      )
      .pluck()
      .all();
    return {
      latest,
      projects: projects.map(String),
      ahead: readAhead(db, hasEvents),
      behind: readBehind(db, hasEvents),
      ...artifactsOf(db),
      ...readContent(
        db,
        hasEvents,
        counts.map(({ status }) => String(status)),
      ),
      ...readImpossible(db),
      outcome: 'read',
      code: null,
      recent,
      byDay,
      byStatus: Object.fromEntries(counts.map(({ status, n }) => [String(status), n])),
      open: open.slice(0, openLimit).map((row) => ({ ...row, external: row.external !== 0 })),
      openComplete: open.length <= openLimit,
    };
  } catch (error) {
    const code = codeOf(error);
    return { ...noSessions, outcome: 'failed', code };
  }
}

/** Older ledgers have no such column; their rows are all Coven's own. */
function external(db: Database): string {
  const columns = db.prepare("SELECT name FROM pragma_table_info('sessions')").pluck().all();
  return columns.includes('external') ? 'external' : '0';
}

function artifactsOf(db: Database): Pick<StoreSessions, 'artifacts' | 'oldestArtifactAt'> {
  const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sensitive_artifacts'").get();
  if (!table) return { artifacts: 0, oldestArtifactAt: null };
  return db
    .prepare(
      `SELECT count(*) AS artifacts, ${whole('min(created_at)', 40, 'oldestArtifactAt')} FROM sensitive_artifacts`,
    )
    .get() as Pick<StoreSessions, 'artifacts' | 'oldestArtifactAt'>;
}
