import type { Subprocess } from "bun";

const living = new Map<Subprocess, NodeJS.Signals>();
process.once("exit", () => {
  for (const [child, signal] of living) child.kill(signal);
});

/** Sees to it that a process does not outlive the tests, even where one of them failed before it could end it. */
export function endWithTests<T extends Subprocess>(child: T, signal: NodeJS.Signals = "SIGKILL"): T {
  living.set(child, signal);
  void child.exited.finally(() => living.delete(child));
  return child;
}
