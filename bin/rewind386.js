#!/usr/bin/env node
if (typeof WebAssembly === 'undefined') {
  process.stderr.write(
    'rewind386: it needs WebAssembly, in whose memory the machine lies, and this node has none\nnext: run node without --jitless\n',
  );
  process.exit(2);
}
const built = new URL('../dist/analysis/cli/main.js', import.meta.url);
const { main, watchClosedOutput } = await import(built).catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== built.href) throw error;
  process.stderr.write(
    'rewind386: it is not built yet (`npm ci --ignore-scripts` builds nothing)\nnext: npm run build\n',
  );
  process.exit(2);
});

watchClosedOutput();
process.exitCode = await main(process.argv.slice(2));
