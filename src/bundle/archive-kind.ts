export type ArchiveKind = 'zip' | 'tgz';

/** By the name that was asked for; a zip is what every machine opens. */
export const kindOf = (file: string): ArchiveKind => (/\.(?:tgz|tar\.gz)$/i.test(file) ? 'tgz' : 'zip');
