import { statSync } from 'node:fs';

/** The size of a file, bytes; 0 where there is none. */
export const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
