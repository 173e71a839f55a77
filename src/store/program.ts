/**
 * The one program that opens ledgers through SQLite, as a child process: a native call can only be ended with its process, and
 * closing any other descriptor of a ledger drops SQLite's locks in the process that does. Its job is named by its
 * arguments, so that its code is loaded while the request is still being made up, and by each request; no other code is loaded.
 */
import { endWithParent } from '../child/end-with-parent.ts';
import { answer, requests } from '../child/requests.ts';
import { loadSqlite } from '../child/sqlite.ts';
import { type Asked, type Failure, type JobName, type Jobs, type Line, limits } from './protocol.ts';

type Work<N extends JobName> = (
  request: Jobs[N]['request'],
  tell: (progress: Jobs[N]['progress']) => void,
) => Jobs[N]['answer'] | Promise<Jobs[N]['answer']>;

const modules: { readonly [N in JobName]: () => Promise<{ readonly work: Work<N> }> } = {
  read: () => import('./jobs/read.ts'),
  bytes: () => import('./jobs/bytes.ts'),
  'raw-rows': () => import('./jobs/raw-rows.ts'),
  judge: () => import('./jobs/judge.ts'),
  driver: () => import('./jobs/driver.ts'),
  content: () => import('./jobs/content.ts'),
  snapshot: () => import('./jobs/snapshot.ts'),
  'compare-indexes': () => import('./jobs/compare-indexes.ts'),
  newer: () => import('./jobs/newer.ts'),
  settle: () => import('./jobs/settle.ts'),
  mend: () => import('./jobs/mend.ts'),
  'try-writing': () => import('./jobs/try-writing.ts'),
  rescue: () => import('./jobs/rescue.ts'),
  merge: () => import('./jobs/merge.ts'),
};

async function lineOf<N extends JobName>({ job, request }: Asked<N>): Promise<Line<N>> {
  try {
    const { work } = await modules[job]();
    return { answer: await work(request, (progress) => answer({ progress })) };
  } catch (error) {
    return { failed: failureOf(error) };
  }
}

function failureOf(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return { code, message: message.slice(0, 300) };
}

async function serve(job: JobName): Promise<void> {
  if (limits[job].opens !== 'nothing') loadSqlite();
  endWithParent();
  await modules[job]();
  for (const line of requests()) answer(await lineOf(JSON.parse(line)));
}

void serve(process.argv[4] as JobName);
