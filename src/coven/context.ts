/** Facts about what a daemon hands down to its sessions: each is started in its environment, with its limits and its namespaces. */

/** Days that Coven keeps events where nothing says otherwise. Source: `coven logs prune --dry-run` of Coven 0.4.6. */
const defaultRetentionDays = 30;

/** Events that are gone sooner were gone before anybody came back from a week away. */
export const shortRetentionDays = 7;

/**
 * Days that events are kept with this value of COVEN_LOG_RETENTION_DAYS, which goes before that of privacy.toml. What is no
 * positive number is passed over (tried on Coven 0.4.6).
 */
export function retentionDays(value: string | undefined, configured = defaultRetentionDays): number {
  const days = /^\+?\d{1,9}$/.test(value ?? '') ? Number(value) : 0;
  return days > 0 ? days : configured;
}

/**
 * Variables that give git another repository than that of its folder: to Coven's own git commands Coven does not hand them down, and
 * to every harness it does (tried on Coven 0.4.6). Source: git(1), ENVIRONMENT VARIABLES.
 */
export const gitVariables = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
] as const;

interface Login {
  /** Below HOME; one of them is there where somebody has logged in. */
  readonly files: readonly string[];
  /** Variables that stand for a login, or name another place for it. */
  readonly instead: readonly string[];
}

/** Where a harness keeps its login. Source: the manuals of the three; of the others no place is known. */
export const logins: Readonly<Record<string, Login>> = {
  codex: { files: ['.codex/auth.json'], instead: ['CODEX_HOME', 'OPENAI_API_KEY', 'CODEX_API_KEY'] },
  claude: {
    files: ['.claude/.credentials.json', '.claude.json'],
    instead: [
      'CLAUDE_CONFIG_DIR',
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_AUTH_TOKEN',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'CLAUDE_CODE_USE_BEDROCK',
      'CLAUDE_CODE_USE_VERTEX',
    ],
  },
  copilot: {
    files: ['.copilot/config.json', '.config/github-copilot/apps.json', '.config/github-copilot/hosts.json'],
    instead: ['XDG_CONFIG_HOME', 'COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN'],
  },
};

/** What is read of a daemon's environment: of those of `logins` whether they are there, and nothing else. */
export const readVariables: readonly string[] = [
  'HOME',
  'PATH',
  'COVEN_LOG_RETENTION_DAYS',
  'COVEN_HARNESS_ADAPTER_MANIFEST',
  ...gitVariables,
  ...Object.values(logins).flatMap(({ instead }) => instead),
];

/** SIGCHLD as a bit of a mask of signals. Source: signal(7), proc(5). */
export const childSignal = 1n << 16n;

/** Rights of the owner, which a umask should never take. */
export const ownerRights = 0o700;
