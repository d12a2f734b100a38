// Makes the page of its parts: one file that needs nothing else.
//
//   node build.mjs WASM FOLDER
//
// WASM is cmd/playground for js/wasm; FOLDER gets index.html and sizes.json.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync, readdirSync, mkdirSync, existsSync } from 'node:fs';
import { join, dirname, basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdCompressSync, constants } from 'node:zlib';
import { mergeData } from './segments.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const [wasmFile, folder] = process.argv.slice(2);
const go = (...args) => execFileSync('go', args, { cwd: root, encoding: 'utf8', env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' } }).trim();

/** The descriptions of the menu: the demo's, and the published ones. */
function examples() {
  const published = join(root, 'testdata/examples');
  const title = (name) => {
    const words = name.replace(/\.dsc$/, '').replace(/^\d+-/, '').replaceAll('-', ' ').replace(/\b(pin|puk|iccsn)s?\b/g, (w) => w.toUpperCase());
    return words[0].toUpperCase() + words.slice(1);
  };
  return [
    { title: 'A card with two slots', text: readFileSync(join(root, 'docs/demo/card.dsc'), 'utf8'), profile: 'softhsm' },
    ...readdirSync(published).sort().map((name) => ({ title: title(name), text: readFileSync(join(published, name), 'utf8'), published: true })),
  ];
}

/** The profiles of the menu. */
function profiles() {
  const lines = readFileSync(join(root, 'check/profile/data/profiles.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line)).map(({ name, title }) => ({ name, title }));
}

/** The pages of the codes of findings. */
function rules() {
  const dir = join(root, 'docs/rules');
  const names = readdirSync(dir).filter((name) => /^[a-z].*\.md$/.test(name));
  return Object.fromEntries(names.map((name) => [name.replace(/\.md$/, ''), readFileSync(join(dir, name), 'utf8')]));
}

const options = {
  bundle: true, minify: true, write: false, metafile: true, legalComments: 'none', target: 'es2022', logLevel: 'warning', absWorkingDir: here,
  loader: { '.svg': 'text' },
};
const goRuntime = join(go('env', 'GOROOT'), 'lib/wasm/wasm_exec.js');
const [script, boot, load, worker, style] = await Promise.all([
  build({ ...options, format: 'esm', entryPoints: ['src/main.js'], define: { EXAMPLES: JSON.stringify(examples()), RULES: JSON.stringify(rules()), PROFILES: JSON.stringify(profiles()) } }),
  build({ ...options, format: 'iife', entryPoints: ['src/boot.js'] }),
  build({ ...options, format: 'iife', entryPoints: ['src/load.js'] }),
  build({ ...options, format: 'iife', entryPoints: ['src/worker.js'], alias: { 'go-runtime': goRuntime }, inject: ['src/node.js'], define: { fetch: 'undefined' } }),
  build({ ...options, entryPoints: ['style.css'] }),
]);

/** The licences of all that is in the page, each text once. */
function licences() {
  const texts = new Map();
  const remember = (name, text) => texts.set(text, [...(texts.get(text) || []), name]);
  const add = (name, dir) => {
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'License.txt', 'COPYING', 'license'].find((f) => existsSync(join(dir, f)));
    if (!file) throw new Error(`${name} has no licence in ${dir}`);
    remember(name, readFileSync(join(dir, file), 'utf8').trim());
  };
  /** A package without a file of its licence says it in package.json and in its sources. */
  const addPackage = (name, dir, files) => {
    try { return add(name, dir); } catch { /* said elsewhere */ }
    const { license, author } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    const heads = new Set(files.map((f) => readFileSync(join(here, f), 'utf8').match(/^\/\*[^]*?\*\//)?.[0]).filter((c) => /copyright/i.test(c)));
    if (!license) throw new Error(`${name} has no licence`);
    remember(name, [`${license}, ${author?.name ?? author}`, ...heads].join('\n\n'));
  };
  const packages = new Map();
  for (const result of [script, worker, style])
    for (const input of Object.keys(result.metafile.inputs)) {
      const found = input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/);
      if (found) packages.set(found[0], [...(packages.get(found[0]) || []), input]);
    }
  for (const [dir, files] of [...packages].sort()) addPackage(dir.replace(/^.*node_modules\//, ''), join(here, dir), files);
  add('Go', go('env', 'GOROOT'));
  const modules = new Set(go('list', '-deps', '-f', '{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}', './cmd/playground').split('\n').filter(Boolean));
  for (const m of [...modules].sort()) add(...m.split('\t'));
  return [...texts].map(([text, names]) => `${names.join(', ')}\n\n${text}`).join(`\n\n${'—'.repeat(40)}\n\n`);
}

const wasm = mergeData(readFileSync(wasmFile));
const packed = zstdCompressSync(wasm, { pledgedSrcSize: wasm.length, params: { [constants.ZSTD_c_compressionLevel]: 22 } });

// Where a script holds these, they stand in a string or an expression, and the
// page would end the script there.
const text = (result) => result.outputFiles[0].text.replaceAll('<!--', '\\x3C!--').replace(/<(\/?script)/gi, '\\x3C$1');
const escape = (s) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
// A browser reads a page of ASCII alone sooner, and keeps it in half the room.
const ascii = (s) => s.replace(/[^\0-\x7f]/gu, (c) => `&#${c.codePointAt(0)};`);
const hash = (result) => `'sha256-${createHash('sha256').update(text(result)).digest('base64')}'`;
const parts = {
  policy: [
    "default-src 'none'", `script-src ${[boot, load, script].map(hash).join(' ')} 'wasm-unsafe-eval' blob:`, 'worker-src blob:', "style-src 'unsafe-inline'", 'img-src data:',
    "base-uri 'none'", "form-action 'none'",
  ].join('; '),
  style: text(style), script: text(script), boot: text(boot), load: text(load), worker: text(worker), wasm: packed.toString('base64'), size: String(wasm.length), licences: ascii(escape(licences())),
};
const page = ascii(readFileSync(join(here, 'index.html'), 'utf8')).replace(/\{\{(\w+)\}\}/g, (_, name) => {
  if (!(name in parts)) throw new Error(`index.html wants ${name}`);
  return parts[name];
});
const strange = page.match(/[^\0-\x7f].{0,40}/u);
if (strange) throw new Error(`the page is not of ASCII alone: ${strange[0]}`);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'index.html'), page);
const sizes = { wasm: wasm.length, packed: packed.length, script: parts.script.length, worker: parts.worker.length, page: Buffer.byteLength(page) };
writeFileSync(join(folder, 'sizes.json'), JSON.stringify(sizes, null, '\t') + '\n');
const kb = (n) => `${Math.round(n / 1000)} kB`;
console.log(`${join(basename(folder), 'index.html')}: ${kb(sizes.page)}; the language server ${kb(sizes.wasm)}, by zstd ${kb(sizes.packed)}`);
