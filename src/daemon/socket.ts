import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, linkSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { type Identity, isSame, look } from './private.ts';

/** Removes the socket if it is still the published one. */
export type Withdraw = () => void;

/**
 * Lets `server` listen on the home's `coven.sock`, mode 0600 from the moment that it can be seen: it is bound at a
 * private name and then linked into place, as Coven does. The caller holds the serve lock. Throws one line when another
 * process answers there, or what is there is no dead socket of the user's.
 */
export async function publishSocket(server: Server, home: string): Promise<Withdraw> {
  const path = join(home, names.socket);
  // Not longer than the name of the socket, whose length was checked.
  const staged = join(home, `.${randomBytes(4).toString('hex')}`);
  server.listen(staged);
  await once(server, 'listening');
  try {
    chmodSync(staged, 0o600);
    await vacate(path);
    linkSync(staged, path);
  } finally {
    unlinkSync(staged);
  }
  const published = look(path);
  return () => {
    if (isSame(look(path), published)) unlinkSync(path);
  };
}

/** Removes a socket that a killed daemon left. */
async function vacate(path: string): Promise<void> {
  const found = look(path);
  if (!found) return;
  if (!found.isSocket) throw new Error(`${path} is not an owner-local Unix socket`);
  if (found.uid !== BigInt(process.geteuid?.() ?? -1)) throw new Error(`${path} is owned by uid ${found.uid}`);
  await proveDead(path, found);
  unlinkSync(path);
}

async function proveDead(path: string, found: Identity): Promise<void> {
  const client = connect(path);
  try {
    await once(client, 'connect', { signal: AbortSignal.timeout(2000) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED')
      throw new Error(`cannot tell whether ${path} is in use: ${(error as Error).message}`);
    if (isSame(look(path), found)) return;
    throw new Error(`${path} was replaced meanwhile`);
  } finally {
    client.destroy();
  }
  throw new Error(`another process listens on ${path}`);
}
