import { isTied } from './tie.ts';

/** Milliseconds between two looks at the parent. */
const lookMs = 500;

/**
 * Ends this process, and with `group` its process group, when the process that started it is gone: by SIGKILL nobody is
 * told of that. Where the kernel does not see to it, from a thread of its own, since a native call or the code of others may keep the
 * main thread for ever; that thread costs more than Node's own start. The parent names its number in the arguments, so that one that
 * was gone before is noticed, too.
 */
export function endWithParent({ group = false } = {}): void {
  const parent = Number(process.argv[2]);
  const self = group ? -process.pid : process.pid;
  if (!group && isTied()) {
    if (process.ppid !== parent) process.kill(self, 'SIGKILL');
    return;
  }
  watch(parent, self);
}

function watch(parent: number, self: number): void {
  const look = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(${self}, 'SIGKILL'); }, ${lookMs})`;
  try {
    // Loaded at once, and here alone: it takes a while, and the main thread may be busy from its next line on.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const watcher = new Worker(look, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    // Where no thread is to be had, the end of its input still ends this process.
    watcher.on('error', () => undefined);
    watcher.unref();
  } catch {
    return;
  }
}
