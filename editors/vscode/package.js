// Makes build/inscribe.vsix: the extension as one bundle, with the licences of
// what is in it.
'use strict';

const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const esbuild = require('esbuild');

const root = path.join(__dirname, '..', '..');
const stage = path.join(root, 'build', 'vscode');
const out = path.join(root, 'build', 'inscribe.vsix');

/** The packages whose code is in a bundle, by folder. */
function packages(meta) {
  const within = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
  return [...new Set(Object.keys(meta.inputs).flatMap((file) => within.exec(file)?.slice(1) || []))].sort();
}

function licence(folder) {
  const dir = path.join(__dirname, folder);
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'));
  const file = fs.readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
  if (!file) throw new Error(`${name} has no file with its licence (${license})`);
  return `${name} ${version} (${license})\n\n${fs.readFileSync(path.join(dir, file), 'utf8').trim()}\n`;
}

fs.rmSync(stage, { recursive: true, force: true });
fs.mkdirSync(stage, { recursive: true });
const { metafile } = esbuild.buildSync({
  absWorkingDir: __dirname,
  entryPoints: ['extension.js'],
  outfile: path.join(stage, 'extension.js'),
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  external: ['vscode'],
  metafile: true,
});
fs.writeFileSync(path.join(stage, 'THIRD-PARTY.txt'), packages(metafile).map(licence).join(`\n${'-'.repeat(78)}\n\n`));

const manifest = JSON.parse(fs.readFileSync(path.join(__dirname, 'package.json'), 'utf8'));
for (const key of ['private', 'scripts', 'dependencies', 'devDependencies', 'allowScripts']) delete manifest[key];
manifest.files = ['**'];
fs.writeFileSync(path.join(stage, 'package.json'), JSON.stringify(manifest, null, 2) + '\n');
fs.copyFileSync(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
for (const name of ['README.md', 'icon.png', 'icon.svg', 'language-configuration.json', 'snippets', 'syntaxes', 'walkthrough']) {
  fs.cpSync(path.join(__dirname, name), path.join(stage, name), { recursive: true });
}

execFileSync(process.execPath, [require.resolve('@vscode/vsce/vsce'), 'package', '--no-dependencies', '--allow-missing-repository', '--out', out], {
  cwd: stage,
  stdio: 'inherit',
});
