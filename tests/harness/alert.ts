import type { Alert } from "../../core/outputs/alert.ts";

/** An alert with everything in it; name what the test is about. */
export function sampleAlert(overrides: Partial<Alert> = {}): Alert {
  return {
    time: 1795217331890980689n,
    rule: "Read sensitive file untrusted",
    priority: "Warning",
    source: "syscall",
    hostname: "vm",
    message: "Sensitive file opened | file=/etc/shadow user=root",
    tags: ["filesystem", "T1555"],
    fields: { "fd.name": "/etc/shadow", "user.uid": 0, "proc.pname": null },
    ...overrides,
  };
}
