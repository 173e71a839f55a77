import { adriftIn } from '../src/coven/adrift.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { ageSeconds, judgeLiveness } from '../src/coven/liveness.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';

/** A second `daemon serve` is refused within milliseconds; one that lives longer contends for the ledger. */
const refusedWithinSeconds = 10;

/** Daemons of this home beside the one that serves it, as on an unlinked socket or a home that was deleted. */
export const daemonDuplicates = defineCheck({
  id: 'daemon:duplicates',
  category: 'daemon',
  title: 'No second daemon serves this home',
  explain:
    'A second daemon is refused while the first holds its lock. Where the lock file or the whole home was removed beneath a living ' +
    'daemon, a second one starts, and both write.',
  causes: {
    ok: { message: () => 'no other daemon serves this home' },
    'second-daemon': {
      message: ({ count: n, pids, pid }) =>
        `${count(n, 'other daemon runs', 'other daemons run')} for this home: pid ${pids}${pid === null ? '' : `; pid ${pid} serves it`}`,
      hint: ({ pids, adrift }) =>
        `${adrift ? `First save the rows that only pid ${adrift} has open, which are gone when it ends; \`coven-doctor --only store:open\` tells how. ` : ''}Find out which sessions each of them runs, then end the one that you do not want with \`kill -TERM\` (pid ${pids}).`,
      follows: ['daemon duplicate'],
    },
    'moved-away': {
      message: ({ awayPid, folder, pid }) =>
        `another daemon that was started for this home (pid ${awayPid}) writes into ${folder}: its home was moved there beneath it${pid === null ? '' : `, and pid ${pid} serves what is here now`}`,
      hint: ({ folder }) => [
        'Sessions from before are recorded there, and no command here shows them. Look at them there before you end either daemon:',
        command('coven-doctor', 'sessions', '--home', String(folder)),
      ],
    },
    'shared-ledger': {
      message: ({ sharing }) =>
        `the daemon of another home (pid ${sharing}) has the ledger of this one open: each start of either marks the live sessions of the other as orphaned`,
      hint: ({ sharing }) => [
        'Two homes must not share one ledger, by a link or a mount. Find out which home that daemon serves before you stop either:',
        command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(sharing)),
      ],
    },
  },
  needs: livenessNeeds,
  skip: withoutHome,
  judge: (seen) => {
    const { verdict, pid } = judgeLiveness(seen);
    const { now } = seen.machine;
    const daemons = seen.processes.list.filter(
      ({ role, home, state, elsewhere }) => role === 'serve' && home === 'this' && state !== 'Z' && !elsewhere,
    );
    const others = daemons.filter(
      (process) =>
        process.pid !== pid && (process.listening || (ageSeconds(process.startedAt, now) ?? 0) > refusedWithinSeconds),
    );
    const adrift = adriftIn(seen).find((process) => others.some((other) => other.pid === process.pid))?.pid ?? null;
    const facts = { pids: others.map((process) => process.pid).join(', '), count: others.length, pid, verdict, adrift };
    const evidence = [
      ...from('processes', { daemons: daemons.length }),
      ...others.flatMap((process) =>
        from('processes', {
          [`${process.pid}.startedAt`]: process.startedAt,
          [`${process.pid}.listening`]: process.listening,
        }),
      ),
    ];
    const found = others.length > 0 ? [fail('second-daemon', '<coven-home>', { facts, evidence })] : [];
    const away = seen.processes.list.find(
      (process) =>
        process.pid !== pid &&
        process.role === 'serve' &&
        process.home === 'this' &&
        process.state !== 'Z' &&
        process.elsewhere?.why === 'moved',
    );
    if (away?.elsewhere) {
      const { folder, why } = away.elsewhere;
      found.push(
        fail('moved-away', '<coven-home>', {
          facts: { ...facts, awayPid: away.pid, folder },
          evidence: [...evidence, ...from('processes', { [`${away.pid}.elsewhere`]: why, folder })],
        }),
      );
    }
    const sharing = seen.processes.list.find(
      ({ role, home, state, ledgerOpen }) => role === 'serve' && home === 'other' && ledgerOpen && state !== 'Z',
    );
    if (sharing)
      found.push(
        fail('shared-ledger', '<coven-home>/coven.sqlite3', {
          facts: { ...facts, sharing: sharing.pid },
          evidence: [...evidence, ...from('processes', { [`${sharing.pid}.ledgerOpen`]: true })],
        }),
      );
    return found.length > 0 ? found : [pass('<coven-home>', { facts, evidence })];
  },
});
