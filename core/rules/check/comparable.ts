import type { ParamType } from "../../schema/event-row.ts";
import type { Modifier, Operator } from "../language/ast.ts";
import { CheckError } from "./check-error.ts";

const EQUALITY = ["=", "==", "!=", "in", "intersects"];
const ORDER = ["<", "<=", ">", ">="];

/** Operators by class of type; `exists` is always taken. The label is how messages name the class. */
const CLASSES = {
  numeric: { label: "for numeric filters", operators: new Set([...EQUALITY, ...ORDER]) },
  bool: { label: "for numeric filters", operators: new Set(EQUALITY) },
  string: {
    label: "for string filters",
    operators: new Set([
      ...EQUALITY,
      ...ORDER,
      "contains",
      "icontains",
      "startswith",
      "endswith",
      "glob",
      "iglob",
      "regex",
      "pmatch",
    ]),
  },
  buffer: {
    label: "for buffer filters",
    operators: new Set([...EQUALITY, "contains", "startswith", "endswith", "bcontains", "bstartswith"]),
  },
  address: { label: "for ip address and network filters", operators: new Set(EQUALITY) },
  list: { label: "list filters", operators: new Set(["in", "intersects"]) },
} as const;
type ClassName = keyof typeof CLASSES;

const CLASS_OF: Partial<Record<ParamType, ClassName>> = {
  BOOL: "bool",
  CHARBUF: "string",
  FSPATH: "string",
  FSRELPATH: "string",
  BYTEBUF: "buffer",
  IPV4ADDR: "address",
  IPV4NET: "address",
  IPV6ADDR: "address",
  IPV6NET: "address",
  IPADDR: "address",
  IPNET: "address",
};
const NUMERIC = new Set<ParamType>([
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "ERRNO",
  "FD",
  "PID",
  "SYSCALLID",
  "SIGTYPE",
  "RELTIME",
  "ABSTIME",
  "PORT",
  "FLAGS8",
  "FLAGS16",
  "FLAGS32",
  "DOUBLE",
  "MODE",
  "ENUMFLAGS8",
  "ENUMFLAGS16",
  "ENUMFLAGS32",
]);
const LISTABLE = new Set<ParamType>(["CHARBUF", "UINT64", "RELTIME", "ABSTIME", "BOOL", "IPADDR", "IPNET"]);

/** Refuses an operator that values of the type do not have. Throws CheckError worded like the reference. */
export function checkComparable(
  operator: Operator,
  modifier: Modifier | undefined,
  type: ParamType,
  list: boolean,
): void {
  if (list && !LISTABLE.has(type)) {
    throw new CheckError(`filter error: list filters are not supported for type '${type}'`);
  }
  const className = list ? "list" : NUMERIC.has(type) ? "numeric" : CLASS_OF[type];
  const shown = operator === "==" ? "=" : operator;
  if (!className) {
    throw new CheckError(`filter error: '${shown}' operator not supported for type '${type}'`);
  }
  const { operators, label } = CLASSES[className];
  if (operators.has(operator)) return;
  if (modifier && className === "address") {
    throw new CheckError(
      `filter error: '${shown}' with modifier not supported for ip address and network filters`,
    );
  }
  throw new CheckError(`filter error: '${shown}' operator not supported ${label}`);
}
