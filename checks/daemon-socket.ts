import { defineCheck, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { judgeLiveness, livenessNeeds } from '../src/coven/liveness.ts';

/** The socket file and who listens on it. */
export const daemonSocket = defineCheck({
  id: 'daemon:socket',
  category: 'daemon',
  needs: livenessNeeds,
  skip: (seen) =>
    withoutHome(seen) ?? (seen['daemon.socket'].connect === 'too-long' ? 'socket-path-too-long' : undefined),
  judge: (seen) => {
    const { kind, mode, uid, connect, errno, looks } = seen['daemon.socket'];
    const { verdict, pid } = judgeLiveness(seen);
    const evidence = from('daemon.socket', {
      kind,
      mode: mode && `0${mode.toString(8)}`,
      uid,
      connect,
      errno,
      looks,
    });
    const rest = {
      facts: {
        kind,
        uid,
        pid,
        mode: mode === null ? null : `0${mode.toString(8)}`,
      },
      evidence,
    };
    const target = '<daemon-socket>';

    if (kind !== 'absent' && kind !== 'socket') return [fail('not-a-socket', target, rest)];
    if (kind === 'socket' && uid !== null && uid !== seen.home.uid) return [fail('foreign-owner', target, rest)];
    if (verdict === 'unreachable' && (connect === 'absent' || connect === 'refused'))
      return [fail('unlinked', target, rest)];
    const found = [];
    // Every Coven command refuses a socket of another mode, and none repairs it.
    if (mode !== null && mode !== 0o600) found.push(fail('open-mode', target, rest));
    if (verdict === 'foreign') found.push(fail('foreign-listener', target, rest));
    else if (verdict === 'hung') found.push(fail('hung', target, rest));
    else if (verdict === 'slow') found.push(unknown('slow', target, rest));
    else if (connect === 'refused' && verdict !== 'starting') found.push(warn('stale', target, rest));
    else if (connect === 'denied' || connect === 'failed') found.push(unknown('undetermined', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
