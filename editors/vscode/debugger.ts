import * as vscode from 'vscode';
import { adapterOf, WrongConfiguration } from './launch.ts';

/** The debugger of traces: an adapter of its own for each session, started with what launch.json says. */

export const TYPE = 'rewind386';

/** The setting `rewind386.command`. */
export const command = (): readonly string[] =>
  vscode.workspace.getConfiguration('rewind386').get<string[]>('command') ?? ['rewind386'];

/** The folder that a path of launch.json belongs to: that of the configuration, else the only or first one. */
const folderOf = (folder: vscode.WorkspaceFolder | undefined): string | undefined =>
  (folder ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath;

/** Fills in what F5 without launch.json leaves open: the trace whose page is shown. */
export const configurations: vscode.DebugConfigurationProvider = {
  resolveDebugConfiguration(_folder, configuration) {
    if (configuration.type) return configuration;
    const trace = shownTrace();
    if (trace) return launchOf(trace);
    void vscode.window.showInformationMessage(
      'rewind386: open a trace (.r386) first, or write a launch.json.',
    );
    return undefined;
  },
  resolveDebugConfigurationWithSubstitutedVariables(folder, configuration) {
    try {
      adapterOf(command(), configuration, folderOf(folder));
      return configuration;
    } catch (error) {
      if (!(error instanceof WrongConfiguration)) throw error;
      void vscode.window.showErrorMessage(`rewind386: ${error.message}`);
      return undefined;
    }
  },
};

export const adapters: vscode.DebugAdapterDescriptorFactory = {
  createDebugAdapterDescriptor({ configuration, workspaceFolder }) {
    const { program, args } = adapterOf(command(), configuration, folderOf(workspaceFolder));
    return new vscode.DebugAdapterExecutable(program, [...args]);
  },
};

/** The trace of the tab in front, where it is one. */
export function shownTrace(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.uri.fsPath.endsWith('.r386') ? input.uri : undefined;
}

const launchOf = (trace: vscode.Uri, at?: number): vscode.DebugConfiguration => ({
  type: TYPE,
  request: 'launch',
  name: trace.fsPath.replace(/^.*[\\/]/, ''),
  trace: trace.fsPath,
  ...(at === undefined ? {} : { at }),
});

/** Starts a session at an icount, or at the end of the run. */
export const debugTrace = (trace: vscode.Uri, at?: number): Thenable<boolean> =>
  vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(trace), launchOf(trace, at));
