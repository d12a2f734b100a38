// The plan and the picture of the card beside the text.
import { uri } from './editor.js';

/** Asks for plan and picture after changes: one question at a time, the last one counts. */
export function follow(client, width, drawn) {
  let busy = false;
  let again = false;
  const ask = (command, ...more) => client.request('workspace/executeCommand', { command, arguments: [uri, ...more] });
  return async function update() {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        const [plan, card] = await Promise.all([ask('inscribe.showPlan', { width: width() }), ask('inscribe.showCard')]);
        drawn(plan, card);
      }
    } catch {
      // The page says elsewhere that the server has gone.
    } finally {
      busy = false;
    }
  };
}

/** Whether the text holds what is, or may be, a secret; null where the server does not say. */
export function holdsSecrets(client) {
  const asked = client.request('workspace/executeCommand', { command: 'inscribe.showPlan', arguments: [uri] }).then((plan) => plan.secrets, () => null);
  return Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 2000, null))]);
}

/** Brings an element into view where its box scrolls; the page itself stays where it is. */
function reveal(element) {
  const box = element.closest('.scrolls');
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top + 8;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + 8;
}

/** How many columns fit into an element. */
export function columns(element) {
  const probe = document.createElement('span');
  probe.textContent = 'm'.repeat(50);
  probe.style.cssText = 'position:absolute;visibility:hidden;white-space:pre';
  element.append(probe);
  const letter = probe.getBoundingClientRect().width / 50;
  probe.remove();
  const style = getComputedStyle(element);
  const room = element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 22;
  return Math.max(44, Math.min(120, Math.floor(room / letter)));
}

/** The plan: what comes before the ops, a list of them, what comes after. */
export class PlanView {
  constructor({ before, list, after, go, over }) {
    Object.assign(this, { before, list, after, go, over, ops: [], at: -1 });
    list.addEventListener('keydown', (e) => this.key(e));
    list.addEventListener('click', (e) => {
      const i = this.ops.findIndex((o) => o.element.contains(e.target));
      if (i >= 0) { this.move(i); go(this.ops[i].source); }
    });
    list.addEventListener('focus', () => this.move(this.at < 0 ? 0 : this.at));
    list.addEventListener('blur', () => over(null));
  }

  draw({ text, lines }) {
    const all = text.replace(/\n+$/, '').split('\n');
    const first = lines.length ? lines[0].plan : all.length;
    // The last one ends before a blank line, or where the next text begins at the edge.
    let end = lines.length ? lines.at(-1).plan + 1 : all.length;
    while (end < all.length && /^\s+\S/.test(all[end])) end++;
    this.ops = lines.map((l, i) => {
      const element = document.createElement('div');
      element.setAttribute('role', 'option');
      element.id = `op-${i}`;
      element.textContent = all.slice(l.plan, lines[i + 1]?.plan ?? end).join('\n');
      return { element, source: l.source };
    });
    this.before.textContent = all.slice(0, first).join('\n').trim();
    this.list.replaceChildren(...this.ops.map((o) => o.element));
    this.list.hidden = this.ops.length === 0;
    this.after.textContent = all.slice(end).join('\n').trim();
    this.mark(this.line ?? -1);
    this.move(Math.min(this.at, this.ops.length - 1), false);
  }

  /** Marks the ops of a line of the text. */
  mark(line) {
    this.line = line;
    for (const o of this.ops) o.element.classList.toggle('marked', o.source === line);
    const op = this.ops.find((o) => o.source === line);
    if (op && document.activeElement !== this.list) reveal(op.element);
  }

  /** Puts the cursor of the list on an op. */
  move(i, tell = true) {
    this.at = i;
    this.ops.forEach((o, n) => o.element.setAttribute('aria-selected', String(n === i)));
    const op = this.ops[i];
    if (!op) return this.list.removeAttribute('aria-activedescendant');
    this.list.setAttribute('aria-activedescendant', op.element.id);
    if (tell && document.activeElement === this.list) {
      reveal(op.element);
      this.over(op.source);
    }
  }

  key(e) {
    const last = this.ops.length - 1;
    const to = { ArrowDown: Math.min(this.at + 1, last), ArrowUp: Math.max(this.at - 1, 0), Home: 0, End: last }[e.key];
    if (to !== undefined) this.move(to);
    else if (e.key === 'Enter' && this.ops[this.at]) this.go(this.ops[this.at].source);
    else return;
    e.preventDefault();
  }
}

/** Draws the picture; without a new one the last stays, and looks like it. */
export function drawCard({ before, after, note }, { parent, sides, message }) {
  const there = before !== '';
  parent.classList.toggle('stale', !there);
  if (there) {
    sides[0].innerHTML = before;
    sides[1].innerHTML = after;
  }
  const drawn = sides[0].childElementCount > 0;
  parent.classList.toggle('none', !drawn);
  message.textContent = there ? note : drawn ? 'The picture is of the last plan: there is none now, or it touches no slot.' : 'No picture: there is no plan, or it touches no slot.';
}
