// Writes the pages of docs/ that are made from code. Run by `npm run docs`, after a build.
import { writeFileSync } from 'node:fs';
import { queriesDocument } from '../dist/analysis/docs/queries-document.js';
import { tablesDocument } from '../dist/analysis/docs/tables-document.js';

writeFileSync(new URL('../docs/tables.md', import.meta.url), tablesDocument());
writeFileSync(new URL('../docs/queries.md', import.meta.url), queriesDocument());
