/** Classic queues are mirrored if their names match. */
export const MIRRORED_PATTERN = "^chaos-mirrored";
export const MIRRORED = "chaos-mirrored";
export const QUORUM = "chaos-quorum";
