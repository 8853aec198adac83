import { basename } from 'node:path';
import { Event, Scope, Source, StackFrame, Thread } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { comparePositions } from '../../recorder/machine/state/stops.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { hex } from '../debug/guest-code.ts';
import { memoryPoint, variablePoint, watchOf } from './data-points.ts';
import type { Frame } from './frame.ts';
import { instructionsBefore, instructionsFrom } from './instructions.ts';
import { ServedSession, THREAD } from './served-session.ts';
import type { Granularity } from './stepper.ts';
import { SCOPES, setMemory, setVariable, variables } from './variables.ts';

/** A session of the Debug Adapter Protocol; each request is a method here. */

/**
 * The Debug Adapter Protocol (microsoft.github.io/debug-adapter-protocol) on a debuggee, for stepping through a recording forward and
 * backward.
 */
export class RewindDebugSession extends ServedSession {
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
        ({ instructionReference, offset = 0 }) => this.named.address(instructionReference) + offset,
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
      if (variable) return variablePoint(name, variable);
      const [space, text] = name.startsWith('phys ') ? ['physical', name.slice(5)] : ['linear', name];
      return memoryPoint(space, this.named.address(text), bytes);
    });
  }

  protected override setDataBreakpointsRequest(
    response: DebugProtocol.SetDataBreakpointsResponse,
    { breakpoints }: DebugProtocol.SetDataBreakpointsArguments,
  ): void {
    this.serve(response, () => {
      const watches = breakpoints.map(({ dataId, accessType = 'write' }) => watchOf(dataId, accessType));
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
      if (!found)
        throw new BadInput(`variables ${variablesReference} are no longer valid: the machine has moved`);
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
      const number = this.named.address(value);
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
      const value = this.named.value(expression);
      if (value !== undefined)
        return { result: hex(value), variablesReference: 0, memoryReference: hex(value) };
      if (context !== 'repl')
        throw new BadInput(`${expression}: neither a register, a symbol nor an address`);
      const { debuggee, monitor } = this.options;
      const before = debuggee.position;
      const result = (await monitor.run(expression)).trimEnd();
      const moved = comparePositions(before, debuggee.position) !== 0;
      // A `goto` always reports a stop, for a client that waits for it.
      if (moved || /^\s*(goto|recording)\b/.test(expression))
        this.tellStop('goto', `icount ${debuggee.position.icount}`);
      return { result, variablesReference: 0 };
    });
  }

  /** Throws if there is no such frame. */
  private frame(id: number): Frame {
    const frame = this.locals.stack[id];
    if (!frame) throw new BadInput(`frame ${id} is no longer valid: the machine has moved`);
    return frame;
  }

  // --- Memory --------------------------------------------------------------------------------------------------------------

  protected override readMemoryRequest(
    response: DebugProtocol.ReadMemoryResponse,
    { memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments,
  ): void {
    this.serve(response, () => {
      const address = (this.named.address(memoryReference) + offset) >>> 0;
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
      const address = (this.named.address(memoryReference) + offset) >>> 0;
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
      const from = (this.named.address(memoryReference) + offset) >>> 0;
      const { debuggee, code } = this.options;
      const before =
        instructionOffset < 0 ? instructionsBefore(debuggee, code, from, -instructionOffset) : [];
      const after = instructionsFrom(debuggee, code, from, Math.max(0, instructionOffset) + instructionCount);
      const shown = [...before, ...after.slice(Math.max(0, instructionOffset))];
      return { instructions: shown.slice(0, instructionCount) };
    });
  }
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
    : { verified: false, message: 'the guest has no code there' };
