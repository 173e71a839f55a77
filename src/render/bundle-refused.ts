import type { BundleRefused, RefusedCode, RefusedFacts } from '../bundle/refused.ts';
import { bytes } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';

type Say = (facts: RefusedFacts) => string;

const whole = ({ member }: RefusedFacts): string => (member === undefined ? 'it' : `its member ${named(member)}`);
const named = (member: string): string => JSON.stringify(member.length > 80 ? `${member.slice(0, 80)}…` : member);

const reasons: Readonly<Record<RefusedCode, Say>> = {
  absent: () => 'there is no such file',
  'not-a-file': () => 'it is no regular file',
  unreadable: () => 'it cannot be read',
  'not-a-bundle': () => 'it is neither a zip nor a gzipped tar',
  'too-large': ({ limit }) => `it has more than ${bytes(limit)}`,
  'too-many-members': ({ limit }) => `it has more than ${limit} members`,
  'member-too-large': (facts) => `${whole(facts)} has more than ${bytes(facts.limit)}`,
  'total-too-large': ({ limit }) => `its members have more than ${bytes(limit)} together`,
  ratio: (facts) => `${whole(facts)} would unpack to far more than such a file can hold`,
  truncated: () => 'its end is missing; copy it again',
  damaged: () => 'it is damaged; copy it again',
  'stray-data': () => 'it holds bytes that belong to no member',
  overlap: () => 'its members lie over one another',
  'headers-differ': (facts) => `what it says of ${facts.member === undefined ? 'its members' : whole(facts)} differs`,
  checksum: (facts) => `${whole(facts)} does not have its checksum; copy the file again`,
  encrypted: (facts) => `${whole(facts)} is encrypted`,
  unsupported: (facts) => `${whole(facts)} is packed in a way that bundles are not`,
  link: (facts) => `${whole(facts)} is a link`,
  'not-regular': (facts) => `${whole(facts)} is no regular file`,
  'unsafe-name': ({ member = '' }) => `it has a member with an unsafe name, ${named(member)}`,
  'duplicate-name': ({ member = '' }) => `it has more than one member with the name ${named(member)}`,
  'not-json': (facts) => `${whole(facts)} is not JSON`,
  'manifest-missing': () => 'it has no manifest.json, and so is no bundle of coven-doctor',
  'manifest-invalid': () => 'its manifest.json is not one of coven-doctor',
  'member-missing': ({ member = '' }) => `its member ${named(member)} is missing`,
  'member-unnamed': ({ member = '' }) => `its manifest does not name ${named(member)}`,
  'member-changed': ({ member = '' }) => `its member ${named(member)} is not what it was`,
};

/** Why a bundle is refused, as a clause about it; one line, harmless. */
export const sayRefused = ({ code, facts }: BundleRefused): string => harmless(reasons[code](facts));
