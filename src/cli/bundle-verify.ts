import { readBundle } from '../bundle/read.ts';
import { BundleRefused } from '../bundle/refused.ts';
import { verifyMembers } from '../bundle/verify.ts';
import { harmlessJson } from '../model/harmless.ts';
import { sayRefused } from '../render/bundle-refused.ts';
import { renderVerified } from '../render/bundle-verified.ts';
import { print } from '../terminal/print.ts';
import { openBundle } from './archives/open-bundle.ts';

/** `bundle verify FILE`: exits with 0 if the bundle is intact, else 2: as a UsageError, or as a document with `json`. */
export async function bundleVerify(file: string, json: boolean): Promise<number> {
  if (!json) {
    await print(renderVerified(file, (await openBundle(file)).manifest));
    return 0;
  }
  const [answer, code] = await verdict(file);
  await print(`${harmlessJson(JSON.stringify(answer, null, 2))}\n`);
  return code;
}

async function verdict(file: string): Promise<readonly [answer: object, exitCode: number]> {
  try {
    return [{ ok: true, ...verifyMembers(await readBundle(file)).manifest }, 0];
  } catch (error) {
    if (!(error instanceof BundleRefused)) throw error;
    return [{ ok: false, refused: { code: error.code, ...error.facts, message: sayRefused(error) } }, 2];
  }
}
