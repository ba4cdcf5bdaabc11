import { FalcoError } from "../../core/errors.ts";
import { ENGINE_SETTINGS } from "../../core/ffi/engine-setting.ts";
import { redirectLibraries } from "./dynamic.ts";
import {
  type Elf,
  encodeSegments,
  endAddress,
  PF,
  PT,
  readElf,
  roundUp,
  type Segment,
  sectionOf,
} from "./elf.ts";
import { stub } from "./stub.ts";
import { encodeVariables, type StubPlan } from "./stub-plan.ts";

/** A shared object by the name that programs ask for. */
export interface Library {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Auxiliary vector types (getauxval(3)). */
const AT = { phdr: 3, phnum: 5, base: 7, entry: 9 } as const;
/** Segment alignment that holds for the largest page either architecture uses (64 KB on some ARM64 kernels). */
const PAGE = 0x10000;
/** The section that holds what was bundled: sources, and the bytecode they were compiled to. */
const BUNDLE = ".bun";
const DESCRIPTORS = "/proc/self/fd/";
const MESSAGE = "falco: cannot start: the kernel refused memory for the C library (memfd_create or write)\n";

/**
 * Makes a dynamically linked program self-contained: the loader and its libraries go into the file, and a
 * stub in front hands them to each other. The result needs only the kernel and /proc, and stays one process
 * image: /proc/self/exe is the file, so the program can start itself again.
 *
 *   | program | code: stub, prefixes, message, libraries | data: tables, paths, segment tables | loader |
 *
 * The kernel maps all of it (there is no interpreter any more), the stub cleans the environment, writes each
 * library into a memory file, completes the paths `/proc/self/fd/N` that the program's library list now
 * names, tells the loader through the auxiliary vector where the program is, and jumps into the loader.
 */
export function onefile(program: Buffer, loader: Library, libraries: readonly Library[]): Buffer {
  const elf = readElf(Buffer.from(program), "the compiled program");
  const ld = readElf(loader.bytes, loader.name);
  if (elf.type !== 2 || ld.type !== 3 || ld.arch !== elf.arch) {
    throw new FalcoError(
      "BUILD_ELF",
      `Cannot join the program and ${loader.name}: wrong kind or architecture`,
    );
  }
  const codeAt = roundUp(program.length, PAGE);
  const codeAddress = roundUp(endAddress(elf), PAGE) + PAGE;
  const layout = layOutCode(elf, libraries);
  const dataAt = roundUp(codeAt + layout.size, PAGE);
  const dataAddress = codeAddress + (dataAt - codeAt);
  const loaderAt = dataAt + PAGE;
  const loaderBase = dataAddress + PAGE;

  const data = new DataArea(dataAddress);
  const { table, paths } = libraryTable(data, libraries, codeAddress, layout.libraries);
  const shown = data.put(encodeSegments(shownToLoader(elf, data, dataAt)));
  const kernel = kernelSegments(elf, [
    { flags: PF.r | PF.x, offset: codeAt, address: codeAddress, size: layout.size },
    { flags: PF.r | PF.w, offset: dataAt, address: dataAddress, size: PAGE },
  ]).concat(
    ld.segments
      .filter((s) => s.type === PT.load)
      .map((s) => ({ ...s, offset: loaderAt + s.offset, address: loaderBase + s.address })),
  );
  const segmentsAddress = data.put(encodeSegments(inOrder(kernel)));
  redirectLibraries(elf, paths, [...libraries.map((library) => library.name), loader.name]);

  const code = stub[elf.arch]({
    variables: codeAddress + layout.variables,
    next: loaderBase + ld.entry,
    inside: {
      settings: settings(data),
      auxiliary: [
        [AT.phdr, shown],
        [AT.phnum, elf.segments.length],
        [AT.base, loaderBase],
        [AT.entry, elf.entry],
      ],
      libraries: table,
      message: [codeAddress + layout.message, MESSAGE.length],
    },
  });
  const result = Buffer.alloc(loaderAt + loader.bytes.length);
  elf.bytes.copy(result);
  code.copy(result, codeAt);
  encodeVariables().copy(result, codeAt + layout.variables);
  result.write(MESSAGE, codeAt + layout.message, "latin1");
  for (const [i, library] of libraries.entries()) library.bytes.copy(result, codeAt + layout.libraries[i]!);
  data.bytes.copy(result, dataAt);
  loader.bytes.copy(result, loaderAt);
  result.writeBigUInt64LE(BigInt(codeAddress), 24);
  result.writeBigUInt64LE(BigInt(dataAt + (segmentsAddress - dataAddress)), 32);
  result.writeUInt16LE(kernel.length, 56);
  return result;
}

/** Offsets inside the code area. The stub's length does not depend on the values in it. */
function layOutCode(elf: Elf, libraries: readonly Library[]) {
  const sample: StubPlan = {
    variables: 0,
    next: 0,
    inside: {
      settings: [0, 0],
      auxiliary: Object.values(AT).map((type) => [type, 0] as const),
      libraries: 0,
      message: [0, 0],
    },
  };
  const variables = stub[elf.arch](sample).length;
  const message = variables + encodeVariables().length;
  let size = roundUp(message + MESSAGE.length, 64);
  const offsets = libraries.map((library) => {
    const at = size;
    size = roundUp(size + library.bytes.length, 64);
    return at;
  });
  return { variables, message, libraries: offsets, size };
}

/** One writable page that is filled from its start; `put` returns the address of what was put. */
class DataArea {
  readonly bytes = Buffer.alloc(PAGE);
  readonly #address: number;
  #used = 0;

  constructor(address: number) {
    this.#address = address;
  }

  put(piece: Buffer): number {
    const at = this.#used;
    this.#used = roundUp(at + piece.length, 8);
    if (this.#used > PAGE)
      throw new FalcoError("BUILD_ELF", "Cannot join the program and its libraries: too many");
    piece.copy(this.bytes, at);
    return this.#address + at;
  }

  /** The address that the next `put` returns. */
  get next(): number {
    return this.#address + this.#used;
  }
}

/** The table of stub-plan.ts, and where the path of each library will stand. */
function libraryTable(
  data: DataArea,
  libraries: readonly Library[],
  code: number,
  offsets: readonly number[],
) {
  const words: number[] = [];
  const paths = libraries.map((library, i) => {
    const name = data.put(Buffer.from(`${library.name}\0`, "latin1"));
    const path = data.put(Buffer.concat([Buffer.from(DESCRIPTORS, "latin1"), Buffer.alloc(16)]));
    words.push(name, code + offsets[i]!, library.bytes.length, path + DESCRIPTORS.length);
    return path;
  });
  const table = Buffer.alloc((words.length + 1) * 8);
  for (const [i, word] of words.entries()) table.writeBigUInt64LE(BigInt(word), i * 8);
  return { table: data.put(table), paths };
}

/** The program's own segment table, as the loader has to see it: where it says it is itself must be true. */
function shownToLoader(elf: Elf, data: DataArea, dataAt: number): Segment[] {
  const address = data.next;
  const offset = dataAt + (address & (PAGE - 1));
  return elf.segments.map((s) => (s.type === PT.phdr ? { ...s, address, offset } : s));
}

function settings(data: DataArea): readonly [number, number] {
  const [first, second] = Object.entries(ENGINE_SETTINGS).map(([name, value]) =>
    data.put(Buffer.from(`${name}=${value}\0`, "latin1")),
  );
  return [first!, second!];
}

function kernelSegments(
  elf: Elf,
  areas: readonly { flags: number; offset: number; address: number; size: number }[],
) {
  const own = elf.segments
    .filter((s) => s.type === PT.load || s.type === PT.gnuStack)
    .flatMap((s) => withReadOnly(s, sectionOf(elf, BUNDLE)));
  const added = areas.map(({ flags, offset, address, size }) => ({
    ...{ type: PT.load, flags, offset, address, align: PAGE },
    ...{ fileSize: size, memorySize: size },
  }));
  return [...own, ...added] as Segment[];
}

/**
 * The segment, with what of it is the program's own modules as a part that can't be written to: nobody does, and the pages of such a part
 * can be let go when they are no longer needed (core/ffi/own-text.ts).
 */
function withReadOnly(segment: Segment, section: ReturnType<typeof sectionOf>): Segment[] {
  const { type, flags, address, fileSize, memorySize } = segment;
  const isData = type === PT.load && (flags & PF.w) !== 0 && fileSize === memorySize;
  if (!section || !isData) return [segment];
  const start = roundUp(section.start, PAGE);
  const end = section.end - (section.end % PAGE);
  if (start >= end || start <= address || end >= address + fileSize) return [segment];
  const part = (from: number, to: number, its: number): Segment => ({
    ...segment,
    ...{ flags: its, offset: segment.offset + (from - address), address: from },
    ...{ fileSize: to - from, memorySize: to - from },
  });
  return [part(address, start, flags), part(start, end, PF.r), part(end, address + fileSize, flags)];
}

/** Loadable segments by rising address, as the kernel expects, then the rest. */
function inOrder(segments: readonly Segment[]): Segment[] {
  const loads = segments.filter((s) => s.type === PT.load).sort((a, b) => a.address - b.address);
  return [...loads, ...segments.filter((s) => s.type !== PT.load)];
}
