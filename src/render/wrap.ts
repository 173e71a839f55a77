/**
 * Breaks a text at spaces into lines of at most `columns`. The first begins with `first`, all others with `rest`. A word
 * longer than a line stays unbroken, and so does text between backticks, because it may be copied. No line begins with
 * `::` or `##`, which GitHub's runner takes for a command.
 */
export function wrap(text: string, columns: number, first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of wordsOf(text)) {
    if (!isEmpty && line.length + 1 + word.length > columns && !/^(?:::|##)/.test(word)) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

/** Splits at spaces. A command between backticks is one word. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let ticks = 0;
  for (const part of text.split(' ')) {
    if (ticks % 2 === 1) words.push(`${words.pop() ?? ''} ${part}`);
    else words.push(part);
    ticks += part.split('`').length - 1;
  }
  return words;
}

/** Matches a command of ours or of Coven's, with or without environment variables before it, and a path. */
const isTyped = /^ *(?:[A-Z_]+=|coven(?:-doctor)? |npx |node |\/)/;

/** Matches the indentation, and the number of a step or the label of a value. Continuation lines align with the text after it. */
const lead = /^ +(?:\d+\. |[a-z]+: +)?/;

/**
 * Wraps the lines of a screen at spaces and keeps their indentation. Commands and paths stay on one line, since a
 * wrapped command does not work when it is pasted. A terminal without a known width gets the text as it is.
 */
export function wrapScreen(text: string, columns: number | undefined): string {
  if (!columns) return text;
  const wrapped = text.split('\n').map((line) => {
    if (line.length <= columns || isTyped.test(line)) return line;
    const [first = ''] = lead.exec(line) ?? [];
    const rest = ' '.repeat(first.trim() === '' && first !== '' ? first.length + 2 : first.length);
    return wrap(line.slice(first.length), columns, first, rest);
  });
  return wrapped.join('\n');
}
