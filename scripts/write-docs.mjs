// Writes the pages of docs/ that are made from code. Run by `npm run docs`, after a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { architectureDocument } from '../dist/analysis/docs/architecture-document.js';
import { queriesDocument } from '../dist/analysis/docs/queries-document.js';
import { tablesDocument } from '../dist/analysis/docs/tables-document.js';

writeFileSync(new URL('../docs/tables.md', import.meta.url), tablesDocument());
writeFileSync(new URL('../docs/queries.md', import.meta.url), queriesDocument());

const architecture = new URL('../docs/ARCHITECTURE.md', import.meta.url);
writeFileSync(architecture, architectureDocument(readFileSync(architecture, 'utf8')));
