import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { command, debugTrace } from './debugger.ts';
import { reportOf } from './launch.ts';

/** The editor of .r386 files: the report page of the trace, as `rewind386 report` makes it. */

export const VIEW = 'rewind386.report';
const run = promisify(execFile);

export const reportEditor: vscode.CustomReadonlyEditorProvider = {
  openCustomDocument: (uri) => ({ uri, dispose: () => {} }),
  async resolveCustomEditor({ uri }, { webview }) {
    webview.options = { enableScripts: true, localResourceRoots: [] };
    webview.onDidReceiveMessage((message: unknown) => {
      const at = debugRequest(message);
      if (at !== undefined) void debugTrace(uri, at);
    });
    webview.html = messagePage(`Making the report of ${uri.fsPath} …`);
    webview.html = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'rewind386 report' },
      () => pageOf(uri.fsPath).catch((error) => messagePage(reasonOf(error))),
    );
  },
};

/** The icount of a message of the page that asks for the debugger; the page holds a stranger's trace, so nothing else is done. */
function debugRequest(message: unknown): number | undefined {
  const { debugAt } = (message ?? {}) as { debugAt?: unknown };
  return Number.isSafeInteger(debugAt) && (debugAt as number) >= 0 ? (debugAt as number) : undefined;
}

async function pageOf(trace: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rewind386-report-'));
  try {
    const page = join(folder, 'report.html');
    const { program, args } = reportOf(command(), trace, page);
    await run(program, args, { windowsHide: true });
    return await readFile(page, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reasonOf(error: NodeJS.ErrnoException & { stderr?: string }): string {
  if (error.code === 'ENOENT')
    return `There is no program ${command()[0]}. Install it (npm install -g rewind386), or say in the setting rewind386.command where it is.`;
  return error.stderr?.trim() || error.message;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const messagePage = (text: string): string =>
  `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><pre>${text.replace(/[&<>]/g, (letter) => ENTITIES[letter])}</pre>`;
