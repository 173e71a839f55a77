/**
 * Breaks a text at spaces to lines of at most `columns`; the first begins with `first`, every other with `rest`. A word
 * that is longer than a line stands alone and unbroken: it may be a path that somebody copies. No line begins with what a
 * runner of workflows takes for a command of its own.
 */
export function wrap(text: string, columns: number, first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
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
