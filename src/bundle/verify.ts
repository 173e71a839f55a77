import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { parseMember } from './json.ts';
import { BundleRefused } from './refused.ts';

export const manifestName = 'manifest.json';

/** Ten thousand members, named as long as may be. */
const manifestLimit = 8 * 1024 ** 2;

const text = v.pipe(v.string(), v.maxLength(1000));
const manifest = v.strictObject({
  schema: v.literal('coven-doctor.bundle/1'),
  tool: v.strictObject({ name: text, version: text }),
  /** ISO 8601. */
  createdAt: v.pipe(text, v.isoTimestamp()),
  /** Every member but the manifest itself, as it is in the archive: redacted. */
  members: v.array(
    v.strictObject({
      name: text,
      /** Bytes. */
      size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
  /** Members that hold a part of what there was. */
  cut: v.array(v.strictObject({ name: text, what: text, why: text })),
  /** What would have been a member, and is none. */
  leftOut: v.array(v.strictObject({ name: text, why: text })),
  /** What the operator asked for that is redacted, and not known to be harmless. */
  included: v.optional(v.array(v.picklist(['log-text', 'titles', 'events']))),
  /** Members that were made smaller, since they could not be proven clean as they were. */
  reduced: v.optional(v.array(v.strictObject({ name: text, rule: text }))),
});

/** What a bundle says of itself. */
export type Manifest = Readonly<v.InferOutput<typeof manifest>>;

/** A bundle whose members are, every one, what its manifest says. Who wrote both is not proven by that. */
export interface Verified {
  readonly manifest: Manifest;
  readonly members: ReadonlyMap<string, Buffer>;
}

/** Holds the members of a bundle against its manifest: none changed, none missing, none unnamed. Throws BundleRefused. */
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
