/** Line of a text, from 1, up to which it is an object of JSON5; null where all of it is. What the values mean is not judged. */
export function brokenLine(text: string): number | null {
  // Each is tried where the one before it ended: no place is read twice.
  const space = /(?:[\s\uFEFF]|\/\/[^\n\r]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*/y;
  const words = /"(?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*"|'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*'|[$_\p{L}\p{N}.+-]+/uy;
  const value =
    /^(?:["']|(?:true|false|null|[+-]?(?:NaN|Infinity|0[xX][0-9a-fA-F]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))$)/;
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };
  const next = (): string => {
    take(space);
    return text[at] ?? '';
  };
  const open: ('{' | '[')[] = [];
  let wants: 'value' | 'entry' | 'end' = 'value';
  const broken = (): number => text.slice(0, at).split(/\r\n|\n|\r/).length;
  if (next() !== '{') return broken();
  for (;;) {
    const sign = next();
    const inside = open.at(-1);
    if (wants === 'end') {
      if (inside === undefined) return sign === '' ? null : broken();
      if (sign === ',') wants = 'entry';
      else if (sign === (inside === '{' ? '}' : ']')) open.pop();
      else return broken();
      at += 1;
      continue;
    }
    if (wants === 'entry') {
      if (sign === (inside === '{' ? '}' : ']')) {
        at += 1;
        open.pop();
        wants = 'end';
        continue;
      }
      if (inside === '{') {
        if (take(words) === null || next() !== ':') return broken();
        at += 1;
      }
      wants = 'value';
      continue;
    }
    if (sign === '{' || sign === '[') {
      open.push(sign);
      at += 1;
      wants = 'entry';
      continue;
    }
    const word = take(words);
    if (word === null || !value.test(word)) return broken();
    wants = 'end';
  }
}
