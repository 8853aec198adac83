import { parseProfile } from '../../../recorder/capture/profile.ts';
import {
  checkWindows,
  type ProfileWindow,
  resolveWindows,
} from '../../../recorder/capture/profile-windows.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { guestSymbols } from '../../../schemas/guest/guest-symbols.ts';
import type { TraceWindow } from '../../../schemas/trace/profile.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { givenNames, profileText } from './guest-names.ts';

/** `--window` of `replay`, and the windows of a profile that is given to it: they are recorded besides those of the trace. */

export const WINDOWS = {
  window: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'also record this window, in JSON as in a profile (docs/guest-profile.md); with -o',
  },
} as const;

interface WindowArguments {
  readonly window: readonly string[];
  readonly profile?: string | undefined;
  readonly symbols?: string | undefined;
}

const isSame = (a: TraceWindow, b: TraceWindow): boolean =>
  a.kind === b.kind && a.linear === b.linear && a.pages === b.pages;

/** The requested windows that the trace does not have. Throws BadInput for an invalid or overlapping window. */
export function givenWindows(file: string, args: WindowArguments): TraceWindow[] {
  const { window, profile, symbols } = args;
  const where = window.length > 0 ? '--window' : (profile ?? '');
  const declared = profile === undefined ? [] : (parseProfile(profileText(profile), profile).windows ?? []);
  const wanted = [...declared, ...window.map(parseWindow)];
  if (wanted.length === 0) return [];
  checkWindows(wanted, where);
  const reader = TraceReader.open(file, { names: givenNames({ symbols }) });
  try {
    const known = guestSymbols(reader.names.guest);
    const symbol = (name: string) => known.find((one) => one.name.raw === name)?.address;
    const recorded = reader.header.profile.windows ?? [];
    const nowhere = { recursiveSlot: -1, alternateSlot: -1 };
    const resolved = wanted
      .flatMap((one) => resolveWindows([one], nowhere, symbol, where))
      .map((one) => ({ ...one, name: untrusted(one.name) }))
      .filter((one) => !recorded.some((other) => isSame(one, other)));
    checkApart([...recorded, ...resolved], reader.header.profile, where);
    return resolved;
  } finally {
    reader.close();
  }
}

function checkApart(
  windows: readonly TraceWindow[],
  maps: { readonly recursiveSlot: number; readonly alternateSlot: number },
  where: string,
): void {
  const again = windows.map(({ name, kind, linear, pages }): ProfileWindow => {
    if (kind === 'pages') return { name: name.raw, linear, pages };
    if (kind === 'slot') return { name: name.raw, slot: linear >>> 22 };
    return kind === 'word' ? { name: name.raw, word: linear } : { name: name.raw, register: kind };
  });
  checkWindows(again, where);
  resolveWindows(again, maps, () => undefined, where);
}

function parseWindow(text: string): ProfileWindow {
  try {
    return JSON.parse(text) as ProfileWindow;
  } catch (error) {
    throw new BadInput(
      `--window ${text}: not JSON: ${(error as Error).message}`,
      `write it as --window '{"name":"kmap","linear":"0xe0000000"}'`,
    );
  }
}
