import type { HostObserver } from "../../host/node-options.ts";

/**
 * Passes everything on to `checks`, and violations to `guard` instead of into the code under test, which might swallow them.
 */
export function guarded(checks: HostObserver, guard: (check: () => void) => void): HostObserver {
  return {
    onCoreCall: (core, call): void => guard(() => checks.onCoreCall(core, call)),
    onReady: (core, ready): void => guard(() => checks.onReady(core, ready)),
    onAppend: (groupId, append): void => guard(() => checks.onAppend(groupId, append)),
    onSend: (message): void => guard(() => checks.onSend(message)),
    onApply: (core, entry, digest): void => guard(() => checks.onApply(core, entry, digest)),
    onRestore: (core, index, digest): void => guard(() => checks.onRestore(core, index, digest)),
    onEvent: (groupId, event): void => guard(() => checks.onEvent(groupId, event)),
  };
}
