// Prints the SBOM of what is published, as CycloneDX: what is installed with the package, and what is bundled into `dist`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const all = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx'], { cwd: root, maxBuffer: 2 ** 28 });
const document = JSON.parse(all);
const licences = readFileSync(join(root, 'dist', 'THIRD-PARTY-LICENCES.txt'), 'utf8');
const bundled = new Set(
  [...licences.matchAll(/^(\S+) (\S+) \(.+\)\n-{80}$/gm)].map(([, name, version]) => `${name}@${version}`),
);

const isForDevelopment = ({ properties = [] }) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
const nameOf = ({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`;
const components = document.components.filter(
  (component) => bundled.has(nameOf(component)) || !isForDevelopment(component),
);
const refs = new Set([document.metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])]);
const dependencies = document.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
const missing = [...bundled].filter((name) => !components.some((component) => nameOf(component) === name));
if (missing.length > 0) throw new Error(`npm sbom does not know ${missing.join(', ')}`);
process.stdout.write(`${JSON.stringify({ ...document, components, dependencies }, null, 2)}\n`);
