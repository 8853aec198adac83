import * as vscode from 'vscode';
import { adapters, configurations, debugTrace, shownTrace, TYPE } from './debugger.ts';
import { reportEditor, VIEW } from './report-editor.ts';

/** The extension for VS Code: what it registers when it is first needed. */
export function activate({ subscriptions }: vscode.ExtensionContext): void {
  subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(TYPE, configurations),
    vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, adapters),
    // The page is kept while its tab is behind others: a long run is not made again for each look.
    vscode.window.registerCustomEditorProvider(VIEW, reportEditor, {
      webviewOptions: { retainContextWhenHidden: true },
    }),
    vscode.commands.registerCommand('rewind386.openTrace', async (uri?: vscode.Uri) => {
      const trace = uri ?? (await chosenTrace());
      if (!trace) return;
      await vscode.commands.executeCommand('vscode.openWith', trace, VIEW);
      await debugTrace(trace);
    }),
    vscode.commands.registerCommand('rewind386.debugTrace', async (uri?: vscode.Uri) => {
      const trace = uri ?? shownTrace() ?? (await chosenTrace());
      if (trace) await debugTrace(trace);
    }),
  );
}

async function chosenTrace(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({ filters: { 'rewind386 traces': ['r386'] } });
  return chosen?.[0];
}
