import type { api, drops_response } from "../../../proto/gen/api_pb.ts";
import type { Drop, DropsBackend } from "./backend.ts";
import type { Handlers } from "./services.ts";

function message(drop: Drop): drops_response {
  const now = Date.now();
  return {
    $typeName: "falco.api.v1.drops_response",
    time: {
      $typeName: "google.protobuf.Timestamp",
      seconds: BigInt(Math.floor(now / 1000)),
      nanos: (now % 1000) * 1_000_000,
    },
    source: drop.source,
    cause: drop.cause,
    count: BigInt(drop.count),
    total: BigInt(drop.total),
  };
}

/** `falco.api.v1.api/drops`: totals, then what is new. A reader that lags gets what it missed added up. */
export function dropsHandler(drops: DropsBackend): Handlers<typeof api>["drops"] {
  return (call) => {
    let ready = true;
    const waiting = new Map<string, Drop>();
    const send = (drop: Drop) => {
      if (ready) {
        ready = call.write(message(drop));
        return;
      }
      const key = `${drop.source}\0${drop.cause}`;
      const before = waiting.get(key);
      waiting.set(key, before ? { ...drop, count: before.count + drop.count } : drop);
    };
    for (const drop of drops.totals()) send(drop);
    const leave = drops.subscribe(send);
    call.on("drain", () => {
      ready = true;
      const late = [...waiting.values()];
      waiting.clear();
      for (const drop of late) send(drop);
    });
    call.once("cancelled", leave);
    call.once("close", leave);
  };
}
