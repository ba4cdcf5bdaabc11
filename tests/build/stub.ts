import { stubArm64 } from "./stub-arm64.ts";
import type { StubPlan } from "./stub-plan.ts";
import { stubX64 } from "./stub-x64.ts";

/** Machine code that cleans the environment, makes the carried libraries openable, and goes on to `plan.next`. */
export const stub: Readonly<Record<"x64" | "arm64", (plan: StubPlan) => Buffer>> = {
  x64: stubX64,
  arm64: stubArm64,
};
