import type { Check } from '../src/model/check.ts';
import { daemon } from './daemon.ts';
import { daemonCapabilities } from './daemon-capabilities.ts';
import { daemonContext } from './daemon-context.ts';
import { daemonContract } from './daemon-contract.ts';
import { daemonDuplicates } from './daemon-duplicates.ts';
import { daemonHealth } from './daemon-health.ts';
import { daemonLog } from './daemon-log.ts';
import { daemonRecord } from './daemon-record.ts';
import { daemonResources } from './daemon-resources.ts';
import { daemonSocket } from './daemon-socket.ts';
import { daemonVersion } from './daemon-version.ts';
import { harnessChecks, harnesses } from './harnesses.ts';
import { homeAccess } from './home-access.ts';
import { homeConfig } from './home-config.ts';
import { homeDisk } from './home-disk.ts';
import { homeFilesystem } from './home-filesystem.ts';
import { homeLocks } from './home-locks.ts';
import { homeMode } from './home-mode.ts';
import { homeOwner } from './home-owner.ts';
import { homePath } from './home-path.ts';
import { homeRepairs } from './home-repairs.ts';
import { homeReset } from './home-reset.ts';
import { installBinaries } from './install-binaries.ts';
import { sessionsAutomations } from './sessions-automations.ts';
import { sessionsChurn } from './sessions-churn.ts';
import { sessionsLeases } from './sessions-leases.ts';
import { sessionsOrphaned } from './sessions-orphaned.ts';
import { sessionsProcesses } from './sessions-processes.ts';
import { sessionsStranded } from './sessions-stranded.ts';
import { storeContent } from './store-content.ts';
import { storeIndex } from './store-index.ts';
import { storeIntegrity } from './store-integrity.ts';
import { storeOpen } from './store-open.ts';
import { storeRehearsal } from './store-rehearsal.ts';
import { storeSchema } from './store-schema.ts';
import { storeWal } from './store-wal.ts';

/** Every check, in the order in which it is reported. */
export const checks: readonly Check[] = [
  homePath,
  homeOwner,
  homeMode,
  homeFilesystem,
  homeDisk,
  homeConfig,
  homeReset,
  homeRepairs,
  homeAccess,
  homeLocks,
  daemon,
  daemonSocket,
  daemonRecord,
  daemonDuplicates,
  daemonHealth,
  daemonContract,
  daemonCapabilities,
  daemonVersion,
  daemonLog,
  daemonResources,
  daemonContext,
  storeOpen,
  storeIntegrity,
  storeIndex,
  storeWal,
  storeSchema,
  storeContent,
  storeRehearsal,
  sessionsOrphaned,
  sessionsStranded,
  sessionsProcesses,
  sessionsChurn,
  sessionsLeases,
  sessionsAutomations,
  installBinaries,
  ...harnessChecks,
  harnesses,
];
