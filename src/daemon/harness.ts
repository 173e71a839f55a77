import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** How a session's harness is run: on a terminal, or with pipes and its prompt given once. */
export type LaunchMode = 'interactive' | 'nonInteractive';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Written to the standard input of a piped harness, which then ends. */
  readonly input: string;
}

/** The command lines by which Coven 0.4.6 runs the harnesses that it knows by itself (observed with stand-ins). */
const commandLines: Readonly<Record<string, Readonly<Record<LaunchMode, (prompt: string) => readonly string[]>>>> = {
  codex: {
    interactive: (prompt) => ['--', prompt],
    nonInteractive: () => ['exec', '--skip-git-repo-check', '--color', 'never', '--', '-'],
  },
  claude: {
    interactive: (prompt) => ['--', prompt],
    nonInteractive: (prompt) => ['--print', '--', prompt],
  },
  'coven-code': {
    interactive: (prompt) => ['--', prompt],
    nonInteractive: (prompt) => ['--print', '--', prompt],
  },
  copilot: {
    interactive: (prompt) => [`--interactive=${prompt}`],
    nonInteractive: (prompt) => ['--no-color', `--prompt=${prompt}`],
  },
};

export const isHarness = (id: string): boolean => Object.hasOwn(commandLines, id);

/** The command of a harness, its executable found on `path`; null when there is none. */
export function commandOf(harness: string, mode: LaunchMode, prompt: string, path: string): Command | null {
  const file = findExecutable(harness, path);
  const args = commandLines[harness]?.[mode](prompt);
  if (!file || !args) return null;
  return { file, args, input: harness === 'codex' && mode === 'nonInteractive' ? prompt : '' };
}

/** The first executable file of a name; a relative folder would let a project bring its own harness. */
function findExecutable(name: string, path: string): string | null {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return null;
}
