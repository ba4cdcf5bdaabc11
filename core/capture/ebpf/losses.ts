import { Mapping, PROT_READ } from "../../ffi/mapping.ts";
import { COUNTERS_STRIDE, LOSS_CAUSES } from "./counters.ts";
import { inPages } from "./maps.ts";

/** What the programs could not hand over, as they count it. */
export class Losses {
  readonly #counters: Mapping;
  readonly #cpus: number;

  /** `fd` is the counters map's. Throws SystemError. */
  constructor(fd: number, cpus: number) {
    this.#cpus = cpus;
    this.#counters = new Mapping(fd, inPages(cpus * COUNTERS_STRIDE), 0, PROT_READ);
  }

  /** Events lost since the start, by cause; all causes are there. */
  byCause(): Record<string, number> {
    return Object.fromEntries(
      LOSS_CAUSES.map((cause, i) => {
        let count = 0;
        for (let cpu = 0; cpu < this.#cpus; cpu++) count += this.#count(cpu, i);
        return [cause, count];
      }),
    );
  }

  /** Events that a CPU lost. */
  ofCpu(cpu: number): number {
    return LOSS_CAUSES.reduce((sum, _cause, i) => sum + this.#count(cpu, i), 0);
  }

  #count(cpu: number, cause: number): number {
    return Number(this.#counters.view.getBigUint64(cpu * COUNTERS_STRIDE + 8 * cause, true));
  }

  close(): void {
    this.#counters.unmap();
  }
}
