import type { Catalogue } from "./translate.ts";

/** Chinese (simplified) for each English text of the console. A test finds texts that are missing here, or not used any more. */
export const chinese: Catalogue = {};
