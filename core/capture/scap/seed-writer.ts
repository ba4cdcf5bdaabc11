import type {
  FdSeed,
  GroupSeed,
  InterfaceSeed,
  MachineInfo,
  ThreadSeed,
  UserSeed,
} from "../../event/source.ts";
import { FD } from "../../state/fd.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import { BLOCK } from "./blocks.ts";

// What readers take; longer texts are cut rather than make the capture unreadable to others.
const MAX_PATH = 1023;
const MAX_LIST = 4096;
const MAX_ACCOUNT = 255;
const HOSTNAME_SIZE = 128;
const INTERFACE = { IPV4: 1, IPV6: 2 } as const;

export function writeMachine(out: BlockBuffer, { cpus, memoryBytes, hostname, bootTime }: MachineInfo): void {
  const block = out.beginBlock(BLOCK.MACHINE);
  out.u32(cpus);
  out.u64(memoryBytes);
  out.u64(0n);
  const name = Buffer.alloc(HOSTNAME_SIZE);
  name.write(hostname.slice(0, HOSTNAME_SIZE - 1));
  out.bytes(name);
  out.u64(bootTime);
  for (let i = 0; i < 3; i++) out.u64(0n);
  out.endBlock(block);
}

/** Layout: seed-blocks.ts, the newest version, all of its values. */
export function writeThread(out: BlockBuffer, seed: ThreadSeed): void {
  const entry = out.beginEntry();
  for (const id of [seed.tid, seed.pid, seed.ptid, seed.sid, seed.vpgid]) out.i64(id);
  for (const text of [seed.comm, seed.exe, seed.exePath]) out.text(text, MAX_PATH);
  list(out, seed.args);
  out.text(seed.cwd, MAX_PATH);
  out.i64(seed.fdLimit);
  for (const value of [seed.flags, seed.uid, seed.gid, seed.vmSize, seed.vmRss, seed.vmSwap]) out.u32(value);
  out.i64(seed.pageFaultsMajor);
  out.i64(seed.pageFaultsMinor);
  list(out, seed.env);
  out.i64(seed.vtid);
  out.i64(seed.vpid);
  list(out, seed.cgroups);
  out.text(seed.root, MAX_PATH);
  out.u64(seed.pidnsInitStart);
  out.u32(seed.tty);
  out.u32(seed.loginUid);
  out.u8(Number(seed.exeWritable));
  for (const set of [seed.capInheritable, seed.capPermitted, seed.capEffective]) out.u64(set);
  out.u8(Number(seed.exeUpperLayer));
  for (const value of [seed.exeIno, seed.exeCtime, seed.exeMtime]) out.u64(value);
  out.u8(Number(seed.exeFromMemfd));
  out.u8(Number(seed.exeLowerLayer));
  out.i64(seed.pgid);
  out.endEntry(entry);
}

/** Texts each ended by NUL, cut where they exceed what readers take. */
function list(out: BlockBuffer, texts: readonly string[]): void {
  const bytes = Buffer.from(texts.map((text) => `${text}\0`).join(""));
  const size = Math.min(bytes.length, MAX_LIST);
  out.u16(size);
  out.copy(bytes, 0, size);
}

export function writeFd(out: BlockBuffer, seed: FdSeed): void {
  const entry = out.beginEntry();
  const { kind, localIp = new Uint8Array(), remoteIp = new Uint8Array() } = seed;
  out.i64(seed.fd);
  out.u64(seed.ino);
  out.u8(kind);
  switch (kind) {
    case FD.IPV4_SOCK:
    case FD.IPV6_SOCK:
      out.bytes(localIp);
      out.bytes(remoteIp);
      out.u16(seed.localPort ?? 0);
      out.u16(seed.remotePort ?? 0);
      out.u8(seed.l4 ?? 0);
      break;
    case FD.IPV4_SERVSOCK:
    case FD.IPV6_SERVSOCK:
      out.bytes(localIp);
      out.u16(seed.localPort ?? 0);
      out.u8(seed.l4 ?? 0);
      break;
    case FD.UNIX_SOCK:
      out.u64(seed.unixSource ?? 0n);
      out.u64(seed.unixDestination ?? 0n);
      out.text(seed.name, MAX_PATH);
      break;
    case FD.FILE_V2:
      out.u32(seed.openFlags ?? 0);
      out.text(seed.name, MAX_PATH);
      out.u32(seed.dev ?? 0);
      break;
    default:
      out.text(seed.name, MAX_PATH);
  }
  out.endEntry(entry);
}

export function writeInterface(out: BlockBuffer, { name, ip, netmask }: InterfaceSeed): void {
  const entry = out.beginEntry();
  const bytes = Buffer.from(name).subarray(0, MAX_PATH);
  out.u16(ip.length === 4 ? INTERFACE.IPV4 : INTERFACE.IPV6);
  out.u16(bytes.length);
  out.bytes(ip);
  out.bytes(netmask);
  out.bytes(new Uint8Array(ip.length));
  out.u64(0n);
  out.bytes(bytes);
  out.endEntry(entry, false);
}

export function writeUser(out: BlockBuffer, { uid, gid, name, home, shell }: UserSeed): void {
  const entry = out.beginEntry();
  out.u8(0);
  out.u32(uid);
  out.u32(gid);
  for (const text of [name, home, shell]) out.text(text, MAX_ACCOUNT);
  out.endEntry(entry);
}

export function writeGroup(out: BlockBuffer, { gid, name }: GroupSeed): void {
  const entry = out.beginEntry();
  out.u8(1);
  out.u32(gid);
  out.text(name, MAX_ACCOUNT);
  out.endEntry(entry);
}
