import { installHost } from '../schemas/host.ts';
import { NODE_HOST } from './node-host.ts';

/** Installs Node's services. Every program that reads or writes traces imports this first. */

installHost(NODE_HOST);
