import { stripVTControlCharacters } from 'node:util';

/**
 * Columns of a text. The build puts this in the place of the package string-width, whose tables of emoji take longer to
 * load than a diagnosis takes: our help and progress are plain ASCII.
 */
export default function stringWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
