import { GroupModel } from "./group-model.ts";
import type { JournalLine, OtherStep } from "./journal.ts";

/** What is known of a log store from the journals of its writers. */
export class StoreModel {
  readonly groups: Map<number, GroupModel> = new Map<number, GroupModel>();
  /** Groups that are gone for certain. */
  readonly deleted: Set<number> = new Set<number>();
  durableAppends = 0;
  /** Numbers of groups are never used again. */
  nextGroup = 1;

  /** Takes in a line. @throws Error if the journal contradicts itself */
  take(line: JournalLine): void {
    switch (line.kind) {
      case "open":
        return;
      case "append":
        this.get(line.group).onAppend(line);
        return;
      case "durable":
        this.durableAppends++;
        this.get(line.group).onDurable(line.seq);
        return;
      case "create":
        this.groups.set(line.group, new GroupModel(line.group));
        this.nextGroup = line.group + 1;
        return;
      case "delete":
        this.get(line.group).isDeletionAsked = true;
        return;
      case "snapshot":
        this.get(line.group).onSnapshot(line);
        return;
      case "done":
        this.#takeDone(line.step);
        return;
      default:
        line satisfies never;
    }
  }

  get(groupId: number): GroupModel {
    const group = this.groups.get(groupId);
    if (group === undefined) throw new Error(`the journal never created group ${groupId}`);
    return group;
  }

  /** The group is not there any more, or never was. */
  forget(groupId: number): void {
    this.groups.delete(groupId);
    this.deleted.add(groupId);
  }

  #takeDone(step: OtherStep): void {
    switch (step.kind) {
      case "create":
        this.get(step.group).isCreated = true;
        return;
      case "delete":
        this.forget(step.group);
        return;
      case "snapshot":
        this.get(step.group).onSnapshotDone(step);
        return;
      default:
        step satisfies never;
    }
  }
}
