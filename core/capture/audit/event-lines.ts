import type { Intake } from "./intake.ts";
import { Lines } from "./lines.ts";

/** Cuts what a file gives into lines and takes each as an audit event; one longer than `maxLine` bytes is counted as lost. */
export const eventLines = (path: string, intake: Intake, maxLine: number): Lines =>
  new Lines(
    maxLine,
    (line) => void intake.take(line, path),
    () => intake.lose("too_large", `A line of ${path} is left out: it is longer than webhookMaxBatchSize`),
  );
