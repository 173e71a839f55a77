import type Database from 'better-sqlite3';
import { quote } from '../sqlite/names.ts';
import { isOwnOfSqlite, type Model, make } from './model.ts';
import { isSearchObject, ownStatement, type SchemaObject } from './schema.ts';
import { messageOf } from './write.ts';

/** What could not be made again, by name. */
export interface Refused {
  readonly name: string;
  readonly why: string;
}

type Attempt = (name: string, act: () => string | null) => void;

function attempting(work: (attempt: Attempt) => void): readonly Refused[] {
  const refused: Refused[] = [];
  work((name, act) => {
    try {
      const why = act();
      if (why !== null) refused.push({ name, why });
    } catch (error) {
      refused.push({ name, why: messageOf(error) });
    }
  });
  return refused;
}

/** Makes what is made of rows: counters, indexes, the full-text index. */
export const buildIndexes = (
  db: Database.Database,
  model: Model,
  objects: readonly SchemaObject[],
): readonly Refused[] =>
  attempting((attempt) => {
    for (const { name, columns } of model.tables) {
      const key = columns.find(({ isRowid }) => isRowid);
      if (!key || !isCounted(objects, name)) continue;
      attempt('sqlite_sequence', () => {
        const most = db
          .prepare(`SELECT max(${quote(key.name)}) FROM ${quote(name)}`)
          .pluck()
          .get() as number | null;
        const was = db.prepare('SELECT max(seq) FROM sqlite_sequence WHERE name = ?').pluck().get(name) as
          | number
          | null;
        if (most === null || (was !== null && was >= most)) return null;
        db.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(name);
        db.prepare('INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)').run(name, most);
        return null;
      });
    }
    for (const object of model.made) if (object.type === 'index') attempt(object.name, () => make(db, object));
    for (const object of objects)
      if (object.type === 'table' && object.name === 'events_fts')
        attempt(object.name, () => {
          const why = makeSearch(db, object) && makeSearch(db, { ...object, sql: ownStatement(object) });
          if (why === null) db.exec("INSERT INTO events_fts(events_fts) VALUES('rebuild')");
          return why;
        });
  });

/** Makes views and triggers, of which none has run by then. */
export const addViewsAndTriggers = (db: Database.Database, objects: readonly SchemaObject[]): readonly Refused[] =>
  attempting((attempt) => {
    for (const type of ['view', 'trigger'])
      for (const object of objects)
        if (object.type === type && !isSearchObject(object.table) && !isOwnOfSqlite(object.name))
          attempt(object.name, () => {
            const own = ownStatement(object);
            const why = make(db, object);
            return why !== null && own !== null ? make(db, { ...object, sql: own }) : why;
          });
  });

const isCounted = (objects: readonly SchemaObject[], table: string): boolean =>
  objects.some(({ type, name, sql }) => type === 'table' && name === table && /\bAUTOINCREMENT\b/i.test(sql ?? ''));

/** The one virtual table that Coven has. */
function makeSearch(db: Database.Database, { sql }: SchemaObject): string | null {
  if (!/^CREATE VIRTUAL TABLE (?:IF NOT EXISTS )?"?events_fts"? USING fts5\s*\(/i.test(sql ?? ''))
    return 'it is no FTS5 table';
  try {
    db.prepare(sql as string).run();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
