import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elfSections } from '../../../replayer/dwarf/sections.ts';
import type { GuestNames } from '../../../replayer/trace/trace-reader.ts';
import { kernelFiles } from '../options/kernel-files.ts';

/** Files by which gdb knows the guest: its kernel with symbols, and how to connect. They lie in a folder of its own. */
export class GdbFiles {
  /** Path of the file that has the guest's symbols, and its DWARF if there is any; gdb asks the server for it. */
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

  /** The commands that set a gdb up, for a server at `address`. */
  script(address: string): string {
    // The kernel may be a stranger's: nothing in it or beside it is to be run by gdb.
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

/** gdb keeps registers that it has read: after a jump through time it must forget them. */
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
 * gdb has no way out of a handler in assembly without call frame information: the server knows what the processor pushed. Last in
 * the script, because a gdb without Python stops there.
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
