/** Type of a frame that carries a method (spec 4.2.3). */
export const FRAME_METHOD = 1;
