import { checkWords } from './commands/check-words.ts';
import type { Command, Option, shells } from './commands/command.ts';
import { commands } from './commands/index.ts';

/** The completions of a shell, made from the same table as the parser and the help. */
export async function completionOf(shell: (typeof shells)[number]): Promise<string> {
  return { bash, zsh, fish }[shell]();
}

/** How a shell can complete a value: words, files or folders; null if the values cannot be known. */
type Offer = { readonly words: readonly string[] } | 'files' | 'folders' | null;

function offerOf(value: string | undefined, choices: Option['choices']): Offer {
  if (choices) return { words: choices.map(String) };
  if (value === 'CHECK') return { words: checkWords };
  if (value === 'DIR') return 'folders';
  if (value === 'FILE' || value === 'MODULE') return 'files';
  return value?.includes('|') ? { words: value.split('|') } : null;
}

interface Flag {
  readonly words: readonly string[];
  readonly takesValue: boolean;
  readonly offer: Offer;
  readonly describe: string;
}

const everywhere: readonly Flag[] = [
  { words: ['-h', '--help'], takesValue: false, offer: null, describe: 'Show help' },
  { words: ['-v', '--version'], takesValue: false, offer: null, describe: 'Show the version' },
];

const flagsOf = ({ options }: Command): readonly Flag[] => [
  ...Object.entries(options)
    .filter(([, { hidden }]) => !hidden)
    .map(([name, option]) => ({
      words: [name, ...(typeof option.alias === 'string' ? [option.alias] : [])].map((word) =>
        word.length === 1 ? `-${word}` : `--${word}`,
      ),
      takesValue: option.type !== 'boolean',
      offer: offerOf(option.value, option.choices),
      describe: option.describe,
    })),
  ...everywhere,
];

/** The possible first words, and those after a word that begins several commands. */
const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? '')), 'help', 'version'].filter(
  (word) => word !== '',
);
const secondWords = (first: string): readonly string[] =>
  commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.slice(first.length + 1));
const summaryOf = (words: string): string =>
  commands.find(({ name }) => name === words)?.summary ??
  ({ help: 'Show help', version: 'Show the version' }[words] || `${secondWords(words).join(', ')}`);

/** Only the first positional is used, because the others are of the same kind. */
const positionalOffer = ({ positionals }: Command): Offer => {
  const [first] = Object.values(positionals);
  return first ? offerOf(first.value, undefined) : null;
};

const inBash = (offer: Offer): string =>
  offer === 'files'
    ? 'COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames'
    : offer === 'folders'
      ? 'COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames'
      : offer
        ? `COMPREPLY=($(compgen -W '${offer.words.join(' ')}' -- "$cur"))`
        : 'COMPREPLY=()';

function bash(): string {
  const families = firstWords.filter((word) => secondWords(word).length > 0);
  const ofCommand = (command: Command): string => {
    const flags = flagsOf(command);
    const valued = flags.filter(({ takesValue }) => takesValue);
    const cases = valued.map(({ words, offer }) => `        ${words.join('|')}) ${inBash(offer)}; return ;;`);
    return [
      `    '${command.name}')`,
      ...(cases.length > 0 ? ['      case $prev in', ...cases, '      esac'] : []),
      `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flags.flatMap(({ words }) => words).join(' ')}' -- "$cur"))`,
      command.name === ''
        ? `      else ${inBash({ words: firstWords })}`
        : `      else ${inBash(positionalOffer(command))}`,
      '      fi ;;',
    ].join('\n');
  };
  return `# bash completion for coven-doctor. Check ids hold a colon: it must not split words.
_coven_doctor() {
  local cur prev word command=''
  local -a words
  local cword
  if declare -F _get_comp_words_by_ref > /dev/null; then _get_comp_words_by_ref -n : cur prev words cword
  else cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  for word in "\${words[@]:1:cword-1}"; do
    [[ $word == -* ]] && break
    case "$command" in
      '') command=$word ;;
      ${families.join('|')}) command="$command $word" ;;
    esac
  done
  case "$command" in
${[...commands].map(ofCommand).join('\n')}
${families.map((family) => `    ${family}) ${inBash({ words: secondWords(family) })} ;;`).join('\n')}
    help) ${inBash({ words: firstWords })} ;;
  esac
  declare -F __ltrim_colon_completions > /dev/null && __ltrim_colon_completions "$cur"
  return 0
}
complete -F _coven_doctor coven-doctor
`;
}

const inZsh = (offer: Offer): string =>
  offer === 'files'
    ? '_files'
    : offer === 'folders'
      ? '_files -/'
      : offer
        ? `(${offer.words.map(zshWord).join(' ')})`
        : ' ';
const zshWord = (word: string): string => word.replaceAll(':', '\\:');
const zshText = (text: string): string =>
  text.replaceAll(/[[\]:'\\]/g, (sign) => (sign === "'" ? "'\\''" : `\\${sign}`));

function zsh(): string {
  const argumentsOf = (command: Command): string => {
    const flags = flagsOf(command).flatMap(({ words, takesValue, offer, describe }) =>
      words.map((word) => `'*${word}[${zshText(describe)}]${takesValue ? `:value:${inZsh(offer)}` : ''}'`),
    );
    const offer = positionalOffer(command);
    return [...flags, ...(offer ? [`'*:argument:${inZsh(offer)}'`] : [])].join(' \\\n        ');
  };
  const describe = (words: readonly string[], prefix = ''): string =>
    words.map((word) => `'${zshText(word)}:${zshText(summaryOf(`${prefix}${word}`))}'`).join(' ');
  const ofCommand = (command: Command): string =>
    `      '${command.name}') _arguments -s \\\n        ${argumentsOf(command)} ;;`;
  const families = firstWords.filter((word) => secondWords(word).length > 0);
  return `#compdef coven-doctor
# zsh completion for coven-doctor.
_coven_doctor() {
  local command="" used=0 word
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    [[ $word == -* ]] && break
    case "$command" in
      '') command=$word; used=1 ;;
      ${families.join('|')}) command="$command $word"; used=2 ;;
    esac
  done
  local -a first
  first=(${describe(firstWords)})
  if [[ -z $command && \${words[CURRENT]} != -* && \${words[CURRENT-1]} != -* ]]; then
    _describe command first; return
  fi
  case "$command" in
${families.map((family) => `    ${family}) local -a second; second=(${describe(secondWords(family), `${family} `)}); _describe command second; return ;;`).join('\n')}
    help) _describe command first; return ;;
  esac
  words=("\${words[1]}" "\${words[@]:$((used + 1))}")
  ((CURRENT -= used))
  case "$command" in
${commands.map(ofCommand).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _coven_doctor "$@"; else compdef _coven_doctor coven-doctor; fi
`;
}

const fishText = (text: string): string => `'${text.replaceAll(/['\\]/g, (sign) => `\\${sign}`)}'`;

function fish(): string {
  const condition = (command: Command): string => {
    const [first = '', second] = command.name.split(' ');
    if (command.name === '') return '__fish_use_subcommand';
    return second === undefined
      ? `__fish_seen_subcommand_from ${first}`
      : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
  };
  const inFish = (offer: Offer): string =>
    offer === 'files'
      ? ' -F'
      : offer === 'folders'
        ? " -a '(__fish_complete_directories)'"
        : offer
          ? ` -a ${fishText(offer.words.join(' '))}`
          : '';
  const lines = commands.flatMap((command) => {
    const when = fishText(condition(command));
    const flags = flagsOf(command).map(({ words, takesValue, offer, describe }) => {
      const names = words.map((word) => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`));
      return `complete -c coven-doctor -n ${when} ${names.join(' ')}${takesValue ? ` -r${inFish(offer)}` : ''} -d ${fishText(describe)}`;
    });
    const offer = positionalOffer(command);
    return [...flags, ...(offer ? [`complete -c coven-doctor -n ${when}${inFish(offer)}`] : [])];
  });
  const words = firstWords.map(
    (word) => `complete -c coven-doctor -n __fish_use_subcommand -a ${word} -d ${fishText(summaryOf(word))}`,
  );
  const second = firstWords.flatMap((first) => {
    const names = secondWords(first);
    const when = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${names.join(' ')}`;
    return names.map(
      (name) =>
        `complete -c coven-doctor -n ${fishText(when)} -a ${name} -d ${fishText(summaryOf(`${first} ${name}`))}`,
    );
  });
  return `# fish completion for coven-doctor.\ncomplete -c coven-doctor -f\n${[...words, ...second, ...lines].join('\n')}\n`;
}
