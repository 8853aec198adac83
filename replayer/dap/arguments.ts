import type { DebugProtocol } from '@vscode/debugprotocol';
import { MAX_WATCHED } from '../debug/debuggee.ts';

/** Validation rules for the arguments of requests (the Debug Adapter Protocol's "Arguments"), as far as they are used here. */

/** The error in a value; undefined if it is valid. */
type Rule = (value: unknown) => string | undefined;
type Rules = Readonly<Record<string, Rule>>;

/** Maximum instructions of one disassembly, and frames of one stack. */
const MAX_SHOWN = 10_000;
/** Maximum breakpoints of one kind. */
const MAX_POINTS = 1024;
const MAX_TEXT = 4096;
/** Maximum bytes of one memory read. */
const MAX_READ = 1 << 20;

const text = (longest = MAX_TEXT): Rule => {
  return (value) =>
    typeof value !== 'string'
      ? 'not a string'
      : value.length > longest
        ? `longer than ${longest}`
        : undefined;
};

const whole =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `not a whole number from ${least} to ${most}`;

const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined || value === null ? undefined : rule(value);

const object =
  (rules: Rules): Rule =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object';
    for (const [name, rule] of Object.entries(rules)) {
      const found = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      const wrong = found === undefined && rule(undefined) ? 'missing' : rule(found);
      if (wrong) return `${name}: ${wrong}`;
    }
    return undefined;
  };

const list =
  (rules: Rules): Rule =>
  (value) => {
    if (!Array.isArray(value)) return 'not a list';
    if (value.length > MAX_POINTS) return `more than ${MAX_POINTS}`;
    return value.map(object(rules)).find((wrong) => wrong !== undefined);
  };

const REFERENCE = whole(0, 0x7fffffff);
const COUNT = whole(0, MAX_SHOWN);
const OFFSET = whole(-0xffffffff, 0xffffffff);
const step: Rules = { granularity: optional(text()) };

const REQUESTS: Readonly<Record<string, Rules>> = {
  setBreakpoints: {
    source: object({ path: optional(text()) }),
    breakpoints: optional(list({ line: REFERENCE })),
  },
  setFunctionBreakpoints: { breakpoints: list({ name: text() }) },
  setInstructionBreakpoints: {
    breakpoints: list({ instructionReference: text(), offset: optional(OFFSET) }),
  },
  dataBreakpointInfo: {
    name: text(),
    variablesReference: optional(REFERENCE),
    bytes: optional(whole(1, MAX_WATCHED)),
  },
  setDataBreakpoints: { breakpoints: list({ dataId: text(), accessType: optional(text()) }) },
  next: step,
  stepIn: step,
  stepBack: step,
  stackTrace: { startFrame: optional(COUNT), levels: optional(COUNT) },
  scopes: { frameId: REFERENCE },
  variables: { variablesReference: REFERENCE },
  setVariable: { variablesReference: REFERENCE, name: text(), value: text() },
  evaluate: { expression: text(), context: optional(text()), frameId: optional(REFERENCE) },
  readMemory: { memoryReference: text(), offset: optional(OFFSET), count: whole(0, MAX_READ) },
  writeMemory: { memoryReference: text(), offset: optional(OFFSET), data: text(2 * MAX_READ) },
  disassemble: {
    memoryReference: text(),
    offset: optional(OFFSET),
    instructionOffset: optional(whole(-MAX_SHOWN, MAX_SHOWN)),
    instructionCount: COUNT,
  },
};

/** The error in a request's arguments, as text; undefined if they are valid. */
export function wrongArguments({
  command,
  arguments: given = {},
}: DebugProtocol.Request): string | undefined {
  const wrong = object(Object.hasOwn(REQUESTS, command) ? REQUESTS[command] : {})(given);
  return wrong && `${command}: ${wrong}`;
}

/** Removes nulls, which some clients send for absent arguments. */
export const givenArguments = ({ arguments: given }: DebugProtocol.Request): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== null));
