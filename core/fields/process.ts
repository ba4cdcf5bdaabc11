import { fieldClass } from "./field.ts";
import { processFields } from "./proc.ts";
import { resourceFields, stdioFields, threadCountFields } from "./proc-resources.ts";
import { capabilityFields, threadFields, threadUseFields } from "./thread.ts";

/** Fields of the process and thread behind the event, in the order that users know from the list. */
export const process = fieldClass("process", "The process and thread behind the event", ["syscall"], {
  ...processFields,
  ...capabilityFields,
  ...resourceFields,
  ...threadFields,
  ...threadCountFields,
  ...threadUseFields,
  ...stdioFields,
});
