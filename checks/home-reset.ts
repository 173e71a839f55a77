import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { command } from '../src/model/advice.ts';
import { defineCheck, fail, from, pass, unknown } from '../src/model/check.ts';

/** A reset that was cut off: every command of Coven refuses until that reset is run again. */
export const homeReset = defineCheck({
  id: 'home:reset',
  category: 'home',
  title: 'No reset was cut off',
  explain:
    'While reset-transaction.json is there, every command of Coven refuses. It names what was to be moved where; without it the reset ' +
    'could be neither finished nor understood, so it is not to be removed.',
  causes: {
    ok: { message: () => 'no reset is under way' },
    interrupted: {
      message: ({ modifiedAt, kind }) =>
        kind === 'file'
          ? `every coven command refuses: a reset was cut off at ${modifiedAt}`
          : `every coven command refuses: reset-transaction.json is there, and it is a ${kind}, which no reset leaves`,
      hint: ({ kind }) =>
        kind === 'file'
          ? 'Run that `coven reset … --apply` again. Do not remove <coven-home>/reset-transaction.json.'
          : [
              `A reset writes a regular file, so that running it again does not help. ${kind === 'symlink' ? 'If the link leads to such a file, put that file in its place. Otherwise move the link aside:' : 'Move it aside, and keep what is in it:'}`,
              command('mv', `<coven-home>/${names.resetMarker}`, `<coven-home>/${names.resetMarker}.aside`),
            ],
    },
    undetermined: {
      message: () => 'whether a reset is under way could not be determined',
      hint: () => 'Run coven-doctor as the owner of the home.',
    },
  },
  needs: ['home', 'home.entries'],
  skip: withoutHome,
  judge: ({ 'home.entries': { list, unreadable } }) => {
    const marker = list.find(({ name }) => name === names.resetMarker);
    const facts = { modifiedAt: marker?.modifiedAt ?? null, kind: marker?.kind ?? null };
    const evidence = from('home.entries', {
      [names.resetMarker]: marker?.kind ?? 'absent',
      modifiedAt: facts.modifiedAt,
    });
    const target = `<coven-home>/${names.resetMarker}`;
    if (unreadable.includes(names.resetMarker)) return [unknown('undetermined', target, { evidence })];
    return [marker ? fail('interrupted', target, { facts, evidence }) : pass(target, { evidence })];
  },
});
