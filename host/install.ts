import { setFlagsFromString } from 'node:v8';
import { installHost } from '../schemas/host.ts';
import { NODE_HOST } from './node-host.ts';

/** Installs Node's services. Every program that reads or writes traces, or runs a machine, imports this first. */

installHost(NODE_HOST);

// V8 would optimize the interpreter's loop twice: as a function, and once more to replace the call that is running meanwhile (on-stack
// replacement), which takes longer than the first time. That call ends within 65,536 instructions anyway (Cpu, MAX_STRETCH).
// Other code must not loop long in one call: its inner loop is a function, which is optimized once it has been called often.
setFlagsFromString('--no-use-osr');
