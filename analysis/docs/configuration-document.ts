import { CONFIGURATION_FIELDS, type NamedField } from '../../schemas/trace/configuration.ts';
import type { MadePart } from './made-part.ts';

/** The machine's configuration in docs/trace-format.md. */
export const CONFIGURATION_PART: MadePart = {
  page: 'trace-format.md',
  name: 'configuration',
  source: 'schemas/trace/configuration.ts',
  text: () => [...FIELDS, '', ...REVISIONS].join('\n'),
};

const value = (of: NamedField['initial'] | undefined): string => (of === undefined ? 'rejected' : `${of}`);

const FIELDS = [
  '| number | field | must be | `record` | without it | meaning |',
  '|---|---|---|---|---|---|',
  ...CONFIGURATION_FIELDS.map(
    ({ id, wireName, type, must, option, initial, absent, doc }) =>
      `| ${id} | \`${type} ${wireName}\` | ${must} | ${value(initial)}${option ? ` (\`--${option}\`)` : ''} | ${value(absent)} | ${doc} |`,
  ),
];

const REVISIONS = [
  '| revision | the machine is |',
  '|---|---|',
  ...CONFIGURATION_FIELDS.flatMap(({ wireName, revisions }) =>
    Object.entries(revisions ?? {}).map(
      ([number, text]) => `| \`${wireName}\` ${number} | ${text.replaceAll('\n', ' ')} |`,
    ),
  ),
];
