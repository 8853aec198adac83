import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elfSections } from '../../../replayer/dwarf/sections.ts';
import type { GuestNames } from '../../../replayer/trace/trace-reader.ts';
import { kernelFiles } from '../options/kernel-files.ts';

/** The files for gdb, in a temporary folder: the kernel with symbols, and a script that connects. */
export class GdbFiles {
  /** Path of the file with the guest's symbols, and its DWARF if there is any; gdb requests it from the server. */
  readonly program: string | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'rewind386-'));
  private readonly sources: string | undefined;

  constructor({ guest }: GuestNames) {
    const { kernel, debugFile, sources } = kernelFiles(guest);
    const isElf = kernel && elfSections(kernel).size > 0;
    if (debugFile) this.program = this.write('kernel.debug', debugFile);
    else if (isElf) this.program = this.write('kernel.elf', kernel);
    this.sources = sources;
  }

  /** The gdb script for a server at `address`. */
  script(address: string): string {
    // The kernel may come from a stranger: gdb must not run anything in it or beside it.
    const lines = ['set auto-load no', 'set pagination off', 'set confirm off', 'set architecture i386'];
    if (this.program) lines.push(`file ${this.program}`);
    if (this.sources) lines.push(`directory ${this.sources}`);
    lines.push(GOTO, `target remote ${address}`, UNWINDER, '');
    return this.write('gdb.script', Buffer.from(lines.join('\n')));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(name: string, contents: Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, contents);
    return path;
  }
}

/** A `goto` command that flushes gdb's caches of registers and memory. */
const GOTO = `define goto
  monitor goto $arg0
  maintenance flush register-cache
  maintenance flush dcache
  frame
end
document goto
Go to an icount of the recording: goto ICOUNT
end`;

/**
 * An unwinder for handlers in assembly without call frame information: it asks the server for the frame that the processor pushed. It is
 * last in the script, because a gdb without Python stops there.
 */
const UNWINDER = `python
import gdb.unwinder

class Rewind386FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc

class Rewind386Unwinder(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("rewind386")

    def __call__(self, frame):
        pc, sp, fp = [frame.read_register(name) for name in ("eip", "esp", "ebp")]
        try:
            block = gdb.block_for_pc(int(pc))
            if block is not None and block.function is not None:
                return None
            known = int(pc) & 0xffffffff, int(sp) & 0xffffffff, int(fp) & 0xffffffff
            answer = gdb.execute("monitor interrupted-at %x %x %x" % known, to_string=True).split()
            at, eip, esp, ebp = [int(word, 16) for word in answer]
        except (gdb.error, ValueError):
            return None
        info = frame.create_unwind_info(Rewind386FrameId(gdb.Value(at).cast(sp.type), pc))
        for name, value, like in (("eip", eip, pc), ("esp", esp, sp), ("ebp", ebp, fp)):
            info.add_saved_register(name, gdb.Value(value).cast(like.type))
        return info

gdb.unwinder.register_unwinder(None, Rewind386Unwinder(), replace=True)
end`;
