// A session of VS Code, by code-server, in Chromium, as a person has one: a
// description with a slip in its Location is opened, the finding read, the fix
// applied, the plan looked at. What is seen is asked of the page itself.
//
//	node session.js CODE_SERVER VSIX INSCRIBE SCREENSHOTS
'use strict';

const assert = require('assert/strict');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { execFileSync, spawn } = require('child_process');
const { chromium } = require('playwright-core');

const [codeServer, vsix, inscribe, shots] = process.argv.slice(2).map((p) => path.resolve(p));
const patience = 30_000;

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'inscribe-vscode-'));
const at = (...names) => path.join(home, ...names);
const messages = [];
let server, browser, page;

/** The demo's card with a letter lost in its Location. */
const card = fs.readFileSync(path.join(__dirname, '../../../docs/demo/card.dsc'), 'utf8').replace('#Signature', '#Sigature');
const lineOf = (text) => 1 + card.split('\n').findIndex((line) => line === text);

const settings = {
  'chat.disableAIFeatures': true,
  'editor.fontFamily': 'DejaVu Sans Mono',
  'editor.fontSize': 13,
  'editor.minimap.enabled': false,
  'editor.scrollBeyondLastLine': false,
  'editor.stickyScroll.enabled': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'workbench.activityBar.location': 'hidden',
  'workbench.colorTheme': 'Default Light Modern',
  'workbench.layoutControl.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'window.commandCenter': false,
};

/** Writes settings: those of the user, or those of the machine that has the files. */
function writeSettings(whose, values) {
  fs.mkdirSync(at('user', whose), { recursive: true });
  fs.writeFileSync(at('user', whose, 'settings.json'), JSON.stringify(values, null, 2));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function eventually(what, look) {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`not seen: ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

// What the page shows.

const source = () => page.locator('.editor-instance:has(.monaco-editor[data-uri^="vscode-remote"])');
const plan = () => page.locator('.editor-instance:has(.monaco-editor[data-uri^="inscribe-plan"])');

/** The text of an editor as far as it is in view, by the tops of its lines. */
async function lines(editor) {
  const found = await editor.locator('.view-line').evaluateAll((all) => all.map((e) => [parseFloat(e.style.top), e.textContent.replaceAll('\u00a0', ' ')]));
  return found.sort((a, b) => a[0] - b[0]);
}
const textOf = async (editor) => (await lines(editor)).map((l) => l[1]).join('\n');

/** The texts of the lines that the extension marks. */
async function marked(editor) {
  const tops = await editor.locator('.view-overlays > div').evaluateAll((all) =>
    all
      .filter((e) => [...e.querySelectorAll('[class*="TextEditorDecorationType"]')].some((m) => getComputedStyle(m).backgroundColor !== 'rgba(0, 0, 0, 0)'))
      .map((e) => parseFloat(e.style.top)),
  );
  return (await lines(editor)).filter((l) => tops.includes(l[0])).map((l) => l[1].trim());
}

/** The line of an editor that a squiggle is under. */
async function squiggled(editor) {
  const tops = await editor.locator('.view-overlays > div').evaluateAll((all) =>
    all.filter((e) => e.querySelector('.squiggly-error, .squiggly-warning')).map((e) => parseFloat(e.style.top)),
  );
  return (await lines(editor)).filter((l) => tops.includes(l[0])).map((l) => l[1]);
}

// What a person does.

/** Presses a key until what it opens is there: an editor that is still at work may drop it. */
async function openBy(key, what) {
  for (const end = Date.now() + patience; ; ) {
    await page.keyboard.press(key);
    try {
      return await what.waitFor({ timeout: 3000 });
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
const quickInput = () => page.locator('.quick-input-widget input').first();

async function run(command) {
  await openBy('F1', quickInput());
  await quickInput().fill('>' + command);
  await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: command }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** Puts the cursor into a line of the description. */
async function goTo(line, column = 1) {
  await page.keyboard.press('Control+1');
  await openBy('Control+g', quickInput());
  await quickInput().fill(`:${line}:${column}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await page.locator('.statusbar-item', { hasText: new RegExp(`Ln ${line}, Col ${column}(?!\\d)`) }).waitFor();
  await source().locator('.monaco-editor.focused').waitFor();
}

async function shoot(name) {
  await page.mouse.move(5, 5);
  await page.screenshot({ path: path.join(shots, `vscode-${name}.png`) });
}

// The steps, each on what the one before has left.

const steps = {
  async 'without the program it says how to get it'() {
    await openBy('Control+p', quickInput());
    await quickInput().fill('card.dsc');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'card.dsc' }).first().waitFor();
    await page.keyboard.press('Enter');
    const notice = page.locator('.notification-toast', { hasText: 'the program inscribe is not on the path' });
    await notice.waitFor();
    await notice.getByText('How to Get It').click();
    const first = page.locator('.getting-started-step.expanded', { hasText: 'Get the program' });
    await first.waitFor();
    assert.match(await first.textContent(), /Choose the Program/);
    await shoot('walkthrough');
    await page.keyboard.press('Control+w');
    await page.keyboard.press('Control+b');
    await source().waitFor();
  },

  async 'named in the settings, it is started'() {
    writeSettings('Machine', { 'inscribe.path': inscribe });
    await eventually('a squiggle', async () => (await squiggled(source())).length > 0);
    // The text of a line is followed by its inlay hint.
    await eventually('where the key goes', async () => (await squiggled(source())).join() === 'Location=#Sigaturedefault slot');
  },

  async 'the words are coloured'() {
    const colour = (text) => source().locator('.view-line span span', { hasText: text }).first().evaluate((e) => getComputedStyle(e).color);
    const [keyword, value] = [await colour(/^KeySize$/), await colour(/^3072$/)];
    assert.notEqual(keyword, value);
  },

  async 'hover says what is wrong, and what the keyword means'() {
    await source().locator('.view-line span', { hasText: '#Sigature' }).last().hover();
    const hover = page.locator('.monaco-hover:visible');
    await hover.filter({ hasText: 'means the default slot' }).waitFor();
    await hover.getByRole('button', { name: 'Quick Fix' }).waitFor();
    await eventually('the hover in full', () => hover.evaluate((e) => getComputedStyle(e).opacity === '1'));
    await page.screenshot({ path: path.join(shots, 'vscode-finding.png') });
    await page.keyboard.press('Escape');
    await source().locator('.view-line span', { hasText: /^KeySize$/ }).first().hover();
    await hover.filter({ hasText: 'bits' }).waitFor();
    await page.keyboard.press('Escape');
  },

  async 'the code of a finding leads to its page'() {
    await source().locator('.view-line span', { hasText: '#Sigature' }).last().hover();
    await page.locator('.monaco-hover:visible a', { hasText: 'location-default' }).click();
    const pages = page.locator('.editor-instance:has(.monaco-editor[data-uri^="inscribe-docs"])');
    await eventually('the page', async () => /^# location-default/.test(await textOf(pages)));
    await page.keyboard.press('Control+w');
    await source().waitFor();
  },

  async 'the quick fix mends it'() {
    await goTo(lineOf('Location=#Sigature'), 12);
    const offer = page.locator('.action-widget .monaco-list-row', { hasText: 'Write #Signature' });
    await openBy('Control+.', offer);
    await shoot('fix');
    await offer.click();
    await eventually('the mended line', async () => (await textOf(source())).includes('Location=#Signature'));
    await eventually('no squiggle', async () => (await squiggled(source())).length === 0);
  },

  async 'the lens opens the plan'() {
    await page.setViewportSize({ width: 1700, height: 830 });
    await source().locator('.codelens-decoration a', { hasText: 'in the signature slot' }).click();
    await plan().waitFor();
    await eventually('the plan', async () => (await textOf(plan())).includes('generate an RSA key pair of 3072 bits'));
  },

  async 'the line under the cursor marks its ops'() {
    await goTo(lineOf('CertTempl=signing'));
    await eventually('two ops', async () => (await marked(plan())).length >= 2);
    const ops = await marked(plan());
    assert.match(ops[0], /request a certificate \(PKCS#10\) for template signing/);
    assert.match(ops.at(-1), /write the certificate beside its key/);
    await goTo(lineOf('[Fields]'));
    await eventually('no mark', async () => (await marked(plan())).length === 0);
  },

  async 'an op under the cursor marks its line'() {
    await plan().locator('.view-line', { hasText: 'generate an RSA key pair' }).click();
    await eventually('the line', async () => (await marked(source())).length > 0);
    assert.deepEqual(await marked(source()), ['KeySize=3072']);
    await page.keyboard.press('Enter');
    await source().locator('.monaco-editor.focused').waitFor();
    await page.locator('.statusbar-item', { hasText: `Ln ${lineOf('KeySize=3072')}, Col 1` }).waitFor();
    await eventually('the mark on the other side', async () => (await marked(source())).length === 0 && (await marked(plan())).length === 1);
  },

  async 'the plan follows the text'() {
    await goTo(lineOf('KeySize=3072'), 'KeySize='.length + 1);
    await page.keyboard.press('Shift+End');
    await page.keyboard.type('4096');
    await eventually('the new plan', async () => (await textOf(plan())).includes('RSA key pair of 4096 bits'));
    await eventually('its mark', async () => (await marked(plan())).some((l) => l.includes('4096 bits')));
    await shoot('plan');
  },

  async 'an error takes the plan away, and undo brings it back'() {
    await page.keyboard.type('x');
    await eventually('no plan', async () => (await textOf(plan())).includes('No plan: 1 error'));
    await eventually('its squiggle', async () => (await squiggled(source())).includes('KeySize=4096x'));
    await page.keyboard.press('Backspace');
    await eventually('the plan', async () => (await textOf(plan())).includes('RSA key pair of 4096 bits'));
  },

  async 'a restarted server shows the same plan, and goes on'() {
    await run('Inscribe: Restart the Language Server');
    await goTo(lineOf('KeySize=3072'), 'KeySize='.length + 1);
    await page.keyboard.press('Shift+End');
    await page.keyboard.type('2048');
    await eventually('the new plan', async () => (await textOf(plan())).includes('RSA key pair of 2048 bits'));
  },

  async 'completion offers what is legal here and not there yet'() {
    await goTo(lineOf('CertTempl=logon'));
    await page.keyboard.press('End');
    await page.keyboard.type('\nLoc');
    const rows = page.locator('.suggest-widget.visible .monaco-list-row');
    await rows.filter({ hasText: 'Location' }).first().waitFor();
    assert.equal(await rows.filter({ hasText: /^CertTempl/ }).count(), 0);
    await shoot('completion');
    await page.keyboard.press('Tab');
    await eventually('the keyword', async () => (await lines(source())).filter((l) => l[1] === 'Location=#Signature').length === 2);
    await page.keyboard.press('Delete');
    await page.keyboard.press('Control+Space');
    await rows.filter({ hasText: '#Signature' }).first().waitFor();
    await rows.filter({ hasText: 'WHERE' }).first().waitFor();
    assert.equal(await rows.filter({ hasText: 'SIGN_PIN' }).count(), 0);
    await page.keyboard.press('Escape');
  },

  async 'all safe fixes at once'() {
    await goTo(lineOf('ApplicationList=ABC'));
    await page.keyboard.press('End');
    await page.keyboard.type('\nApplicationList=ABC');
    const twice = async () => (await textOf(source())).split('ApplicationList=ABC').length === 3;
    await eventually('the repetition and its finding', async () => (await twice()) && (await squiggled(source())).includes('ApplicationList=ABC'));
    await run('Inscribe: Apply All Safe Fixes');
    await eventually('one of them', async () => !(await twice()));
  },
};

/** Says all that is known of a step that failed. */
async function explain() {
  await page.screenshot({ path: path.join(shots, 'failed.png') }).catch(() => {});
  console.error(`\nthe page: ${path.join(shots, 'failed.png')}\n\nthe browser's console:`);
  console.error(messages.slice(-60).join('\n'));
  for (const file of fs.globSync('user/**/*.log', { cwd: home })) {
    if (!/inscribe/i.test(file)) continue;
    console.error(`\n${file}:`);
    console.error(fs.readFileSync(at(file), 'utf8').split('\n').slice(-200).join('\n'));
  }
}

async function main() {
  fs.mkdirSync(shots, { recursive: true });
  fs.mkdirSync(at('cards'));
  fs.writeFileSync(at('cards/card.dsc'), card);
  fs.copyFileSync(path.join(__dirname, '../../../docs/demo/inscribe.toml'), at('cards/inscribe.toml'));
  writeSettings('User', settings);
  writeSettings('Machine', {});
  const folders = ['--user-data-dir', at('user'), '--extensions-dir', at('extensions')];
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: at('config'), XDG_DATA_HOME: at('data') };
  execFileSync(process.execPath, [codeServer, ...folders, '--install-extension', vsix], { env, stdio: ['ignore', 'ignore', 'inherit'] });

  const port = await freePort();
  const log = fs.openSync(at('code-server.log'), 'w');
  const flags = ['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check', '--log', 'trace'];
  server = spawn(process.execPath, [codeServer, ...flags, ...folders, at('cards')], { env, stdio: ['ignore', log, log], detached: true });
  const url = `http://127.0.0.1:${port}/`;
  await eventually(`an answer of ${url}`, () => fetch(url).then((r) => r.ok, () => false));

  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  page = await browser.newPage({ viewport: { width: 1000, height: 830 }, colorScheme: 'light' });
  page.setDefaultTimeout(patience);
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && messages.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => messages.push(`error: ${e.stack}`));
  await page.goto(url);
  await page.locator('.monaco-workbench .statusbar').waitFor();

  for (const [name, step] of Object.entries(steps)) {
    const begun = Date.now();
    try {
      await step();
    } catch (error) {
      console.error(`FAIL ${name}\n${error.stack}`);
      await explain();
      return 1;
    }
    console.log(`ok   ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }
  return 0;
}

main()
  .catch((error) => {
    console.error(error);
    if (fs.existsSync(at('code-server.log'))) console.error(fs.readFileSync(at('code-server.log'), 'utf8').split('\n').slice(-40).join('\n'));
    return 1;
  })
  .then(async (code) => {
    await browser?.close();
    // The server leads a group of its own, with all that it started.
    if (server) {
      const gone = new Promise((resolve) => server.on('exit', resolve));
      process.kill(-server.pid, 'SIGTERM');
      await gone;
    }
    fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    process.exitCode = code;
  });
