import type { BoundNode, TestNode } from "../rules/check/bind.ts";

/** Known for sure, or not known without what only the event holds. */
export type Verdict = boolean | undefined;

/** What a condition comes to when only some of its tests can be decided: those that `answer` knows. */
export function verdict(node: BoundNode, answer: (test: TestNode) => Verdict): Verdict {
  switch (node.kind) {
    case "not": {
      const inner = verdict(node.child, answer);
      return inner === undefined ? undefined : !inner;
    }
    case "and":
    case "or": {
      const decisive = node.kind === "or";
      let open = false;
      for (const child of node.children) {
        const one = verdict(child, answer);
        if (one === decisive) return decisive;
        open ||= one === undefined;
      }
      return open ? undefined : !decisive;
    }
    case "test":
      return answer(node);
    default:
      return undefined;
  }
}
