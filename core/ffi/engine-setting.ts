/**
 * What the JavaScript engine is told in the environment, and there only: how far its heap may grow before it looks for garbage. The first
 * makes it reckon as on machines with less than 16 GB of memory: on larger ones it lets three times as much gather. The second is how
 * much more may lie there than lived after the last full collection: 2 if it isn't told, which is most of what a small program holds, and
 * collections of the little that is new are cheap. The start stub of the compiled program puts the variables there
 * (tests/build/onefile.ts); children are not to see them.
 */
export const ENGINE_SETTINGS = {
  BUN_JSC_heapGrowthFunctionThresholdInMB: "1048576",
  BUN_JSC_smallHeapGrowthFactor: "1.6",
} as const;

/** Their names. */
export const ENGINE_SETTING_NAMES: readonly string[] = Object.keys(ENGINE_SETTINGS);
