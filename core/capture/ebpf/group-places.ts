import { type Label, R0, R1, R2, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { INTEREST } from "./interest.ts";
import { member } from "./values.ts";

/** Where threads run, as bits that fit into the flags of FACTS; neither where it is not known. */
export const PLACE = { HOST: 4, CONTAINER: 8 } as const;
export const PLACES = PLACE.HOST | PLACE.CONTAINER;

/** Control groups that are told apart. */
export const MAX_GROUPS = 16_384;
export const GROUP_KEY_SIZE = 16;

/** Controllers whose groups records hold, as the kernel names them. */
export const RECORDED_CONTROLLERS = ["cpuset", "cpu", "cpuacct", "io", "memory"];

/**
 * Where a task with this `struct css_set *` runs: in a container if one of its groups is a container's, on the host if none is; 0 if that
 * is not known of them all. What belongs to the pointer does not change, so it is what a record made from it says.
 */
export function placeOfGroups(groups: Value): Value {
  return (k) =>
    k.cells(2, (css, place) => {
      const { asm } = k;
      const unknown = asm.label("unknown place");
      const end = asm.label("place");
      const indices = RECORDED_CONTROLLERS.map((name) =>
        k.btf.enumerator("cgroup_subsys_id", `${name}_cgrp_id`),
      ).filter((index) => index !== undefined);
      place.store(k, 0);
      // Taken here, it is what later parts of the program see too.
      groups(k);
      // Names that have changed since mean something else.
      asm.mapValue(R1, k.target.maps.interest, INTEREST.groupsRenamed);
      asm.load(4, R1, R1, 0);
      asm.jump("ne", R1, 0, unknown);
      k.branch(() => {
        for (const index of indices) {
          // Records leave out those that the kernel does without.
          const none = asm.label("no such group");
          css.keep(k, member(groups, "css_set", `subsys[${index}]`));
          asm.jump("eq", R0, 0, none);
          lookUp(k, css.value, unknown);
          asm.load(4, R1, R0, 0);
          place.load(k, R0);
          asm.alu("or", R0, R1);
          place.store(k, R0);
          asm.place(none);
        }
      });
      const host = asm.label("all on the host");
      place.load(k, R0);
      asm.jump("ne", R0, PLACES, host);
      asm.mov(R0, PLACE.CONTAINER);
      asm.place(host);
      asm.goto(end);
      asm.place(unknown);
      asm.mov(R0, 0);
      asm.place(end);
    });
}

/** R0 = the place of a `struct cgroup_subsys_state *`; goes to `unknown`, and says so to user space, where there is none. */
function lookUp(k: Emitter, css: Value, unknown: Label): void {
  const { asm } = k;
  const found = asm.label("known group");
  k.temporary(GROUP_KEY_SIZE, (key) => {
    member(css, "cgroup_subsys_state", "cgroup.kn.id")(k);
    asm.store(8, R10, key, R0);
    member(css, "cgroup_subsys_state", "cgroup.root.hierarchy_id")(k);
    asm.store(8, R10, key + 8, R0);
    asm.map(R1, k.target.maps.groups);
    asm.mov(R2, R10);
    asm.alu("add", R2, key);
    asm.call(HELPER.mapLookup);
  });
  asm.jump("ne", R0, 0, found);
  asm.mapValue(R1, k.target.maps.interest, INTEREST.groupsUnknown);
  asm.store(4, R1, 0, 1);
  asm.goto(unknown);
  asm.place(found);
}
