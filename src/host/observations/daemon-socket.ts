import * as v from 'valibot';
import { contact } from '../daemon.ts';
import type { Look } from '../look.ts';
import { kindOrAbsent, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    kind: kindOrAbsent,
    mode: maybe(number),
    uid: maybe(number),
    /**
     * `silent` accepts a connection and answers nothing; `full` has no room left in its queue, `wrong-type` is no
     * stream socket.
     */
    connect: oneOf([
      'absent',
      'refused',
      'accepted',
      'full',
      'denied',
      'too-long',
      'not-tried',
      'wrong-type',
      'failed',
    ]),
    errno: maybe(text),
    looks: number,
    /** Which process took up a connection, asked where more than the daemon listen in the home; null where none was seen to. */
    acceptedBy: v.exactOptional(maybe(number)),
  });
export type Socket = ValueOf<typeof schema>;

export const take = async (look: Look): Promise<Socket> => (await look.once(contact)).socket;
