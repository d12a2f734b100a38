// The extension starts the language server and shows the plan beside the text.
// Everything else is the server's.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const scheme = 'inscribe-plan-view';

let client;

/** The views of plans: by the URI of the description, the last answer. */
const views = new Map();
const changed = new vscode.EventEmitter();

function viewUri(source) {
  return vscode.Uri.from({ scheme, path: source.path + '.plan', query: source.toString() });
}

async function update(source) {
  try {
    const view = await client.sendRequest('workspace/executeCommand', { command: 'inscribe.showPlan', arguments: [source.toString()] });
    views.set(source.toString(), view);
    changed.fire(viewUri(source));
  } catch {
    // The server says why in its own log; the last plan stays.
  }
}

const marked = vscode.window.createTextEditorDecorationType({
  isWholeLine: true,
  backgroundColor: new vscode.ThemeColor('editor.wordHighlightBackground'),
});

/** Marks in one editor the lines that belong to the cursor of the other. */
function mark(event) {
  const from = event.textEditor.document.uri;
  const isPlan = from.scheme === scheme;
  const source = isPlan ? from.query : from.toString();
  const view = views.get(source);
  if (!view) return;
  const cursor = event.selections[0].active.line;
  const [here, there] = isPlan ? ['plan', 'source'] : ['source', 'plan'];
  const ranges = view.lines.filter((l) => l[here] === cursor).map((l) => new vscode.Range(l[there], 0, l[there], 0));
  for (const editor of vscode.window.visibleTextEditors) {
    const uri = editor.document.uri;
    const other = isPlan ? uri.toString() === source : uri.scheme === scheme && uri.query === source;
    if (!other) continue;
    editor.setDecorations(marked, ranges);
    if (ranges.length > 0) editor.revealRange(ranges[0], vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

async function openPlan() {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.languageId !== 'inscribe') return;
  const source = editor.document.uri;
  await update(source);
  const document = await vscode.workspace.openTextDocument(viewUri(source));
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
}

async function start() {
  const command = vscode.workspace.getConfiguration('inscribe').get('command') || 'inscribe';
  client = new LanguageClient(
    'inscribe',
    'Inscribe',
    { command, args: ['lsp'] },
    {
      documentSelector: [{ language: 'inscribe' }],
      synchronize: { configurationSection: 'inscribe' },
      middleware: {
        // The lens of the server opens the view.
        executeCommand: (name, args, next) => (name === 'inscribe.showPlan' ? openPlan() : next(name, args)),
      },
    },
  );
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(`Inscribe: ${command} cannot be started. Install it, or name it in the settings.`, 'Open Settings');
    if (choice) vscode.commands.executeCommand('workbench.action.openSettings', 'inscribe.command');
  }
}

async function activate(context) {
  context.subscriptions.push(
    marked,
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => (views.get(uri.query) || { text: '' }).text,
    }),
    vscode.workspace.onDidChangeTextDocument((e) => {
      if (views.has(e.document.uri.toString())) update(e.document.uri);
    }),
    vscode.workspace.onDidCloseTextDocument((d) => {
      if (d.uri.scheme === scheme) views.delete(d.uri.query);
    }),
    vscode.window.onDidChangeTextEditorSelection(mark),
    vscode.commands.registerCommand('inscribe.openPlan', openPlan),
    vscode.commands.registerCommand('inscribe.restart', async () => {
      await client.stop();
      await start();
    }),
  );
  await start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
