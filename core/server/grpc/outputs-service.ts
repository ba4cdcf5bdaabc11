import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { type api, outputs_responseSchema } from "../../../proto/gen/api_pb.ts";
import type { service } from "../../../proto/gen/outputs_pb.ts";
import { FalcoError } from "../../errors.ts";
import { alertMessage } from "./alert-message.ts";
import type { OutputHub, Position, Receiver, Subscription } from "./hub.ts";
import { failStream, type Handlers } from "./services.ts";
import { statusOf } from "./status.ts";

/** Requests that a subscriber may send in a second; clients send them as keep-alive, ten a second at most. */
const MAX_REQUESTS_PER_SECOND = 1000;

type Writable = ServerWritableStream<never, Buffer> | ServerDuplexStream<never, Buffer>;

/** Joins a stream to the hub for as long as the stream lives. */
function attach(hub: OutputHub, call: Writable, alert: Receiver["alert"], from?: Position): Subscription {
  const subscription = hub.subscribe({ alert, done: () => void call.end() }, from);
  call.on("drain", () => subscription.resume());
  call.once("cancelled", () => subscription.close());
  call.once("close", () => subscription.close());
  return subscription;
}

/** What a subscriber of the published service, whose messages have no room for it, is told of its loss. */
function lossNotice(missed: number): Buffer {
  return alertMessage({
    time: BigInt(Date.now()) * 1_000_000n,
    rule: "Falco internal: outputs missed by subscriber",
    priority: "Warning",
    source: "internal",
    hostname: "",
    message: `This subscriber read too slowly: ${missed} alerts before the next one are lost to it`,
    tags: [],
    fields: { missed },
  });
}

/** `falco.outputs.service`, as clients have known it for years. */
export function outputsHandlers(hub: OutputHub): Handlers<typeof service> {
  const plain = (call: Writable): Receiver["alert"] => {
    return (message, _sequence, missed) => {
      if (missed > 0) call.write(lossNotice(missed));
      return call.write(message);
    };
  };
  return {
    sub(call) {
      const out = call as unknown as ServerDuplexStream<never, Buffer>;
      const subscription = attach(hub, out, plain(out));
      let second = 0;
      let requests = 0;
      call.on("data", () => {
        const now = Math.floor(performance.now() / 1000);
        requests = now === second ? requests + 1 : 1;
        second = now;
        if (requests <= MAX_REQUESTS_PER_SECOND) return;
        subscription.close();
        call.pause();
        const limit = `more than ${MAX_REQUESTS_PER_SECOND} requests a second`;
        failStream(
          call,
          statusOf(new FalcoError("API_LIMIT", `Cannot go on with the subscription: ${limit}`)),
        );
      });
      call.on("end", () => subscription.finish());
      subscription.resume();
    },
    get(call) {
      const out = call as unknown as ServerWritableStream<never, Buffer>;
      const subscription = attach(hub, out, plain(out));
      subscription.resume();
      subscription.finish();
    },
  };
}

/** `falco.api.v1.api/outputs`: the same alerts with sequence numbers, in an envelope around the shared bytes. */
export function numberedOutputs(hub: OutputHub): Handlers<typeof api>["outputs"] {
  const { sequence: n1, missed: n2, alert: n3 } = outputs_responseSchema.field;
  const [sequenceTag, missedTag, alertTag] = [n1.number << 3, n2.number << 3, (n3.number << 3) | 2];
  return (call, request) => {
    const out = call as unknown as ServerWritableStream<never, Buffer>;
    const position = { instance: request.instance, after: Number(request.after) };
    const alert: Receiver["alert"] = (message, sequence, missed) => {
      const writer = new BinaryWriter().uint32(sequenceTag).uint64(sequence);
      if (missed > 0) writer.uint32(missedTag).uint64(missed);
      return out.write(Buffer.from(writer.uint32(alertTag).bytes(message).finish()));
    };
    const subscription = attach(hub, out, alert, position);
    const { instance } = hub;
    const first = create(outputs_responseSchema, { instance, sequence: BigInt(subscription.start) });
    out.write(Buffer.from(toBinary(outputs_responseSchema, first)));
    subscription.resume();
  };
}
