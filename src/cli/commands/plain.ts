import { diagnosis, display, displayOf, optionsOf, packing } from '../options/shared.ts';

/** The diagnosis that runs without a command word. */
export const plainDiagnosis = {
  ...optionsOf({ failOn: diagnosis['fail-on'].default, deep: diagnosis.deep.default }),
  ...displayOf({ json: display.json.default, verbose: display.verbose.default }),
  bundle: packing.bundle.default,
};
