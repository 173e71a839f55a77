import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type GatewayFault, gatewayBind, gatewayFault, gatewayState } from '../coven/config.ts';
import { names } from '../coven/layout.ts';
import { parseJson } from '../json.ts';
import type { Entry } from '../model/observation.ts';
import { readThrough } from './files.ts';
import { canonicalAddress, isTaken } from './listening.ts';
import type { Look } from './look.ts';
import { flockHolders } from './observations/home-locks.ts';
import { textOfProc } from './proc-file.ts';

/** Coven's own are some kilobytes. */
const limitBytes = 1024 ** 2;

/** What Coven refuses of an enabled mobile gateway, and the file that it is about; null where it refuses nothing, or takes it for disabled. */
export interface RefusedGateway {
  readonly gateway: GatewayFault;
  readonly gatewayFile?: string;
}

/** Open to others, or of another shape, Coven takes it for disabled. Source: `coven daemon serve` of 0.4.6. */
export async function refusedGateway(look: Look, entries: readonly Entry[]): Promise<RefusedGateway | null> {
  const modeOf = (path: string): number | undefined => entries.find(({ name }) => name === path)?.mode;
  if (modeOf('mobile') !== 0o700 || modeOf('mobile/gateway.json') !== 0o600) return null;
  const reading = await readThrough(join(look.home, 'mobile', 'gateway.json'), limitBytes);
  if (reading.state !== 'read') return null;
  let value: unknown;
  try {
    value = parseJson(reading.bytes.toString('utf8'));
  } catch {
    return null;
  }
  const bind = gatewayBind(value);
  if (!bind) return null;
  const here = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const gateway = gatewayFault(bind, (address) => here.map(canonicalAddress).includes(canonicalAddress(address)));
  if (gateway) return { gateway };
  const state = gatewayState(entries);
  if (state) return { gateway: state.fault, gatewayFile: state.file.name };
  const [tcp = '', tcp6 = ''] = ['tcp', 'tcp6'].map((name) => textOfProc(`/proc/self/net/${name}`) ?? '');
  // The table first: a daemon that starts meanwhile has its lock before it listens.
  return isTaken(bind.address, bind.port, { tcp, tcp6 }) && (await isWithoutDaemon(look, entries))
    ? { gateway: 'port-taken' }
    : null;
}

/** Whether no daemon of this home lives, whatever it answers: one that does listens at its gateway’s port itself. In doubt, one may. */
async function isWithoutDaemon({ observe }: Look, entries: readonly Entry[]): Promise<boolean> {
  const lock = entries.find(({ name }) => name === names.serveLock);
  if (lock && flockHolders(lock).length > 0) return false;
  const [locks, processes] = await Promise.all([
    observe('home.locks').catch(() => null),
    observe('processes').catch(() => null),
  ]);
  if (!locks || !processes) return false;
  if (locks.files.some(({ name, holders }) => name === names.serveLock && holders.length > 0)) return false;
  if (processes.list.some(({ role, home, state }) => role === 'serve' && state !== 'Z' && home !== 'other'))
    return false;
  // Last, since the silence of a daemon is watched for long. One in another container is known by its answer alone.
  const health = await observe('daemon.health').catch(() => null);
  return health !== null && health.outcome !== 'answered';
}
