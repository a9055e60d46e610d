import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { AMNESIA } from "./amnesia.ts";
import { APPLYING } from "./applying.ts";
import { ASYNC_APPENDS } from "./async-appends.ts";
import { CONF_TABLES } from "./conf-tables.ts";
import { DAMAGE } from "./damage.ts";
import { DISRUPTION, FORGETTING } from "./disruption.ts";
import { ELECTIONS } from "./elections.ts";
import { ELECTORATE } from "./electorate.ts";
import { FENCES } from "./fences.ts";
import { FIGURES } from "./figures.ts";
import { FLOW_CONTROL } from "./flow-control.ts";
import { HIBERNATION } from "./hibernation.ts";
import { LINKS } from "./links.ts";
import { CHANGES } from "./membership-changes.ts";
import { REMOVAL } from "./membership-removal.ts";
import { TROUBLE } from "./membership-trouble.ts";
import { MIXED_LOGS } from "./mixed-logs.ts";
import { OUTCOMES } from "./outcomes.ts";
import { PAPER } from "./paper.ts";
import { QUORUM_TABLES } from "./quorum-tables.ts";
import { READS, TRANSFERS } from "./reads-and-transfers.ts";
import { REPLICATION } from "./replication.ts";
import { SINGLE } from "./single.ts";
import { SNAPSHOT_CHUNKS } from "./snapshot-chunks.ts";
import { INSTALL } from "./snapshot-install.ts";
import { SNAPSHOTS } from "./snapshots.ts";
import { VOTE_TABLES } from "./vote-tables.ts";
import { WAKES } from "./wakes.ts";

/** Every scenario by group, for runners other than the test files. */
export const SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  quorumTables: QUORUM_TABLES,
  confTables: CONF_TABLES,
  elections: ELECTIONS,
  electorate: ELECTORATE,
  voteTables: VOTE_TABLES,
  disruption: DISRUPTION,
  forgetting: FORGETTING,
  replication: REPLICATION,
  asyncAppends: ASYNC_APPENDS,
  paper: PAPER,
  figures: FIGURES,
  flowControl: FLOW_CONTROL,
  membership: [...CHANGES, ...TROUBLE, ...REMOVAL],
  snapshots: [...SNAPSHOTS, ...INSTALL],
  readsAndTransfers: [...READS, ...TRANSFERS],
  hibernation: HIBERNATION,
  damage: [...DAMAGE, ...AMNESIA],
  single: SINGLE,
  fences: FENCES,
  mixedLogs: MIXED_LOGS,
  outcomes: OUTCOMES,
  links: LINKS,
  applying: APPLYING,
  wakes: WAKES,
  snapshotChunks: SNAPSHOT_CHUNKS,
};
