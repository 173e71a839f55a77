import { withoutHome } from '../src/coven/gates.ts';
import { judgeLiveness } from '../src/coven/liveness.ts';
import { isHiddenHarness, isProvenHarness, isUnmarkedHarness } from '../src/coven/rows.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Process } from '../src/model/observation.ts';
import { harnessRemedy } from '../src/repair/remedies/sessions.ts';

/**
 * Harnesses that outlived their daemon: known by the session id in their environment or by the time they began, leading a session of their own,
 * with no live daemon above them. What a session merely started (a server, a terminal multiplexer, another daemon)
 * carries the same mark and is innocent.
 */
export const sessionsProcesses = defineCheck({
  id: 'sessions:processes',
  category: 'sessions',
  title: 'Harness processes have a live daemon',
  explain:
    'A harness that ignores the hang-up of its terminal outlives a killed daemon; it is known by the session id in its environment. ' +
    'What a session merely started carries the same mark and is not named here.',
  causes: {
    ok: {
      message: ({ owned, left }) =>
        `no harness runs without a daemon${owned ? `; ${count(owned, 'belongs', 'belong')} to the daemon` : ''}${left ? `; ${left} left running by sessions` : ''}`,
    },
    unowned: {
      message: ({ unowned, pids, own }) =>
        `${count(unowned, 'harness is', 'harnesses are')} still running without a daemon (pid ${pids})${own ? '; coven-doctor itself runs inside one' : ''}`,
      hint: () => 'Save the work of each before you end it: no daemon can take it over.',
      remedy: harnessRemedy,
    },
    'folder-gone': {
      message: ({ gone, goneSession, pids }) =>
        `the project of ${count(gone, 'live session')} was removed beneath ${Number(gone) === 1 ? 'it' : 'them'} (pid ${pids}, session ${goneSession}): what its harness writes there is lost with it`,
      hint: ({ gonePid, goneSession }) => [
        'A project that was made anew at the same path is another folder. What the session still has open can be seen while it lives:',
        command('ls', '-l', `/proc/${gonePid}/fd`),
        ...(goneSession === null
          ? []
          : ['Then end it, and launch it again:', command('coven', 'kill', String(goneSession))]),
      ],
    },
    undetermined: {
      message: ({ pids }) => `whether pid ${pids} is a harness could not be determined: it hides its environment`,
      hint: () => 'Look at that process yourself.',
    },
  },
  needs: [...livenessNeeds, 'store.sessions'],
  skip: withoutHome,
  judge: (seen) => {
    const { list, complete } = seen.processes;
    const { pid: daemon } = judgeLiveness(seen);
    const { open } = seen['store.sessions'];
    const marked = list.filter(
      (process) =>
        process.state !== 'Z' &&
        (process.role === 'harness' ? process.sessionId !== null : open.some((row) => isUnmarkedHarness(process, row))),
    );
    const unowned = marked.filter(({ ownerPid }) => ownerPid === null);
    const harnesses = unowned.filter((process) => isHarness(process, open));
    const hidden = list.filter((process) => isHiddenHarness(process, open) && process.ownerPid === null);
    const counts = {
      owned: marked.length - unowned.length,
      unowned: harnesses.length,
      left: unowned.length - harnesses.length,
      daemon,
    };
    const evidence = from('processes', { marked: marked.length, complete });
    const found = [];
    const gone = marked.filter(({ ownerPid, folderGone }) => ownerPid !== null && folderGone);
    if (gone.length > 0) {
      const [first] = gone;
      const facts = {
        ...counts,
        ...{ gone: new Set(gone.map(({ sessionId, pid }) => sessionId ?? pid)).size, pids: pidsOf(gone) },
        ...{ gonePid: first?.pid ?? null, goneSession: first?.sessionId ?? null },
      };
      const each = gone.slice(0, 20).flatMap(({ pid }) => from('processes', { [`${pid}.folderGone`]: true }));
      found.push(fail('folder-gone', '<project>', { facts, evidence: [...evidence, ...each] }));
    }
    if (harnesses.length > 0) {
      const facts = {
        ...counts,
        pids: pidsOf(harnesses),
        own: harnesses.some(({ own }) => own),
      };
      const each = harnesses.slice(0, 20).flatMap(({ pid, sessionId, startedAt, deadTerminal }) =>
        from('processes', {
          [`${pid}.sessionId`]: sessionId,
          [`${pid}.startedAt`]: startedAt,
          [`${pid}.deadTerminal`]: deadTerminal,
        }),
      );
      found.push(
        warn('unowned', '<coven-home>', {
          facts,
          evidence: [...evidence, ...each],
        }),
      );
    }
    if (hidden.length > 0) {
      const facts = { ...counts, pids: pidsOf(hidden) };
      const each = hidden.slice(0, 20).flatMap(({ pid, home }) => from('processes', { [`${pid}.environment`]: home }));
      found.push(
        unknown('undetermined', '<coven-home>', {
          facts,
          evidence: [...evidence, ...each],
        }),
      );
    }
    return found.length > 0 ? found : [pass('<coven-home>', { facts: counts, evidence })];
  },
});

/** The harness itself, and not something that it started and left. */
function isHarness(process: Process, rows: readonly { id: string; harness: string }[]): boolean {
  const row = rows.find(({ id }) => id === process.sessionId) ?? { harness: '' };
  return isProvenHarness(process, row);
}

const pidsOf = (list: readonly Process[]): string =>
  list
    .slice(0, 10)
    .map(({ pid }) => pid)
    .join(', ');
