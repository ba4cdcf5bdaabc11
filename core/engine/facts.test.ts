import { expect, test } from "bun:test";
import fc from "fast-check";
import { cursorOf, record, someState, TID } from "../../tests/harness/synthetic-events.ts";
import { ARCHITECTURES } from "../capture/ebpf/architecture.ts";
import { syscallFillers } from "../capture/ebpf/fillers/all.ts";
import { TRACEPOINT_FILLERS } from "../capture/ebpf/fillers/tracepoints.ts";
import type { EventId } from "../capture/ebpf/program.ts";
import { EVENT } from "../schema/event-codes.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { linkThread } from "../state/thread-table.ts";

/** Events whose records tell the kernel's programs too what they tell state of a thread. */
const TEACHING = new Set<string>([
  ...Object.values(ARCHITECTURES).flatMap((arch) =>
    Object.entries(syscallFillers(arch!)).flatMap(([id, filler]) => (filler?.lesson ? [id] : [])),
  ),
  ...TRACEPOINT_FILLERS.flatMap(({ event, filler }) => (filler.lesson ? [event] : [])),
]);
const LIVE = [
  ...new Set([...SYSCALLS.map(({ exit }) => exit), ...TRACEPOINT_FILLERS.map(({ event }) => event)]),
].filter((id): id is EventId => id in EVENT);

test("what conditions in the kernel ask of threads changes by no event but those that tell the programs", () => {
  expect(TEACHING.size).toBe(9);
  const others = LIVE.filter((id) => !TEACHING.has(id) && id !== "SYSCALL_EXECVEAT_X");
  expect(others.length).toBeGreaterThan(150);
  fc.assert(
    fc.property(
      fc.constantFrom(...others),
      fc.integer({ min: -3, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 8 }),
      fc.constantFrom(0, 1, 15, 16, 36, 37),
      (id, result, seed, option) => {
        const state = someState();
        state.apply(cursorOf(record(EVENT.SYSCALL_MKDIR_2_X, 0, [1])));
        const thread = state.lookUp(TID)!;
        Object.assign(thread, { pid: TID, ptid: 1, comm: "some", uid: 77, containerId: "0123456789ab" });
        thread.cgroups = [`cpu=/docker/${"0123456789ab".padEnd(64, "0")}`];
        linkThread(state, thread);
        // Sockets of the harness have no ends to tell.
        const values = { option, arg2_str: Buffer.from("other\0"), tuple: Buffer.alloc(0) };
        state.apply(cursorOf(record(EVENT[id], result, seed, values)));
        state.settle();
        const { comm, uid, containerId } = state.threads.get(TID) ?? thread;
        expect({ id, comm, uid, containerId }).toEqual({
          id,
          comm: "some",
          uid: 77,
          containerId: "0123456789ab",
        });
      },
    ),
    { numRuns: 5000 },
  );
});
