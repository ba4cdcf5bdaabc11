import { expect, test } from "bun:test";
import { bootTime, fullIpv6, interfaceAddresses, readResources } from "./resources.ts";

test("readResources reads this process and this host", () => {
  const resources = readResources(10);
  expect(Math.abs(resources.memory_rss_kb! * 1024 - process.memoryUsage.rss())).toBeLessThan(64 << 20);
  expect(resources.memory_vsz_kb).toBeGreaterThan(resources.memory_rss_kb!);
  expect(resources.host_procs_running).toBeGreaterThan(0);
  expect(resources.host_open_fds).toBeGreaterThan(0);
  expect(resources.host_cpu_usage_perc).toBeWithin(0, 100.1);
  expect(bootTime()).toBeLessThan(BigInt(Date.now()) * 1_000_000n);
});

test("fullIpv6 writes all groups", () => {
  expect(fullIpv6("fd00::2")).toBe("fd00:0:0:0:0:0:0:2");
  expect(fullIpv6("fe80::fc:ff:fe00:1%eth0")).toBe("fe80:0:0:0:fc:ff:fe00:1");
  expect(fullIpv6("::")).toBe("0:0:0:0:0:0:0:0");
  expect(fullIpv6("1:2:3:4:5:6:7:8")).toBe("1:2:3:4:5:6:7:8");
  expect(interfaceAddresses().every(({ name }) => name !== "lo")).toBe(true);
});
