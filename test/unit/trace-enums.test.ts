import protobuf from 'protobufjs';
import { expect, it } from 'vitest';
import { EVENT_KIND_NAMES, WINDOW_KIND } from '../../schemas/events.ts';
import { BLOCK } from '../../schemas/trace/checkpoint.ts';
import { CODEC } from '../../schemas/trace/compression.ts';
import { EXIT_KINDS } from '../../schemas/trace/footer.ts';
import { DRIVE_KINDS, GUEST_KINDS } from '../../schemas/trace/header.ts';
import { INPUT_KINDS, POKE_TARGETS } from '../../schemas/trace/inputs.ts';
import { traceSchema } from '../../schemas/trace/schema.ts';

/** Names numbered from `first`. */
const numbered = (names: readonly string[], first = 0): Record<string, number> =>
  Object.fromEntries(names.map((name, n) => [name, n + first]));

const ours: Record<string, Record<string, number>> = {
  Codec: CODEC,
  BlockKind: BLOCK,
  'Guest.Kind': numbered(['kind_unspecified', ...GUEST_KINDS]),
  'Drive.Kind': numbered(['kind_unspecified', ...DRIVE_KINDS]),
  'Profile.Window.Kind': numbered(WINDOW_KIND),
  'Footer.Exit': numbered(EXIT_KINDS),
  InputKind: numbered(INPUT_KINDS),
  PokeTarget: numbered(POKE_TARGETS),
  EventKind: numbered(['event_kind_unspecified', ...EVENT_KIND_NAMES]),
};

/** Of trace.proto, without the prefix that keeps names of one package apart. */
const inSchema = (name: string) =>
  Object.fromEntries(
    Object.entries(traceSchema().lookupEnum(`rewind386.${name}`).values).map(([value, number]) => [
      value.toLowerCase().replace(/^(codec|exit|poke)_/, ''),
      number,
    ]),
  );

it.each(Object.keys(ours))('%s of trace.proto has our names and numbers', (name) => {
  expect(inSchema(name)).toEqual(ours[name]);
});

it('has an answer to every enum of trace.proto', () => {
  const enums: string[] = [];
  const walk = (space: protobuf.NamespaceBase, path: string) => {
    for (const member of space.nestedArray) {
      if (member instanceof protobuf.Enum) enums.push(path + member.name);
      else if (member instanceof protobuf.Namespace) walk(member, `${path}${member.name}.`);
    }
  };
  walk(traceSchema().lookup('rewind386') as protobuf.Namespace, '');
  expect(enums.sort()).toEqual(Object.keys(ours).sort());
});
