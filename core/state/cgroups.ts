const RENAMED: Readonly<Record<string, string>> = { perf: "perf_event", mem: "memory", io: "blkio" };

/**
 * Control groups as `subsystem=path`, subsystems by the names that users know. Undefined when an entry is
 * not of that form: then nothing of the list is to be believed.
 */
export function normalizeCgroups(lines: readonly string[]): string[] | undefined {
  const known: string[] = [];
  for (const line of lines) {
    const equals = line.indexOf("=");
    if (equals < 0) return undefined;
    const subsystem = line.slice(0, equals).replace("_cgroup", "");
    known.push(`${RENAMED[subsystem] ?? subsystem}${line.slice(equals)}`);
  }
  return known;
}
