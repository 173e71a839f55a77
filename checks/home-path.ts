import { socketPathLimit } from '../src/coven/layout.ts';
import { type CommandLine, command, shellCommand } from '../src/model/advice.ts';
import { defineCheck, type Facts, fail, from, pass } from '../src/model/check.ts';
import { quoted } from '../src/model/shell.ts';

/** Where the path came from. */
const settings: Readonly<Record<string, string>> = { option: '--home', environment: 'COVEN_HOME', default: 'HOME' };
const setting = ({ source }: Facts): string => settings[String(source)] ?? 'COVEN_HOME';

/** A path as a shell takes it, which expands what stands for the user's home only outside of single quotes. */
function expanded(path: string): string {
  const below = /^~\/(.+)$/s.exec(path)?.[1];
  return path.startsWith('~') ? `"$HOME"${below === undefined ? '' : `/${quoted(below)}`}` : quoted(path);
}

/** What names the home that was meant. */
const nameIt = (meant: unknown, facts: Facts): CommandLine =>
  setting(facts) === '--home'
    ? shellCommand(`coven-doctor --home ${expanded(String(meant))}`)
    : shellCommand(`export COVEN_HOME=${expanded(String(meant))}`);
const forNow = (facts: Facts): string =>
  setting(facts) === '--home' ? 'Check the home that was meant:' : 'For this shell:';

const parts: Readonly<Record<string, string>> = {
  control: 'a control character, as the line end of a file from Windows leaves one',
  quote: 'the quotes around it',
  blank: 'a blank before or behind the path',
};

/** A home is a real directory whose socket path can be bound. Coven refuses a symlink and dies late on a long path. */
export const homePath = defineCheck({
  id: 'home:path',
  category: 'home',
  title: 'The home is a real directory that Coven can use',
  explain:
    'Coven refuses a home that is a symlink, and dies late and without a reason where the path of its socket passes the ' +
    'limit of the system (107 bytes on Linux, 103 on macOS). A home that is not there yet is fine: the first command makes it.',
  causes: {
    ok: {
      message: ({ absent }) =>
        absent ? 'there is no Coven home here yet; the first coven command creates it' : 'the home is a directory',
    },
    'cannot-create': {
      message: () =>
        'there is no Coven home at <coven-home>, and it cannot be created: no folder above it can be written to',
      hint: () => 'Make a folder above it writable for you, or set COVEN_HOME to another path.',
    },
    'not-a-directory': {
      message: ({ kind }) => `<coven-home> is a ${kind}, not a directory`,
      hint: () => 'Move it away, or set COVEN_HOME to another path.',
    },
    symlink: {
      message: () => 'every coven command refuses this home: <coven-home> is a symlink',
      hint: () => [
        'Set COVEN_HOME to the folder that the symlink leads to. This prints it:',
        command('readlink', '-f', '<coven-home>'),
      ],
    },
    'not-utf8': {
      message: () => 'the path of the home is not valid UTF-8, which Coven refuses',
      hint: () => 'Choose another path, and set COVEN_HOME to it.',
    },
    'not-expanded': {
      message: (facts) =>
        `nothing expanded the ${facts.part === 'tilde' ? 'tilde' : 'variable'} in ${setting(facts)}: this is a folder of that name, <coven-home>, and your sessions are in another`,
      hint: (facts) => [
        setting(facts) === '--home'
          ? 'Only a shell expands it: not in quotes, and a tilde only at the beginning of a word.'
          : `Write the whole path where ${setting(facts)} is set, as in an env file or a service unit: only a shell expands it, and not in quotes.`,
        ...(facts.meant ? [forNow(facts), nameIt(facts.meant, facts)] : []),
      ],
    },
    'stray-characters': {
      message: (facts) =>
        `${setting(facts)} holds ${parts[String(facts.part)] ?? 'a stray character'}: every command here uses a home of that name, and your sessions are in another`,
      hint: (facts) => [
        setting(facts) === '--home'
          ? 'Take that out.'
          : `Take that out where ${setting(facts)} is set. Env files need no quotes, and line ends of Unix.`,
        ...(facts.meant ? [forNow(facts), nameIt(facts.meant, facts)] : []),
      ],
    },
    'socket-path-too-long': {
      message: ({ bytes, limit }) =>
        `no daemon can start here: the path of its socket has ${bytes} bytes, and the system allows ${limit}`,
      hint: () => 'Choose a shorter path, and set COVEN_HOME to it.',
    },
  },
  needs: ['home', 'machine'],
  judge: ({ home, machine }) => {
    const { kind, utf8, socketPathBytes, writable } = home;
    const limit = socketPathLimit(machine.platform);
    const found = [];
    if (!utf8) found.push(fail('not-utf8', '<coven-home>', { evidence: from('home', { utf8 }) }));
    const { odd, source, path } = home;
    if (odd)
      found.push(
        fail(odd.code, '<coven-home>', {
          facts: { part: odd.part, meant: odd.meant, source },
          evidence: from('home', { path, source, odd: odd.part }),
        }),
      );
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
