import type { Finding } from '../../check.ts';

type Risk = 'safe' | 'disruptive' | 'lossy';

const moveRecord = 'moves daemon.json into quarantine, with the serve lock proven free';
const moveSocket = 'moves coven.sock into quarantine, with the serve lock proven free';
const start = 'starts the daemon, and verifies its health, contract and capabilities';
const restart = 'restarts the daemon, and verifies its health, contract and capabilities';
const room = 'removes our own old backups, but for the newest, the soundest and the fullest';
const closeHome = 'sets the mode of the home to 0700';
const orphan = `${start}; the start marks the rows, as Coven does it`;

/** By `check code`: what --fix does, and the least risk that it takes. A test holds that these are all. */
export const remediations: Readonly<Record<string, readonly [risk: Risk, summary: string]>> = {
  'home:disk full': ['lossy', room],
  'home:disk low': ['lossy', room],
  'home:disk no-room-for-backup': ['lossy', room],
  'home:mode writable-by-others': ['safe', closeHome],
  'home:mode readable-by-others': ['safe', closeHome],
  'home:mode not-writable': ['safe', closeHome],
  'home:mode entry-open': ['safe', 'takes the rights of others away from what is private'],
  'home:owner foreign-entries': ['safe', 'gives the entries back to the owner of the home, where root runs it'],
  'daemon stopped': ['safe', `with --start-daemon: ${start}`],
  'daemon stale': ['safe', start],
  'daemon hung': ['disruptive', 'lets a stopped daemon go on; ends one that is proven wedged, and starts it anew'],
  'daemon unreachable': ['disruptive', 'ends the daemon, proven by its identity, and starts it anew'],
  'daemon:socket stale': ['safe', moveSocket],
  'daemon:socket not-a-socket': ['safe', moveSocket],
  'daemon:socket open-mode': ['safe', 'sets the mode of the socket to 0600'],
  'daemon:record dead-pid': ['safe', moveRecord],
  'daemon:record zombie-pid': ['safe', moveRecord],
  'daemon:record reused-pid': ['safe', moveRecord],
  'daemon:record invalid': ['safe', moveRecord],
  'daemon:record unreadable': ['safe', moveRecord],
  'daemon:record foreign-socket': ['safe', moveRecord],
  'daemon:health timeout': ['safe', restart],
  'daemon:health error-response': ['safe', restart],
  'daemon:health writer-failed': ['safe', restart],
  'daemon:health storage-degraded': ['safe', restart],
  'daemon:resources descriptors': ['safe', restart],
  'daemon:version skew': ['safe', restart],
  'daemon:version replaced-executable': ['safe', restart],
  'sessions:orphaned orphaned': ['safe', orphan],
  'sessions:stranded stranded': ['safe', orphan],
  'sessions:processes unowned': ['lossy', 'ends the harnesses that are proven to be left over, one by one'],
  'store:wal large': ['safe', 'puts a copy of the ledger in its place that holds what is in the WAL'],
  'store:wal alone': ['safe', 'moves the WAL into quarantine, where no start deletes it'],
  'store:wal foreign': ['lossy', 'moves the WAL into quarantine'],
  'store:index index-mismatch': ['safe', 'puts a copy of the ledger in its place whose indexes are built anew'],
  'store:index search-index': ['safe', 'puts a copy of the ledger in its place whose full-text index is built anew'],
};

/** Whether --fix does something about a finding by itself; that a daemon is merely stopped needs more words. */
export const hasRemedy = (check: string, finding: Pick<Finding, 'code' | 'status'>): boolean =>
  `${check} ${finding.code}` !== 'daemon stopped' && 'remediation' in remediation(check, finding);

/** What --fix would do about a finding; nothing where there is no remedy, or no fault. */
export function remediation(check: string, { code, status }: Pick<Finding, 'code' | 'status'>): object {
  const known = status === 'fail' || status === 'warn' ? remediations[`${check} ${code}`] : undefined;
  if (!known) return {};
  const [risk, summary] = known;
  const words = ['coven-doctor', '--fix', ...(risk === 'safe' ? [] : ['--allow', risk])];
  return { remediation: { id: `${check}/${code}`, risk, summary, commands: [words.join(' ')] } };
}
