import { defineCheck, fail, from, pass } from '../src/check.ts';
import { socketPathLimit } from '../src/coven/layout.ts';

/** A home is a real directory whose socket path can be bound. Coven refuses a symlink and dies late on a long path. */
export const homePath = defineCheck({
  id: 'home:path',
  category: 'home',
  needs: ['home', 'machine'],
  judge: ({ home, machine }) => {
    const { kind, utf8, socketPathBytes, writable } = home;
    const limit = socketPathLimit(machine.platform);
    const found = [];
    if (!utf8) found.push(fail('not-utf8', '<coven-home>', { evidence: from('home', { utf8 }) }));
    if (kind === 'symlink') found.push(fail('symlink', '<coven-home>', { evidence: from('home', { kind }) }));
    else if (kind !== 'directory' && kind !== 'absent') {
      found.push(
        fail('not-a-directory', '<coven-home>', {
          facts: { kind },
          evidence: from('home', { kind }),
        }),
      );
    }
    if (socketPathBytes > limit) {
      const evidence = from('home', { socketPathBytes });
      found.push(
        fail('socket-path-too-long', '<daemon-socket>', {
          facts: { bytes: socketPathBytes, limit },
          evidence,
        }),
      );
    }
    if (kind === 'absent' && !writable)
      found.push(
        fail('cannot-create', '<coven-home>', { facts: { absent: true }, evidence: from('home', { kind, writable }) }),
      );
    if (found.length > 0) return found;
    return [
      pass('<coven-home>', {
        facts: { absent: kind === 'absent' },
        evidence: from('home', { kind, socketPathBytes }),
      }),
    ];
  },
});
