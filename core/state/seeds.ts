import { ipText, isMappedIpv4 } from "../event/ip-text.ts";
import { joinPath } from "../event/path.ts";
import type {
  FdSeed,
  GroupSeed,
  InterfaceSeed,
  MachineInfo,
  SeedSink,
  ThreadSeed,
  UserSeed,
} from "../event/source.ts";
import { normalizeCgroups } from "./cgroups.ts";
import { FD, Fd, L4, ROLE } from "./fd.ts";
import { isListening } from "./fd-kind.ts";
import { swapEnds } from "./socket-ends.ts";
import type { State } from "./state.ts";
import { Thread } from "./thread.ts";
import { addThread, linkThread } from "./thread-table.ts";
import { learnContainer } from "./update/container.ts";
import { withoutDeleted } from "./update/exe-path.ts";

/** Enters what was already there before the first event. */
export class Seeds implements SeedSink {
  readonly #state: State;
  /** Until the first event: parents may come after their children. */
  #scanning = true;
  readonly #listeningPorts = new Set<number>();

  constructor(state: State) {
    this.#state = state;
  }

  machine(info: MachineInfo): void {
    this.#state.machine = info;
    this.#state.hostname = info.hostname;
    // The reference loses the boot time of captures; times that count from boot show as they are there.
    this.#state.bootTime = info.isRecorded ? 0n : info.bootTime;
  }

  thread(seed: ThreadSeed): void {
    const state = this.#state;
    const thread = fromSeed(seed);
    if (!addThread(state, thread, !this.#scanning)) return;
    state.accounts.learn("", thread.pid, thread.uid, thread.gid);
    if (!this.#scanning) learnContainer(state, thread);
  }

  fd(seed: FdSeed): void {
    const table = this.#state.threads.get(seed.tid)?.fds;
    if (!table || (table.size >= this.#state.limits.fdsPerProcess && !table.has(seed.fd))) return;
    const fd = fdFromSeed(seed);
    if (!fd) return;
    table.set(seed.fd, fd);
    if (isListening(fd.kind)) this.#listeningPorts.add(fd.ends!.sourcePort);
  }

  user(seed: UserSeed): void {
    this.#state.accounts.addUser("", seed);
  }

  group(seed: GroupSeed): void {
    this.#state.accounts.addGroup("", seed);
  }

  interface(seed: InterfaceSeed): void {
    this.#state.interfaces.add(seed);
  }

  restart(): void {
    this.#state.restart();
    this.#scanning = true;
    this.#listeningPorts.clear();
  }

  /** All seeds are there: links threads to each other and decides who is client and who server. */
  finish(): void {
    this.#scanning = false;
    const state = this.#state;
    for (const thread of state.threads.values()) {
      linkThread(state, thread);
      learnContainer(state, thread);
      for (const fd of thread.fds.values()) this.#decideRole(fd);
    }
  }

  /** A socket whose own port is one that somebody listens on was accepted; all others connected. */
  #decideRole(fd: Fd): void {
    if (fd.kind !== FD.IPV4_SOCK || !fd.ends) return;
    if (this.#listeningPorts.has(fd.ends.sourcePort)) {
      swapEnds(fd);
      fd.name = tupleText(fd);
      fd.role = ROLE.SERVER;
    } else {
      fd.role = ROLE.CLIENT;
    }
  }
}

/** The thread that a seed describes, in no table yet. */
export function fromSeed(seed: ThreadSeed): Thread {
  const thread = new Thread(seed.tid);
  const { tid: _tid, cgroups, exePath, cwd, env, ...rest } = seed;
  const { exeWritable, exeUpperLayer, exeLowerLayer, exeFromMemfd, ...others } = rest;
  const { capInheritable, capPermitted, capEffective, exeIno, exeCtime, exeMtime, ...same } = others;
  Object.assign(thread, same);
  thread.program = {
    exeWritable,
    exeUpperLayer,
    exeLowerLayer,
    exeFromMemfd,
    capInheritable,
    capPermitted,
    capEffective,
    exeIno,
    exeCtime,
    exeMtime,
  };
  thread.exePath = withoutDeleted(exePath);
  thread.cgroups = normalizeCgroups(cgroups) ?? [];
  if (thread.isLeader) {
    thread.env = env;
    const path = joinPath("", cwd);
    thread.cwd = path.endsWith("/") ? path : `${path}/`;
  }
  return thread;
}

const tupleText = ({ ends }: Fd): string =>
  ends ? `${ipText(ends.sourceIp)}:${ends.sourcePort}->${ipText(ends.destIp)}:${ends.destPort}` : "";

/** The descriptor that a seed describes; undefined where nothing is known of it. */
export function fdFromSeed(seed: FdSeed): Fd | undefined {
  const { kind, localIp, remoteIp, localPort = 0, remotePort = 0 } = seed;
  if (kind === FD.UNKNOWN || kind === FD.UNINITIALIZED) return undefined;
  const fd = new Fd(kind);
  fd.name = seed.name;
  fd.ino = seed.ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed.ino) : seed.ino;
  fd.openFlags = seed.openFlags ?? 0;
  fd.dev = seed.dev ?? 0;
  fd.mountId = seed.mountId ?? 0;
  fd.l4 = seed.l4 ?? L4.UNKNOWN;
  if (kind === FD.UNIX_SOCK) {
    fd.unixSource = seed.unixSource ?? 0n;
    fd.unixDestination = seed.unixDestination ?? 0n;
    fd.role = seed.name === "" ? ROLE.CLIENT : ROLE.SERVER;
  } else if (isListening(kind) && localIp) {
    fd.ends = {
      sourceIp: localIp,
      sourcePort: localPort,
      destIp: new Uint8Array(localIp.length),
      destPort: 0,
    };
    fd.name = `${ipText(localIp)}:${localPort}`;
  } else if (localIp && remoteIp) {
    const mapped = localIp.length === 16 && isMappedIpv4(localIp) && isMappedIpv4(remoteIp);
    if (mapped) fd.kind = FD.IPV4_SOCK;
    fd.ends = {
      sourceIp: mapped ? localIp.slice(12) : localIp,
      sourcePort: localPort,
      destIp: mapped ? remoteIp.slice(12) : remoteIp,
      destPort: remotePort,
    };
    fd.connected = fd.l4 === L4.TCP;
    fd.name = tupleText(fd);
  }
  return fd;
}
