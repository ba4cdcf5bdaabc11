import type { ParamType, PrintFormat } from "./event-row.ts";

/** What a parameter of type DYN holds: its first byte selects the variant. */
export interface DynVariant {
  readonly type: ParamType;
  readonly format: PrintFormat;
}

export const DYN_VARIANTS: Readonly<Record<string, readonly DynVariant[]>> = {
  sockopt_dynamic_param: [
    { type: "BYTEBUF", format: "HEX" },
    { type: "ERRNO", format: "DEC" },
    { type: "UINT32", format: "DEC" },
    { type: "UINT64", format: "DEC" },
    { type: "RELTIME", format: "DEC" },
  ],
  ptrace_dynamic_param: [
    { type: "UINT64", format: "HEX" },
    { type: "SIGTYPE", format: "DEC" },
  ],
  bpf_dynamic_param: [
    { type: "FD", format: "DEC" },
    { type: "ERRNO", format: "DEC" },
  ],
  keyctl_dynamic_param: [
    { type: "INT64", format: "DEC" },
    { type: "CHARBUF", format: "NA" },
  ],
};
