import { defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';

/** A reset that was cut off: every command of Coven refuses until that reset is run again. */
export const homeReset = defineCheck({
  id: 'home:reset',
  category: 'home',
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
