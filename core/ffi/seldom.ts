import { noFTL } from "bun:jsc";

/**
 * Spares functions the JIT compiler's last pass. It takes 10 to 100 ms of another core each, which calls that come a few
 * thousand times a second at most don't earn back in a day; the pass before it is nearly as good.
 */
export function isSeldom(...functions: readonly Parameters<typeof noFTL>[0][]): void {
  for (const each of functions) noFTL(each);
}
