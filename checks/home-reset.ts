import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
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
      message: ({ modifiedAt }) => `every coven command refuses: a reset was cut off at ${modifiedAt}`,
      hint: () => 'Run that `coven reset … --apply` again. Do not remove <coven-home>/reset-transaction.json.',
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
    const facts = { modifiedAt: marker?.modifiedAt ?? null };
    const evidence = from('home.entries', { [names.resetMarker]: marker?.kind ?? 'absent', ...facts });
    const target = `<coven-home>/${names.resetMarker}`;
    if (unreadable.includes(names.resetMarker)) return [unknown('undetermined', target, { evidence })];
    return [marker ? fail('interrupted', target, { facts, evidence }) : pass(target, { evidence })];
  },
});
