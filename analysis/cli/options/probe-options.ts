import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import { lowerExpression, parametersAt } from '../../../replayer/dwarf/lower.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { MAX_PROBE_VALUES } from '../../../schemas/events.ts';
import type { ElfSymbol } from '../../../schemas/guest/elf.ts';
import { symbolAddress } from '../../../schemas/guest/guest-address.ts';
import { guestSymbols } from '../../../schemas/guest/guest-symbols.ts';
import { expressionText, MAX_EXPRESSION, parseExpression } from '../../../schemas/probe-expression.ts';
import { CODEC, type PackedFile } from '../../../schemas/trace/compression.ts';
import type { ProbeValue, TraceProbe } from '../../../schemas/trace/facts.ts';
import type { TraceGuest } from '../../../schemas/trace/header.ts';
import { MAX_PROBES } from '../../../schemas/trace/limits.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import type { Guest } from './guest.ts';
import { kernelFiles } from './kernel-files.ts';

/** `--probe` and `--trace` of commands that record or replay: functions and places whose calls and values are recorded. */
export const PROBE_OPTIONS = {
  probe: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      "record calls of a function, its arguments and results (table calls): a name, or a pattern such as 'vm_page_*'; may be repeated",
  },
  trace: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      "record values when code reaches a place: 'PLACE: VALUE, …', for example 'pmap_enter: pmap, va, *(pmap+8)'; may be repeated",
  },
} as const;

export interface ProbeArguments {
  readonly probe: readonly string[];
  readonly trace: readonly string[];
}

/** Values for a function of which only the name is known. */
const UNKNOWN_ARGUMENTS = ['arg0', 'arg1', 'arg2', 'arg3'];

/** The requested probes. `every`: all functions too. Throws BadInput for names that the guest does not have. */
export function givenProbes(
  { probe, trace }: ProbeArguments,
  guest: TraceGuest,
  { every = false }: { readonly every?: boolean } = {},
): TraceProbe[] {
  if (probe.length === 0 && trace.length === 0 && !every) return [];
  const maker = new ProbeMaker(guest);
  const probes = [
    ...trace.map((text) => maker.traced(text)),
    ...[...probe, ...(every ? ['*'] : [])].flatMap((name) => maker.functions(name)),
  ];
  if (probes.length <= MAX_PROBES) return probes;
  throw new BadInput(`${probes.length} probes are too many`, `give at most ${MAX_PROBES}`);
}

/** The names of a guest that is about to be recorded. */
export const namedGuest = ({
  name,
  boot,
  symbols,
}: Pick<Guest, 'name' | 'boot' | 'symbols'>): TraceGuest => ({
  kind: boot.kind,
  name: untrusted(name),
  commandLine: untrusted(boot.commandLine),
  image: boot.image.length > 0 ? unpacked(boot.image) : undefined,
  modules: [],
  symbols: symbols && unpacked(symbols),
});

const unpacked = (data: Uint8Array): PackedFile => ({
  sha256: '',
  contents: { codec: CODEC.none, rawBytes: data.length, data },
});

class ProbeMaker {
  private readonly symbols: readonly ElfSymbol[];
  private readonly code: GuestCode;

  constructor(guest: TraceGuest) {
    this.symbols = guestSymbols(guest);
    this.code = new GuestCode(guest, kernelFiles(guest));
  }

  /** `PLACE: VALUE, VALUE`; a place alone records the function's parameters. */
  traced(text: string): TraceProbe {
    const option = `--trace ${text}`;
    const colon = text.indexOf(':');
    const place = (colon < 0 ? text : text.slice(0, colon)).trim();
    const address = this.address(place, option);
    if (colon < 0) return this.probe(place, address);
    const texts = splitValues(text.slice(colon + 1));
    if (texts.length > MAX_PROBE_VALUES)
      throw new BadInput(
        `${option}: ${texts.length} values are too many`,
        `give at most ${MAX_PROBE_VALUES}, and repeat --trace for more`,
      );
    try {
      return { ...this.probe(place, address), values: texts.map((one) => this.value(one, address)) };
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      throw new BadInput(`${option}: ${error.message}`, error.next);
    }
  }

  /** Functions by name; `*` stands for any letters. */
  functions(name: string): TraceProbe[] {
    const option = `--probe ${name}`;
    if (!name.includes('*')) return [this.probe(name, this.address(name, option))];
    const pattern = new RegExp(`^${name.split('*').map(escaped).join('.*')}$`);
    const found = this.symbols.filter(({ kind, name: one }) => kind === 'function' && pattern.test(one.raw));
    if (found.length === 0)
      throw new BadInput(
        this.symbols.length === 0
          ? `${option}: the guest has no symbols`
          : `${option}: the kernel has no such function`,
        this.symbols.length === 0 ? 'give them: --symbols FILE' : 'rewind386 symbols FILE lists them',
      );
    return found.map((one) => this.probe(one.name.raw, one.address));
  }

  private address(place: string, option: string): number {
    if (/^0x[0-9a-f]{1,8}$/i.test(place)) return Number(place);
    const found = symbolAddress(place, this.symbols);
    if (found !== undefined) return found;
    throw new BadInput(
      `${option}: ${place ? `${place} is not a place in the kernel` : 'the place is missing'}`,
      'write a function, FUNCTION+OFFSET or 0xADDRESS',
    );
  }

  /** A probe of those of the function's parameters that have a location. */
  private probe(name: string, address: number): TraceProbe {
    const isFunction = this.startsFunction(address);
    const parameters = isFunction ? (parametersAt(this.code.info, address) ?? UNKNOWN_ARGUMENTS) : [];
    const values = parameters.slice(0, MAX_PROBE_VALUES).flatMap((text): ProbeValue[] => {
      try {
        return [this.value(text, address)];
      } catch (error) {
        if (error instanceof BadInput) return [];
        throw error;
      }
    });
    return { name: untrusted(name), address, isFunction, values };
  }

  private value(text: string, address: number): ProbeValue {
    const lowered = lowerExpression(parseExpression(text), {
      info: this.code.info,
      pc: address,
      atEntry: this.startsFunction(address),
      symbol: (name) => this.code.addressOf(name),
    });
    const expression = expressionText(lowered);
    if (expression.length <= MAX_EXPRESSION)
      return { name: untrusted(text), expression: untrusted(expression) };
    throw new BadInput(`${text}: the expression is too long`, 'give it in parts');
  }

  private startsFunction(address: number): boolean {
    return this.functionsAt.has(address);
  }

  private get functionsAt(): ReadonlySet<number> {
    this.starts ??= new Set(this.symbols.filter(({ kind }) => kind !== 'object').map((one) => one.address));
    return this.starts;
  }
  private starts: ReadonlySet<number> | undefined;
}

const escaped = (text: string): string => text.replaceAll(/[.$^+?()[\]{}|\\]/g, '\\$&');

/** At commas outside of parentheses. */
function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (letter === '(' || letter === '[') depth++;
    else if (letter === ')' || letter === ']') depth--;
    else if (letter === undefined || (letter === ',' && depth === 0)) {
      values.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return values.filter((value, n) => value !== '' || n < values.length - 1);
}
