import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';

const target = '<coven-home>/coven.sqlite3';

/** The ledger opens. A daemon that cannot open it dies in silence, and one that finds none makes an empty one. */
export const storeOpen = defineCheck({
  id: 'store:open',
  category: 'store',
  needs: [...livenessNeeds, 'store.files', 'store.open'],
  skip: withoutHome,
  judge: (seen) => {
    const { main, wal, sessionsExpected } = seen['store.files'];
    const { outcome, way, code, journalMode } = seen['store.open'];
    const writer = seen['home.locks'].ledgerWriter;
    const rest = {
      facts: {
        kind: main.kind,
        bytes: main.size,
        walBytes: wal.size,
        way,
        code,
        pid: writer?.pid ?? null,
      },
      evidence: [
        ...from('store.files', {
          kind: main.kind,
          size: main.size,
          walSize: wal.size,
          readable: main.readable,
          sessionsExpected,
        }),
        ...from('store.open', { outcome, way, code, journalMode }),
        ...(writer
          ? from('home.locks', {
              ledgerWriter: writer.pid,
              watchedMs: writer.watchedMs,
            })
          : []),
      ],
    };
    const escalate = 'ledger-cannot-open';
    switch (outcome) {
      case 'missing':
      case 'empty':
        // Before its first session a home has no ledger, and that is no fault.
        if (!sessionsExpected) return [pass(target, rest)];
        return [fail(outcome, target, wal.size > 0 ? { ...rest, escalate } : rest)];
      case 'opened': {
        if (!writer) return [pass(target, rest)];
        const { verdict, pid } = judgeLiveness(seen);
        if (pid !== writer.pid) return [fail('busy', target, rest)];
        // A daemon that hangs keeps what it held: the hang is the cause, and is named by its own check.
        return verdict === 'hung' || verdict === 'slow' ? [pass(target, rest)] : [warn('busy', target, rest)];
      }
      case 'busy':
        return [fail('busy', target, rest)];
      case 'forbidden':
        return [unknown('undetermined', target, rest)];
      case 'unreadable':
        return code?.startsWith('DOCTOR') || code === 'SQLITE_NOMEM'
          ? [unknown('undetermined', target, rest)]
          : [fail('unreadable', target, { ...rest, escalate })];
      default:
        return [fail(outcome, target, { ...rest, escalate })];
    }
  },
});
