/** What of a home's path no shell or program took away or replaced, and the path that was probably meant: null where that is not known. */
export interface OddName {
  readonly code: 'not-expanded' | 'stray-characters';
  readonly part: 'tilde' | 'variable' | 'control' | 'blank' | 'quote';
  readonly meant: string | null;
}

/**
 * Whether the path of a home came from a setting that was taken as it stands: an env file of a service manager expands neither `~`
 * nor variables, one with line ends of Windows leaves a carriage return, and quotes stay. Coven makes a folder of that name,
 * and every session seems gone. A value with a blank or a quote before it counts as relative, below any folder.
 */
export function oddName(path: string): OddName | null {
  const parts = path.split('/').slice(1);
  const last = parts.at(-1) ?? '';
  const from = parts.findIndex(
    (part) => /^\s*["']?(?:~|\$\{?HOME\b|%h$|%HOME%)/.test(part) || ['', '"', "'"].includes(part.trim()),
  );
  const strip = (text: string): string =>
    text
      .replace(/[\x00-\x1f\x7f]/g, '')
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
  const asSet = from < 0 ? path : `${parts.slice(from).join('/')}`;
  const cleaned = strip(asSet);
  const meant = cleaned !== path && cleaned.startsWith('/') ? cleaned : null;
  if (/[\x00-\x1f\x7f]/.test(path)) return { code: 'stray-characters', part: 'control', meant };
  if (parts.some((part) => /^["']?~$/.test(part))) return { code: 'not-expanded', part: 'tilde', meant: null };
  if (parts.some((part) => /^["']?(?:\$\{?HOME\}?|%h|%HOME%)$/.test(part)))
    return { code: 'not-expanded', part: 'variable', meant: null };
  const quote = /["']$/.exec(last)?.[0];
  if (quote && parts.some((part) => part.startsWith(quote))) return { code: 'stray-characters', part: 'quote', meant };
  if (/\s$/.test(last) || parts.some((part) => /^\s+$/.test(part)))
    return { code: 'stray-characters', part: 'blank', meant };
  return null;
}
