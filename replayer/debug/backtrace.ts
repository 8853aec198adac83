import { RETURN } from '../dwarf/call-frames.ts';
import type { Debuggee } from './debuggee.ts';
import type { GuestCode } from './guest-code.ts';
import { unwind } from './unwind.ts';

/** The stack trace of gdb's monitor command. */

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** The stack as text, one line per frame, through interrupts too; interrupted frames are marked. */
export function backtrace(debuggee: Debuggee, code: GuestCode): string {
  return unwind(debuggee, code)
    .map(({ registers, pc, interrupted }, n) => {
      const at = registers[RETURN] ?? 0;
      const { path, line } = code.place(pc);
      const source = path ? ` at ${path}:${line}` : '';
      const mark = interrupted ? '    <interrupted>\n' : '';
      return `${mark}#${String(n).padEnd(3)}${hex(at)} ${code.nameAt(at, pc)}${source}\n`;
    })
    .join('');
}
