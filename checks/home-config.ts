import { withoutHome } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, unknown, warn } from '../src/model/check.ts';

const words: Readonly<Record<string, string>> = {
  'whole-number': 'a whole number from 0 up',
  boolean: 'true or false',
  text: 'a text',
  texts: 'a list of texts',
  table: 'a table',
  tables: 'a list of tables',
};
const wrong = ({ key, expected, missing, line, state, kind, uid, mode }: Facts): string => {
  switch (state) {
    case 'wrong-type':
      return missing
        ? `: ${key} is missing; it is ${words[String(expected)]}`
        : `: ${key} must be ${words[String(expected)]}`;
    case 'unreadable':
      return ` cannot be read by its own user: it belongs to uid ${uid} with mode ${mode}`;
    case 'not-utf8':
      return ' is not UTF-8';
    case 'too-large':
      return ' is over 1 MiB';
    case 'not-a-file':
      return ` is a ${kind ?? 'thing that is no file'}, not a file`;
    default:
      return ` cannot be parsed${line === null ? '' : `: the first error is in line ${line}`}`;
  }
};

/** What Coven 0.4.6 then does. Source: tried with each file. */
const consequences: Readonly<Record<string, string>> = {
  'repos.toml': '`coven doctor` ends without any check',
  'privacy.toml': 'nothing is pruned from the ledger, and the daemon calls its storage degraded',
  'familiars.toml': '`coven familiars` fails',
};
/** Which commands open a file, and so wait for ever where it is a FIFO. Source: each was tried on Coven 0.4.6. */
const openers: Readonly<Record<string, string>> = {
  'repos.toml': '`coven doctor` waits',
  'privacy.toml': '`coven run` waits, and `coven daemon start` fails,',
  'familiars.toml': '`coven doctor` and `coven familiars` wait',
  'settings.json': 'every coven command waits',
};
/** Those without which a part of Coven does nothing at all. */
const needed = ['repos.toml', 'privacy.toml'];

/** Coven's own doctor ends without a word of any other check where repos.toml cannot be read. */
export const homeConfig = defineCheck({
  id: 'home:config',
  category: 'home',
  title: 'The configuration files can be read as Coven reads them',
  explain:
    'With repos.toml broken, Coven’s own doctor ends without any other check; with privacy.toml broken, nothing is pruned, and the daemon ' +
    'calls its storage degraded; with the user’s settings.json broken, every command ignores it. A value of another type than Coven ' +
    'expects breaks a file as much as a missing bracket. What the values mean is not judged here.',
  causes: {
    ok: { message: ({ files }) => `${count(files, 'configuration file')} can be read` },
    unparsable: {
      message: (facts) => {
        const then = consequences[String(facts.name)];
        return `<coven-home>/${facts.name}${wrong(facts)}${then === undefined ? '' : `; ${then}`}`;
      },
      hint: ({ name, state, uid, me }) =>
        state !== 'unreadable'
          ? `Correct <coven-home>/${name}, or move it out of the home.`
          : uid === me
            ? [command('chmod', '0600', `<coven-home>/${name}`)]
            : ['As root:', command('chown', '-h', String(me), `<coven-home>/${name}`)],
    },
    blocks: {
      message: ({ name, path, opener }) =>
        `${opener} for ever, since ${path ?? `<coven-home>/${name}`} is a FIFO: whoever opens it waits for a writer`,
      hint: ({ name, path }) => [
        'Move it away, and write the file anew:',
        path == null
          ? command('mv', `<coven-home>/${name}`, `<coven-home>/${name}.aside`)
          : command('mv', String(path), `${path}.aside`),
      ],
    },
    'settings-ignored': {
      message: (facts) =>
        `${facts.path}${wrong(facts)}; every coven command ignores it, with what it says of privacy and repositories`,
      hint: ({ path }) => `Correct ${path}, or move it away.`,
    },
    undetermined: {
      message: ({ name }) => `you may not read <coven-home>/${name}`,
      hint: () => 'Run coven-doctor as the owner of the home.',
    },
  },
  needs: ['home', 'machine', 'home.config', 'home.entries'],
  skip: withoutHome,
  judge: ({ home, machine, 'home.config': { files, settings }, 'home.entries': { list } }) => {
    const found = files.flatMap(({ name, state, line, wrong, kind = null }) => {
      const facts = { name, state, line, kind, ...wrong };
      const rest = { facts, evidence: from('home.config', { [name]: kind ?? state, line, ...wrong }) };
      if (state === 'parsed') return [];
      const opener = openers[name];
      if (kind === 'fifo' && opener)
        return fail('blocks', `<coven-home>/${name}`, { ...rest, facts: { ...facts, opener } });
      if (state === 'unreadable') {
        // What the owner of the home may not read himself, his Coven may not either.
        if (machine.uid !== home.uid) return unknown('undetermined', `<coven-home>/${name}`, rest);
        const entry = list.find((entry) => entry.name === name);
        const told = { uid: entry?.uid ?? null, mode: entry ? `0${entry.mode.toString(8)}` : null, me: machine.uid };
        const say = needed.includes(name) ? fail : warn;
        return say('unparsable', `<coven-home>/${name}`, { ...rest, facts: { ...facts, ...told } });
      }
      return (needed.includes(name) ? fail : warn)('unparsable', `<coven-home>/${name}`, rest);
    });
    if (settings && settings.state !== 'parsed')
      found.push(
        (settings.kind === 'fifo' ? fail : warn)(settings.kind === 'fifo' ? 'blocks' : 'settings-ignored', '<path>', {
          facts: { ...settings, opener: openers['settings.json'] ?? '' },
          evidence: from('home.config', { 'settings.json': settings.kind ?? settings.state, line: settings.line }),
        }),
      );
    if (found.length > 0) return found;
    const facts = { files: files.length + (settings ? 1 : 0) };
    return [pass('<coven-home>', { facts, evidence: from('home.config', facts) })];
  },
});
