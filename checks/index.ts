import type { Check } from '../src/check.ts';
import { daemon } from './daemon.ts';
import { daemonCapabilities } from './daemon-capabilities.ts';
import { daemonContract } from './daemon-contract.ts';
import { daemonHealth } from './daemon-health.ts';
import { daemonRecord } from './daemon-record.ts';
import { daemonSocket } from './daemon-socket.ts';
import { homeDisk } from './home-disk.ts';
import { homeMode } from './home-mode.ts';
import { homeOwner } from './home-owner.ts';
import { homePath } from './home-path.ts';
import { sessionsOrphaned } from './sessions-orphaned.ts';
import { sessionsProcesses } from './sessions-processes.ts';
import { storeIntegrity } from './store-integrity.ts';
import { storeOpen } from './store-open.ts';

/** Every check, in the order in which it is reported. */
export const checks: readonly Check[] = [
  homePath,
  homeOwner,
  homeMode,
  homeDisk,
  daemon,
  daemonSocket,
  daemonRecord,
  daemonHealth,
  daemonContract,
  daemonCapabilities,
  storeOpen,
  storeIntegrity,
  sessionsOrphaned,
  sessionsProcesses,
];
