import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import {
  DebugSession,
  Event,
  InitializedEvent,
  OutputEvent,
  Response,
  Scope,
  Source,
  StackFrame,
  StoppedEvent,
  TerminatedEvent,
  Thread,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { comparePositions, type Watch } from '../../recorder/machine/state/stops.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { printableTexts } from '../../schemas/untrusted.ts';
import { type Debuggee, MAX_WATCHED, type StopReport } from '../debug/debuggee.ts';
import { type GuestCode, hex } from '../debug/guest-code.ts';
import type { Monitor } from '../debug/monitor.ts';
import { givenArguments, wrongArguments } from './arguments.ts';
import type { Frame } from './frame.ts';
import { instructionsBefore, instructionsFrom } from './instructions.ts';
import { Locals } from './locals.ts';
import { ClientMessages } from './messages.ts';
import { Points } from './points.ts';
import { type Granularity, Stepper } from './stepper.ts';
import type { Data } from './values.ts';
import { SCOPES, setMemory, setVariable, variables } from './variables.ts';

/** A session of the Debug Adapter Protocol: a request of an editor is a method here. */

/** A machine has one processor, which is the one thread. */
const THREAD = 1;
const ERROR = 1;
/** Members that go to an editor as they are. */
const EXACT: ReadonlySet<string> = new Set(['path']);

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsStepBack: true,
  supportsSteppingGranularity: true,
  supportsFunctionBreakpoints: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsDataBreakpointBytes: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsSetVariable: true,
  supportsEvaluateForHovers: true,
};

export interface DapOptions {
  readonly debuggee: Debuggee;
  readonly monitor: Monitor;
  readonly code: GuestCode;
  /** Goes to where the session begins. */
  readonly enter: () => Promise<void>;
}

/**
 * The Debug Adapter Protocol (microsoft.github.io/debug-adapter-protocol) on a debuggee: what an editor needs to go
 * through a recording, forward and back. Requests that look at or move the machine are served one after the other.
 */
export class RewindDebugSession extends DebugSession {
  private readonly options: DapOptions;
  private readonly points = new Points();
  private readonly stepper: Stepper;
  private readonly locals: Locals;
  private work: Promise<unknown> = Promise.resolve();
  /** Resolves when the client has disconnected. */
  readonly ended: Promise<void>;
  private end: () => void = () => {};
  private interrupted = false;

  constructor(options: DapOptions) {
    super();
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.locals = new Locals(options.debuggee, options.code);
    const conditions = () => this.points.conditions();
    this.stepper = new Stepper(options.debuggee, options.code, conditions, () => this.interrupted);
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
  }

  /** A line for the debug console. */
  say(text: string): void {
    this.sendEvent(new OutputEvent(`${text}\n`, 'console'));
  }

  /** Editors show what they get, and names of the guest's are in it; only paths are for opening files. */
  override sendResponse(response: DebugProtocol.Response): void {
    response.body = printableTexts(response.body, EXACT);
    super.sendResponse(response);
  }

  override sendEvent(event: DebugProtocol.Event): void {
    event.body = printableTexts(event.body, EXACT);
    super.sendEvent(event);
  }

  // --- Serving -----------------------------------------------------------------------------------------------------------

  override start(input: Readable, output: Writable): void {
    const messages = new ClientMessages();
    // Who speaks another language is not listened to any more.
    messages.on('error', () => {
      input.destroy();
      this.shutdown();
    });
    // Without a listener an event of this name would be thrown.
    this.on('error', () => {});
    super.start(input.pipe(messages), output);
  }

  /** Answers a request that lacks something or asks for what cannot be with an error; the base class has the rest answered. */
  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const wrong = typeof request.command === 'string' ? wrongArguments(request) : 'a request without command';
    if (wrong) {
      this.sendErrorResponse(new Response(request), ERROR, wrong.replaceAll('{', '('));
      return;
    }
    const given = givenArguments(request);
    // As the specification has it when nothing is said.
    if (request.command === 'initialize') given.pathFormat ??= 'path';
    super.dispatchRequest({ ...request, arguments: given });
  }

  /** Answers once the machine is free; what a user did wrong becomes the request's error. */
  private serve(response: DebugProtocol.Response, answer: () => unknown): void {
    this.work = this.work.then(async () => {
      try {
        this.locals.begin();
        const body = await answer();
        if (body !== undefined) response.body = body;
        this.sendResponse(response);
      } catch (error) {
        const text =
          error instanceof BadInput ? error.message : `internal error: ${(error as Error).message}`;
        this.sendErrorResponse(response, ERROR, text.replaceAll('{', '('));
      }
    });
  }

  /** Answers at once, then moves the machine and tells where it stopped. */
  private move(response: DebugProtocol.Response, run: () => Promise<StopReport>): void {
    this.interrupted = false;
    this.sendResponse(response);
    this.work = this.work.then(async () => {
      try {
        this.stopped(await run());
      } catch (error) {
        this.say((error as Error).message);
        this.sendEvent(new StoppedEvent('exception', THREAD, (error as Error).message));
      }
    });
  }

  private stopped(report: StopReport): void {
    const { icount } = this.options.debuggee.position;
    const at = `at icount ${icount.toLocaleString('en-US')}`;
    if (report.kind === 'hit') this.tellStop(this.points.reasonOf(report.hit), at);
    else if (report.kind === 'step') this.tellStop('step', at);
    else if (report.kind === 'interrupted') this.tellStop('pause', at);
    else this.tellStop('pause', `${report.kind === 'begin' ? 'start' : 'end'} of the recording, ${at}`);
  }

  private tellStop(reason: string, description: string): void {
    this.locals.forget();
    const event = new StoppedEvent(reason, THREAD) as DebugProtocol.StoppedEvent;
    event.body.description = description;
    event.body.allThreadsStopped = true;
    this.sendEvent(event);
  }

  // --- Beginning and end ---------------------------------------------------------------------------------------------------

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = CAPABILITIES;
    this.sendResponse(response);
  }

  protected override launchRequest(response: DebugProtocol.Response): void {
    this.serve(response, async () => {
      await this.options.enter();
      this.sendEvent(new InitializedEvent());
    });
  }

  protected override attachRequest(response: DebugProtocol.Response): void {
    this.launchRequest(response);
  }

  protected override configurationDoneRequest(response: DebugProtocol.Response): void {
    this.serve(response, () => undefined);
    this.work = this.work.then(() =>
      this.tellStop('entry', `icount ${this.options.debuggee.position.icount}`),
    );
  }

  protected override disconnectRequest(response: DebugProtocol.Response): void {
    this.interrupted = true;
    this.sendResponse(response);
    this.work = this.work.then(() => {
      this.sendEvent(new TerminatedEvent());
      this.shutdown();
    });
  }

  /** The base class would end the process. */
  override shutdown(): void {
    this.end();
  }

  // --- Points --------------------------------------------------------------------------------------------------------------

  protected override setBreakPointsRequest(
    response: DebugProtocol.SetBreakpointsResponse,
    { source, breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
  ): void {
    this.serve(response, () => {
      const path = source.path ?? '';
      const found = breakpoints.map(({ line }) => this.options.code.breakpoint(path, line));
      this.points.set(
        'breakpoint',
        found.flatMap(({ addresses }) => addresses),
        path,
      );
      return { breakpoints: found.map(({ line, addresses }) => pointAt(addresses, { line })) };
    });
  }

  protected override setFunctionBreakPointsRequest(
    response: DebugProtocol.SetFunctionBreakpointsResponse,
    { breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments,
  ): void {
    this.serve(response, () => {
      const addresses = breakpoints.map(({ name }) => this.options.code.addressOf(name));
      const known = addresses.filter((address) => address !== undefined);
      this.points.set('function breakpoint', known);
      return { breakpoints: addresses.map((address) => pointAt(address === undefined ? [] : [address])) };
    });
  }

  protected override setInstructionBreakpointsRequest(
    response: DebugProtocol.SetInstructionBreakpointsResponse,
    { breakpoints }: DebugProtocol.SetInstructionBreakpointsArguments,
  ): void {
    this.serve(response, () => {
      const addresses = breakpoints.map(
        ({ instructionReference, offset = 0 }) => this.address(instructionReference) + offset,
      );
      this.points.set('instruction breakpoint', addresses);
      return { breakpoints: addresses.map((address) => pointAt([address])) };
    });
  }

  protected override dataBreakpointInfoRequest(
    response: DebugProtocol.DataBreakpointInfoResponse,
    { variablesReference = 0, name, bytes = 4 }: DebugProtocol.DataBreakpointInfoArguments,
  ): void {
    this.serve(response, () => {
      const variable = this.locals.find(variablesReference, name);
      if (variable) return watchOf(name, variable);
      const [space, text] = name.startsWith('phys ') ? ['physical', name.slice(5)] : ['linear', name];
      const address = this.address(text);
      return {
        dataId: `${space} ${hex(address)} ${bytes}`,
        description: `${bytes} bytes at ${space} ${hex(address)}`,
        accessTypes: ['read', 'write', 'readWrite'],
      };
    });
  }

  protected override setDataBreakpointsRequest(
    response: DebugProtocol.SetDataBreakpointsResponse,
    { breakpoints }: DebugProtocol.SetDataBreakpointsArguments,
  ): void {
    this.serve(response, () => {
      const watches = breakpoints.map(({ dataId, accessType = 'write' }): Watch => {
        const [, space, address, bytes] = /^(linear|physical) (0x[0-9a-f]{8}) (\d{1,7})$/.exec(dataId) ?? [];
        const first = Number(address);
        const last = first + Number(bytes) - 1;
        if (!(last >= first && last <= 0xffffffff && last - first < MAX_WATCHED))
          throw new BadInput(`${dataId}: no data to watch; ask with dataBreakpointInfo`);
        return {
          space: space === 'physical' ? 'physical' : 'linear',
          first,
          last,
          reads: accessType !== 'write',
          writes: accessType !== 'read',
        };
      });
      this.points.watch(watches);
      return { breakpoints: watches.map(({ first }) => pointAt([first])) };
    });
  }

  // --- Running -------------------------------------------------------------------------------------------------------------

  protected override continueRequest(response: DebugProtocol.ContinueResponse): void {
    response.body = { allThreadsContinued: true };
    const { debuggee } = this.options;
    this.move(response, () => debuggee.continueForward(this.points.conditions(), () => this.interrupted));
  }

  protected override reverseContinueRequest(response: DebugProtocol.Response): void {
    const { debuggee } = this.options;
    this.move(response, () => debuggee.continueBack(this.points.conditions(), () => this.interrupted));
  }

  protected override nextRequest(response: DebugProtocol.Response, args: DebugProtocol.NextArguments): void {
    this.move(response, () => this.stepper.over(granularity(args)));
  }

  protected override stepInRequest(
    response: DebugProtocol.Response,
    args: DebugProtocol.StepInArguments,
  ): void {
    this.move(response, () => this.stepper.into(granularity(args)));
  }

  protected override stepOutRequest(response: DebugProtocol.Response): void {
    this.move(response, () => this.stepper.out());
  }

  protected override stepBackRequest(
    response: DebugProtocol.Response,
    args: DebugProtocol.StepBackArguments,
  ): void {
    this.move(response, () => this.stepper.back(granularity(args)));
  }

  protected override pauseRequest(response: DebugProtocol.Response): void {
    this.interrupted = true;
    this.sendResponse(response);
  }

  // --- Looking -------------------------------------------------------------------------------------------------------------

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    this.serve(response, () => ({ threads: [new Thread(THREAD, this.options.monitor.threadName())] }));
  }

  protected override stackTraceRequest(
    response: DebugProtocol.StackTraceResponse,
    { startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
  ): void {
    this.serve(response, () => {
      const { stack } = this.locals;
      const end = levels > 0 ? startFrame + levels : undefined;
      const stackFrames = stack.slice(startFrame, end).map((frame, i) => stackFrame(frame, startFrame + i));
      return { stackFrames, totalFrames: stack.length };
    });
  }

  protected override scopesRequest(
    response: DebugProtocol.ScopesResponse,
    { frameId }: DebugProtocol.ScopesArguments,
  ): void {
    this.serve(response, () => {
      this.frame(frameId);
      const locals = this.locals.scope(frameId);
      const machine = SCOPES.map(({ name }, n) => new Scope(name, n + 1));
      return { scopes: [...(locals > 0 ? [new Scope('Locals', locals)] : []), ...machine] };
    });
  }

  protected override variablesRequest(
    response: DebugProtocol.VariablesResponse,
    { variablesReference }: DebugProtocol.VariablesArguments,
  ): void {
    this.serve(response, () => {
      const found =
        this.locals.open(variablesReference) ?? variables(this.options.debuggee, variablesReference - 1);
      if (!found) throw new BadInput(`there are no variables ${variablesReference}: the machine has moved`);
      return { variables: found };
    });
  }

  protected override setVariableRequest(
    response: DebugProtocol.SetVariableResponse,
    { variablesReference, name, value }: DebugProtocol.SetVariableArguments,
  ): void {
    this.serve(response, () => {
      const { debuggee } = this.options;
      const variable = this.locals.find(variablesReference, name);
      const number = this.address(value);
      const set = variable
        ? setMemory(debuggee, name, variable, number)
        : setVariable(debuggee, name, number);
      this.locals.forget();
      return { value: set };
    });
  }

  protected override evaluateRequest(
    response: DebugProtocol.EvaluateResponse,
    { expression, context, frameId = 0 }: DebugProtocol.EvaluateArguments,
  ): void {
    this.serve(response, async () => {
      this.frame(frameId);
      const variable = this.locals.evaluate(expression, frameId);
      if (variable) return variable;
      const value = this.value(expression);
      if (value !== undefined)
        return { result: hex(value), variablesReference: 0, memoryReference: hex(value) };
      if (context !== 'repl')
        throw new BadInput(`${expression}: neither a register, a symbol nor an address`);
      const { debuggee, monitor } = this.options;
      const before = debuggee.position;
      const result = (await monitor.run(expression)).trimEnd();
      const moved = comparePositions(before, debuggee.position) !== 0;
      // `goto` says so wherever it leads, for a client that waits for it.
      if (moved || /^\s*(goto|recording)\b/.test(expression))
        this.tellStop('goto', `icount ${debuggee.position.icount}`);
      return { result, variablesReference: 0 };
    });
  }

  /** Throws where there is no such frame. */
  private frame(id: number): Frame {
    const frame = this.locals.stack[id];
    if (!frame) throw new BadInput(`there is no frame ${id}: the machine has moved`);
    return frame;
  }

  /** A register, `*ADDRESS` (the word there), a symbol or a number; undefined for anything else. */
  private value(text: string): number | undefined {
    const word = text.trim();
    if (word.startsWith('*')) {
      const address = this.value(word.slice(1));
      if (address === undefined) return undefined;
      const bytes = this.options.debuggee.readMemory('linear', address, 4);
      if (bytes.length < 4) throw new BadInput(`${hex(address)} is not mapped`);
      return Buffer.from(bytes).readUInt32LE();
    }
    if (/^(0x[0-9a-f]{1,8}|-?\d+)$/i.test(word)) return Number(word) >>> 0;
    const name = word.replace(/^[$%]/, '');
    const register = SCOPES.flatMap((scope) => scope.read(this.options.debuggee)).find(
      (variable) => variable.name === name,
    );
    return register ? Number(register.value.replaceAll(',', '')) : this.options.code.addressOf(word);
  }

  private address(text: string): number {
    const value = this.value(text);
    if (value === undefined) throw new BadInput(`${text}: neither a register, a symbol nor an address`);
    return value;
  }

  // --- Memory --------------------------------------------------------------------------------------------------------------

  protected override readMemoryRequest(
    response: DebugProtocol.ReadMemoryResponse,
    { memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments,
  ): void {
    this.serve(response, () => {
      const address = (this.address(memoryReference) + offset) >>> 0;
      const bytes = this.options.debuggee.readMemory('linear', address, count);
      const data = Buffer.from(bytes).toString('base64');
      return { address: hex(address), data, unreadableBytes: count - bytes.length };
    });
  }

  protected override writeMemoryRequest(
    response: DebugProtocol.WriteMemoryResponse,
    { memoryReference, offset = 0, data }: DebugProtocol.WriteMemoryArguments,
  ): void {
    this.serve(response, () => {
      const address = (this.address(memoryReference) + offset) >>> 0;
      const bytes = Buffer.from(data, 'base64');
      if (!this.options.debuggee.writeMemory('linear', address, bytes))
        throw new BadInput(`${hex(address)} is not mapped`);
      this.locals.forget();
      this.sendEvent(
        new Event('memory', {
          memoryReference,
          offset,
          count: bytes.length,
        } satisfies DebugProtocol.MemoryEvent['body']),
      );
      return { bytesWritten: bytes.length };
    });
  }

  protected override disassembleRequest(
    response: DebugProtocol.DisassembleResponse,
    {
      memoryReference,
      offset = 0,
      instructionOffset = 0,
      instructionCount,
    }: DebugProtocol.DisassembleArguments,
  ): void {
    this.serve(response, () => {
      const from = (this.address(memoryReference) + offset) >>> 0;
      const { debuggee, code } = this.options;
      const before =
        instructionOffset < 0 ? instructionsBefore(debuggee, code, from, -instructionOffset) : [];
      const after = instructionsFrom(debuggee, code, from, Math.max(0, instructionOffset) + instructionCount);
      const shown = [...before, ...after.slice(Math.max(0, instructionOffset))];
      return { instructions: shown.slice(0, instructionCount) };
    });
  }
}

/** A variable in memory can be watched, whole; one that is in a register has no place. */
function watchOf(
  name: string,
  { address, type: { bytes } }: Data,
): DebugProtocol.DataBreakpointInfoResponse['body'] {
  if (address === undefined || bytes === 0) return { dataId: null, description: `${name} is not in memory` };
  return {
    dataId: `linear ${hex(address)} ${bytes}`,
    description: `${name}: ${bytes} bytes at linear ${hex(address)}`,
    accessTypes: ['read', 'write', 'readWrite'],
  };
}

function stackFrame({ address, place: { name, path, line } }: Frame, id: number): StackFrame {
  const frame = path
    ? new StackFrame(id, name, new Source(basename(path), path), line, 1)
    : new StackFrame(id, name);
  frame.instructionPointerReference = hex(address);
  return frame;
}

const granularity = (args: { readonly granularity?: string }): Granularity =>
  args.granularity === 'instruction' ? 'instruction' : 'line';

const pointAt = (addresses: readonly number[], more: { line?: number } = {}): DebugProtocol.Breakpoint =>
  addresses.length > 0
    ? { verified: true, instructionReference: hex(addresses[0]), ...more }
    : { verified: false, message: 'no code of the guest is there' };
