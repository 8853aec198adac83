import { BadInput } from '../bad-input.ts';
import { bounded, OutOfBounds } from '../bounded.ts';
import { type EventKind, FACT_KIND_NAMES, FACT_KINDS, type FactKind, MAX_PROBE_VALUES } from '../events.ts';
import { compileExpression, MAX_EXPRESSION, parseExpression } from '../probe-expression.ts';
import type { Icount, Linear } from '../units.ts';
import { type Untrusted, untrusted } from '../untrusted.ts';
import { MAX_FACTS, MAX_PROBES, MAX_PROBES_AT_ONE_PLACE, MAX_SYMBOL_BYTES } from './limits.ts';
import { toNumber, type Words64 } from './schema.ts';

/** Facts that are recorded on request: probes on code. */

/** A value that is evaluated when execution reaches a probe. */
export interface ProbeValue {
  /** The expression as requested: `va`. */
  readonly name: Untrusted;
  /** The expression that the machine evaluates, from registers and memory alone: `u32(esp+8)`. */
  readonly expression: Untrusted;
}

/** An address in the guest's code; each time execution reaches it, values are recorded. */
export interface TraceProbe {
  readonly name: Untrusted;
  /** Linear address of the instruction. */
  readonly address: Linear;
  /** True for the start of a function, whose returns are recorded too. */
  readonly isFunction: boolean;
  readonly values: readonly ProbeValue[];
}

/** The content of one request. Requests are independent, so that the facts of one do not change when another is added. */
export interface TraceFacts {
  /** The icount from which the facts are recorded. */
  readonly from: Icount;
  /** Numbered from 1, continuing after the probes of earlier requests. */
  readonly probes: readonly TraceProbe[];
  readonly kinds?: readonly FactKind[];
}

/** `Facts` in protobufjs's representation. */
export interface WireFacts {
  readonly from_icount: number | Words64;
  readonly probes: readonly {
    readonly name: string;
    readonly address: number;
    readonly is_function: boolean;
    readonly values: readonly { readonly name: string; readonly expression: string }[];
  }[];
  readonly kinds: readonly string[];
}

export const factsToWire = ({ from, probes, kinds = [] }: TraceFacts) => ({
  kinds: [...kinds],
  from_icount: from,
  probes: probes.map(({ name, address, isFunction, values }) => ({
    name: name.raw,
    address,
    is_function: isFunction,
    values: values.map((value) => ({ name: value.name.raw, expression: value.expression.raw })),
  })),
});

export const factsFromWire = (wire: WireFacts): TraceFacts => ({
  from: toNumber(wire.from_icount),
  ...(wire.kinds.length > 0 ? { kinds: wire.kinds.map(kindFromWire) } : {}),
  probes: wire.probes.map(({ name, address, is_function, values }) => ({
    name: untrusted(name),
    address,
    isFunction: is_function,
    values: values.map((value) => ({
      name: untrusted(value.name),
      expression: untrusted(value.expression),
    })),
  })),
});

function kindFromWire(name: string): FactKind {
  const kind = FACT_KIND_NAMES.find((known) => known === name);
  if (kind) return kind;
  throw new OutOfBounds('facts.kinds', JSON.stringify(name.slice(0, 40)), FACT_KIND_NAMES.join(', '));
}

/** Kinds of events recorded only on request, as far as they were requested. */
export const kindsAskedFor = (facts: readonly TraceFacts[]): ReadonlySet<EventKind> =>
  new Set(facts.flatMap(({ kinds = [] }) => kinds.map((kind) => FACT_KINDS[kind])));

export const FACTS_COUNTS = {
  'Facts.kinds': FACT_KIND_NAMES.length,
  'Header.facts': MAX_FACTS,
  'Facts.probes': MAX_PROBES,
  'Probe.values': MAX_PROBE_VALUES,
};

/** Throws OutOfBounds, which names the field. */
export function checkFacts(facts: readonly TraceFacts[]): void {
  bounded('the number of facts', facts.length, 0, MAX_FACTS);
  bounded('the number of probes', probesOf(facts).length, 0, MAX_PROBES);
  for (const { from, probes } of facts) {
    bounded('facts.from_icount', from, 0, Number.MAX_SAFE_INTEGER);
    checkProbes(probes);
  }
  const places = new Map<Linear, number>();
  for (const { address } of probesOf(facts)) {
    const here = (places.get(address) ?? 0) + 1;
    bounded('the number of probes at one place', here, 0, MAX_PROBES_AT_ONE_PLACE);
    places.set(address, here);
  }
}

/** All probes, in the order of their numbers. */
export const probesOf = (facts: readonly TraceFacts[]): TraceProbe[] => facts.flatMap(({ probes }) => probes);

function checkProbes(probes: readonly TraceProbe[]): void {
  for (const { name, address, values } of probes) {
    bounded('the length of facts.probes.name', name.raw.length, 1, MAX_SYMBOL_BYTES);
    bounded('facts.probes.address', address, 0, 2 ** 32 - 1);
    bounded('the number of values of a probe', values.length, 0, MAX_PROBE_VALUES);
    for (const value of values) checkValue(value);
  }
}

function checkValue({ name, expression }: ProbeValue): void {
  bounded('the length of facts.probes.values.name', name.raw.length, 1, MAX_EXPRESSION);
  bounded('the length of facts.probes.values.expression', expression.raw.length, 1, MAX_EXPRESSION);
  try {
    compileExpression(parseExpression(expression.raw));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    throw new OutOfBounds(
      'facts.probes.values.expression',
      JSON.stringify(expression.raw.slice(0, 40)),
      'an expression of registers and memory',
    );
  }
}
