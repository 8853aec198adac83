import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { Ajv } from 'ajv';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { adapterOf, WrongConfiguration } from '../../editors/vscode/launch.ts';
import { MANIFEST_SCHEMA } from './vscode-manifest.ts';

/**
 * The built extension for VS Code: its manifest by a schema, and its code run with a stand-in for the editor, which offers what
 * `vscode` does and keeps what is registered; the adapter that it starts is spoken with by VS Code's own client.
 */

const root = resolve(import.meta.dirname, '../..');
const files = unzipSync(readFileSync(join(root, 'dist/editors/rewind386.vsix')));
const text = (path: string) => strFromU8(files[path]);
const manifest = JSON.parse(text('extension/package.json'));
const { debuggers, commands, customEditors } = manifest.contributes;
const trace = join(root, 'test/golden/0.1.0-selftest.r386');
const command = [process.execPath, join(root, 'bin/rewind386.js')];

// biome-ignore lint/suspicious/noExplicitAny: what an extension registers has no common type.
type Registered = Map<string, any>;

/** Runs the extension's `activate`; what it registers, by name, and the messages it shows. */
function activated(): { registered: Registered; started: unknown[]; shown: string[] } {
  const registered: Registered = new Map();
  const [started, shown]: [unknown[], string[]] = [[], []];
  const register = (name: string, made: unknown) => {
    registered.set(name, made);
    return { dispose: () => {} };
  };
  const show = async (message: string) => void shown.push(message);
  const vscode = {
    debug: {
      registerDebugConfigurationProvider: (type: string, made: unknown) => register(`provider ${type}`, made),
      registerDebugAdapterDescriptorFactory: (type: string, made: unknown) =>
        register(`adapter ${type}`, made),
      startDebugging: async (_folder: unknown, configuration: unknown) => started.push(configuration),
    },
    window: {
      registerCustomEditorProvider: register,
      showErrorMessage: show,
      showInformationMessage: show,
      withProgress: (_options: unknown, work: () => unknown) => work(),
      tabGroups: { activeTabGroup: {} },
    },
    commands: {
      registerCommand: register,
      executeCommand: async (...words: unknown[]) => started.push(words),
    },
    workspace: {
      getConfiguration: () => ({ get: () => command }),
      getWorkspaceFolder: () => undefined,
      workspaceFolders: undefined,
    },
    ProgressLocation: { Window: 10 },
    DebugAdapterExecutable: function executable(this: object, program: string, args: readonly string[]) {
      Object.assign(this, { command: program, args });
    },
    TabInputCustom: class {},
  };
  const module = { exports: {} as { activate(context: unknown): void } };
  const builtin = createRequire(import.meta.url);
  const load = new Function('require', 'module', 'exports', text('extension/extension.js'));
  load((name: string) => (name === 'vscode' ? vscode : builtin(name)), module, module.exports);
  module.exports.activate({ subscriptions: [] });
  return { registered, started, shown };
}

describe('the manifest', () => {
  it('is one that VS Code takes', () => {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
    expect([ajv.validate(MANIFEST_SCHEMA, manifest), ajv.errors]).toEqual([true, null]);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(manifest.version).toBe(version);
    expect(text('extension.vsixmanifest')).toContain(
      `<Identity Language="en-US" Id="rewind386" Version="${version}" Publisher="rewind386"/>`,
    );
    expect(Object.keys(files)).toContain(`extension/${manifest.main.slice(2)}`);
    for (const [, path] of text('extension.vsixmanifest').matchAll(/ Path="([^"]+)"/g))
      expect(Object.keys(files)).toContain(path);
  });

  it('declares all that the code registers, and no more', () => {
    const declared = [
      ...commands.map((one: { command: string }) => one.command),
      ...customEditors.map((one: { viewType: string }) => one.viewType),
      ...debuggers.flatMap(({ type }: { type: string }) => [`provider ${type}`, `adapter ${type}`]),
    ];
    expect([...activated().registered.keys()].sort()).toEqual(declared.sort());
  });

  it('takes what the pages tell to write into launch.json', () => {
    const pages = ['docs/dap.md', 'editors/vscode/README.md'].map((path) =>
      readFileSync(join(root, path), 'utf8'),
    );
    const written = pages
      .flatMap((page) => [...page.matchAll(/\{ "type": "rewind386"[^}]*\}/g)])
      .map(([json]) => JSON.parse(json));
    expect(written.length).toBeGreaterThan(1);
    const valid = new Ajv({ allowUnionTypes: true }).compile({
      type: 'object',
      ...debuggers[0].configurationAttributes.launch,
      properties: {
        ...debuggers[0].configurationAttributes.launch.properties,
        type: { const: 'rewind386' },
        request: { const: 'launch' },
        name: { type: 'string' },
      },
      additionalProperties: false,
    });
    for (const configuration of [...written, ...debuggers[0].initialConfigurations])
      expect([configuration, valid(configuration)]).toEqual([configuration, true]);
  });
});

describe('launch.json', () => {
  const args = (configuration: object, folder?: string) =>
    adapterOf(['r'], configuration as never, folder).args;

  it('has paths of the workspace folder, or absolute ones', () => {
    expect(args({ trace: 'runs/a.r386', symbols: 'kernel', disks: ['hd.img'] }, '/w')).toEqual([
      'debug',
      '--dap',
      '--symbols=/w/kernel',
      '--disk=/w/hd.img',
      '/w/runs/a.r386',
    ]);
    expect(args({ trace: '/t/a.r386', at: '22.7M', profile: 'bsd96' })).toEqual([
      'debug',
      '--dap',
      '--at=22.7M',
      '--profile=bsd96',
      '/t/a.r386',
    ]);
  });

  it.each([
    [{}, /"trace" of launch\.json is missing/],
    [{ trace: '' }, /"trace" of launch\.json is no path/],
    [{ trace: 'run.r386' }, /none is open/],
    [{ trace: '/a', finding: 1, at: 3 }, /keep one/],
    [{ trace: '/a', finding: {} }, /"finding" of launch\.json is not a number/],
    [{ trace: '/a', disks: '/b' }, /no list/],
  ])('%o is told in words', (configuration, message) => {
    expect(() => args(configuration)).toThrow(WrongConfiguration);
    expect(() => args(configuration)).toThrow(message);
    const { registered, shown } = activated();
    const provider = registered.get('provider rewind386');
    expect(
      provider.resolveDebugConfigurationWithSubstitutedVariables(undefined, configuration),
    ).toBeUndefined();
    expect(shown).toEqual([expect.stringMatching(message)]);
  });
});

/** A client of an adapter that was started as an editor starts it. */
class ConnectedClient extends DebugClient {
  override connect(from: Readable, to: Writable): void {
    super.connect(from, to);
  }
}

it('starts an adapter that debugs the trace', async () => {
  const factory = activated().registered.get('adapter rewind386');
  const adapter = factory.createDebugAdapterDescriptor({ configuration: { trace, at: 5000 } });
  const { stdin, stdout } = spawn(adapter.command, adapter.args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const client = new ConnectedClient('', '', 'rewind386');
  client.connect(stdout, stdin);
  await client.initializeRequest();
  const stopped = client.waitForEvent('stopped', 20_000);
  await Promise.all([client.waitForEvent('initialized', 20_000), client.launchRequest({})]);
  await client.configurationDoneRequest();
  expect((await stopped).body.description).toBe('icount 5000');
  const back = client.waitForEvent('stopped', 20_000);
  await client.customRequest('stepBack', { threadId: 1, granularity: 'instruction' });
  expect((await back).body.description).toBe('at icount 4,999');
  await client.disconnectRequest({});
});

it('shows the report page, and takes from it only where to debug', async () => {
  const { registered, started } = activated();
  const folder = mkdtempSync(join(tmpdir(), 'r386-vscode-'));
  try {
    let heard: (message: unknown) => void = () => {};
    const webview = { html: '', options: {}, onDidReceiveMessage: (on: typeof heard) => void (heard = on) };
    const editor = registered.get('rewind386.report');
    await editor.resolveCustomEditor({ uri: { fsPath: trace } }, { webview });
    expect(webview.html).toContain('<script type="application/json" id="data">{');
    for (const message of [undefined, { debugAt: -1 }, { debugAt: '1; rm' }, { command: 'x' }])
      heard(message);
    expect(started).toEqual([]);
    heard({ debugAt: 4000 });
    expect(started).toEqual([expect.objectContaining({ type: 'rewind386', trace, at: 4000 })]);
    await editor.resolveCustomEditor({ uri: { fsPath: join(folder, '<b>none.r386') } }, { webview });
    expect(webview.html).toMatch(/&lt;b&gt;none\.r386/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('opens a trace: its page, and the debugger', async () => {
  const { registered, started } = activated();
  const uri = { fsPath: trace };
  await registered.get('rewind386.openTrace')(uri);
  expect(started).toEqual([
    ['vscode.openWith', uri, 'rewind386.report'],
    expect.objectContaining({ type: 'rewind386', request: 'launch', trace }),
  ]);
});
