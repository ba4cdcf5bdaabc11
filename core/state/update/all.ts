import { EVENTS } from "../../schema/events.ts";
import { accountUpdates } from "./account.ts";
import { cloneUpdates } from "./clone.ts";
import { containerUpdates } from "./container.ts";
import { descriptorUpdates } from "./descriptor.ts";
import { enterUpdates } from "./enter.ts";
import { execUpdates } from "./exec.ts";
import { fileUpdates } from "./file.ts";
import { ioUpdates } from "./io.ts";
import { processUpdates } from "./process.ts";
import { socketUpdates } from "./socket.ts";
import type { Update, UpdateTable } from "./update.ts";

const FAMILIES: readonly UpdateTable[] = [
  enterUpdates,
  cloneUpdates,
  execUpdates,
  processUpdates,
  fileUpdates,
  descriptorUpdates,
  socketUpdates,
  ioUpdates,
  accountUpdates,
  containerUpdates,
];

const BY_CODE: UpdateTable = Object.assign({}, ...FAMILIES);

/** What each event type teaches, by event code; most teach nothing. */
export const UPDATES: readonly (Update | undefined)[] = EVENTS.map(({ code }) => BY_CODE[code]);
