// The editor, and the client of the language server in it.
import { EditorState, StateEffect, StateField, Annotation } from '@codemirror/state';
import {
  EditorView, keymap, lineNumbers, drawSelection, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, showTooltip, Decoration,
} from '@codemirror/view';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { completionStatus } from '@codemirror/autocomplete';
import { lintKeymap, lintGutter } from '@codemirror/lint';
import { searchKeymap, search } from '@codemirror/search';
import {
  LSPClient, LSPPlugin, serverCompletion, hoverTooltips, signatureHelp, formatKeymap, renameKeymap,
  jumpToDefinitionKeymap, findReferencesKeymap,
} from '@codemirror/lsp-client';
import purify from 'dompurify';
import { dsc } from './dsc.js';
import { findingsSupport, fixHere } from './findings.js';

export const uri = 'file:///card.dsc';

const sanitizeHTML = (html) => purify.sanitize(html, { FORBID_TAGS: ['img', 'style', 'form', 'input', 'video', 'audio', 'source', 'svg', 'math'] });

/** Makes the client; `found` gets the findings that are shown. */
export function makeClient(profile, found) {
  return new LSPClient({
    rootUri: null,
    timeout: 20000, // the first answer waits for the server to be unpacked
    sanitizeHTML,
    initializationOptions: { profile },
    extensions: [
      serverCompletion(), hoverTooltips({ hoverTime: 250 }), signatureHelp(), findingsSupport(found),
      keymap.of([...formatKeymap, ...renameKeymap, ...jumpToDefinitionKeymap, ...findReferencesKeymap]),
    ],
  });
}

/** Sends each change at once; the server is made for that. */
const syncAtOnce = EditorView.updateListener.of((update) => {
  if (update.docChanged) LSPPlugin.get(update.view)?.client.sync();
});

const setHelp = StateEffect.define();

/** The hover for those who have no mouse: F1 shows it at the cursor. */
const help = StateField.define({
  create: () => null,
  update(value, tr) {
    for (const e of tr.effects) if (e.is(setHelp)) return e.value;
    return tr.docChanged || tr.selection ? null : value;
  },
  provide: (field) => showTooltip.from(field),
});

function showHelp(view) {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return false;
  const pos = view.state.selection.main.head;
  plugin.client.request('textDocument/hover', { textDocument: { uri }, position: plugin.toPosition(pos) }).then((hover) => {
    const dom = document.createElement('div');
    dom.className = 'cm-lsp-hover-tooltip cm-lsp-documentation';
    dom.setAttribute('role', 'status');
    dom.innerHTML = hover ? plugin.docToHTML(hover.contents, 'markdown') : 'Nothing is known of what stands here.';
    view.dispatch({ effects: setHelp.of({ pos, above: true, create: () => ({ dom }) }) });
  }, () => {});
  return true;
}

function closeHelp(view) {
  if (!view.state.field(help)) return false;
  view.dispatch({ effects: setHelp.of(null) });
  return true;
}

const setMark = StateEffect.define();
const marked = Decoration.line({ class: 'marked' });

/** The line that belongs to the op under the cursor of the plan. */
const mark = StateField.define({
  create: () => Decoration.none,
  update(value, tr) {
    for (const e of tr.effects) if (e.is(setMark)) return e.value === null ? Decoration.none : Decoration.set(marked.range(e.value));
    return value.map(tr.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Marks a line of the text, counted from 0, or none. */
export function markLine(view, line) {
  const there = line !== null && line < view.state.doc.lines;
  view.dispatch({ effects: setMark.of(there ? view.state.doc.line(line + 1).from : null) });
}

/** Goes to a line, counted from 0, and into the editor. */
export function goTo(view, line, column = 0) {
  if (line >= view.state.doc.lines) return;
  const at = view.state.doc.line(line + 1);
  view.dispatch({ selection: { anchor: Math.min(at.from + column, at.to) }, scrollIntoView: true });
  view.focus();
}

const fromOutside = Annotation.define();

/** Puts another text in; the one before comes back by undo. */
export function replaceText(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, annotations: fromOutside.of(true), scrollIntoView: true });
}

/** Makes the editor. `leave` is called by Escape, `moved` with the line of the cursor. */
export function makeEditor({ parent, text, client, leave, moved, typed }) {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(),
        lintGutter(), search({ top: true }), dsc, help, mark, EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'Description', 'aria-describedby': 'keys', tabindex: '0', spellcheck: 'false', autocapitalize: 'off' }),
        client.plugin(uri, 'inscribe'),
        syncAtOnce,
        EditorView.updateListener.of((update) => {
          if (update.docChanged || update.selectionSet) moved(update.state.doc.lineAt(update.state.selection.main.head).number - 1);
          if (update.docChanged && !update.transactions.some((tr) => tr.annotation(fromOutside))) typed();
        }),
        keymap.of([
          { key: 'F1', run: showHelp, preventDefault: true },
          { key: 'Mod-.', run: fixHere, preventDefault: true },
          ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap,
          { key: 'Escape', run: (view) => closeHelp(view) || (completionStatus(view.state) === null && leave()) },
        ]),
      ],
    }),
  });
}
