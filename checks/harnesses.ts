import { serveAnew, toRestart } from '../src/coven/advice.ts';
import { harnessCommands } from '../src/coven/contract.ts';
import { cannotRun } from '../src/coven/install.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { type Check, defineCheck, type Facts, fail, from, pass, skipped, warn } from '../src/model/check.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

/** A daemon finds what is on its own PATH, which is that of who started it. */
function withItOnPath(facts: Facts): Advice {
  const serve = serveAnew(facts);
  return typeof serve[0] === 'string' ? serve : ['Then, with it on PATH:', ...serve];
}

/**
 * The harnesses that Coven finds on PATH, one check each. A harness that is not installed is no fault by itself; that of
 * a session that is still open is.
 */
export const harnessChecks: readonly Check[] = harnessCommands.map((id) =>
  defineCheck({
    id: `harness:${id}`,
    category: 'harness',
    title: `The harness ${id} is on PATH`,
    explain:
      `Coven runs the executable \`${id}\` that it finds on the PATH of the daemon, which may differ from the PATH here. One that is not ` +
      'installed is a fault only where an open session needs it.',
    causes: {
      ok: { message: `${id} is {path}` },
      blocked: {
        message: ({ file, why, wanted }) =>
          `${file} cannot be run: ${cannotRun[String(why)] ?? why}${Number(wanted) > 0 ? `; ${count(wanted, 'open session needs', 'open sessions need')} it` : ''}`,
        hint: ({ file, why }) =>
          why === 'mode'
            ? [command('chmod', 'a+x', String(file))]
            : why === 'noexec'
              ? [
                  'Install it on another file system, or mount that one without noexec. This names the mount:',
                  command('findmnt', '-T', String(file)),
                ]
              : `Install ${id} again.`,
      },
      'not-for-daemon': {
        message: `${id} is {path}, and the daemon (pid {pid}) does not find it on its own PATH: every session of it that the daemon launches fails`,
        hint: (facts) => [
          'When no session is running, restart the daemon from here, where it is on PATH:',
          ...toRestart(facts),
        ],
        remedy: restartRemedy,
      },
      absent: {
        message: ({ wanted }) =>
          wanted === null
            ? `${id} is not on PATH; whether an open session needs it cannot be read from the ledger`
            : Number(wanted) > 0
              ? `${id} is not on PATH, and ${count(wanted, 'open session needs', 'open sessions need')} it`
              : `${id} is not on PATH`,
        hint: (facts) => (Number(facts.wanted) > 0 ? [`Install ${id}.`, ...withItOnPath(facts)] : []),
      },
    },
    needs: ['install'],
    wants: ['store.sessions', 'daemon.process', 'home.config'],
    judge: ({
      install: { harnesses },
      'store.sessions': sessions,
      'daemon.process': daemon,
      'home.config': config,
    }) => {
      const { path = null, blocked } = harnesses.find((harness) => harness.id === id) ?? {};
      // Null where the rows cannot be read: what PATH says is still true.
      const isRead = sessions !== null && sessions.outcome !== 'failed';
      const wanted = isRead ? sessions.open.filter((row) => row.harness === id && !row.external).length : null;
      const { path: file = null, why = null } = blocked ?? {};
      const rest = {
        facts: { id, path, wanted, file, why },
        evidence: from('install', blocked ? { [id]: file, why } : { [id]: path }),
      };
      // A daemon that finds another harness, or has an adapter for one, may be meant to run no other.
      const ofDaemon = daemon?.harnesses ?? null;
      const hasAdapters = config?.files.some(({ name }) => name.startsWith('adapters/')) ?? false;
      const isMissed = ofDaemon !== null && !ofDaemon.includes(id) && (wanted ?? 0) > 0;
      if (path !== null && (isMissed || (ofDaemon?.length === 0 && !hasAdapters))) {
        const pid = daemon?.pid ?? null;
        return [
          fail('not-for-daemon', '<path>', {
            facts: { ...rest.facts, pid },
            evidence: [...rest.evidence, ...from('daemon.process', { pid, harnesses: ofDaemon?.join(', ') ?? null })],
          }),
        ];
      }
      if (path !== null) return [pass('<path>', rest)];
      // Another one may be all that is used here.
      const needed = (wanted ?? 0) > 0 || harnesses.every((harness) => harness.path === null);
      if (why !== null) return [(needed ? fail : warn)('blocked', '<path>', rest)];
      return [((wanted ?? 0) > 0 ? warn : skipped)('absent', '<path>', rest)];
    },
  }),
);

/** Without any harness, no session can be launched. The daemon's own PATH may differ from this one. */
export const harnesses = defineCheck({
  id: 'harnesses',
  category: 'harness',
  title: 'A harness is installed',
  explain: 'Without any harness on the daemon’s PATH every launch of a session fails.',
  causes: {
    ok: { message: ({ present, all }) => `${present} of ${all} harnesses are on PATH` },
    'no-manifest': {
      message: ({ manifest, code }) =>
        `COVEN_HARNESS_ADAPTER_MANIFEST names ${manifest === '' ? 'no file' : manifest}, which cannot be read (${code}); \`coven run\` and \`coven doctor\` fail`,
      hint: () => [
        'Put that file in its place, or take the variable out of the environment, and out of the file of your shell that sets it:',
        command('unset', 'COVEN_HARNESS_ADAPTER_MANIFEST'),
      ],
    },
    none: {
      message: ({ blocked }) =>
        Number(blocked) > 0
          ? `no harness can be run: ${count(blocked, 'one is', 'are')} on PATH and cannot be executed`
          : `no harness is installed: none of ${harnessCommands.join(', ')} is on PATH`,
      follows: harnessCommands.map((id) => `harness:${id} blocked`),
      hint: (facts) => ['Install one of them before the next session.', ...withItOnPath(facts)],
    },
  },
  needs: ['install'],
  judge: ({ install }) => {
    const present = install.harnesses.filter(({ path }) => path !== null);
    const blocked = install.harnesses.filter((harness) => harness.blocked).length;
    const facts = { present: present.length, all: install.harnesses.length, blocked };
    const rest = { facts, evidence: from('install', facts) };
    const found = present.length > 0 ? [] : [warn('none', '<path>', rest)];
    if (install.manifest) {
      const { path: manifest, code } = install.manifest;
      found.push(
        fail('no-manifest', '<path>', { facts: { manifest, code }, evidence: from('install', { manifest, code }) }),
      );
    }
    return found.length > 0 ? found : [pass('<path>', rest)];
  },
});
