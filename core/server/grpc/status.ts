import { status as Code, type StatusObject } from "@grpc/grpc-js";
import { FalcoError } from "../../errors.ts";

/** The statuses a service refuses with; a FalcoError of any other code is a fault of the request's content. */
const STATUS: Readonly<Record<string, Code>> = {
  API_NOT_FOUND: Code.NOT_FOUND,
  API_EXISTS: Code.ALREADY_EXISTS,
  API_CONFLICT: Code.ABORTED,
  API_DENIED: Code.PERMISSION_DENIED,
  API_PRECONDITION: Code.FAILED_PRECONDITION,
  API_LIMIT: Code.RESOURCE_EXHAUSTED,
  API_UNAVAILABLE: Code.UNAVAILABLE,
};

/** Headers are limited (8 KiB at many clients), so a status carries the beginning of a long text. */
const DETAILS_LIMIT = 2048;

/** What the client is told of anything thrown. Only errors meant for people carry their text out. */
export function statusOf(error: unknown): Partial<StatusObject> {
  if (!(error instanceof FalcoError))
    return { code: Code.INTERNAL, details: "Internal error, see falco's log" };
  return {
    code: STATUS[error.code] ?? Code.INVALID_ARGUMENT,
    details: error.format().slice(0, DETAILS_LIMIT),
  };
}
