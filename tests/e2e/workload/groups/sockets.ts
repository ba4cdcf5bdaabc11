import { call, ints, memory, words } from "../calls.ts";
import { expectEvent, hex, O_CLOEXEC, run, vector, wordsOf } from "../expectations.ts";

export function sockets(): void {
  const AF_UNIX = 1;
  const SOCK_DGRAM = 2;
  const pair = Buffer.alloc(8);
  run("socketpair", [AF_UNIX, SOCK_DGRAM, 0, memory(pair)], { domain: AF_UNIX, type: SOCK_DGRAM, proto: 0 });
  const [a, b] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  expectEvent("SOCKET_SOCKETPAIR_X", { fd1: a, fd2: b });
  const into = (size: number): number => memory(Buffer.alloc(size));
  run("sendto", [a, memory(Buffer.from("hello")), 5, 0, 0, 0], {
    res: 5,
    data: hex("hello"),
    fd: a,
    size: 5,
  });
  run("recvfrom", [b, into(99), 99, 0, 0, 0], { res: 5, data: hex("hello"), fd: b, size: 99 });
  const header = (iov: number, count: number, control = 0, length = 0): readonly number[] => [
    0,
    0,
    iov,
    count,
    control,
    length,
    0,
  ];
  run("sendmsg", [a, words(...header(vector("he", "llo"), 2)), 0], {
    res: 5,
    data: hex("hello"),
    fd: a,
    size: 5,
  });
  run("recvmsg", [b, words(...header(words(into(3), 3, into(9), 9), 2)), 0], {
    res: 5,
    size: 5,
    data: hex("hello"),
    fd: b,
  });
  const two = words(...header(vector("first"), 1), 0, ...header(vector("second"), 1), 0);
  run("sendmmsg", [a, two, 2, 0], { res: 5, fd: a, size: 5, data: hex("first") });
  expectEvent("SOCKET_SENDMMSG_X", { res: 6, fd: a, size: 6, data: hex("second") });
  const slots = words(...header(words(into(9), 9), 1), 0, ...header(words(into(9), 9), 1), 0);
  run("recvmmsg", [b, slots, 2, 0, 0], { res: 5, fd: b, size: 5, data: hex("first") });
  expectEvent("SOCKET_RECVMMSG_X", { res: 6, fd: b, size: 6, data: hex("second") });
  run("recvmmsg", [b, slots, 2, 0x40, 0], { res: -11, fd: b, size: 0 });
  passDescriptor(a, b, header);

  const server = run("socket", [2, 1, 0], { domain: 2, type: 1, proto: 0 }, "fd");
  const any = Buffer.alloc(16);
  any.writeUInt16LE(2);
  any.set([127, 0, 0, 1], 4);
  run("bind", [server, memory(any), 16], { fd: server, addr: `hex:027f0000010000` });
  run("listen", [server, 5], { fd: server, backlog: 5 });
  const bound = Buffer.alloc(16);
  run("getsockname", [server, memory(bound), ints(16)], {}, "");
  const client = call("socket", 2, 1, 0);
  const port = bound.subarray(2, 4);
  const address = Buffer.concat([Buffer.from([2, 127, 0, 0, 1]), Buffer.from([port[1]!, port[0]!])]);
  run("connect", [client, memory(bound), 16], { fd: client, addr: hex(address) });
  run("accept", [server, 0, 0], { queuemax: 5, queuelen: 0 }, "fd");
  const second = call("socket", 2, 1, 0);
  call("connect", second, memory(bound), 16);
  run("accept4", [server, 0, 0, O_CLOEXEC], { flags: 0x1000 }, "fd");
  run("getpeername", [client, into(16), ints(16)], {}, "");
  run("setsockopt", [client, 1, 9, ints(1), 4], {
    fd: client,
    level: 1,
    optname: 9,
    val: "hex:0201000000",
    optlen: 4,
  });
  const time = wordsOf(2, 500);
  run("setsockopt", [client, 1, 20, memory(time), 16], {
    optname: 20,
    val: `hex:04${wordsOf(2_000_500_000).toString("hex")}`,
  });
  run("getsockopt", [client, 1, 4, ints(0), ints(4)], {
    fd: client,
    level: 1,
    optname: 4,
    val: `hex:01${"00".repeat(8)}`,
    optlen: 4,
  });
  run("getsockopt", [client, 6, 1, ints(0), ints(4)], {
    level: 2,
    optname: 0,
    val: "hex:0000000000",
    optlen: 4,
  });
  run("shutdown", [client, 2], { fd: client, how: 2 });
}

/** A descriptor sent along: the receiver's event holds the control message. */
function passDescriptor(
  a: number,
  b: number,
  header: (...args: [number, number, number, number]) => readonly number[],
): void {
  const SCM_RIGHTS = [1, 1];
  const control = Buffer.alloc(24);
  control.writeUInt32LE(20);
  control.writeInt32LE(SCM_RIGHTS[0]!, 8);
  control.writeInt32LE(SCM_RIGHTS[1]!, 12);
  control.writeInt32LE(1, 16);
  call("sendmsg", a, words(...header(vector("fd"), 1, memory(control), 24)), 0);
  const received = Buffer.alloc(24);
  run("recvmsg", [b, words(...header(words(memory(Buffer.alloc(9)), 9), 1, memory(received), 24)), 0], {
    res: 2,
    data: hex("fd"),
  });
  expectEvent("SOCKET_RECVMSG_X", { fd: b, msgcontrol: hex(received) });
}
