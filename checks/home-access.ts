import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { leastOpenFiles, limitsFiles, sessionTasks } from '../src/coven/limits.ts';
import { command, shellCommand } from '../src/model/advice.ts';
import { bytes } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';
import type { Observations } from '../src/model/observation.ts';

const more = ({ others }: Facts): string => (Number(others) > 0 ? ` (and ${others} more)` : '');
const pathOf = (name: string): string => (name === '.' ? '<coven-home>' : `<coven-home>/${name}`);
const carries: Readonly<Record<string, string>> = {
  immutable: 'the attribute `immutable`, with which nobody can change it',
  'append-only': 'the attribute `append-only`, with which nobody can set its mode or write anywhere but at its end',
};

const tasksOfEach = command('ps', '-eLo', 'user,pid,comm', '--sort=pid');
const ownGroup = command('cat', '/proc/self/cgroup');
const ownCheck = ['home:owner *', 'home:filesystem read-only'];

/** Whether what a start of Coven opens for writing can be written, and whether its limits leave it room. */
export const homeAccess = defineCheck({
  id: 'home:access',
  category: 'home',
  title: 'Coven may write what it has to write',
  explain:
    'A start opens the ledger, its WAL and shared memory and four lock files for writing. Where one of them may not be written, it ends ' +
    'after five seconds without a reason. The kernel is asked about each of them, and for its attributes (lsattr), so that modes, attributes and mounts ' +
    'count alike. ' +
    'A daemon also needs open files for its sessions, and a limit on the size of files that its ledger fits into; a session needs room for processes, and a ' +
    'pseudo terminal.',
  causes: {
    ok: {
      message: ({ attributes }) =>
        `the home, the ledger and the locks can be written${attributes === 'not-seen' ? ', as far as modes and mounts tell; whether one of them is append-only was not seen, since lsattr told nothing' : ''}`,
    },
    'not-writable': {
      message: (facts) => `you may not write to <coven-home>/${facts.name}${more(facts)}; Coven cannot start`,
      hint: ({ name }) => [command('chmod', 'u+w', `<coven-home>/${name}`)],
      follows: [...ownCheck, 'store:open unreadable'],
    },
    immutable: {
      message: (facts) =>
        `${pathOf(String(facts.name))}${more(facts)} has ${carries[String(facts.attribute)] ?? 'an attribute that lets nobody change it'}; ` +
        (facts.name === '.' ? 'every coven command fails' : 'Coven cannot start'),
      hint: ({ names }) => ['As root:', command('chattr', '-i', '-a', ...String(names).split(', ').map(pathOf))],
      follows: ownCheck,
    },
    'read-only-mount': {
      message: (facts) => `<coven-home>/${facts.name}${more(facts)} is mounted read-only; Coven cannot start`,
      hint: ({ name }) => ['As root:', command('mount', '-o', 'remount,bind,rw', `<coven-home>/${name}`)],
      follows: ownCheck,
    },
    'few-descriptors': {
      message: ({ openFiles }) =>
        `a daemon started from here may open ${openFiles} files, which is too few for sessions`,
      hint: () => ['Raise the limit in the shell that starts the daemon:', command('ulimit', '-n', '1024')],
    },
    'small-files': {
      message: ({ fileBytes }) =>
        `a daemon started from here may write no file larger than ${bytes(fileBytes)}; its ledger is larger, or soon is`,
      hint: () => ['Raise the limit in the shell that starts the daemon:', command('ulimit', '-f', 'unlimited')],
    },
    'few-tasks': {
      message: ({ used, taskLimit, by }) =>
        `no session can be started from here: ${used} of ${taskLimit} processes and threads of ${by === 'user' ? 'your user' : 'this control group'} are in use`,
      hint: ({ by }) =>
        by === 'user'
          ? [
              'End what you do not need, or raise the limit (`ulimit -u`). This counts the tasks of each program:',
              tasksOfEach,
            ]
          : ['Raise the limit (`TasksMax=` of a unit, `--pids-limit` of a container). This names the group:', ownGroup],
    },
    'no-terminals': {
      message: ({ terminals }) =>
        terminals === 'used-up'
          ? 'no pseudo terminal is left on this machine; `coven run` fails, and so does every session of a daemon'
          : 'there are no pseudo terminals here: /dev/ptmx or /dev/pts is not what the kernel gives; `coven run` fails, and so does every session of a daemon started from here',
      hint: ({ terminals }) =>
        terminals === 'used-up'
          ? [
              'End what holds them, or raise the limit as root. This shows it:',
              command('cat', '/proc/sys/kernel/pty/max'),
            ]
          : ['As root:', command('mount', '-t', 'devpts', '-o', 'ptmxmode=666,gid=5', 'devpts', '/dev/pts')],
    },
    'no-null': {
      message: () =>
        '/dev/null is no device: something wrote a file in its place; what programs throw away piles up there, and for other users `coven run` fails',
      hint: () => ['As root:', shellCommand('rm -f /dev/null && mknod -m 666 /dev/null c 1 3')],
    },
  },
  needs: ['machine', 'home', 'home.access'],
  wants: ['store.files', 'home.filesystem'],
  skip: ({ home, machine }) => withoutHome({ home }) ?? (home.uid === machine.uid ? undefined : 'other-user'),
  judge: ({ 'home.access': access, 'store.files': files, 'home.filesystem': filesystem }) => {
    const { closed, limits } = access;
    // Of a whole file system that is read-only its own check tells; a mode that closes the home is undone by every command.
    const told = closed.filter(({ name, code }) =>
      code === 'EROFS' ? name !== '.' && !filesystem?.readOnly : name !== '.' || code === 'EPERM',
    );
    const found = (['EACCES', 'EPERM', 'EROFS'] as const).flatMap((code) => {
      const [first, ...others] = told.filter((one) => one.code === code);
      if (!first) return [];
      const all = [first, ...others];
      return fail(codes[code], pathOf(first.name), {
        facts: {
          name: first.name,
          others: others.length,
          names: all.map(({ name }) => name).join(', '),
          attribute: first.attribute ?? null,
        },
        evidence: from(
          'home.access',
          Object.fromEntries(all.map(({ name, code, attribute }) => [name, attribute ?? code])),
        ),
      });
    });
    const rest = {
      facts: { ...limits, attributes: access.attributes ?? null },
      evidence: from('home.access', { ...limits }),
    };
    if (limits.openFiles !== null && limits.openFiles < leastOpenFiles)
      found.push(warn('few-descriptors', `<coven-home>/${names.socket}`, rest));
    if (limitsFiles(limits.fileBytes, files)) found.push(fail('small-files', `<coven-home>/${names.ledger}`, rest));
    const { tasks, terminals = null, withoutNull = false } = access;
    if (tasks && tasks.limit - tasks.used < sessionTasks) {
      const facts = { used: tasks.used, taskLimit: tasks.limit, by: tasks.by };
      found.push(warn('few-tasks', '<coven-home>', { facts, evidence: from('home.access', facts) }));
    }
    if (terminals !== null)
      found.push(
        warn('no-terminals', '<path>', { facts: { terminals }, evidence: from('home.access', { terminals }) }),
      );
    if (withoutNull) found.push(warn('no-null', '<path>', { evidence: from('home.access', { withoutNull }) }));
    return found.length > 0 ? found : [pass('<coven-home>', rest)];
  },
});

const codes: Readonly<Record<Observations['home.access']['closed'][number]['code'], string>> = {
  EACCES: 'not-writable',
  EPERM: 'immutable',
  EROFS: 'read-only-mount',
};
