export { HashRing, MAX_NODES, MAX_POINTS, POINTS_PER_WEIGHT } from "./hash-ring.ts";
export { hashKey, mix32, murmur3 } from "./murmur3.ts";
