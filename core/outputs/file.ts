import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { LineBatch } from "./line-batch.ts";
import type { Delivery, Message, Output } from "./output.ts";
import { writeLines } from "./stream-writer.ts";

export interface FileOptions {
  readonly filename: string;
  /** Keep the file open between batches; otherwise a file moved away is left alone at once. */
  readonly keep_alive: boolean;
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;

/** Alerts as lines appended to a file. Lines that a full disk cut short are ended before the next one begins. */
export function fileOutput({ filename, keep_alive: keepAlive }: FileOptions): Output {
  let handle: FileHandle | undefined;
  let regular = true;
  let cut = false;
  let closed = false;

  const opened = async (): Promise<FileHandle> => {
    if (handle) return handle;
    // Without O_NONBLOCK opening a pipe that nobody reads would hang.
    const fresh = await open(filename, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644);
    regular = (await fresh.stat()).isFile();
    handle = fresh;
    return fresh;
  };
  const release = async (): Promise<void> => {
    const old = handle;
    handle = undefined;
    await old?.close();
  };
  const append = async (file: FileHandle, messages: readonly Message[]): Promise<Delivery> => {
    const batch = new LineBatch(messages);
    let written = 0;
    try {
      if (cut) {
        await file.write("\n");
        cut = false;
      }
      while (written < batch.bytes.length) {
        const { bytesWritten } = await file.write(batch.bytes, written);
        written += bytesWritten;
      }
    } catch (error) {
      cut = written > 0 && batch.bytes[written - 1] !== 0x0a;
      return batch.delivery(written, error);
    }
    return batch.delivery(written);
  };

  const write = async (messages: readonly Message[]): Promise<Delivery> => {
    const file = await opened();
    const delivery = regular
      ? await append(file, messages)
      : await writeLines(file.fd, messages, () => closed);
    if (!keepAlive || delivery.error !== undefined) await release();
    return delivery;
  };
  let busy: Promise<unknown> | undefined;

  return {
    name: "file",
    batch: 1024,
    write(messages) {
      const work = write(messages);
      busy = work.catch(() => undefined);
      return work;
    },
    reopen: release,
    async close() {
      closed = true;
      await busy;
      await release();
    },
  };
}
