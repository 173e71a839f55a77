import type { Evidence, Facts, Finding } from '../model/check.ts';
import { role } from '../redaction/templates/pieces.ts';

/**
 * A finding of which every text that does not come from a list of ours went through `same`, by itself. `names` are those
 * of facts, which words are made with and nobody is shown.
 */
export function gated(found: Finding, same: <T>(value: T) => T, names: (name: string) => string = same): Finding {
  const facts = (of: Facts): Facts =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [names(name), same(value)]));
  // As its own pair: a field may be named like a secret without holding one.
  const evidence = ({ observation, field, value }: Evidence): Evidence => ({
    observation,
    field: same(field),
    value: same(value),
  });
  const target = same(found.target);
  return {
    ...found,
    // A target begins with a role, and one that is not known must not end as a text without any.
    target: isTarget.test(target) ? target : '<coven-home>',
    facts: facts(found.facts),
    evidence: found.evidence.map(evidence),
  };
}

const isTarget = new RegExp(`^${role}(?:/|$)`);
