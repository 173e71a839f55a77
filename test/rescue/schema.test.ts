import { expect, test } from 'vitest';
import { type SchemaObject, settleSchema } from '../../src/rescue/schema.ts';

const columns =
  'id TEXT PRIMARY KEY, session_id TEXT NOT NULL, extra TEXT, and_more TEXT NOT NULL, created_at TEXT NOT NULL';
const events: SchemaObject = {
  ...{ type: 'table', name: 'events', table: 'events', root: 9 },
  sql: `CREATE TABLE events (${columns})`,
};
const other: SchemaObject = { ...events, name: 'mine', table: 'mine', root: 12, sql: 'CREATE TABLE mine (a TEXT)' };

/** Names of tables with their root pages, and what their statements make. */
const settled = (objects: readonly SchemaObject[], complete = true) =>
  settleSchema({ objects, complete })
    .filter(({ name, root }) => root > 0 || name === 'events' || name === 'mine')
    .map(({ name, root, sql }) => `${name} ${root} ${/^CREATE TABLE (\w+)/.exec(sql ?? '')?.[1]}`);

test.each<[string, Partial<SchemaObject>]>([
  ['nothing', {}],
  ['the name', { name: 'evenss' }],
  ['both names of the row', { name: 'evenss', table: 'evXnts' }],
  ['a capital letter in the name', { name: 'eVents' }],
  ['a capital letter in the statement', { sql: `CREATE TABLE eVents (${columns})` }],
  ['the name in the statement', { sql: `CREATE TABLE evXXts (${columns})` }],
])('a table of which %s is damaged keeps its rows, and is made once', (_, damage) => {
  for (const complete of [true, false])
    expect(settled([{ ...events, ...damage }, other], complete)).toEqual(['events 9 events', 'mine 12 mine']);
});

test('of two rows that say the same table, the one counts that says so itself and has a root page', () => {
  expect(settled([{ ...events, name: 'evenss', root: 0 }, events])).toEqual(['events 9 events']);
  expect(settled([{ ...events, name: 'evenss', root: 5 }, events])).toEqual(['events 9 events']);
  expect(
    settled([
      { ...events, root: 0 },
      { ...events, name: 'evenss', root: 5 },
    ]),
  ).toEqual(['events 5 events']);
});

test('a table that Coven does not know is called what its statement makes', () => {
  expect(settled([{ ...other, name: 'minX' }])).toEqual(['mine 12 mine']);
});
