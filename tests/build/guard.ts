import { FalcoError } from "../../core/errors.ts";
import { encodeSegments, endAddress, PF, PT, readElf, roundUp, type Segment } from "./elf.ts";
import { stub } from "./stub.ts";
import { encodeVariables } from "./stub-plan.ts";

/** What both kinds of ARM64 and x86 kernels map at most as one page. */
const PAGE = 0x10000;

/**
 * Puts the environment-cleaning stub in front of a program that keeps its dynamic loader. Used where the
 * C library cannot be carried inside. The stub takes the place of the note segment (build id) in the segment
 * table, so nothing else moves.
 */
export function guard(program: Buffer): Buffer {
  const elf = readElf(program, "the compiled program");
  const note = elf.segments.findIndex((s) => s.type === PT.note);
  if (elf.type !== 2 || note < 0) {
    throw new FalcoError(
      "BUILD_ELF",
      "Cannot guard the program: it has no note segment or is position independent",
    );
  }
  const offset = roundUp(program.length, PAGE);
  const address = roundUp(endAddress(elf), PAGE) + PAGE;
  const code = (variables: number): Buffer => stub[elf.arch]({ variables, next: elf.entry });
  const length = code(0).length;
  const piece = Buffer.concat([code(address + length), encodeVariables()]);
  const segment: Segment = {
    type: PT.load,
    flags: PF.r | PF.x,
    offset,
    address,
    fileSize: piece.length,
    memorySize: piece.length,
    align: PAGE,
  };
  const others = elf.segments.filter((_, i) => i !== note);
  const lastLoad = others.findLastIndex((s) => s.type === PT.load);
  const segments = others.toSpliced(lastLoad + 1, 0, segment); // the kernel wants them in order of address
  const result = Buffer.concat([program, Buffer.alloc(offset - program.length), piece]);
  encodeSegments(segments).copy(result, elf.segmentsAt);
  result.writeBigUInt64LE(BigInt(address), 24);
  return result;
}
