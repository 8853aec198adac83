import { createHash, randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import { type Context, createContext, Script } from 'node:vm';
import { brotliCompressSync, constants, deflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildMachine } from '../../recorder/machine/build.ts';
import type { VerifyOptions } from '../../replayer/browser/verify-trace.ts';
import { type ReplayResult, replay } from '../../replayer/verify/replay.ts';
import type { Host } from '../../schemas/host.ts';
import { type BrowserBundle, browserBundle } from './browser-bundle.ts';

/** The replayer in a browser: its bundle, run without Node, comes to what Node comes to. */

const golden = (name: string) => resolve(import.meta.dirname, '../golden', name);
const SMALL = golden('0.2.0-typed-and-injected.r386');

/** All that the bundle is given besides the language: every browser and worker has these. */
const GLOBALS = { TextDecoder, TextEncoder, atob, performance, setTimeout };

let bundle: BrowserBundle;
let context: Context;
beforeAll(async () => {
  bundle = await browserBundle();
  context = createContext({ ...GLOBALS });
  new Script(bundle.code).runInContext(context);
});

/** Calls a function of the bundle; what it takes and gives are objects of the other realm, so that it is copied. */
async function verify(trace: Uint8Array, options: VerifyOptions = {}): Promise<ReplayResult> {
  Object.assign(context, { given: trace, options });
  const made = await new Script('rewind386.verifyTrace(new Uint8Array(given), options)').runInContext(
    context,
  );
  return structuredClone(made);
}

const browserHost = (): Promise<Host> => new Script('rewind386.browserHost()').runInContext(context);

describe('the bundle', () => {
  it('needs nothing at run time, and nothing of Node', () => {
    const ofNode = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    expect(bundle.warnings).toEqual([]);
    expect(bundle.imports).toEqual([]);
    expect(bundle.modules.filter((id) => ofNode.has(id) || /[/]host[/]/.test(id))).toEqual([]);
    expect(bundle.code).not.toMatch(/^(?! *\t*\*).*(?:['"]node:|\brequire\(['"])/m);
  });

  it('holds the whole machine and the replayer', () => {
    for (const file of ['recorder/machine/cpu/interpreter/interpreter.ts', 'replayer/verify/replay.ts'])
      expect(bundle.modules.some((id) => id.endsWith(file))).toBe(true);
  });
});

describe('a trace verified by it', () => {
  it('comes out as in Node: every hash, event and input', async () => {
    const inNode = await replay({ path: SMALL, build: buildMachine });
    const inBrowser = await verify(readFileSync(SMALL));
    expect(inBrowser).toEqual(structuredClone(inNode));
    expect(inBrowser).toMatchObject({ divergence: undefined, reachedEnd: true, hashesCompared: true });
    expect(inBrowser.verified.rungs).toBeGreaterThan(5);
  });

  it('diverges where it was changed, and says so by the name given', async () => {
    const bytes = readFileSync(SMALL);
    bytes[bytes.length >> 1] ^= 1;
    const { divergence, reachedEnd } = await verify(bytes, { name: 'x.r386' });
    expect(reachedEnd).toBe(false);
    expect(JSON.stringify(divergence)).toContain('x.r386');
  });

  it('is rejected if it is none', async () => {
    await expect(verify(new Uint8Array(100))).rejects.toThrow(/not a .*trace/);
  });
});

describe("the browser's host", () => {
  const samples = () => {
    const random = randomFillSync(Buffer.alloc(100_000));
    const text = readFileSync(import.meta.filename);
    return [Buffer.alloc(0), Buffer.from('x'), text, random, Buffer.alloc(300_000, 'pmap'), SMALL_BYTES];
  };
  const SMALL_BYTES = readFileSync(SMALL);
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
  const PACKERS = {
    brotli: (bytes: Buffer) => brotliCompressSync(bytes, quick),
    deflate: deflateRawSync,
  } as const;

  it.each(['brotli', 'deflate'] as const)(
    'unpacks %s as Node packed it, and no more than asked for',
    async (by) => {
      const host = await browserHost();
      for (const sample of samples()) {
        const packed = PACKERS[by](sample);
        expect(Buffer.from(host.decompress(packed, by, sample.length)).equals(sample)).toBe(true);
        if (sample.length > 0) {
          expect(() => host.decompress(packed, by, sample.length - 1)).toThrow(/more than \d+ bytes/);
          expect(() => host.decompress(packed.subarray(0, -1), by, sample.length)).toThrow();
        }
      }
      const bomb = PACKERS[by](Buffer.alloc(1 << 24));
      expect(() => host.decompress(bomb, by, 1000)).toThrow(/more than 1000 bytes/);
      expect(() => host.decompress(Buffer.from('no such thing'), by, 1000)).toThrow();
    },
  );

  it('hashes as Node does, and opens no file', async () => {
    const host = await browserHost();
    for (const sample of samples()) {
      const hash = host
        .sha256()
        .update(new Uint8Array(sample.subarray(0, 7)))
        .update(new Uint8Array(sample.subarray(7)));
      expect(hash.hex()).toBe(createHash('sha256').update(sample).digest('hex'));
    }
    expect(() => host.openFile('/etc/passwd')).toThrow('a browser has no files');
  });
});
