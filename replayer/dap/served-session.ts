import type { Readable, Writable } from 'node:stream';
import {
  DebugSession,
  InitializedEvent,
  OutputEvent,
  Response,
  StoppedEvent,
  TerminatedEvent,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { BadInput } from '../../schemas/bad-input.ts';
import { printableTexts } from '../../schemas/untrusted.ts';
import type { Debuggee, StopReport } from '../debug/debuggee.ts';
import type { GuestCode } from '../debug/guest-code.ts';
import type { Monitor } from '../debug/monitor.ts';
import { givenArguments, wrongArguments } from './arguments.ts';
import { Locals } from './locals.ts';
import { ClientMessages } from './messages.ts';
import { NamedValues } from './named-values.ts';
import { Points } from './points.ts';
import { Stepper } from './stepper.ts';

/** The frame of a session: messages in and out, one request at a time, begin and end, and reports of stops. */

/** The machine has one processor, shown as one thread. */
export const THREAD = 1;
const ERROR = 1;
/** Members that are sent to an editor unchanged. */
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
  /** Goes to the position where the session begins. */
  readonly enter: () => Promise<void>;
}

/** Serves requests that inspect or move the machine one at a time, and reports stops. */
export abstract class ServedSession extends DebugSession {
  protected readonly options: DapOptions;
  protected readonly points = new Points();
  protected readonly stepper: Stepper;
  protected readonly locals: Locals;
  protected readonly named: NamedValues;
  private work: Promise<unknown> = Promise.resolve();
  /** Resolves when the client has disconnected. */
  readonly ended: Promise<void>;
  private end: () => void = () => {};
  protected interrupted = false;

  constructor(options: DapOptions) {
    super();
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.locals = new Locals(options.debuggee, options.code);
    this.named = new NamedValues(options.debuggee, options.code);
    const conditions = () => this.points.conditions();
    this.stepper = new Stepper(options.debuggee, options.code, conditions, () => this.interrupted);
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
  }

  /** A line for the debug console. */
  say(text: string): void {
    this.sendEvent(new OutputEvent(`${text}\n`, 'console'));
  }

  /** Editors display what they receive, including names from the guest, so it is made printable; paths are kept exact for opening files. */
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
    // A client with an invalid message is ignored from now on.
    messages.on('error', () => {
      input.destroy();
      this.shutdown();
    });
    // Without a listener an event of this name would be thrown.
    this.on('error', () => {});
    super.start(input.pipe(messages), output);
  }

  /** Answers an invalid request with an error; the base class dispatches the others. */
  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const wrong = typeof request.command === 'string' ? wrongArguments(request) : 'a request without command';
    if (wrong) {
      this.sendErrorResponse(new Response(request), ERROR, wrong.replaceAll('{', '('));
      return;
    }
    const given = givenArguments(request);
    // The default of the specification.
    if (request.command === 'initialize') given.pathFormat ??= 'path';
    super.dispatchRequest({ ...request, arguments: given });
  }

  /** Answers once the machine is free; a user's mistake becomes the error of the request. */
  protected serve(response: DebugProtocol.Response, answer: () => unknown): void {
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

  /** Answers at once, then moves the machine and reports the stop. */
  protected move(response: DebugProtocol.Response, run: () => Promise<StopReport>): void {
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

  protected tellStop(reason: string, description: string): void {
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
}
