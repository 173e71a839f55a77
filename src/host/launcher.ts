import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';

/*
 * The `coven` that `coven-doctor shim` writes: a few lines of sh, so that a command of Coven starts as fast as without it.
 */

/** The second line of every launcher, by which it is known. */
const mark = '# Written by `coven-doctor shim`; `coven-doctor shim --remove` removes it.';
/** A launcher is shorter. */
const mostBytes = 8192;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const unquote = (text: string): string => text.replaceAll("'\\''", "'");

/**
 * The text of a launcher that will be at `path`. It runs `coven doctor` here, and hands every other word to the `coven` that
 * follows on PATH by execve(2), so that arguments, streams, signals and exit code are those of that program.
 */
export function launcherText(path: string): string {
  const { node, doctor, daemon } = {
    node: process.execPath,
    doctor: join(packageRoot, 'dist', 'coven-doctor.js'),
    daemon: join(packageRoot, 'dist', 'coven.js'),
  };
  // Names that no environment has: a variable that came from there would be handed on changed.
  return `#!/bin/sh
${mark}
# \`coven doctor\` is coven-doctor; every other word goes to the Coven that follows on PATH, else to coven-doctor's own daemon.
coven_doctor_self=${quote(path)}
coven_doctor_node=${quote(node)}
coven_doctor_program=${quote(doctor)}
coven_doctor_daemon=${quote(daemon)}
coven_doctor_next=
[ -x "$coven_doctor_node" ] || coven_doctor_node=node

if [ "\${1-}" = doctor ]; then
  if [ -f "$coven_doctor_program" ]; then
    shift
    exec "$coven_doctor_node" "$coven_doctor_program" "$@"
  fi
  echo "coven: coven-doctor is no longer at $coven_doctor_program; remove this launcher, $coven_doctor_self" >&2
fi

# Another launcher would come back to this one.
coven_doctor_launches() {
  { IFS= read -r coven_doctor_first && IFS= read -r coven_doctor_second; } <"$1" || return 1
  [ "$coven_doctor_second" = ${quote(mark)} ]
} 2>/dev/null

set -f
IFS=:
for coven_doctor_folder in $PATH; do
  case $coven_doctor_folder in /*) ;; *) continue ;; esac
  if [ "$coven_doctor_folder/coven" -ef "$coven_doctor_self" ]; then
    [ "\${coven_doctor_passed-}" ] || coven_doctor_next=
    coven_doctor_passed=1
  elif [ ! "$coven_doctor_next" ] && [ -f "$coven_doctor_folder/coven" ] && [ -x "$coven_doctor_folder/coven" ]; then
    coven_doctor_launches "$coven_doctor_folder/coven" || coven_doctor_next=$coven_doctor_folder/coven
  fi
done

[ "$coven_doctor_next" ] && exec "$coven_doctor_next" "$@"
[ -f "$coven_doctor_daemon" ] && exec "$coven_doctor_node" "$coven_doctor_daemon" "$@"
echo "coven: no Coven follows this launcher on PATH; install one: npm install -g @opencoven/cli" >&2
exit 127
`;
}

/** What a launcher starts. */
export interface Launcher {
  readonly doctor: string;
  /** False where coven-doctor was removed or moved since. */
  readonly works: boolean;
}

/** What the launcher of this text starts; null for every text that is none. */
export function launcherOf(text: string): Launcher | null {
  if (text.split('\n', 2)[1] !== mark) return null;
  const [, quoted] = /^coven_doctor_program='(.*)'$/m.exec(text) ?? [];
  const doctor = unquote(quoted ?? '');
  return { doctor, works: existsSync(doctor) };
}

/** The same of a file; null where it cannot be read. */
export function launcherAt(path: string): Launcher | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(fd);
      if (size > mostBytes) return null;
      const bytes = Buffer.alloc(mostBytes);
      return launcherOf(bytes.toString('utf8', 0, readSync(fd, bytes, 0, mostBytes, 0)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
