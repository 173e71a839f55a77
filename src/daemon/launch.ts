import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type Answer, invalid } from './answers.ts';
import { isHarness, type LaunchMode } from './harness.ts';
import type { Launch } from './live.ts';

const launchModes: readonly string[] = ['interactive', 'nonInteractive', 'stream'];

/** Words in the names of fields that restrict a session; one that is not understood must not be passed over. */
const restricts = /policy|binding|adoption/i;

/** The launch that a body asks for, or the answer that refuses it in Coven's words. */
export function readLaunch(body: unknown): Launch | { readonly refusal: Answer } {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const refuse = (message: string): { readonly refusal: Answer } => ({ refusal: invalid(message) });
  const { projectRoot, harness, prompt, title, cwd, launchMode = 'interactive' } = fields;
  if (!isText(projectRoot)) return refuse('request body requires string field `projectRoot`');
  const root = isAbsolute(projectRoot) ? realPath(projectRoot) : null;
  if (!root) return refuse('failed to resolve projectRoot');
  if (!isText(harness)) return refuse('request body requires string field `harness`');
  if (!isText(prompt)) return refuse('request body requires string field `prompt`');
  const strange = Object.keys(fields).find((name) => restricts.test(name) && fields[name] !== null);
  if (strange) return refuse(`this daemon does not support \`${strange}\``);
  if (typeof launchMode === 'string' && !launchModes.includes(launchMode))
    return refuse(`launchMode must be \`interactive\`, \`nonInteractive\`, or \`stream\`, got \`${launchMode}\``);
  if (launchMode === 'stream') return refuse('this daemon does not support launchMode `stream`');
  const folder = typeof cwd === 'string' ? realPath(resolve(root, cwd)) : root;
  if (!folder) return refuse('No such file or directory (os error 2)');
  if (!isInside(folder, root)) return refuse('cwd is outside the Coven project root');
  if (!isHarness(harness))
    return refuse(`unsupported harness \`${harness}\`. Configured harnesses: codex, claude, coven-code, copilot.`);
  // An argument ends at a NUL; the harness would be given less than what was asked for.
  if (prompt.includes('\0')) return refuse('prompt contains a NUL character');
  return {
    projectRoot: root,
    cwd: folder,
    harness,
    prompt,
    title: isText(title) ? title : prompt,
    mode: launchMode === 'nonInteractive' ? 'nonInteractive' : ('interactive' satisfies LaunchMode),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
