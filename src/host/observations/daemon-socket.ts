import { realpath } from 'node:fs/promises';
import * as v from 'valibot';
import { contact } from '../daemon.ts';
import { isInside } from '../inside.ts';
import type { Look } from '../look.ts';
import { servedBy } from '../served-home.ts';
import { filePath, kindOrAbsent, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';

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
    /** Who answers holds the daemon's lock of another home: this is one more name of its socket. */
    serves: v.exactOptional(v.object({ pid: number, home: filePath })),
  });
export type Socket = ValueOf<typeof schema>;

export async function take(look: Look): Promise<Socket> {
  const { socket } = await look.once(contact);
  const { body } = await look.observe('daemon.health');
  const home = body?.pid == null ? null : servedBy(body.pid);
  if (body?.pid == null || home === null || home === (await realpath(look.home).catch(() => look.home))) return socket;
  // Under another name it may be the same folder, as through a mount.
  return (await isInside(home, look.home)) ? socket : { ...socket, serves: { pid: body.pid, home } };
}
