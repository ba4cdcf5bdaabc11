import fc from "fast-check";

/**
 * Generated test cases are the same in every run, so that a change is judged by what it changed. Others come with
 * FALCO_FUZZ_SEED=N, and by the millions with FALCO_FUZZ_RUNS=N; a failure prints the seed that repeats it.
 */
fc.configureGlobal({ seed: Number(process.env.FALCO_FUZZ_SEED ?? 20_261_121) });
