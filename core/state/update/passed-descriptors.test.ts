import { expect, test } from "bun:test";
import { Simulation } from "../../../tests/harness/simulate.ts";
import { FD } from "../fd.ts";
import { passedDescriptors } from "./passed-descriptors.ts";

/** A control message of this type with these ints. */
function message(type: number, ...ints: readonly number[]): Buffer {
  const length = 16 + 4 * ints.length;
  const bytes = Buffer.alloc(Math.ceil(length / 8) * 8);
  bytes.writeUInt32LE(length, 0);
  bytes.writeInt32LE(1, 8);
  bytes.writeInt32LE(type, 12);
  ints.forEach((int, i) => void bytes.writeInt32LE(int, 16 + 4 * i));
  return bytes;
}
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;

test("passedDescriptors finds them among other control messages", () => {
  const control = [message(SCM_CREDENTIALS, 1, 2, 3), message(SCM_RIGHTS, 7), message(SCM_RIGHTS, 8, 9)];
  expect(passedDescriptors(Buffer.concat(control))).toEqual([7, 8, 9]);
});

test("passedDescriptors takes nothing of what is cut off or malformed", () => {
  const whole = message(SCM_RIGHTS, 7, 8);
  const endless = message(SCM_RIGHTS, 7);
  endless.writeUInt32LE(0, 0);
  for (const control of [whole.subarray(0, 20), whole.subarray(0, 3), endless, Buffer.alloc(0)])
    expect(passedDescriptors(control)).toEqual([]);
});

test("descriptors that arrive over a unix socket are looked up, those over others not", () => {
  const sim = new Simulation();
  sim.process(10, "server");
  sim.state.fetchFds = (pid, fds, sink) => {
    for (const fd of fds) sink.fd({ tid: pid, fd, ino: 1n, kind: FD.FILE_V2, name: `/file${fd}` });
  };
  const AF_UNIX = 1;
  const AF_INET = 2;
  for (const [fd, domain] of [
    [3, AF_UNIX],
    [4, AF_INET],
  ] as const)
    sim.emit("SOCKET_SOCKET_X", 10, { fd, domain, type: 1, proto: 0 });
  for (const [fd, passed] of [
    [3, 5],
    [4, 6],
  ] as const)
    sim.emit("SOCKET_RECVMSG_X", 10, { res: 1, size: 1, fd, msgcontrol: message(SCM_RIGHTS, passed) });
  expect([sim.thread(10).fds.get(5)?.name, sim.thread(10).fds.get(6)]).toEqual(["/file5", undefined]);
});
