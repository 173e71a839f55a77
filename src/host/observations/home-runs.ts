import * as v from 'valibot';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { id, list, maybe, name, number, oneOf, text, time, type ValueOf } from '../shape.ts';

/** Rows; `doubts` are reasons why more may be lost without a trace, and `unaccounted` the events that may be among them. */
const counts = () =>
  v.object({
    ...{ rescued: number, lost: number, uncertain: number, doubts: number, unaccounted: number },
    /** Sessions whose own row is lost, and sessions that lack something or may. */
    ...{ placeholders: number, incomplete: number },
  });

/** What earlier repairs left in `doctor/`. */
export const schema = () =>
  v.object({
    /** Runs that were cut off, newest first. */
    unfinished: list(
      v.object({
        id,
        at: maybe(time),
        fixes: number,
        /** The name of a file of it that others wrote to or replaced since; null where there is none. */
        changed: maybe(text),
      }),
    ),
    /** A run, or the folder itself, that others can write to or made; null where all is the user's own. */
    notOurs: maybe(name),
    /** Backups of ours that may go for room; counted where the disk is short. */
    spareBackups: v.optional(number, 0),
    /** Why what is there could not be examined, which says nothing of whose it is; null where it was. */
    unexamined: v.optional(maybe(oneOf(['platform', 'other-user', 'too-many', 'error'])), null),
    /** The newest rescues whose ledger is the one in place, as far as runs tell; newest first. */
    rescues: v.optional(list(v.object({ id, at: maybe(time), counts: maybe(counts()) })), []),
  });
export type Runs = ValueOf<typeof schema>;

export const noRuns: Runs = { unfinished: [], notOurs: null, spareBackups: 0, unexamined: null, rescues: [] };

/** Runs of earlier repairs: who repairs homes reads their journals, and only in a home that has some. */
export async function take(look: Look): Promise<Runs> {
  const { list } = await look.observe('home.entries');
  if (!list.some(({ name }) => name === 'doctor')) return noRuns;
  if (!look.seeRuns) throw new CannotSee('not-read', 'journals of repairs are not read here');
  return look.seeRuns(look);
}
