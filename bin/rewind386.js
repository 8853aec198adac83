#!/usr/bin/env node
import { exitWhenNobodyReads, main } from '../dist/analysis/cli/main.js';

exitWhenNobodyReads();
process.exitCode = await main(process.argv.slice(2));
