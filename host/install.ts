import { installHost } from '../schemas/host.ts';
import { NODE_HOST } from './node-host.ts';

/** Installs Node's services: the first import of every program that reads traces, and of what writes them. */

installHost(NODE_HOST);
