import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import vm from 'node:vm';
import { transformSync } from 'esbuild';

type Exports = Record<string, unknown>;
type Wrapper = (exports: Exports, require: (name: string) => unknown, module: { exports: Exports }) => void;

const compiled = new Map<string, Wrapper>();

function compile(file: string, source: string): Wrapper {
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs', target: 'node20' });
  return vm.runInThisContext(`(function (exports, require, module) {${code}\n})`, { filename: file }) as Wrapper;
}

/**
 * Evaluates a module and all that it imports anew, with `replaced` in the place of one file and `instead` in the place of
 * packages by their names. Only what changed is compiled again, so a mutant costs milliseconds.
 */
export function evaluate(
  entry: string,
  replaced: { readonly file: string; readonly source: string } | null,
  instead: Readonly<Record<string, unknown>>,
): Exports {
  const cache = new Map<string, { exports: Exports }>();
  const load = (file: string): Exports => {
    const known = cache.get(file);
    if (known) return known.exports;
    const module = { exports: {} as Exports };
    cache.set(file, module);
    wrapperOf(file)(module.exports, requireFrom(file), module);
    return module.exports;
  };
  const wrapperOf = (file: string): Wrapper => {
    if (replaced?.file === relative('.', file)) return compile(file, replaced.source);
    const wrapper = compiled.get(file) ?? compile(file, readFileSync(file, 'utf8'));
    compiled.set(file, wrapper);
    return wrapper;
  };
  const requireFrom = (file: string) => {
    const outside = createRequire(file);
    return (name: string): unknown => {
      if (name in instead) return instead[name];
      return name.startsWith('.') ? load(resolve(dirname(file), name)) : outside(name);
    };
  };
  return load(resolve(entry));
}
