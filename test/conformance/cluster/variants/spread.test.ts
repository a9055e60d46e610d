import { allRecordings, replay } from "../../replay.ts";
import { clusterUnderTest, TOO_SHORT } from "../cluster-under-test.ts";

replay(
  "connections of a case on several nodes",
  await allRecordings(),
  () =>
    clusterUnderTest({
      clientsAt: [2, 3, 1],
      queuesAt: [1, 2, 3],
      isScattered: true,
      isMirrored: true,
    }),
  { concurrency: 24, except: TOO_SHORT },
);
