import { withoutHome } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { count, octal } from '../src/model/amounts.ts';
import { defineCheck, type Facts, type Finding, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import type { Observations } from '../src/model/observation.ts';

const words: Readonly<Record<string, string>> = {
  days: 'a whole number of days, 96,000,000 at the most',
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
const gatewayWords: Readonly<Record<string, string>> = {
  'not-private': '`bind` is no address of a private network',
  'no-port': '`bind` has the port 0',
  'port-differs': 'the port of `advertisedEndpoint` is another one than that of `bind`',
  'not-here': '`bind` is no address of this machine',
  'port-taken': 'another program listens on its port',
};
/**
 * Coven writes these itself (`coven adapter install`), and takes none that differs. Others in that folder are for programs that name them in the
 * environment of Coven.
 */
const recipes = ['grok', 'hermes', 'opencode'].map((id) => `adapters/${id}.json`);
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
    'expects breaks a file as much as a missing bracket. Coven passes over a pattern that it cannot compile and over a key that it does ' +
    'not know without a word: a private copy of its patterns, and of the other files, is tried with the installed Coven.',
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
    'pattern-ignored': {
      message: ({ patterns, count: of, version }) =>
        `Coven ${version} passes over ${patterns} of the ${of} in extra_patterns of <coven-home>/privacy.toml: what it should hide is recorded as it is`,
      hint: () =>
        'It is no regular expression for Coven, whose kind has neither look-around nor back references. Correct it; what was recorded until then stays as it is.',
    },
    'hides-all': {
      message: ({ version }) =>
        `extra_patterns of <coven-home>/privacy.toml hide plain words: Coven ${version} records transcripts that nobody can read`,
      hint: () =>
        'Make them match no more than what they should hide; what was recorded until then cannot be read again.',
    },
    'unknown-key': {
      message: ({ line, near }) =>
        `<coven-home>/privacy.toml${line === null ? '' : `, line ${line}`}: Coven 0.4.6 does not know that key, and passes over it${near === null ? '' : `; ${near}, outside any table, may be meant`}`,
      hint: () => 'Correct its name, or take it out: until then nothing is done about it.',
    },
    'zero-days': {
      message: ({ keys }) =>
        `${keys} is 0 in <coven-home>/privacy.toml, which Coven takes for 1: it deletes what is older than a day`,
      hint: () => 'Write the number of days that is meant. There is none for “for ever”; 36500 is a century.',
    },
    'repo-gone': {
      message: ({ repo, path, others }) =>
        `<coven-home>/repos.toml: ${repo} is ${path}, which is no git repository${Number(others) > 0 ? ` (and ${others} more)` : ''}; \`coven doctor\` fails, and \`coven patch\` refuses it`,
      hint: () => 'Put the repository back, or correct its path, which has to be absolute; or take the entry out.',
    },
    'gateway-refused': {
      message: ({ why, file, mode }) =>
        `no daemon can start: the mobile gateway of <coven-home>/mobile/gateway.json is enabled, and Coven refuses it: ${why === 'state-open' ? `<coven-home>/${file} has the mode ${mode}, and only 0600 is accepted` : why === 'state-damaged' ? `<coven-home>/${file} is empty or cut off` : gatewayWords[String(why)]}`,
      hint: ({ why, file }) =>
        why === 'state-open'
          ? [command('chmod', '0600', `<coven-home>/${file}`)]
          : [
              'Correct it, or let the daemon start without it:',
              command('mv', '<coven-home>/mobile/gateway.json', '<coven-home>/mobile/gateway.json.aside'),
            ],
    },
    'adapter-ignored': {
      message: ({ name, version, others }) =>
        `<coven-home>/${name}: Coven ${version} takes no harness from it, and says nothing${Number(others) > 0 ? ` (nor from ${others} more)` : ''}; an automation or a session that names it is refused`,
      hint: ({ name }) => [
        'Move it away; `coven adapter install` writes it anew:',
        command('mv', `<coven-home>/${name}`, `<coven-home>/${name}.aside`),
      ],
    },
    refused: {
      message: ({ name, version, said }) => `Coven ${version} does not take ${name}: ${said}`,
      hint: ({ name }) => `Correct ${name}. A private copy of it was given to that Coven.`,
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
  wants: ['home.patterns', 'home.taken'],
  skip: withoutHome,
  judge: ({
    home,
    machine,
    'home.config': { files, settings, gateway, gatewayFile, reposGone = [] },
    'home.entries': { list },
    'home.patterns': patterns,
    'home.taken': taken,
  }) => {
    const found = files.flatMap(({ name, state, line, wrong, kind = null, ...odd }) => {
      const facts = { name, state, line, kind, ...wrong };
      const rest = { facts, evidence: from('home.config', { [name]: kind ?? state, line, ...wrong }) };
      if (state === 'parsed') return oddities(odd);
      const opener = openers[name];
      if (kind === 'fifo' && opener)
        return fail('blocks', `<coven-home>/${name}`, { ...rest, facts: { ...facts, opener } });
      if (state === 'unreadable') {
        // What the owner of the home may not read himself, his Coven may not either.
        if (machine.uid !== home.uid) return unknown('undetermined', `<coven-home>/${name}`, rest);
        const entry = list.find((entry) => entry.name === name);
        const told = { uid: entry?.uid ?? null, mode: entry ? octal(entry.mode) : null, me: machine.uid };
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
    if (gateway) {
      const entry = list.find(({ name }) => name === gatewayFile);
      const facts = { why: gateway, file: gatewayFile ?? null, mode: entry ? octal(entry.mode) : null };
      const evidence = from('home.config', { gateway, ...(gatewayFile && { gatewayFile }) });
      found.push(fail('gateway-refused', '<coven-home>/mobile/gateway.json', { facts, evidence }));
    }
    const [gone, ...others] = reposGone;
    if (gone) {
      const facts = { repo: gone.called, path: gone.path, others: others.length };
      found.push(warn('repo-gone', '<coven-home>/repos.toml', { facts, evidence: from('home.config', facts) }));
    }
    if (patterns) found.push(...ofPatterns(patterns));
    if (taken) found.push(...ofTaken(taken));
    if (found.length > 0) return found;
    const facts = { files: files.length + (settings ? 1 : 0) };
    return [pass('<coven-home>', { facts, evidence: from('home.config', facts) })];
  },
});

const privacy = '<coven-home>/privacy.toml';

/** What of a file that can be read does not do what it seems to. */
function oddities({
  strange,
  zero = [],
}: Pick<Observations['home.config']['files'][number], 'strange' | 'zero'>): readonly Finding[] {
  const keys = zero.join(' and ');
  return [
    ...(strange ? [warn('unknown-key', privacy, { facts: strange, evidence: from('home.config', strange) })] : []),
    ...(keys ? [warn('zero-days', privacy, { facts: { keys }, evidence: from('home.config', { zero: keys }) })] : []),
  ];
}

function ofTaken({ ignored, refused, version }: Observations['home.taken']): readonly Finding[] {
  const [name, ...more] = ignored.filter((name) => recipes.includes(name));
  const evidence = from('home.taken', { version, ignored: ignored.join(', ') });
  return [
    ...refused.map(({ name, said }) => {
      const facts = { name: name === 'settings.json' ? 'settings.json' : `<coven-home>/${name}`, version, said };
      return (needed.includes(name) ? fail : warn)('refused', facts.name, {
        facts,
        evidence: from('home.taken', facts),
      });
    }),
    ...(name === undefined
      ? []
      : [warn('adapter-ignored', `<coven-home>/${name}`, { facts: { name, version, others: more.length }, evidence })]),
  ];
}

function ofPatterns({ ignored, hidesAll, version, count }: Observations['home.patterns']): readonly Finding[] {
  const patterns = `pattern ${ignored.join(', ')}`;
  const evidence = from('home.patterns', { version, count, ignored: ignored.join(', '), hidesAll });
  return [
    ...(ignored.length > 0
      ? [fail('pattern-ignored', privacy, { facts: { patterns, count, version }, evidence })]
      : []),
    ...(hidesAll ? [fail('hides-all', privacy, { facts: { version }, evidence })] : []),
  ];
}
