export type ArchiveKind = 'zip' | 'tgz';

/** Chosen by the file name. The default is zip, because every machine can open it. */
export const kindOf = (file: string): ArchiveKind => (/\.(?:tgz|tar\.gz)$/i.test(file) ? 'tgz' : 'zip');
