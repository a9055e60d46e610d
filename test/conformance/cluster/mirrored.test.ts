import { allRecordings, replay } from "../replay.ts";
import { clusterUnderTest, TOO_SHORT } from "./cluster-under-test.ts";

replay(
  "mirrored queues led on another node",
  await allRecordings(),
  () =>
    clusterUnderTest({ clientsAt: [2], queuesAt: [3, 2, 1], isScattered: false, isMirrored: true }),
  { concurrency: 24, except: TOO_SHORT },
);
