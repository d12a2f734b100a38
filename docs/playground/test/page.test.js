// The page in Chromium, from its file, as a person uses it.
//
//   NODE_PATH=… node --test test/page.test.js
//
// NODE_PATH leads to playwright-core. PAGE is the folder of the page; where
// SCREENS is set, it is a folder that gets the screenshots.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { test, before, after } from 'node:test';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const folder = resolve(process.env.PAGE);
const address = pathToFileURL(join(folder, 'index.html')).href;
const screens = process.env.SCREENS;
const patience = 30_000;
const quiet = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'];

let browser;
before(async () => { browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: quiet }); });
after(() => browser?.close());

/** Runs f on a fresh page; at its end nothing has left the page and nothing has failed in it. */
async function visit(f, { hash = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', ...options });
  const left = [];
  const wrong = [];
  const stopped = [];
  const own = (url) => url.startsWith(address) || /^(blob|data):/.test(url);
  context.on('request', (r) => { if (!own(r.url())) left.push(r.url()); });
  context.on('requestfailed', (r) => stopped.push(r.failure().errorText));
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on('websocket', (w) => left.push(w.url()));
  page.on('pageerror', (e) => wrong.push(e.message));
  page.on('console', (m) => { if (m.type() === 'error') wrong.push(m.text()); });
  try {
    await page.goto(address + hash);
    await ready(page);
    await f(page, { left, wrong, stopped });
    assert.deepEqual(left, [], 'requests left the page');
    assert.deepEqual(wrong, [], 'errors in the page');
  } finally {
    await context.close();
  }
}

const ready = (page) => page.waitForSelector('body[data-state=ready][data-plan]');
const textOf = (page) => page.evaluate(() => document.querySelector('.cm-content').cmTile?.view?.state.doc.toString() ?? [...document.querySelectorAll('.cm-line')].map((l) => l.textContent).join('\n'));

/** Waits until f gives what is wanted, and says what it gave last. */
async function until(what, f) {
  const late = Date.now() + patience;
  let last;
  do {
    try { if (await f()) return; last = 'false'; } catch (e) { last = e.message; }
    await new Promise((r) => setTimeout(r, 30));
  } while (Date.now() < late);
  assert.fail(`${what}: ${last}`);
}
const shows = (page, selector, words) => until(`${selector} shows ${words}`, async () => {
  const text = await page.locator(selector).innerText();
  if (!text.includes(words)) throw new Error(text);
  return true;
});

/** Puts a text into the editor as a paste does. */
async function write(page, text) {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

/** Puts the cursor behind words of a line in view. */
async function cursorAfter(page, words) {
  const line = page.locator('.cm-line', { hasText: words }).first();
  await line.click();
  await page.keyboard.press('End');
}

const shot = async (page, name) => {
  if (!screens) return;
  await page.evaluate(() => { document.getElementById('version').textContent = ''; }); // another one each time
  await page.screenshot({ path: join(screens, `${name}.png`) });
};
const demo = readFileSync(new URL('../../demo/card.dsc', import.meta.url), 'utf8');
const slip = demo.replace('#Signature', '#Sigature');

test('the language server is below 1.5 MB, packed as it is in the page', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const packed = Buffer.from(html.match(/id="wasm"[^>]*>([^<]*)</)[1], 'base64');
  console.log(`# ${packed.length} bytes`);
  assert.ok(packed.length > 500_000, 'there is hardly anything');
  assert.ok(packed.length < 1_500_000, `${packed.length} bytes`);
});

/** What a load goes through, in order; the marks are in the sources of page and worker. */
const steps = ['boot', 'read', 'begin', 'unpacked', 'compiled', 'started', 'listening', 'initialized', 'first-findings'];

/** When each mark was set, in milliseconds from the beginning of the load. */
async function marks(page) {
  const all = await Promise.all([page, ...page.workers()].map((where) => where.evaluate(() =>
    performance.getEntriesByType('mark').map((m) => [m.name, m.startTime + performance.timeOrigin]))));
  const origin = await page.evaluate(() => performance.timeOrigin);
  return Object.fromEntries(all.flat().map(([name, at]) => [name, at - origin]));
}

// How fast the page is, is printed and not judged: what else runs on the machine counts
// for more than the page. make test asks for one load, since it wants no figures.
const count = process.env.TIMED === '0' ? 1 : 10;

test('the first findings come step by step, and the page says after how long', async (t) => {
  const loads = [];
  for (let i = 0; i < count; i++) {
    await visit(async (page) => {
      const l = await marks(page);
      loads.push(l);
      assert.equal(await page.locator('body').getAttribute('data-first'), String(Math.round(l['first-findings'])));
    });
  }
  const sorted = (name) => loads.map((l) => Math.round(l[name])).sort((a, b) => a - b);
  const median = (name) => sorted(name)[loads.length >> 1];
  const first = sorted('first-findings');
  t.diagnostic(`median of each step: ${steps.map((name) => `${name} ${median(name)}`).join(', ')}`);
  t.diagnostic(`first findings: median ${median('first-findings')} ms, worst ${first.at(-1)} ms of ${first.join(', ')}; load ${loadavg()[0]} on ${availableParallelism()} processors`);
  for (const l of loads) {
    const wrong = steps.filter((name, i) => !(l[name] >= (l[steps[i - 1]] ?? 0) - 1)); // two clocks agree to a millisecond
    assert.deepEqual(wrong, [], `${JSON.stringify(l)}: out of order`);
    assert.ok(l.read <= l.script && l.script <= l.editor && l.editor <= l['first-findings'], 'the worker has to wait for the editor');
  }
});

test('a wrong Location is underlined, listed, explained and mended', () => visit(async (page) => {
  await write(page, slip);
  await until('the underline', async () => (await page.locator('.cm-lintRange-warning').allInnerTexts()).join('') === '#Sigature');
  await shows(page, '#findings', 'line 28: Location=#Sigature means the default slot');
  assert.equal(await page.locator('#count').innerText(), '1 warning');
  await page.getByRole('button', { name: 'What location-default means' }).click();
  await shows(page, '#page', 'location-default');
  assert.ok((await page.locator('#page').innerText()).length > 500, 'the page of the rule is short');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Write #Signature' }).click();
  await shows(page, '#count', 'No findings');
  assert.equal(await page.locator('.cm-lintRange').count(), 0);
  assert.match(await textOf(page), /^Location=#Signature$/m);
}));

test('a finding in the text offers the same fix, by key too', () => visit(async (page) => {
  await write(page, slip);
  await page.locator('.cm-lintRange-warning').hover();
  await shows(page, '.cm-tooltip-lint', 'Write #Signature');
  await cursorAfter(page, '#Sigature');
  await page.keyboard.press('Control+.');
  await until('the fix', async () => /^Location=#Signature$/m.test(await textOf(page)));
}));

test('completion knows what may stand here', () => visit(async (page) => {
  await cursorAfter(page, 'ECCurve=P-256');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Loc');
  await page.keyboard.press('Control+Space');
  await shows(page, '.cm-tooltip-autocomplete', 'Location');
  assert.ok(!(await page.locator('.cm-tooltip-autocomplete').innerText()).includes('ApplicationList'), 'a keyword of another section is offered');
  await page.waitForTimeout(150); // the list takes no key at first, for those who type on
  await page.keyboard.press('Enter');
  await until('the keyword', async () => /^Location=/m.test((await textOf(page)).split('[Application_B]')[0]));
}));

test('hover explains, by mouse and by F1', () => visit(async (page) => {
  const word = page.locator('.cm-line', { hasText: 'KeySize=3072' });
  await word.hover({ position: { x: 30, y: 8 } });
  await shows(page, '.cm-tooltip', 'KeySize');
  await page.mouse.move(1200, 850);
  await page.locator('.cm-lsp-hover-tooltip').waitFor({ state: 'detached' });
  await word.click({ position: { x: 20, y: 8 } });
  await page.mouse.move(1200, 850);
  await page.keyboard.press('F1');
  await shows(page, '.cm-tooltip[role=status]', 'KeySize');
  await page.keyboard.press('Escape');
  await page.locator('.cm-tooltip[role=status]').waitFor({ state: 'detached' });
  assert.ok(await page.locator('.cm-content').evaluate((e) => e === document.activeElement), 'Escape left the editor and not the explanation');
}));

test('format gives the canonical form', () => visit(async (page) => {
  await write(page, demo.replace('KeySize=3072', 'keysize =  3072').replace('[Application_B]', '[application_B]'));
  await page.getByRole('button', { name: 'Format' }).click();
  await until('the form', async () => (await textOf(page)).includes('[Application_B]\nKeySize=3072\n'));
}));

test('plan and picture follow each key', () => visit(async (page) => {
  await shows(page, '#plan-ops', 'generate an RSA key pair of 3072 bits, label "signing"');
  await shows(page, '#summary', '3 keys, 3 certificates');
  await cursorAfter(page, 'KeySize=3072');
  for (let i = 0; i < 4; i++) await page.keyboard.press('Backspace');
  await shows(page, '#plan-before', 'No plan');
  assert.ok(await page.locator('#card.stale').count(), 'the picture does not look old');
  await page.keyboard.type('4096');
  await shows(page, '#plan-ops', 'RSA key pair of 4096 bits');
  await shows(page, '#after', 'RSA 4096 + certificate');
  assert.equal(await page.locator('#card.stale').count(), 0);
  // The op of the line under the cursor is marked.
  await until('the mark', async () => (await page.locator('#plan-ops .marked').allInnerTexts()).join('').includes('4096'));
}));

test('the picture of the card is there before and after', () => visit(async (page) => {
  for (const side of ['#before svg', '#after svg']) {
    const box = await page.locator(side).boundingBox();
    assert.ok(box.width > 250 && box.height > 300, `${side} is ${box.width} by ${box.height}`);
  }
  assert.match(await page.locator('#after desc').textContent(), /^The card after\. .*P-256 \+ certificate new/);
  // The icons are those of the page.
  assert.ok(await page.evaluate(() => [...document.querySelectorAll('#after use')].every((u) => document.querySelector(u.getAttribute('href'))?.tagName === 'symbol')));
  const fill = await page.locator('#after rect.p-row.new').first().evaluate((e) => getComputedStyle(e).fill);
  assert.equal(fill, 'rgb(226, 245, 235)');
}));

test('each profile of the menu is one of the server', () => visit(async (page) => {
  const names = await page.locator('#profile option').evaluateAll((all) => all.map((o) => o.value).filter(Boolean));
  assert.ok(names.length >= 15, `there are ${names.length}`);
  await write(page, '[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\nApplicationList=A\nPIN=PIN\n[Application_A]\nKeySize=2048\nCertTempl=logon\n');
  for (const name of names) {
    await page.selectOption('#profile', name);
    await shows(page, '#plan-before', `profile ${name}`);
  }
}));

test('a link gives text and profile back, and holds them in its fragment', async () => {
  const text = demo.replace('An employee', 'Überprüft 𝄞 <b>');
  let url;
  await visit(async (page) => {
    await write(page, text);
    await page.selectOption('#profile', 'tcos');
    await shows(page, '#plan-before', 'profile tcos');
    await page.getByRole('button', { name: 'Share' }).click();
    await until('the fragment', () => page.url().includes('#1.'));
    url = page.url();
    if (await page.locator('#link-box[open]').count()) assert.equal(await page.locator('#link').inputValue(), url);
    else await shows(page, '#status', 'copied');
  });
  await visit(async (page) => {
    assert.equal(await textOf(page), text);
    assert.equal(await page.locator('#profile').inputValue(), 'tcos');
    await shows(page, '#plan-before', 'profile tcos');
    // A second link in the same page is taken too.
    await page.evaluate(() => history.replaceState(null, '', '#'));
    await write(page, '');
    await page.evaluate((to) => { location.hash = to; }, new URL(url).hash);
    await until('the text', async () => (await textOf(page)) === text);
  }, { hash: new URL(url).hash });
});

test('a link that holds a secret says so, and a broken one too', async () => {
  await visit(async (page) => {
    await write(page, demo.replace('\nPIN=PIN\n', '\nPIN=#48151623\n'));
    await shows(page, '#findings', 'literal-secret');
    await page.getByRole('button', { name: 'Share' }).click();
    await until('the warning', async () => /secret/.test((await page.locator('#status').innerText()) + (await page.locator('#link-warning').innerText())));
    assert.ok(!(await page.locator('#plan').innerText()).includes('48151623'), 'the plan shows the secret');
  });
  for (const [hash, why] of [['#1.', 'damaged'], ['#1.AAAA', 'damaged'], ['#1.%', 'damaged'], [linkOf(null), 'no description'], [linkOf(4), 'no description'], ['#2.x', 'another version'], ['#nonsense', 'another version']]) {
    await visit(async (page) => {
      await shows(page, '#status', 'The link cannot be read');
      assert.match(await page.locator('#status').innerText(), new RegExp(`: it (is|was made by) ${why}( of this page)?\\. This is`));
      assert.equal(await textOf(page), demo);
    }, { hash });
  }
});

/** A link to what a page may hold. */
const linkOf = (held) => `#1.${deflateRawSync(JSON.stringify(held)).toString('base64url')}`;

test('a link is warned of where its text may hold a secret, whatever the findings say', () => visit(async (page) => {
  const said = async () => {
    await page.getByRole('button', { name: 'Share' }).click();
    let words;
    await until('the link', async () => { words = (await page.locator('#status').innerText()) + (await page.locator('#link-box[open] p').allInnerTexts()).join(''); return /link/.test(words); });
    if (await page.locator('#link-box[open]').count()) await page.keyboard.press('Escape');
    return words;
  };
  for (const line of ['PIN=123456', '# inscribe:ignore literal-secret x\nPIN=#123456', 'PIN=#123456', 'PIN;123456']) {
    await write(page, demo.replace('\nPIN=PIN\n', `\n${line}\n`));
    assert.match(await said(), /secret/, line);
  }
  await write(page, demo);
  assert.doesNotMatch(await said(), /secret/);
}));

test('of two lists of findings the newer one stays', () => {
  const text = demo.replace(/^PIN_Validation=.*$/m, '').replace('\nPIN=PIN\n', '\nPIN=PIN\nPIN_Validation=reg_exp([0-9]{2,300})\n');
  return visit(async (page) => {
    await shows(page, '#count', 'warning');
    for (const [profile, words] of [['generic', 'No findings'], ['softhsm', 'warning'], ['generic', 'No findings']]) {
      await page.evaluate((to) => { location.hash = to; }, linkOf({ text, profile }));
      await shows(page, '#count', words);
      await page.waitForTimeout(400); // the fixes of the older list come
      await shows(page, '#count', words);
    }
    assert.equal(await page.locator('.cm-lintRange').count(), 0);
  }, { hash: linkOf({ text, profile: 'softhsm' }) });
});

test('a link to a profile that is not here says so', () => visit(async (page) => {
  const fits = async () => {
    await shows(page, '#status', 'There is no profile nosuch here');
    // The line above may be that of the link before.
    await page.waitForFunction(() => document.querySelector('#profile').value === '');
    await shows(page, '#plan-before', 'profile generic');
    await shows(page, '#count', 'No findings');
  };
  await fits();
  await page.selectOption('#profile', 'tcos');
  await page.evaluate((to) => { location.hash = to; }, linkOf({ text: `${demo}\n`, profile: 'nosuch' }));
  await fits();
}, { hash: linkOf({ text: demo, profile: 'nosuch' }) }));

test('all fixes of a finding can be had', () => visit(async (page) => {
  const applications = [...'ABCDEFG'].map((x) => `[Application_${x}]\nECCurve=P-256\nCertTempl=t\n`).join('');
  await write(page, `[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nKeyLabel=#x\nApplicationList=ABCDEFG\n${applications}`);
  await shows(page, '#findings', 'misplaced-keyword');
  const fixes = page.locator('#findings li', { hasText: 'misplaced-keyword' }).locator('.fix');
  await page.getByRole('button', { name: /^\d+ more$/ }).click();
  assert.equal(await fixes.count(), 8); // seven homes, and the suppression
  assert.equal(await page.evaluate(() => document.activeElement.innerText), await fixes.nth(3).innerText());
  await page.getByRole('button', { name: 'Move the line to [Application_G]' }).click();
  await until('the move', async () => /\[Application_G\]\n(.*\n)*KeyLabel=#x/.test(await textOf(page)));
}));

test('on paper all of it is there, and in light colours', () => visit(async (page) => {
  const applications = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  await write(page, `[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=${applications.join('')}\n${applications.map((x) => `[Application_${x}]\nECCurve=P-256\nCertTempl=t\n`).join('')}`);
  await shows(page, '#summary', '26 keys');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await until('the last line', async () => (await page.locator('.cm-line').allInnerTexts()).length === 6 + 3 * 26 + 1);
  const laid = await page.evaluate(() => ({
    height: document.documentElement.scrollHeight,
    cut: [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && /auto|scroll|hidden/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1).map((e) => `${e.tagName} ${e.id} ${e.className}`),
    last: document.querySelector('#plan-after').getBoundingClientRect().bottom + scrollY,
    paper: getComputedStyle(document.querySelector('.left')).backgroundColor,
  }));
  assert.deepEqual(laid.cut, []);
  assert.ok(laid.height >= laid.last && laid.height > 3000, JSON.stringify(laid));
  assert.equal(laid.paper, 'rgb(255, 255, 255)');
  assert.ok(!(await page.locator('.controls').isVisible()));
}, { colorScheme: 'dark' }));

test('each published example has a plan and no error', () => visit(async (page) => {
  const labels = await page.locator('#example optgroup option').allInnerTexts();
  assert.ok(labels.length >= 15, `there are ${labels.length}`);
  let last = await textOf(page);
  for (const label of labels) {
    const version = await page.locator('body').getAttribute('data-plan');
    await page.selectOption('#example', { label });
    await until(`the plan of ${label}`, async () => Number(await page.locator('body').getAttribute('data-plan')) > Number(version));
    const text = await textOf(page);
    assert.notEqual(text, last, label);
    last = text;
    assert.doesNotMatch(await page.locator('#count').innerText(), /error/, label);
    assert.match(await page.locator('#plan').innerText(), /^Plan: /m, label);
  }
  await page.locator('.cm-content').focus();
  for (let i = 0; i < labels.length; i++) await page.keyboard.press('Control+z');
  assert.equal(await textOf(page), demo, 'undo does not lead back');
}));

test('light and dark, by the system and by choice, which is kept', () => visit(async (page) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.querySelector('header')).backgroundColor);
  assert.equal(await paper(), 'rgb(22, 28, 38)');
  await shot(page, 'playground-dark');
  const button = page.getByRole('button', { name: 'Dark colours' });
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await button.click();
  assert.equal(await paper(), 'rgb(255, 255, 255)');
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  await page.reload();
  await ready(page);
  assert.equal(await paper(), 'rgb(255, 255, 255)');
}, { colorScheme: 'dark' }));

test('all of it by keyboard alone, with the focus in sight', () => visit(async (page) => {
  await write(page, slip);
  await shows(page, '#count', '1 warning');
  await page.getByRole('button', { name: 'Write #Signature' }).waitFor();
  const focus = () => page.evaluate(() => {
    const e = document.activeElement;
    const ring = [e, e.closest('.cm-editor'), e.querySelector('[aria-selected=true]')].filter(Boolean).map((x) => getComputedStyle(x)).some((s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1);
    const box = e.getBoundingClientRect();
    return { name: e === document.body ? '' : e.id || (e.classList.contains('cm-content') ? 'text' : e.innerText), ring, seen: box.bottom > 0 && box.top < innerHeight };
  });
  const way = [];
  await page.locator('#skip').focus();
  for (let i = 0; i < 20; i++) {
    if (i > 0) await page.keyboard.press('Tab');
    await page.waitForTimeout(60); // the editor draws its ring a moment later
    const at = await focus();
    if (way.includes(at.name) || at.name === '') break;
    assert.ok(at.ring && at.seen, `the focus on ${at.name} is not to be seen`);
    way.push(at.name);
  }
  const ways = await page.locator('#findings button').allInnerTexts();
  assert.equal(ways[1], 'Write #Signature');
  assert.deepEqual(way, ['skip', 'example', 'profile', 'format', 'share', 'theme', 'help', 'text', ...ways, 'plan-ops']);

  // The editor is left by Escape, to the findings; from there a fix is near.
  await page.locator('#skip').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal((await focus()).name, 'text');
  await page.keyboard.press('F8');
  assert.equal((await focus()).name, 'text');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  assert.deepEqual(await focus(), { name: 'findings-box', ring: true, seen: true });
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal((await focus()).name, 'Write #Signature');
  await page.keyboard.press('Enter');
  await shows(page, '#count', 'No findings');
  assert.equal((await focus()).name, 'text');

  // In the plan the arrows go from op to op, and Enter to the line.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  assert.equal((await focus()).name, 'plan-ops');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const chosen = await page.locator('#plan-ops [aria-selected=true]').innerText();
  assert.match(chosen, /generate a key pair on P-256/);
  assert.equal(await page.locator('.cm-line.marked').innerText(), 'ECCurve=P-256');
  await page.keyboard.press('Enter');
  assert.equal((await focus()).name, 'text');
  assert.equal(await page.locator('.cm-activeLine').innerText(), 'ECCurve=P-256');

  // A dialog is closed by Escape, and the focus is where it was.
  await page.locator('#help').focus();
  await page.keyboard.press('Enter');
  await shows(page, '#about', 'Nothing leaves the page');
  await page.keyboard.press('Escape');
  assert.equal((await focus()).name, 'help');
  await page.locator('#example').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await until('the example', async () => (await textOf(page)) !== demo);
}));

test('a screen reader finds names, roles and contrast, light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    await visit(async (page) => {
      await write(page, slip.replace('3072', 'x'));
      await shows(page, '#count', '1 error');
      await write(page, slip);
      await page.getByRole('button', { name: 'Write #Signature' }).waitFor();
      for (const open of [null, '#help']) {
        if (open) await page.locator(open).click();
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')}`), [], `${colorScheme} ${open}`);
      }
    }, { colorScheme });
  }
});

test('on a telephone of 360 pixels nothing is wider than the screen', () => visit(async (page) => {
  const fits = async (what) => {
    const wide = await page.evaluate(() => ({
      page: document.documentElement.scrollWidth,
      out: [...document.querySelectorAll('button, select, h1, h2, section, svg, #findings li, #plan-ops > div, dialog[open] *')]
        .filter((e) => e.checkVisibility() && !e.closest('.skip, .licences, #page-text pre') && e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => `${e.tagName} ${e.id}`),
    }));
    assert.deepEqual(wide, { page: 360, out: [] }, what);
  };
  await fits('the demo');
  await shot(page, 'playground-phone');
  await page.locator('#card').scrollIntoViewIfNeeded();
  await write(page, slip.replace('logon', 'aVeryLongNameOfATemplateThatDoesNotEndBeforeTheEdgeOfTheScreenIsReached'.repeat(3)));
  await page.getByRole('button', { name: 'Write #Signature' }).waitFor();
  await fits('a long name');
  await page.getByRole('button', { name: 'What location-default means' }).click();
  await shows(page, '#page', 'location-default');
  await fits('the page of a rule');
  await page.keyboard.press('Escape');
  await page.locator('#help').click();
  await fits('the help');
}, { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }));

test('names that are markup stay names', () => visit(async (page) => {
  const name = '<img src=x onerror=document.title=1><svg onload=document.title=1>';
  await write(page, demo.replaceAll('WHERE', name).replace('CertTempl=logon', `CertTempl=${name}`).replace('# An', `# ${name}`));
  await shows(page, '#plan', 'onerror');
  await page.locator('.cm-line', { hasText: 'CertTempl=<img' }).hover({ position: { x: 120, y: 8 } });
  await page.locator('.cm-lsp-hover-tooltip').waitFor();
  assert.equal(await page.title(), 'Inscribe playground');
  assert.equal(await page.locator('img').count(), 0);
}));

test('the page could not reach anything if it wanted to', () => visit(async (page, { left, wrong, stopped }) => {
  const reached = await page.evaluate(async () => {
    const out = [];
    const attempt = async (what, f) => { try { await f(); out.push(what); } catch { /* as it should */ } };
    await attempt('fetch', () => fetch('https://inscribe.invalid/'));
    await attempt('socket', () => new Promise((resolve, reject) => { const s = new WebSocket('wss://inscribe.invalid/'); s.onopen = resolve; s.onerror = reject; }));
    await attempt('picture', () => new Promise((resolve, reject) => { const i = new Image(); i.onload = resolve; i.onerror = reject; i.src = 'https://inscribe.invalid/x.png'; }));
    await attempt('script', () => { const s = document.createElement('script'); s.textContent = 'globalThis.ran = true'; document.body.append(s); if (!globalThis.ran) throw new Error(); });
    return out;
  });
  assert.deepEqual(reached, []);
  assert.ok(wrong.every((w) => /Content Security Policy/.test(w)) && wrong.length >= 4, wrong.join('\n'));
  wrong.length = 0;
  // Chromium tells of a picture that it did not ask for.
  assert.ok(stopped.every((why) => why === 'csp'), stopped.join());
  assert.equal(left.length, stopped.length);
  left.length = 0;
}));

test('where the server cannot run, the page says why', async () => {
  for (const [why, spoil] of [
    ['no workers here', () => { globalThis.Worker = class { constructor() { throw new Error('no workers here'); } }; }],
    ['CompileError', () => {
      globalThis.Worker = class extends Worker {
        postMessage(message, ...more) { super.postMessage({ ...message, wasm: message.wasm.slice(0, 4000) }, ...more); }
      };
    }],
  ]) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(spoil);
    await page.goto(address);
    await shows(page, '#stopped', why);
    assert.equal(await textOf(page), demo, 'the editor is not there');
    await context.close();
  }
});

test('screenshots of the documentation', { skip: !screens }, () => visit(async (page) => {
  await write(page, slip);
  await page.getByRole('button', { name: 'Write #Signature' }).waitFor();
  await page.locator('.cm-lintRange-warning').hover();
  await page.locator('.cm-tooltip-lint').waitFor();
  await shot(page, 'playground');
}));
