import { BadInput } from '../../../schemas/bad-input.ts';
import { hexLiterals } from '../../db/hex-literals.ts';
import { splitStatements } from '../../sql/split-statements.ts';
import { readUserFile } from './user-file.ts';

/** `--include`: views and macros of the user's own, in files of SQL. */

export const INCLUDE = {
  include: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'a file of CREATE VIEW and CREATE MACRO statements, which the SQL may use',
  },
} as const;

const CREATES = /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:VIEW|MACRO|FUNCTION)\s+"?(\w+)"?/i;
const COMMENTS = /^(?:\s*--[^\n]*\n|\s*\/\*[\s\S]*?\*\/)*\s*/;

/** The statements of the files by the name that each defines. Throws BadInput for any other statement. */
export function includedDefinitions(files: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap((file) => {
      const { whole, rest } = splitStatements(Buffer.from(readUserFile(file, 'SQL')).toString('utf8'));
      return [...whole, rest].flatMap((text) => {
        const sql = text.replace(COMMENTS, '').trim();
        if (sql === '') return [];
        const [, name] = CREATES.exec(sql) ?? [];
        if (name === undefined)
          throw new BadInput(
            `${file}: only CREATE VIEW and CREATE MACRO can be included, not "${sql.split('\n')[0].slice(0, 60)}"`,
            'ask the question itself with --sql or -f',
          );
        return [[name.toLowerCase(), hexLiterals(sql)] as const];
      });
    }),
  );
}
