import { Ajv } from 'ajv';
import { makeGate } from '../../bundle/gate.ts';
import { vocabulary } from '../../bundle/vocabulary.ts';
import { parseJson } from '../../json.ts';
import type { Status } from '../../model/check.ts';
import schema from '../../render/report.schema.json' with { type: 'json' };
import { type Baseline, fingerprint } from '../../run/accepted.ts';
import { UsageError } from '../../terminal/usage.ts';
import { readUntrusted } from './untrusted-file.ts';

/** A report takes some ten thousand bytes. */
const limitBytes = 8 * 1024 ** 2;

interface Document {
  readonly run: { readonly id: string };
  readonly checks: readonly {
    readonly id: string;
    readonly findings: readonly { readonly code: string; readonly target: string; readonly status: Status }[];
  }[];
}

/**
 * What a saved JSON report found. A target whose name was redacted there never matches: by now it may be another file of the
 * same shape. Throws a UsageError if the file is missing or is not a report. */
export async function readBaseline(path: string, home: string): Promise<Baseline> {
  const given = await readUntrusted(path, home, limitBytes);
  if (!given) throw new UsageError(`${path}: there is no such file`);
  const document = parseReport(given.text);
  if (!document) throw new UsageError(`${path}: is no report of coven-doctor --json`);
  const { text } = makeGate({ words: vocabulary(), reader: 'program' });
  const isTold = (target: string): boolean => !target.includes('‹') && text(target) === target;
  const faults = document.checks.flatMap(({ id, findings }) =>
    findings
      .filter(({ status, target }) => (status === 'fail' || status === 'warn') && isTold(target))
      .map((finding) => [fingerprint(id, finding), finding.status] as const),
  );
  // If the same cause was found as a warning and as a failure, the failure counts.
  const worstLast = faults.toSorted(([, a], [, b]) => Number(a === 'fail') - Number(b === 'fail'));
  return { runId: document.run.id, statuses: new Map(worstLast) };
}

function parseReport(text: string): Document | undefined {
  try {
    const document = parseJson(text);
    const isReport = new Ajv({ validateFormats: false, allowUnionTypes: true }).compile<Document>(schema);
    return isReport(document) ? document : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
