/**
 * What the JavaScript engine is told in the environment, and there only: its heap is to grow as on machines with less than 16 GB of
 * memory. On larger ones it lets three times as much garbage gather, which is most of what a small program holds. The start stub of
 * the compiled program puts the variable there (tests/build/onefile.ts); children are not to see it.
 */
export const ENGINE_SETTING = {
  name: "BUN_JSC_heapGrowthFunctionThresholdInMB",
  value: "1048576",
} as const;
