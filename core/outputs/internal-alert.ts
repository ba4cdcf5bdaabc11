import type { Alert } from "./alert.ts";
import { INTERNAL_SOURCE } from "./format.ts";

/**
 * An alert that falco raises about itself. Its rule begins with `Falco internal: `, as in
 * `Falco internal: syscall event drop`, `Falco internal: hot restart failure`; it counts in no statistics.
 */
export const internalAlert = (
  parts: Pick<Alert, "time" | "rule" | "priority" | "message" | "fields" | "hostname">,
): Alert => ({ ...parts, source: INTERNAL_SOURCE, tags: [] });
