/**
 * Breaks a text at spaces to lines of at most `columns`; the first begins with `first`, every other with `rest`. A word
 * that is longer than a line stands alone and unbroken, and so does what is between backticks: it may be copied. No line begins with what a
 * runner of workflows takes for a command of its own.
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

/** Words at spaces; a command between backticks is one. */
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
