import { resolve } from 'node:path';
import { build } from 'rolldown';

/** The replayer for browsers as one script, which defines `rewind386`; built in memory. */

export interface BrowserBundle {
  readonly code: string;
  /** Modules that the script would need at run time. */
  readonly imports: readonly string[];
  /** Files that the script is made of. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
}

export async function browserBundle(): Promise<BrowserBundle> {
  const warnings: string[] = [];
  const { output } = await build({
    input: resolve(import.meta.dirname, '../../replayer/browser/verify-trace.ts'),
    platform: 'browser',
    write: false,
    moduleTypes: { '.wasm': 'binary', '.proto': 'text' },
    output: { format: 'iife', name: 'rewind386' },
    // brotli-dec-wasm looks beside itself for its code where it is given none; it is given it.
    onLog: (_, { code, message }) => code !== 'EMPTY_IMPORT_META' && warnings.push(message),
  });
  const [{ code, imports, moduleIds }] = output;
  return { code, imports, modules: moduleIds, warnings };
}
