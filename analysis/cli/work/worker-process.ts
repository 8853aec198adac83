import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { complain } from '../terminal/output.ts';

/** A worker process of a command: takes requests by message, sends answers, and ends with the command. */

export class WorkerProcess {
  private readonly process: ChildProcess;
  private static readonly said = new Set<string>();

  constructor(entry: URL) {
    this.process = fork(entry, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' });
    createInterface({ input: this.process.stderr as Readable }).on('line', (line) => {
      // Avoids repeating the same message about an option.
      if (!WorkerProcess.said.has(line)) complain(line);
      WorkerProcess.said.add(line);
    });
  }

  /** Passes each message after the request to `take` until it returns true. False if the process ended before. */
  ask(request: object, take: (message: unknown) => boolean): Promise<boolean> {
    const { process } = this;
    return new Promise((resolve) => {
      const end = (answered: boolean) => {
        process.off('exit', gone).off('error', gone).off('message', heard);
        resolve(answered);
      };
      const gone = () => end(false);
      const heard = (message: unknown) => {
        if (take(message)) end(true);
      };
      process.on('exit', gone).on('error', gone).on('message', heard);
      if (process.connected) process.send(request, (error) => error && gone());
      else gone();
    });
  }

  /** Lets the process end by itself; `now`: kills it. */
  end(now = false): void {
    if (now) this.process.kill('SIGKILL');
    else if (this.process.connected) this.process.disconnect();
  }
}
