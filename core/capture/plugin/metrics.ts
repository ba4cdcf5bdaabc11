import { CString, type Pointer, read } from "bun:ffi";
import type { PluginMetric } from "./plugin.ts";

/** ss_plugin_metric: | name* | monotonic 0 or not u32 | . | value 8 bytes | type of the value u32 | . | */
const METRIC = { size: 32, name: 0, kind: 8, value: 16, type: 24 };
const MONOTONIC = 0;

/** Values by ss_plugin_metric_value_type: u32, s32, u64, s64, double, float, int. */
const VALUES: readonly ((address: Pointer) => number)[] = [
  (address) => read.u32(address, METRIC.value),
  (address) => read.i32(address, METRIC.value),
  (address) => Number(read.u64(address, METRIC.value)),
  (address) => Number(read.i64(address, METRIC.value)),
  (address) => read.f64(address, METRIC.value),
  (address) => read.f32(address, METRIC.value),
  (address) => read.i32(address, METRIC.value),
];

/** The numbers in a list that a plugin gives. */
export function metricsAt(address: number, count: number): PluginMetric[] {
  if (address === 0) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = (address + i * METRIC.size) as Pointer;
    const value = VALUES[read.u32(at, METRIC.type)]?.(at) ?? 0;
    return {
      name: new CString(read.ptr(at, METRIC.name) as Pointer).toString(),
      value,
      kind: read.u32(at, METRIC.kind) === MONOTONIC ? "counter" : "gauge",
    };
  });
}
