import { unixRequest } from "../ffi/unix-request.ts";

const TIMEOUT_MS = 500;
const MAX_ANSWER = 8 << 20;

/**
 * `GET path` of the HTTP service on a unix socket, as one blocking exchange. HTTP/1.0, so that the body ends with
 * the connection. Returns the body, or undefined for any status other than 200; throws when there is no answer.
 */
export function httpGetOverUnix(socket: string, path: string): string | undefined {
  const answer = unixRequest(
    socket,
    `GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`,
    TIMEOUT_MS,
    MAX_ANSWER,
  );
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0 || !/^HTTP\/1\.[01] 200 /.test(answer.toString("latin1", 0, 64))) return undefined;
  return answer.toString("utf8", end + 4);
}
