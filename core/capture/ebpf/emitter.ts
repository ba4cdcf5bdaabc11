import {
  type AluOp,
  Assembler,
  type JumpOp,
  type Label,
  type Operand,
  R0,
  R1,
  R2,
  R3,
  R7,
  R8,
  R10,
  type Reg,
} from "./assembler.ts";
import type { Btf, MemberPath } from "./btf.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";
import type { Target } from "./target.ts";

/** Code that leaves a 64-bit value in R0 and may use R1–R5. */
export type Value = (k: Emitter) => void;

/** Code that appends bytes to the record at R8 and advances R8; may use R0–R5. */
export type Writer = (k: Emitter) => void;

const MAX_FRAME = 512;
/** Cells of the scratch area for shared values; temporary cells lie behind them. */
const SHARED_CELLS = 16;
const MAX_CELLS = 48;

/** Eight bytes of the scratch area. */
export class Cell {
  readonly #offset: number;

  constructor(index: number) {
    this.#offset = SCRATCH.cells + 8 * index;
  }

  readonly value: Value = (k) => this.load(k, R0);

  load(k: Emitter, dst: Reg): void {
    k.asm.load(8, dst, R7, this.#offset);
  }

  store(k: Emitter, operand: Operand): void {
    k.asm.store(8, R7, this.#offset, operand);
  }

  /** Stores what `value` gives, and leaves it in R0. */
  keep(k: Emitter, value: Value): void {
    value(k);
    this.store(k, R0);
  }
}

/**
 * Generates the code of one program. Fixed roles: R6 the program's context, R7 the scratch area, R8 the offset in
 * the record where the next parameter goes (from the record's start), R9 free for loops.
 */
export class Emitter {
  readonly asm = new Assembler();
  readonly target: Target;
  /** Where the program leaves without recording anything; what is to be done there may change with how far it has come. */
  drop = this.asm.label("drop");
  /** Where it leaves because the record has become too large; programs of fixed-size records never do. */
  readonly tooLarge = this.asm.label("too large");
  /** How the code so far uses what the kernel copied (kernel-copies.ts): a text is the first, on every way through it; or otherwise. */
  copyUse: "text first" | "otherwise" | undefined;
  /** Whether what the kernel copied for this call is taken by now, as its event needs it. */
  copiesTaken = false;
  #frame = 0;
  #cells = SHARED_CELLS;
  #sharedCells = 0;
  #depth = 0;
  readonly #shared = new Map<Value, Cell>();

  constructor(target: Target) {
    this.target = target;
  }

  get btf(): Btf {
    return this.target.btf;
  }

  /** `dst` = this CPU's scratch area; goes to `fail` where there is none. */
  loadScratch(dst: Reg, fail: Label, nested = false): void {
    const { asm } = this;
    this.temporary(8, (at) => {
      asm.call(HELPER.processorId);
      asm.store(4, R10, at, R0);
      asm.map(R1, nested ? this.target.maps.nestedScratch : this.target.maps.scratch);
      asm.mov(R2, R10);
      asm.alu("add", R2, at);
      asm.call(HELPER.mapLookup);
    });
    asm.jump("eq", R0, 0, fail);
    asm.mov(dst, R0);
  }

  /** Gives `use` the (negative) frame offset of `bytes` bytes on the stack, free again afterwards. */
  temporary(bytes: number, use: (offset: number) => void): void {
    const before = this.#frame;
    this.#frame += Math.ceil(bytes / 8) * 8;
    if (this.#frame > MAX_FRAME) throw new Error("BPF emitter: the stack frame is full");
    use(-this.#frame);
    this.#frame = before;
  }

  /**
   * Gives `use` cells of the scratch area, free again afterwards. Unlike the stack's, their contents are unknown to the verifier:
   * a loop that keeps its state in cells looks the same to it each time round, instead of being followed through every combination of null
   * and other pointers.
   */
  cells(count: number, use: (...cells: readonly Cell[]) => void): void {
    const before = this.#cells;
    this.#cells += count;
    if (this.#cells > MAX_CELLS) throw new Error("BPF emitter: too many cells");
    use(...Array.from({ length: count }, (_, i) => new Cell(before + i)));
    this.#cells = before;
  }

  /**
   * Emits `value` once a program and takes it from a cell from then on. Inside a branch it is computed in
   * place, since code behind the branch could not rely on it.
   */
  share(value: Value): void {
    const known = this.#shared.get(value);
    if (known) known.load(this, R0);
    else value(this);
    if (known || this.#depth > 0) return;
    if (this.#sharedCells === SHARED_CELLS) throw new Error("BPF emitter: too many shared values");
    const cell = new Cell(this.#sharedCells++);
    cell.store(this, R0);
    this.#shared.set(value, cell);
  }

  /** Runs `then` only if the comparison does not hold. */
  unless(op: JumpOp, dst: Reg, operand: Operand, then: () => void): void {
    const end = this.asm.label("unless");
    this.asm.jump(op, dst, operand, end);
    this.branch(then);
    this.asm.place(end);
  }

  /** If R0 is `op operand` then `yes`, else `no`. */
  choose(op: JumpOp, operand: Operand, yes: () => void, no: () => void): void {
    const { asm } = this;
    const taken = asm.label("yes");
    const end = asm.label("end");
    asm.jump(op, R0, operand, taken);
    this.branch(no);
    asm.goto(end);
    asm.place(taken);
    this.branch(yes);
    asm.place(end);
  }

  /** The code now emitted may be skipped. */
  get inBranch(): boolean {
    return this.#depth > 0;
  }

  /** Code that may be skipped: values shared inside must not be relied on outside. */
  branch(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }

  /** R0 = member `path` of the structure R0 points to; 0 if a pointer on the way is null. */
  follow(path: MemberPath): void {
    const { asm } = this;
    const missing = asm.label("null pointer");
    const end = asm.label("followed");
    let base = path.hops[0]?.type ?? path.type;
    let first = true;
    for (const hop of path.hops) {
      this.#loadMember(hop.offset, 8, base, first, missing);
      base = hop.type;
      first = false;
    }
    this.#loadMember(path.offset, path.size, path.type, first, missing);
    if (path.bits) {
      if (path.bits.shift > 0) asm.alu("shr", R0, path.bits.shift);
      asm.alu("and", R0, (1 << path.bits.width) - 1);
    }
    asm.goto(end);
    asm.place(missing);
    // To the verifier a typed pointer stays a pointer even where it was found to be null.
    asm.mov(R0, 0);
    asm.place(end);
  }

  #loadMember(offset: number, size: number, type: number, cast: boolean, missing: Label): void {
    const { asm, target } = this;
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
      throw new Error(`BPF emitter: cannot load a member of ${size} bytes`);
    asm.jump("eq", R0, 0, missing);
    if (target.cast !== undefined) {
      if (cast) {
        asm.mov(R1, R0);
        asm.mov(R2, type);
        asm.callKernel(target.cast);
      }
      asm.load(size, R0, R0, offset);
      return;
    }
    asm.mov(R3, R0);
    if (offset !== 0) asm.alu("add", R3, offset);
    this.readKernel(size);
  }

  /** R0 = the `size` bytes at kernel address R3, zero-extended; 0 where it can't be read. */
  readKernel(size: 1 | 2 | 4 | 8): void {
    this.#read(HELPER.probeReadKernel, size);
  }

  /** R0 = the `size` bytes at user address R3, zero-extended; 0 where it can't be read. */
  readUser(size: 1 | 2 | 4 | 8): void {
    this.#read(HELPER.probeReadUser, size);
  }

  #read(helper: number, size: 1 | 2 | 4 | 8): void {
    const { asm } = this;
    this.temporary(8, (at) => {
      asm.mov(R1, R10);
      asm.alu("add", R1, at);
      asm.mov(R2, size);
      asm.call(helper);
      asm.load(size, R0, R10, at);
    });
  }

  /** R0 = address of member `path` of the structure R0 points to; 0 if a pointer on the way is null. */
  addressOf(path: MemberPath): void {
    const { asm } = this;
    const end = asm.label("addressed");
    const pointer = path.hops.at(-1);
    if (pointer)
      this.follow({ hops: path.hops.slice(0, -1), offset: pointer.offset, type: pointer.type, size: 8 });
    asm.jump("eq", R0, 0, end);
    if (path.offset !== 0) asm.alu("add", R0, path.offset);
    asm.place(end);
  }

  /** R0 op= operand, for chains in values. */
  alu(op: AluOp, operand: Operand): void {
    this.asm.alu(op, R0, operand);
  }

  /** R1 = address in the record where the next bytes go, plus `extra`. */
  recordEnd(extra = 0): void {
    this.asm.mov(R1, R7);
    this.asm.alu("add", R1, R8);
    this.asm.alu("add", R1, SCRATCH.record + extra);
  }

  /**
   * Makes the verifier forget how R8 came about, and bounds it anew. Without it each way through a loop would be followed to the
   * program's end with its own range of R8; so they meet here, and the sum of all parameters' maxima stays small.
   */
  settle(): void {
    const { asm } = this;
    asm.store(8, R7, SCRATCH.launder, R8);
    asm.load(8, R8, R7, SCRATCH.launder);
    asm.jump("gt", R8, SCRATCH.recordLimit, this.tooLarge);
  }

  /** Appends the low `size` bytes of R0 to the record. */
  append(size: 1 | 2 | 4 | 8): void {
    const { asm } = this;
    asm.mov(R1, R7);
    asm.alu("add", R1, R8);
    asm.store(size, R1, SCRATCH.record, R0);
    asm.alu("add", R8, size);
  }
}
