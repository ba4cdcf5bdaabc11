import { all, type Output } from "../../outputs/output.ts";
import type { OutputHub } from "./hub.ts";

/** The gRPC output: hands alerts to the hub, which queues them for each subscriber and never waits. */
export function hubOutput(hub: OutputHub): Output {
  return {
    name: "grpc",
    batch: 1024,
    write: async (messages) => {
      for (const { alert, text } of messages) hub.publish(alert, text);
      return all(messages);
    },
    // The hub outlives the output: a reload that changes outputs leaves subscribers alone.
    close: async () => {},
  };
}
