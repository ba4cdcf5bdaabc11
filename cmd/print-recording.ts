import type { RecordResult } from "../core/engine/record.ts";

/** Prints what was recorded, and what was lost. */
export function printRecording({ events, seen, files, dropped }: RecordResult, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ events, seen, files, dropped }));
    return;
  }
  console.log(`${events} events recorded of ${seen} seen, in ${files} ${files === 1 ? "file" : "files"}`);
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  if (lost > 0) console.error(`${lost} events were lost: the machine was faster than the recording`);
}
