// The plan beside the text: a document of the server, which asks for it to be
// read again when it changes. The lines of text and plan that belong together
// mark each other.
'use strict';

const vscode = require('vscode');

const scheme = 'inscribe-plan';
const isPlan = (document) => document.uri.scheme === scheme;

let client;

/** What the command inscribe.showPlan last said, by the URI of the description. */
const views = new Map();

/** The description whose plan a document is. */
const describedBy = (document) => document.uri.query.replace(/^of=/, '');

const marked = vscode.window.createTextEditorDecorationType({
  isWholeLine: true,
  backgroundColor: new vscode.ThemeColor('editor.wordHighlightStrongBackground'),
  overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.wordHighlightForeground'),
  overviewRulerLane: vscode.OverviewRulerLane.Right,
});

function ask(source) {
  return client.sendRequest('workspace/executeCommand', { command: 'inscribe.showPlan', arguments: [source] });
}

/** Opens the plan of a description beside it. */
async function open(uri) {
  const view = await ask(uri.toString());
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(view.uri));
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
  await tie(document);
}

/** Learns which lines of a plan belong to which of the description. */
async function tie(document) {
  const source = describedBy(document);
  try {
    const view = await ask(source);
    // The answer may be about a later text; then another change is on its way.
    if (view.text !== document.getText()) return;
    views.set(source, view);
  } catch {
    views.delete(source);
  }
  if (vscode.window.activeTextEditor) mark(vscode.window.activeTextEditor);
}

/** The lines of an op: its first, and those to which its words are wrapped. */
function linesOfOp(document, first) {
  let last = first;
  while (last + 1 < document.lineCount && /^ {12,}\S/.test(document.lineAt(last + 1).text)) last++;
  return new vscode.Range(first, 0, last, 0);
}

/** Marks in the other editor the lines that belong to the cursor of this one. */
function mark(editor) {
  const there = isPlan(editor.document);
  const source = there ? describedBy(editor.document) : editor.document.uri.toString();
  const view = views.get(source);
  const cursor = editor.selection.active;
  editor.setDecorations(marked, []);
  for (const other of vscode.window.visibleTextEditors) {
    const texts = there ? other.document.uri.toString() === source : isPlan(other.document) && describedBy(other.document) === source;
    if (!texts || other === editor) continue;
    const lines = view ? view.lines : [];
    const ranges = there
      ? lines.filter((l) => linesOfOp(editor.document, l.plan).contains(cursor.with({ character: 0 }))).map((l) => new vscode.Range(l.source, 0, l.source, 0))
      : lines.filter((l) => l.source === cursor.line).map((l) => linesOfOp(other.document, l.plan));
    other.setDecorations(marked, ranges);
    if (ranges.length > 0) other.revealRange(ranges[0], vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

/** Goes from an op to its line, in the editor that shows the description. */
async function goToSource() {
  const { document, selection } = vscode.window.activeTextEditor || {};
  if (!document || !isPlan(document)) return;
  const source = describedBy(document);
  const line = (views.get(source)?.lines || []).find((l) => linesOfOp(document, l.plan).contains(selection.active.with({ character: 0 })));
  if (!line) return;
  const shown = vscode.window.visibleTextEditors.find((e) => e.document.uri.toString() === source);
  await vscode.window.showTextDocument(vscode.Uri.parse(source), {
    viewColumn: shown ? shown.viewColumn : vscode.ViewColumn.One,
    selection: new vscode.Range(line.source, 0, line.source, 0),
  });
}

/** Takes a server that has just started; open plans are read from it. */
function follow(server) {
  client = server;
  const feature = client.getFeature('workspace/textDocumentContent');
  for (const document of vscode.workspace.textDocuments.filter(isPlan)) {
    for (const provider of feature.getProviders()) {
      if (provider.scheme === scheme) provider.onDidChangeEmitter.fire(document.uri);
    }
  }
}

function register() {
  return [
    marked,
    vscode.workspace.onDidChangeTextDocument((e) => {
      if (isPlan(e.document)) tie(e.document);
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (isPlan(document)) views.delete(describedBy(document));
    }),
    vscode.window.onDidChangeTextEditorSelection((e) => mark(e.textEditor)),
    vscode.commands.registerCommand('inscribe.goToSource', goToSource),
  ];
}

module.exports = { open, follow, register };
