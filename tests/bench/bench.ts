/** One line of a result: columns by name, with the unit in the name (`ns/event`, `RSS MB`). */
export type BenchRow = Readonly<Record<string, number | string>>;

/** What every file `*.bench.ts` in this directory exports. */
export interface Bench {
  readonly name: string;
  /** What is measured and what it is to be compared with, in a sentence. */
  readonly description: string;
  /** Measures. A string is the reason why that cannot be done here. */
  run(): Promise<readonly BenchRow[] | string>;
}
