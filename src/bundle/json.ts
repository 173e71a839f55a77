import { parseJson } from '../json.ts';
import { BundleRefused } from './refused.ts';

/**
 * The value of a JSON member, with objects that have no prototype. Throws BundleRefused for more than `limit` bytes, for
 * anything but JSON in UTF-8, and for a depth that our own programs never write.
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
