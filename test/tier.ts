/** `REWIND386_TIER=wasm:1 npm test`: machines of tests execute hot code as those of the command line do (docs/compiler.md). */

if (process.env.REWIND386_TIER) {
  const { tierFromEnvironment } = await import('../analysis/cli/options/tier.ts');
  tierFromEnvironment();
}
