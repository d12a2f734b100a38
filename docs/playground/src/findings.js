// Findings: in the text, in the list below it, and their fixes.
import { setDiagnostics, forEachDiagnostic } from '@codemirror/lint';
import { LSPPlugin } from '@codemirror/lsp-client';

const severities = ['', 'error', 'warning', 'info', 'hint'];

/** The client's extension that takes pushed findings. */
export function findingsSupport(found) {
  return {
    clientCapabilities: {
      textDocument: {
        publishDiagnostics: { versionSupport: true, codeDescriptionSupport: true },
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix'] } }, isPreferredSupport: true },
      },
    },
    notificationHandlers: {
      'textDocument/publishDiagnostics'(client, params) {
        const file = client.workspace.getFile(params.uri);
        const view = file?.getView();
        if (!view || params.version !== file.version) return true; // of a text that is gone
        show(view, params, found);
        return true;
      },
    },
  };
}

/** How many lists have come. */
let lists = 0;

function show(view, params, found) {
  const mine = ++lists;
  const plugin = LSPPlugin.get(view);
  const at = (position) => plugin.unsyncedChanges.mapPos(plugin.fromPosition(position, plugin.syncedDoc));
  const list = params.diagnostics.map((d) => ({
    from: at(d.range.start), to: at(d.range.end), severity: severities[d.severity] || 'error', message: d.message, code: d.code || '',
    line: d.range.start.line, column: d.range.start.character, fixes: [], raw: d,
  }));
  const draw = () => {
    view.dispatch(setDiagnostics(view.state, list.map((d) => ({
      from: d.from, to: d.to, severity: d.severity, source: d.code, message: d.message,
      actions: d.fixes.map((fix) => ({ name: fix.title, apply: () => apply(view, fix) })),
    }))));
    found(list);
  };
  draw();
  if (list.length === 0) return;
  // Fixes come a moment later. Those of a text that is gone, or of a list that a newer
  // one has replaced, are not shown.
  const doc = view.state.doc;
  Promise.all(list.map(async (d) => {
    const params = { textDocument: { uri: plugin.uri }, range: d.raw.range, context: { diagnostics: [d.raw], only: ['quickfix'] } };
    const actions = await plugin.client.request('textDocument/codeAction', params);
    d.fixes = (actions || []).filter((a) => a.edit && a.diagnostics?.some((x) => same(x, d.raw)))
      .map((a) => ({ title: a.title, preferred: !!a.isPreferred, edits: a.edit.changes[plugin.uri], doc }));
  })).then(() => { if (mine === lists && view.state.doc.eq(doc)) draw(); }, () => {});
}

const same = (a, b) => a.code === b.code && JSON.stringify(a.range) === JSON.stringify(b.range);

/** Makes the edits of a fix, which is for one text. */
export function apply(view, fix) {
  if (!view.state.doc.eq(fix.doc)) return false;
  const plugin = LSPPlugin.get(view);
  const at = (position) => plugin.fromPosition(position, fix.doc);
  view.dispatch({
    changes: fix.edits.map((e) => ({ from: at(e.range.start), to: at(e.range.end), insert: e.newText })),
    userEvent: 'input.fix',
  });
  return true;
}

/** Applies the first fix of the line under the cursor. */
export function fixHere(view) {
  const line = view.state.doc.lineAt(view.state.selection.main.head);
  let action = null;
  forEachDiagnostic(view.state, (d, from, to) => {
    if (!action && from <= line.to && to >= line.from && d.actions?.length) action = d.actions[0];
  });
  action?.apply(view);
  return true;
}

const el = (tag, attributes, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) k === 'onclick' ? e.addEventListener('click', v) : e.setAttribute(k, v);
  e.append(...children);
  return e;
};

/** The first buttons, and one for the rest. */
function someFixes(buttons, key) {
  const rest = buttons.slice(buttons.length > 4 ? 3 : 4);
  if (rest.length === 0) return buttons;
  const more = el('button', { class: 'more', 'data-key': `${key} more`, onclick: () => { more.replaceWith(...rest); rest[0].focus(); } }, `${rest.length} more`);
  return [...buttons.slice(0, -rest.length), more];
}

/** Draws the list of findings. */
export function drawFindings(list, parent, { go, explain, fix }) {
  // The button under the keyboard stays there when the list is drawn anew.
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  parent.replaceChildren(...list.map((d, i) => {
    const [message, ...rest] = d.message.split('\n');
    const key = `${d.code} ${d.line}:${d.column} ${i}`;
    return el('li', { class: d.severity },
      el('button', { class: 'place', 'data-key': `${key} go`, onclick: () => go(d) },
        el('span', { class: 'severity' }, d.severity), ` line ${d.line + 1}: ${message}`),
      ...rest.map((r) => el('p', {}, r)),
      el('div', { class: 'ways' },
        ...someFixes(d.fixes.map((f, n) => el('button', { class: f.preferred || (n === 0 && d.fixes.length > 1) ? 'fix first' : 'fix', 'data-key': `${key} fix ${n}`, onclick: () => fix(f) }, f.title)), key),
        ...(d.code ? [el('button', { class: 'code', 'data-key': `${key} code`, 'aria-label': `What ${d.code} means`, onclick: () => explain(d.code) }, d.code)] : [])));
  }));
  if (focused) (parent.querySelector(`[data-key="${CSS.escape(focused)}"]`) || parent.parentElement).focus();
}

/** Counts findings in words. */
export function countFindings(list) {
  const count = (n, word) => (n === 1 ? `1 ${word}` : `${n} ${word}s`);
  const of = (severity) => list.filter((d) => d.severity === severity).length;
  const [errors, warnings] = [of('error'), of('warning')];
  const notes = list.length - errors - warnings;
  const parts = [errors && count(errors, 'error'), warnings && count(warnings, 'warning'), notes && count(notes, 'note')].filter(Boolean);
  return parts.join(', ') || 'No findings';
}
