import { LAYERS_PART } from './architecture-document.ts';
import { CONFIGURATION_PART } from './configuration-document.ts';
import type { MadePart } from './made-part.ts';

/** Every part of a page that is made from code. */
export const MADE_PARTS: readonly MadePart[] = [LAYERS_PART, CONFIGURATION_PART];
