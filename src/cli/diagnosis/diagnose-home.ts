import type { Check } from '../../model/check.ts';
import { type Diagnosis, type DiagnoseOptions as DiagnosisOptions, diagnose } from '../../run/diagnose.ts';
import { namedHome } from '../options/home.ts';
import type { DiagnoseOptions } from '../options/shared.ts';
import { secondsFor } from '../options/shared.ts';
import type { Watch } from './report-output.ts';

type Asked = Pick<DiagnoseOptions, 'home' | 'timeout' | 'deep'> & { readonly startsNext?: boolean };

/** Runs checks on the live home. `moreMs` is how much longer than the checks the host may be used. */
export function diagnoseHome<T>(
  checks: readonly Check[],
  { home, timeout, deep, startsNext = false }: Asked,
  signal: AbortSignal,
  then: (found: Diagnosis) => Promise<T>,
  {
    watch,
    ...more
  }: { readonly watch?: Pick<Watch, 'done' | 'reading'> } & Pick<DiagnosisOptions, 'moreMs' | 'textReader'> = {},
): Promise<T> {
  const checkMs = secondsFor(timeout, deep) * 1000;
  const watching = {
    ...(watch && { onDone: watch.done }),
    ...(watch?.reading && { onReading: watch.reading }),
  };
  return diagnose(checks, { home: namedHome(home), deep, startsNext, checkMs, ...watching, ...more }, signal, then);
}
