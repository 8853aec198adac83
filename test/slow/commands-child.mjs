// Runs command lines one after another, as bin/rewind386.js runs one, and prints as JSON how each ended (same-bytes.test.ts).
import { main } from '../../dist/analysis/cli/main.js';

const ended = [];
for (const argv of JSON.parse(process.argv[2])) {
  const [stdout, stderr] = [[], []];
  console.log = (...words) => void stdout.push(words.join(' '));
  console.error = (...words) => void stderr.push(words.join(' '));
  process.exitCode = undefined;
  const status = await main(argv);
  ended.push({ status, stdout: stdout.join('\n'), stderr: stderr.join('\n') });
}
process.exitCode = 0;
process.stdout.write(JSON.stringify(ended));
