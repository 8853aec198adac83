import { statSync } from 'node:fs';

export const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
