import type { RescueProgress, RescueReport, RescueRequest } from '../../rescue/report.ts';
import { rescue } from '../../rescue/rescue.ts';

/** Milliseconds between two lines of progress. */
const progressMs = 200;

export function work(request: RescueRequest, tell: (progress: RescueProgress) => void): RescueReport {
  let told = 0;
  return rescue(request, (progress) => {
    if (performance.now() < told + progressMs) return;
    told = performance.now();
    tell(progress);
  });
}
