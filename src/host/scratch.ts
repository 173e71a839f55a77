import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pidNamespace, readStat } from './procfs.ts';

const prefix = 'coven-doctor-';
const dayMs = 24 * 3_600_000;

/**
 * Makes a private folder (0700) outside the home, on the file system of `device` where there is a place for one; else
 * in the system's temporary folder, where a hard link fails and only a small ledger is copied. Its name tells whose it
 * is, so that what a killed run left behind is removed by the next one.
 */
export async function makeScratch(home: string, device: string): Promise<string> {
  const places = [tmpdir(), process.env.XDG_CACHE_HOME, join(homedir(), '.cache'), dirname(home), '/var/tmp'];
  for (const place of places) {
    if (!place || !(await isOn(place, device))) continue;
    await removeLeftovers(place);
    const made = await mkdtemp(join(place, folderName())).catch(() => null);
    if (made) return made;
  }
  return mkdtemp(join(tmpdir(), folderName()));
}

/** Removes a folder that makeScratch made, links and copies in it included. */
export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

function folderName(): string {
  return `${prefix}${pidNamespace()}-${process.pid}-${readStat(process.pid)?.startTicks ?? 0}-`;
}

async function isOn(place: string, device: string): Promise<boolean> {
  const found = await stat(place, { bigint: true }).catch(() => null);
  return found?.isDirectory() === true && String(found.dev) === device;
}

/**
 * Folders of ours whose process is gone: a leftover hard link would keep a ledger's bytes alive after a reset. Whether a
 * process of another pid namespace is gone cannot be seen; no reading of a ledger takes a day. What cannot be removed
 * is left to the next run.
 */
async function removeLeftovers(place: string): Promise<void> {
  const uid = process.geteuid?.();
  const namespace = pidNamespace();
  for (const name of await readdir(place).catch(() => [])) {
    const [, where, pid, ticks] = /^coven-doctor-(\d+)-(\d+)-(\d+)-\w{6}$/.exec(name) ?? [];
    if (!pid || (where === namespace && readStat(Number(pid))?.startTicks === ticks)) continue;
    const folder = join(place, name);
    const found = await stat(folder).catch(() => null);
    if (!found?.isDirectory() || found.uid !== uid) continue;
    if (where !== namespace && Date.now() - found.mtimeMs < dayMs) continue;
    await removeScratch(folder).catch(() => undefined);
  }
}
