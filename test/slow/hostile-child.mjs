// Runs command lines as bin/rewind386.js does, one for each message, and says how each ended (hostile-files.test.ts).
import { main } from '../../dist/analysis/cli/main.js';

let said = [];
console.log = (...words) => void said.push(words.join(' '));
console.error = console.log;

process.on('message', async (argv) => {
  said = [];
  process.exitCode = undefined;
  const before = process.cpuUsage();
  const status = await main(argv);
  const { user, system } = process.cpuUsage(before);
  process.exitCode = undefined;
  process.send({
    status,
    seconds: (user + system) / 1e6,
    megabytes: process.resourceUsage().maxRSS / 1024,
    text: said.join('\n').slice(0, 2000),
  });
});
