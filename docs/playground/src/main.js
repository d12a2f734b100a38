// The page: what the controls do, and who tells whom.
import symbols from '../../../plan/symbols.svg';
import { LSPPlugin, formatDocument } from '@codemirror/lsp-client';
import { connectServer } from './server.js';
import { makeClient, makeEditor, goTo, markLine, replaceText } from './editor.js';
import { drawFindings, countFindings, apply } from './findings.js';
import { follow, holdsSecrets, columns, PlanView, drawCard } from './views.js';
import { pack, unpack } from './share.js';

/* global EXAMPLES, RULES, PROFILES -- put in by the build: [{ title, text, profile?, published? }], the first to begin with; the pages of the codes; [{ name, title }] */

const $ = (id) => document.getElementById(id);
const narrow = matchMedia('(max-width: 899px)');

function say(text, bad = false) {
  $('status').textContent = text;
  $('status').classList.toggle('bad', bad);
}

function stopped(reason) {
  $('stopped').hidden = false;
  $('reason').textContent = reason;
}

/** What is remembered of the visitor: light or dark, and nothing else. */
const memory = {
  get() { try { return localStorage.getItem('inscribe-theme'); } catch { return null; } },
  set(v) { try { localStorage.setItem('inscribe-theme', v); } catch { /* a browser that keeps nothing */ } },
};

function theme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const now = () => document.documentElement.style.colorScheme || (dark.matches ? 'dark' : 'light');
  const tell = () => $('theme').setAttribute('aria-pressed', String(now() === 'dark'));
  const kept = memory.get();
  if (kept === 'light' || kept === 'dark') document.documentElement.style.colorScheme = kept;
  dark.addEventListener('change', tell);
  $('theme').addEventListener('click', () => {
    const next = now() === 'dark' ? 'light' : 'dark';
    document.documentElement.style.colorScheme = next;
    memory.set(next);
    tell();
  });
  tell();
}

async function main() {
  performance.mark('script');
  theme();
  $('symbols').innerHTML = symbols;

  let start = EXAMPLES[0];
  let broken = '';
  try {
    start = (await unpack(location.hash)) || start;
  } catch (error) {
    broken = `The link cannot be read: ${error.message}. This is the example instead.`;
  }

  /** The profile of a link: one that this page knows, or none. */
  const knownProfile = (name) => {
    if (!name || PROFILES.some((p) => p.name === name)) return name;
    broken = `There is no profile ${name} here; the library decides.`;
    return '';
  };
  let profile = knownProfile(start.profile ?? '');
  let first = true;
  const client = makeClient(profile, (list) => {
    drawFindings(list, $('findings'), { go: (d) => goTo(view, d.line, d.column), explain, fix: (f) => apply(view, f) && view.focus() });
    const words = countFindings(list);
    $('count').textContent = words;
    $('count').dataset.worst = list.some((d) => d.severity === 'error') ? 'error' : list.some((d) => d.severity === 'warning') ? 'warning' : 'fine';
    $('none').hidden = list.length > 0;
    if (first) {
      first = false;
      // For whoever wants to know how long that took, in milliseconds.
      document.body.dataset.first = Math.round(performance.mark('first-findings').startTime);
      document.body.dataset.state = 'ready';
    }
    update();
  });
  // The server has the first question when it begins, and answers while the editor is made.
  client.connect(connectServer(({ version }) => {
    performance.mark('listening');
    $('version').textContent = version;
  }, stopped));
  client.initializing.then(() => performance.mark('initialized'), () => {}); // what fails is told by stopped
  const plan = new PlanView({
    before: $('plan-before'), list: $('plan-ops'), after: $('plan-after'),
    go: (line) => goTo(view, line), over: (line) => markLine(view, line),
  });
  const update = follow(client, () => columns($('plan')), (p, c) => {
    plan.draw(p);
    drawCard(c, { parent: $('card'), sides: [$('before'), $('after')], message: $('note') });
    $('summary').textContent = (p.text.match(/^(?:Plan|No plan): (.*)$/m) || ['', ''])[1];
    document.body.dataset.plan = p.version;
  });
  const view = makeEditor({
    parent: $('editor'), text: start.text, client,
    leave: () => { $('findings-box').focus(); return true; },
    moved: (line) => plan.mark(line),
    typed: () => { $('example').value = ''; say(''); },
  });

  const useProfile = (name) => {
    if (profile === name) return;
    profile = name;
    client.notification('workspace/didChangeConfiguration', { settings: { inscribe: { profile } } });
    update();
  };

  function explain(code) {
    const text = RULES[code];
    if (!text) return say(`There is no page on ${code}.`, true);
    $('page-text').innerHTML = LSPPlugin.get(view).docToHTML({ kind: 'markdown', value: text });
    // The pages link to each other by files, which are not here.
    for (const a of $('page-text').querySelectorAll('a')) a.replaceWith(...a.childNodes);
    $('page').showModal();
    $('page-text').scrollTop = 0;
  }

  const examples = $('example');
  for (const group of ['', 'Published examples']) {
    const parent = group ? examples.appendChild(Object.assign(document.createElement('optgroup'), { label: group })) : examples;
    EXAMPLES.forEach((e, i) => { if (!!e.published === !!group) parent.append(new Option(e.title, String(i))); });
  }
  examples.value = start === EXAMPLES[0] ? '0' : '';
  examples.addEventListener('change', () => {
    const e = EXAMPLES[examples.value];
    if (!e) return;
    replaceText(view, e.text);
    say('Undo in the editor brings your text back.');
  });

  for (const { name, title } of PROFILES) $('profile').append(new Option(`${name} – ${title}`, name));
  $('profile').value = profile;
  $('profile').addEventListener('change', () => useProfile($('profile').value));

  $('format').addEventListener('click', () => {
    formatDocument(view);
    say('');
  });

  $('share').addEventListener('click', async () => {
    const [fragment, secrets] = await Promise.all([pack(view.state.doc.toString(), profile), holdsSecrets(client)]);
    history.replaceState(null, '', fragment);
    const warning = { true: ' It holds text that is, or may be, a secret.', false: '' }[secrets] ?? ' Nobody has looked whether it holds a secret.';
    $('link').value = location.href;
    try {
      await navigator.clipboard.writeText(location.href);
      say(`The link is copied.${warning}`, !!warning);
    } catch {
      $('link-warning').textContent = warning;
      $('link-box').showModal();
      $('link').select();
    }
  });

  addEventListener('hashchange', async () => {
    try {
      const shared = await unpack(location.hash);
      if (!shared) return;
      replaceText(view, shared.text);
      examples.value = '';
      broken = '';
      $('profile').value = knownProfile(shared.profile);
      useProfile($('profile').value);
      say(broken, true);
    } catch (error) {
      say(`The link cannot be read: ${error.message}.`, true);
    }
  });

  $('help').addEventListener('click', () => $('about').showModal());
  for (const button of document.querySelectorAll('dialog .close')) button.addEventListener('click', () => button.closest('dialog').close());

  let room = 0;
  new ResizeObserver(() => {
    const now = columns($('plan'));
    if (now !== room && document.body.dataset.plan) update();
    room = now;
  }).observe($('plan'));
  narrow.addEventListener('change', () => update());

  performance.mark('editor');
  say(broken, true);
}

main().catch((error) => stopped(String(error)));
