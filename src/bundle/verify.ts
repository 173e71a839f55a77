import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { parseMember } from './json.ts';
import { BundleRefused } from './refused.ts';

export const manifestName = 'manifest.json';

/** Enough for ten thousand members with the longest names. */
const manifestLimit = 8 * 1024 ** 2;

const text = v.pipe(v.string(), v.maxLength(1000));
const manifest = v.strictObject({
  schema: v.literal('coven-doctor.bundle/1'),
  tool: v.strictObject({ name: text, version: text }),
  /** ISO 8601. */
  createdAt: v.pipe(text, v.isoTimestamp()),
  /** Every member but the manifest itself, as it is in the archive. */
  members: v.array(
    v.strictObject({
      name: text,
      /** Bytes. */
      size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
  /** Truncated members. */
  cut: v.array(v.strictObject({ name: text, what: text, why: text })),
  /** Omitted members. */
  leftOut: v.array(v.strictObject({ name: text, why: text })),
  /** Texts that the user asked for. They are redacted, but not known to be harmless. */
  included: v.optional(v.array(v.picklist(['log-text', 'titles', 'events']))),
  /** Members that were reduced because they could not be proven clean. */
  reduced: v.optional(v.array(v.strictObject({ name: text, rule: text }))),
});

/** A bundle's description of itself. */
export type Manifest = Readonly<v.InferOutput<typeof manifest>>;

/** A bundle whose members all match its manifest. That does not prove who wrote them. */
export interface Verified {
  readonly manifest: Manifest;
  readonly members: ReadonlyMap<string, Buffer>;
}

/** Checks the members of a bundle against its manifest: none changed, missing or unlisted. Throws BundleRefused. */
export function verifyMembers(members: ReadonlyMap<string, Buffer>): Verified {
  const bytes = members.get(manifestName);
  if (!bytes) throw new BundleRefused('manifest-missing');
  const parsed = v.safeParse(manifest, parseMember(manifestName, bytes, manifestLimit), { abortEarly: true });
  if (!parsed.success) throw new BundleRefused('manifest-invalid');
  const named = new Set([manifestName]);
  for (const { name, size, sha256 } of parsed.output.members) {
    if (named.has(name)) throw new BundleRefused('manifest-invalid');
    named.add(name);
    const member = members.get(name);
    if (!member) throw new BundleRefused('member-missing', { member: name });
    if (member.length !== size || createHash('sha256').update(member).digest('hex') !== sha256)
      throw new BundleRefused('member-changed', { member: name });
  }
  for (const name of members.keys()) if (!named.has(name)) throw new BundleRefused('member-unnamed', { member: name });
  return { manifest: parsed.output, members };
}
