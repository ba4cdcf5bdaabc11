import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { FalcoError, reasonOf } from "../../errors.ts";

export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly target: string };

/** Reads `grpc.bind_address`: `unix:///path` (or `unix:path`), or `host:port` for TCP with mutual TLS. */
export function listenAddress(text: string): ListenAddress {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(text);
  if (unix) return { kind: "unix", path: unix[1]! };
  const tcp = /^(?:\[[0-9a-fA-F:.]+\]|[^:/\s[\]]+):(\d{1,5})$/.exec(text);
  if (!tcp || Number(tcp[1]) > 65535) {
    throw new FalcoError("GRPC_ADDRESS", `Cannot serve gRPC on "${text}": not an address`, {
      hint: 'set grpc.bind_address to "unix:///run/falco/falco.sock" or to a host and port such as "0.0.0.0:5060"',
    });
  }
  return { kind: "tcp", target: text };
}

/** Makes way for a socket: its directory exists, and no socket of a process that is gone is in the way. */
export async function prepareSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  const refuse = (why: string, hint: string) =>
    new FalcoError("GRPC_ADDRESS", `Cannot serve gRPC on "${path}": ${why}`, { hint });
  if (!stat.isSocket())
    throw refuse("a file that is not a socket is there", "move it, or set grpc.bind_address");
  if (await answers(path)) {
    throw refuse("another process is listening there", "stop it, or set grpc.bind_address to another path");
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("connect", () => probe.destroy());
  });
}

export interface SocketOwner {
  readonly uid?: number;
  readonly gid?: number;
  /** Permission bits, 0600 unless given. */
  readonly mode?: number;
}

/** Gives the bound socket its owner and mode. */
export function guardSocket(path: string, owner: SocketOwner): void {
  try {
    if (owner.uid !== undefined || owner.gid !== undefined) chownSync(path, owner.uid ?? -1, owner.gid ?? -1);
    chmodSync(path, owner.mode ?? 0o600);
  } catch (cause) {
    throw new FalcoError("GRPC_ADDRESS", `Cannot set the owner of "${path}": ${reasonOf(cause)}`, { cause });
  }
}
