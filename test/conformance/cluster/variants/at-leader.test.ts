import { allRecordings, replay } from "../../replay.ts";
import { clusterUnderTest, TOO_SHORT } from "../cluster-under-test.ts";

replay(
  "mirrored queues led here",
  await allRecordings(),
  () =>
    clusterUnderTest({ clientsAt: [1], queuesAt: [1, 2, 3], isScattered: false, isMirrored: true }),
  { concurrency: 24, except: TOO_SHORT },
);
