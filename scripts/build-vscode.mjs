// Builds the extension for VS Code, dist/editors/rewind386.vsix, from editors/vscode: the same bytes from the same sources.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const source = join(root, 'editors/vscode');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const manifest = { ...JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')), version };

const bundle = await rolldown({
  input: join(source, 'extension.ts'),
  platform: 'node',
  external: ['vscode'],
});
const { output } = await bundle.generate({ format: 'cjs', exports: 'named' });

const xml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const asset = (type, path) =>
  `    <Asset Type="Microsoft.VisualStudio.${type}" Path="${path}" Addressable="true"/>`;

/** The package manifest of the gallery's format (PackageManifest 2.0.0), which VS Code reads name and version from. */
const vsixManifest = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${manifest.name}" Version="${version}" Publisher="${manifest.publisher}"/>
    <DisplayName>${xml(manifest.displayName)}</DisplayName>
    <Description xml:space="preserve">${xml(manifest.description)}</Description>
    <Categories>${manifest.categories.join(',')}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${xml(manifest.engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="${manifest.extensionKind.join(',')}"/>
    </Properties>
    <License>extension/LICENSE.txt</License>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
${asset('Code.Manifest', 'extension/package.json')}
${asset('Services.Content.Details', 'extension/README.md')}
${asset('Services.Content.License', 'extension/LICENSE.txt')}
  </Assets>
</PackageManifest>
`;

/** Types of the files inside, by the Open Packaging Conventions. */
const TYPES = {
  vsixmanifest: 'text/xml',
  json: 'application/json',
  js: 'application/javascript',
  md: 'text/markdown',
  txt: 'text/plain',
};
const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${Object.entries(TYPES)
  .map(([extension, type]) => `<Default Extension=".${extension}" ContentType="${type}"/>`)
  .join('')}</Types>
`;

const files = {
  'extension.vsixmanifest': vsixManifest,
  '[Content_Types].xml': contentTypes,
  'extension/package.json': `${JSON.stringify(manifest, null, 2)}\n`,
  'extension/extension.js': output[0].code,
  'extension/README.md': readFileSync(join(source, 'README.md'), 'utf8'),
  'extension/LICENSE.txt': readFileSync(join(root, 'LICENSE'), 'utf8'),
};
// The earliest time that a zip can tell: the file must not depend on the clock.
const bytes = zipSync(
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])),
  {
    mtime: new Date(1980, 0, 1),
    level: 9,
  },
);
const out = join(root, 'dist/editors');
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'rewind386.vsix'), bytes);
