import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { InterfaceAddresses } from "./input.ts";

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** A file's text, or nothing where it does not exist or may not be read: then its metrics are left out. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The number behind a label such as `VmRSS:` of a /proc file, or undefined. */
function numberAfter(text: string, label: string): number | undefined {
  const at = text.startsWith(label) ? 0 : text.indexOf(`\n${label}`) + 1;
  if (at === 0 && !text.startsWith(label)) return undefined;
  const match = /^\s*(\d+)/.exec(text.slice(at + label.length, at + label.length + 40));
  return match ? Number(match[1]) : undefined;
}

/** The memory file of this process's control group: named by the environment, else version 1's, else version 2's. */
function containerMemory(): number | undefined {
  const named = process.env.FALCO_CGROUP_MEM_PATH;
  const paths = named && !named.includes("..") ? [named] : [];
  for (const path of [
    ...paths,
    "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    "/sys/fs/cgroup/memory.current",
  ]) {
    const value = Number.parseInt(textOf(path), 10);
    if (Number.isFinite(value)) return value;
  }
  return undefined;
}

/**
 * CPU and memory of this process and of the host, by the names of metrics/table.ts. `uptimeSeconds` is how long this
 * process has been running. The host's /proc is below $HOST_ROOT.
 */
export function readResources(uptimeSeconds: number): Record<string, number> {
  const out: Record<string, number> = {};
  const set = (name: string, value: number | undefined): void => {
    if (value !== undefined && Number.isFinite(value)) out[name] = value;
  };
  const host = process.env.HOST_ROOT ?? "";
  const cpu = process.cpuUsage();
  if (uptimeSeconds > 0) set("cpu_usage_perc", tenth((100 * (cpu.user + cpu.system)) / 1e6 / uptimeSeconds));
  const status = textOf("/proc/self/status");
  set("memory_rss_kb", numberAfter(status, "VmRSS:"));
  set("memory_vsz_kb", numberAfter(status, "VmSize:"));
  set("memory_pss_kb", numberAfter(textOf("/proc/self/smaps_rollup"), "Pss:"));
  set("container_memory_used_bytes", containerMemory());

  const stat = textOf(`${host}/proc/stat`);
  const times = stat
    .slice(0, Math.max(0, stat.indexOf("\n")))
    .split(/\s+/)
    .slice(1, 8)
    .map(Number);
  const sum = times.reduce((a, b) => a + b, 0);
  if (sum > 0) set("host_cpu_usage_perc", tenth(100 - (100 * times[3]!) / sum));
  const memory = textOf(`${host}/proc/meminfo`);
  const [total, free, buffers, cached] = ["MemTotal:", "MemFree:", "Buffers:", "Cached:"].map((label) =>
    numberAfter(memory, label),
  );
  if (total !== undefined) set("host_memory_used_kb", total - (free ?? 0) - (buffers ?? 0) - (cached ?? 0));
  set("host_procs_running", numberAfter(stat, "procs_running"));
  set("host_open_fds", Number.parseInt(textOf(`${host}/proc/sys/fs/file-nr`), 10));
  return out;
}

/** When the host booted, in nanoseconds since the epoch; 0 where /proc does not say. */
export function bootTime(): bigint {
  const stat = textOf(`${process.env.HOST_ROOT ?? ""}/proc/stat`);
  return BigInt(numberAfter(stat, "btime") ?? 0) * 1_000_000_000n;
}

/** Addresses of all interfaces but the loopback. */
export function interfaceAddresses(): InterfaceAddresses[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => name !== "lo")
    .map(([name, addresses = []]) => ({
      name,
      ipv4: addresses.filter(({ family }) => family === "IPv4").map(({ address }) => address),
      ipv6: addresses.filter(({ family }) => family === "IPv6").map(({ address }) => fullIpv6(address)),
    }));
}

/** All eight groups without leading zeros, as the metrics event has always shown them: `fd00:0:0:0:0:0:0:2`. */
export function fullIpv6(address: string): string {
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const left = head === "" ? [] : head.split(":");
  if (tail === undefined) return left.join(":");
  const right = tail === "" ? [] : tail.split(":");
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right].join(":");
}
