import { allRecordings, replay } from "../../replay.ts";
import { clusterUnderTest, TOO_SHORT } from "../cluster-under-test.ts";

replay(
  "queues on another node only",
  await allRecordings(),
  () => clusterUnderTest({ clientsAt: [2], queuesAt: [3], isScattered: false, isMirrored: false }),
  { concurrency: 24, except: TOO_SHORT },
);
