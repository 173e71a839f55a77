import { withoutHome } from '../src/coven/gates.ts';
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
const wrong = ({ key, expected, missing, line, state }: Facts): string => {
  switch (state) {
    case 'wrong-type':
      return missing
        ? `: ${key} is missing; it is ${words[String(expected)]}`
        : `: ${key} must be ${words[String(expected)]}`;
    case 'not-utf8':
      return ' is not UTF-8';
    case 'too-large':
      return ' is over 1 MiB';
    case 'not-a-file':
      return ' is no regular file';
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
      hint: ({ name }) => `Correct <coven-home>/${name}, or move it out of the home.`,
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
  needs: ['home', 'home.config'],
  skip: withoutHome,
  judge: ({ 'home.config': { files, settings } }) => {
    const found = files.flatMap(({ name, state, line, wrong }) => {
      const facts = { name, state, line, ...wrong };
      const rest = { facts, evidence: from('home.config', { [name]: state, line, ...wrong }) };
      if (state === 'parsed') return [];
      if (state === 'unreadable') return unknown('undetermined', `<coven-home>/${name}`, rest);
      return (needed.includes(name) ? fail : warn)('unparsable', `<coven-home>/${name}`, rest);
    });
    if (settings && settings.state !== 'parsed')
      found.push(
        warn('settings-ignored', '<path>', {
          facts: { ...settings },
          evidence: from('home.config', { 'settings.json': settings.state, line: settings.line }),
        }),
      );
    if (found.length > 0) return found;
    const facts = { files: files.length + (settings ? 1 : 0) };
    return [pass('<coven-home>', { facts, evidence: from('home.config', facts) })];
  },
});
