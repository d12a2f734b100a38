// The extension starts the language server and shows the plan beside the text.
// Everything else is the server's.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');
const { find } = require('./find');
const plan = require('./plan');

/** The client of the running server; without one there is no program. */
let client;

function openSettings() {
  return vscode.commands.executeCommand('workbench.action.openSettings', 'inscribe.path');
}

/** Says that there is no program, and what can be done. */
async function missing(why) {
  const choice = await vscode.window.showErrorMessage(why, 'How to Get It', 'Open Settings');
  if (choice === 'Open Settings') await openSettings();
  if (choice === 'How to Get It') {
    await vscode.commands.executeCommand('workbench.action.openWalkthrough', 'inscribe.inscribe#inscribe.start', false);
  }
}

async function start() {
  const setting = vscode.workspace.getConfiguration('inscribe').get('path', '');
  // A folder that nobody vouched for names no program.
  const folders = vscode.workspace.isTrusted ? vscode.workspace.workspaceFolders || [] : [];
  const command = find(setting, process.env, folders.filter((f) => f.uri.scheme === 'file').map((f) => f.uri.fsPath));
  if (!command) {
    missing(
      setting
        ? `Inscribe: there is no program ${setting}, which the setting inscribe.path names.`
        : 'Inscribe: the program inscribe is not on the path, and the setting inscribe.path names none.',
    );
    return;
  }
  const next = new LanguageClient(
    'inscribe',
    'Inscribe',
    { command, args: ['lsp'] },
    {
      documentSelector: [{ language: 'inscribe' }],
      middleware: {
        // The lens of the server opens the view.
        executeCommand: (name, args, call) => (name === 'inscribe.showPlan' ? showPlan(args[0]) : call(name, args)),
      },
    },
  );
  try {
    await next.start();
  } catch (error) {
    missing(`Inscribe: ${command} does not start as a language server: ${error.message}`);
    return;
  }
  client = next;
  plan.follow(client);
}

async function stop() {
  const old = client;
  client = undefined;
  if (old) await old.dispose();
}

/** One after the other, however fast they are asked for. */
let queue = Promise.resolve();
function restart() {
  queue = queue.then(stop).then(start, start);
  return queue;
}

function description() {
  const editor = vscode.window.activeTextEditor;
  if (editor && editor.document.languageId === 'inscribe') return editor.document.uri;
  vscode.window.showInformationMessage('Inscribe: open an encoding description (.dsc) first.');
}

/** Shows the plan of a description, by default of the one in front. */
async function showPlan(uri) {
  const source = uri ? vscode.Uri.parse(uri) : description();
  if (!source) return;
  if (!client) return restart();
  await plan.open(source);
}

async function fixAll() {
  if (!description()) return;
  await vscode.commands.executeCommand('editor.action.codeAction', { kind: 'source.fixAll.inscribe', apply: 'first' });
}

function showLog() {
  if (client) client.outputChannel.show();
}

async function activate(context) {
  context.subscriptions.push(
    ...plan.register(),
    vscode.commands.registerCommand('inscribe.openPlan', () => showPlan()),
    vscode.commands.registerCommand('inscribe.fixAll', fixAll),
    vscode.commands.registerCommand('inscribe.restart', restart),
    vscode.commands.registerCommand('inscribe.showLog', showLog),
    vscode.commands.registerCommand('inscribe.openSettings', openSettings),
    vscode.workspace.onDidChangeConfiguration((e) => {
      if (e.affectsConfiguration('inscribe.path')) restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (!client) restart();
    }),
  );
  await restart();
}

module.exports = { activate, deactivate: stop };
