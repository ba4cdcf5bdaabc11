import type { FdSeed } from "../../event/source.ts";
import { FD, L4 } from "../../state/fd.ts";
import { readProcTable } from "./proc-files.ts";

/** What the socket tables say of a socket: a descriptor's seed without whose it is. */
export type SocketSeed = Omit<FdSeed, "tid" | "fd">;

const INET_TABLES = [
  { file: "tcp", l4: L4.TCP },
  { file: "tcp6", l4: L4.TCP },
  { file: "udp", l4: L4.UDP },
  { file: "udp6", l4: L4.UDP },
  { file: "icmp", l4: L4.ICMP },
  { file: "icmp6", l4: L4.ICMP },
  { file: "raw", l4: L4.RAW },
  { file: "raw6", l4: L4.RAW },
] as const;

/** All sockets of a network namespace by inode. `net` is the /proc/PID/net of a process in it. */
export function readSockets(net: string): Map<string, SocketSeed> {
  const sockets = new Map<string, SocketSeed>();
  for (const { file, l4 } of INET_TABLES) {
    for (const line of rows(`${net}/${file}`)) addInet(sockets, line, l4);
  }
  for (const line of rows(`${net}/unix`)) addUnix(sockets, line);
  for (const line of rows(`${net}/netlink`)) addNetlink(sockets, line);
  return sockets;
}

/** Lines behind the heading. */
function rows(path: string): string[] {
  return readProcTable(path)?.split("\n").slice(1) ?? [];
}

/** `sl local:port remote:port state queues timer retransmits uid timeout inode …` */
function addInet(sockets: Map<string, SocketSeed>, line: string, l4: number): void {
  const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) (?:\S+\s+){6}(\d+)/.exec(line);
  if (!match) return;
  const [, local, localPort, remote, remotePort, ino] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const localIp = ipBytes(local);
  const remoteIp = ipBytes(remote);
  const six = localIp.length === 16;
  const server = remoteIp.every((byte) => byte === 0);
  const kind = server ? (six ? FD.IPV6_SERVSOCK : FD.IPV4_SERVSOCK) : six ? FD.IPV6_SOCK : FD.IPV4_SOCK;
  const base = { ino: BigInt(ino), kind, name: "", l4, localIp, localPort: Number.parseInt(localPort, 16) };
  sockets.set(ino, server ? base : { ...base, remoteIp, remotePort: Number.parseInt(remotePort, 16) });
}

/** Addresses are printed as 32-bit words in the machine's order (little-endian here); the bytes in memory are network order. */
function ipBytes(hex: string): Uint8Array {
  const bytes = Buffer.from(hex, "hex");
  return new Uint8Array(bytes.swap32());
}

/** `address: references protocol flags type state inode path`; the address is hidden from the unprivileged. */
function addUnix(sockets: Map<string, SocketSeed>, line: string): void {
  const match = /^([0-9a-f]+): \S+ \S+ \S+ \S+ \S+\s+(\d+)(?: (.*))?$/.exec(line);
  if (!match) return;
  const [, address, ino, name = ""] = match as unknown as [string, string, string, string?];
  sockets.set(ino, {
    ino: BigInt(ino),
    kind: FD.UNIX_SOCK,
    name,
    unixSource: BigInt(`0x${address}`),
    unixDestination: 0n,
  });
}

/** `address protocol port groups memory … drops inode` */
function addNetlink(sockets: Map<string, SocketSeed>, line: string): void {
  const ino = /(\d+)\s*$/.exec(line)?.[1];
  if (ino !== undefined) sockets.set(ino, { ino: BigInt(ino), kind: FD.NETLINK, name: "" });
}
