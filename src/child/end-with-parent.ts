import { Worker } from 'node:worker_threads';

/** Milliseconds between two looks at the parent. */
const lookMs = 500;

/**
 * Ends this process, and with `group` its process group, when the process that started it is gone: by SIGKILL nobody is
 * told of that. From a thread of its own, since a native call or the code of others may keep the main thread for ever. The
 * parent names its number in the arguments, so that one that was gone before is noticed, too.
 */
export function endWithParent({ group = false } = {}): void {
  const parent = Number(process.argv[2]);
  const self = group ? -process.pid : process.pid;
  const watch = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(${self}, 'SIGKILL'); }, ${lookMs})`;
  try {
    const watcher = new Worker(watch, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    // Where no thread is to be had, the end of its input still ends this process.
    watcher.on('error', () => undefined);
    watcher.unref();
  } catch {
    return;
  }
}
