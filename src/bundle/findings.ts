import type { Evidence, Facts, Finding } from '../model/check.ts';
import { role } from '../redaction/templates/pieces.ts';

/**
 * A finding of which every text that does not come from a list of ours went through `same`, by itself. `names` are those
 * of facts, which words are made with and nobody is shown.
 */
export function gated(found: Finding, same: <T>(value: T) => T, names: (name: string) => string = same): Finding {
  const facts = (of: Facts): Facts =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [names(name), same(value)]));
  // Redacted as a pair of its own, because a field can be named like a secret without containing one.
  const evidence = ({ observation, field, value }: Evidence): Evidence => ({
    observation,
    field: same(field),
    value: same(value),
  });
  const target = same(found.target);
  return {
    ...found,
    // A target begins with a role token. A target with an unknown role must keep a token, too.
    target: isTarget.test(target) ? target : '<coven-home>',
    facts: facts(found.facts),
    evidence: found.evidence.map(evidence),
  };
}

const isTarget = new RegExp(`^${role}(?:/|$)`);
