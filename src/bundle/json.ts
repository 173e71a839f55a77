import { parseJson } from '../json.ts';
import { BundleRefused } from './refused.ts';

/**
 * The value of a member that holds JSON, its objects without prototypes. Throws BundleRefused for more than `limit` bytes,
 * for what is no JSON in UTF-8, and for what is nested so deeply that no program of ours can have written it.
 */
export function parseMember(member: string, bytes: Uint8Array, limit: number): unknown {
  if (bytes.length > limit) throw new BundleRefused('member-too-large', { member, limit });
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), withoutPrototype);
  } catch {
    throw new BundleRefused('not-json', { member });
  }
}

function withoutPrototype(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.setPrototypeOf(value, null)
    : value;
}
