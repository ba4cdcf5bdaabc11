import { EVENT } from "../schema/event-codes.ts";
import { FD, L4, ROLE } from "../state/fd.ts";
import { isConnectedInet, isFile, isInet, isListening, typeChar, typeName } from "../state/fd-kind.ts";
import { fdOf } from "../state/lookup.ts";
import {
  eitherIp,
  eitherPort,
  eventFd,
  fdName,
  fdNameRaw,
  fileName,
  ipOf,
  isFdEvent,
  ofFd,
  portOf,
} from "./fd-entry.ts";
import {
  type Context,
  type Field,
  type FieldArg,
  type FieldRead,
  field,
  fieldClass,
  type Reader,
} from "./field.ts";

/** What an event makes, when it made nothing: the kind of descriptor it would have been. */
const WOULD_BE: Readonly<Partial<Record<number, string>>> = {
  [EVENT.SYSCALL_OPENAT_2_X]: "f",
  [EVENT.SYSCALL_OPENAT2_X]: "f",
  [EVENT.SYSCALL_CREAT_X]: "f",
  [EVENT.SOCKET_SOCKET_X]: "4",
  [EVENT.SOCKET_ACCEPT_5_X]: "4",
  [EVENT.SOCKET_ACCEPT4_6_X]: "4",
  [EVENT.SYSCALL_PIPE_X]: "p",
  [EVENT.SYSCALL_PIPE2_X]: "p",
  [EVENT.SYSCALL_EVENTFD_X]: "e",
  [EVENT.SYSCALL_EVENTFD2_X]: "e",
  [EVENT.SYSCALL_SIGNALFD_X]: "s",
  [EVENT.SYSCALL_SIGNALFD4_X]: "s",
  [EVENT.SYSCALL_TIMERFD_CREATE_X]: "t",
  [EVENT.SYSCALL_INOTIFY_INIT_X]: "i",
  [EVENT.SYSCALL_INOTIFY_INIT1_X]: "i",
};

const L4_NAMES: Readonly<Record<number, string>> = {
  [L4.TCP]: "tcp",
  [L4.UDP]: "udp",
  [L4.ICMP]: "icmp",
  [L4.RAW]: "raw",
};

function char(context: Context): string | undefined {
  if (!isFdEvent(context)) return undefined;
  const fd = eventFd(context);
  return fd ? typeChar(fd.kind) : (WOULD_BE[context.event.code] ?? "o");
}

/** The directory part of a file's path; all of it when it ends in a slash. */
function directoryPart(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash <= 0) return "/";
  return slash === path.length - 1 ? path : path.slice(0, slash);
}

function directory(context: Context): string | undefined {
  const fd = eventFd(context);
  if (fd && fd.kind === FD.DIRECTORY) return fd.name;
  if (fd && !isFile(fd.kind)) return undefined;
  const name = fdName(context);
  return name === undefined ? undefined : directoryPart(name);
}

const filename = ofFd((fd) => {
  if (!isFile(fd.kind)) return undefined;
  const slash = fd.name.lastIndexOf("/");
  if (slash < 0) return "/";
  return slash === fd.name.length - 1 ? fd.name : fd.name.slice(slash + 1);
});

function types(context: Context, arg: FieldArg | undefined): FieldRead | readonly FieldRead[] {
  if (!isFdEvent(context)) return undefined;
  const { state } = context;
  if (arg) {
    const fd = fdOf(state, state.thread!, arg.index!);
    return fd && [typeName(fd.kind)];
  }
  const table = state.thread!.descriptors;
  return table && [...new Set([...table.values()].map((fd) => typeName(fd.kind)))];
}

const inContainer =
  (read: Reader<string | undefined>): Reader<string | undefined> =>
  (context) => {
    const text = read(context, undefined);
    return text === undefined ? undefined : `${context.state.thread!.containerId}:${text}`;
  };

/** Port as text. Sockets other than connected ones of the network have a role but no port: empty. */
const clientPortText = ofFd((fd) => {
  if (fd.role === ROLE.NONE) return undefined;
  return isConnectedInet(fd.kind) && fd.ends ? String(fd.ends.sourcePort) : "";
});
const serverPortText = ofFd((fd) => {
  if (isListening(fd.kind)) return "";
  return isConnectedInet(fd.kind) && fd.role !== ROLE.NONE && fd.ends ? String(fd.ends.destPort) : undefined;
});
const portText =
  (read: Reader<number | undefined>): Reader<string | undefined> =>
  (context) =>
    read(context, undefined)?.toString();

const isServer = ofFd((fd, { state }) => {
  if (isListening(fd.kind)) return true;
  return isConnectedInet(fd.kind) && fd.ends !== undefined && state.isLocalAddress(fd.ends.destIp);
});
const sockFamily = ofFd((fd) => (isInet(fd.kind) ? "ip" : fd.kind === FD.UNIX_SOCK ? "unix" : undefined));
const l4Name = ofFd((fd) => L4_NAMES[fd.shownL4] ?? "<NA>");
const FILTER = { filterOnly: true, noRhs: true, noTransformers: true } as const;
const BY_NAME = { decidedBy: fileName } as const;
const NAME = { noRhs: true, noTransformers: true } as const;

const ip = (description: string, read: Reader<Uint8Array | undefined>): Omit<Field, "name"> =>
  field("IPADDR", description, read);
const net = (description: string, read: Reader<Uint8Array | undefined>): Omit<Field, "name"> =>
  field("IPNET", description, read, FILTER);
const port = (description: string, read: Reader<number | undefined>): Omit<Field, "name"> =>
  field("PORT", description, read, { format: "DEC" });
const hostName = (description: string, read: Reader<Uint8Array | undefined>): Omit<Field, "name"> =>
  field(
    "CHARBUF",
    description,
    (context, arg) => {
      const address = read(context, arg);
      return address && context.state.hostNameOf(address);
    },
    NAME,
  );
const EITHER = {
  ...FILTER,
  unequalMeansAll: true,
  present: ({ state }: Context): boolean => state.fd !== undefined,
} as const;
/** Fields that mean either end have no one value that an output could show. */
const inConditionsOnly = (): undefined => undefined;

/** Fields of the descriptor that an event is about. */
export const fd = fieldClass("fd", "The file descriptor that the event is about", ["syscall"], {
  "fd.num": field(
    "INT64",
    "Number of the descriptor.",
    (context) => (isFdEvent(context) ? context.state.thread!.lastEventFd : undefined),
    { format: "ID" },
  ),
  "fd.type": field(
    "CHARBUF",
    "Kind of the descriptor: file, directory, ipv4, unix, pipe, …",
    ofFd((fd) => typeName(fd.kind)),
    { format: "DEC", ...BY_NAME },
  ),
  "fd.typechar": field("CHARBUF", "Kind of the descriptor as one character.", char, {
    format: "DEC",
    ...BY_NAME,
  }),
  "fd.name": field("CHARBUF", "Full name: path, connection, …", fdName, BY_NAME),
  "fd.directory": field("CHARBUF", "Directory of a file, or a directory itself.", directory, BY_NAME),
  "fd.filename": field("CHARBUF", "Name of a file without its directory.", filename, BY_NAME),
  "fd.ip": field("IPADDR", "Address of either end.", inConditionsOnly, {
    ...EITHER,
    anyOf: eitherIp,
  }),
  "fd.cip": ip("Client address.", ipOf("client")),
  "fd.sip": ip("Server address.", ipOf("server")),
  "fd.lip": ip("Local address.", ipOf("local")),
  "fd.rip": ip("Remote address.", ipOf("remote")),
  "fd.port": field("PORT", "Port of either end.", inConditionsOnly, {
    ...EITHER,
    anyOf: eitherPort,
    format: "DEC",
  }),
  "fd.cport": port("Client port.", portOf("client")),
  "fd.sport": port("Server port.", portOf("server")),
  "fd.lport": port("Local port.", portOf("local")),
  "fd.rport": port("Remote port.", portOf("remote")),
  "fd.l4proto": field("CHARBUF", "tcp, udp, icmp or raw.", l4Name),
  "fd.sockfamily": field("CHARBUF", "ip or unix.", sockFamily),
  "fd.is_server": field("BOOL", "Whether this process is the server side.", isServer),
  "fd.uid": field("CHARBUF", "Thread id and descriptor number, together unique.", (context) =>
    isFdEvent(context) ? `${context.state.thread!.tid}${context.state.thread!.lastEventFd}` : undefined,
  ),
  "fd.containername": field("CHARBUF", "Container id and name of the descriptor.", inContainer(fdName)),
  "fd.containerdirectory": field(
    "CHARBUF",
    "Container id and directory of the file.",
    inContainer(directory),
  ),
  "fd.proto": field("PORT", "Port of either end.", inConditionsOnly, {
    ...EITHER,
    anyOf: eitherPort,
  }),
  "fd.cproto": field("CHARBUF", "Client port as text.", clientPortText),
  "fd.sproto": field("CHARBUF", "Server port as text.", serverPortText),
  "fd.lproto": field("CHARBUF", "Local port as text.", portText(portOf("local"))),
  "fd.rproto": field("CHARBUF", "Remote port as text.", portText(portOf("remote"))),
  "fd.net": field("IPNET", "Network of either end.", inConditionsOnly, {
    ...EITHER,
    anyOf: eitherIp,
  }),
  "fd.cnet": net("Network of the client.", ipOf("client")),
  "fd.snet": net("Network of the server.", ipOf("server")),
  "fd.lnet": net("Network of the local end.", ipOf("local")),
  "fd.rnet": net("Network of the remote end.", ipOf("remote")),
  "fd.connected": field(
    "BOOL",
    "Whether the socket is connected.",
    ofFd((fd) => fd.connected),
  ),
  "fd.name_changed": field(
    "BOOL",
    "Whether the event changed the name.",
    ofFd((fd) => fd.name !== fd.oldName),
  ),
  "fd.cip.name": hostName("Host name of the client.", ipOf("client")),
  "fd.sip.name": hostName("Host name of the server.", ipOf("server")),
  "fd.lip.name": hostName("Host name of the local end.", ipOf("local")),
  "fd.rip.name": hostName("Host name of the remote end.", ipOf("remote")),
  "fd.dev": field(
    "INT32",
    "Device the file is on.",
    ofFd((fd) => fd.dev),
    { format: "HEX" },
  ),
  "fd.dev.major": field(
    "INT32",
    "Major number of the device.",
    ofFd((fd) => (fd.dev & 0xfff00) >> 8),
    { format: "DEC" },
  ),
  "fd.dev.minor": field(
    "INT32",
    "Minor number of the device.",
    ofFd((fd) => (fd.dev & 0xff) | ((fd.dev >> 12) & 0xfff00)),
    { format: "DEC" },
  ),
  "fd.ino": field(
    "INT64",
    "Inode number.",
    ofFd((fd) => fd.ino),
    { format: "DEC" },
  ),
  "fd.nameraw": field("CHARBUF", "Name as the program passed it.", fdNameRaw),
  "fd.types": field(
    "CHARBUF",
    "Kinds of all open descriptors of the process, or of the one in the argument.",
    types,
    {
      list: true,
      arg: "optional",
      noRhs: true,
      format: "DEC",
      checkArg: ({ index }) => (index === undefined ? "fd.types takes a descriptor number" : undefined),
    },
  ),
  "fd.is_upper_layer": field(
    "BOOL",
    "Whether the file is in an overlay's writable layer.",
    ofFd((fd) => fd.upperLayer),
  ),
  "fd.is_lower_layer": field(
    "BOOL",
    "Whether the file is in an overlay's lower layers.",
    ofFd((fd) => fd.lowerLayer),
  ),
});
