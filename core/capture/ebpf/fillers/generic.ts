import { R0, R1, R7 } from "../assembler.ts";
import type { Value } from "../emitter.ts";
import { CALL_TABLE_SIZE, INTEREST } from "../interest.ts";
import type { FillerSet } from "../program.ts";
import { SCRATCH } from "../scratch.ts";

/** What the interest map says of the call: its recorded code at 0, its number at 2. */
function interest(offset: 0 | 2): Value {
  return (k) => {
    const { asm } = k;
    asm.load(4, R0, R7, SCRATCH.call);
    asm.jump("ge", R0, CALL_TABLE_SIZE, k.drop);
    asm.alu("shl", R0, 2);
    asm.mapValue(R1, k.target.maps.interest, INTEREST.codes + offset);
    asm.alu("add", R1, R0);
    asm.load(2, R0, R1, 0);
  };
}

/** Calls without an event of their own. */
export function genericFillers(): FillerSet {
  return { GENERIC_X: { params: { ID: interest(0), nativeID: interest(2) } } };
}
