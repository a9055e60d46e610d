import { allRecordings, replay } from "../replay.ts";
import { clusterUnderTest } from "./cluster-under-test.ts";

replay(
  "mirrored queues led on another node",
  await allRecordings(),
  () =>
    clusterUnderTest({ clientsAt: [2], queuesAt: [3, 2, 1], isScattered: false, isMirrored: true }),
  { concurrency: 24 },
);
