/** Points that one unit of weight takes on a ring. */
export const POINTS_PER_WEIGHT = 64;
