import { readFileSync } from "node:fs";

const FILE = "/etc/services";
let ports: ReadonlyMap<string, number> | undefined;

/** Name or alias to port, the first line that has it, as getservbyname(3) finds it without a protocol. */
function read(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  let text = "";
  try {
    text = readFileSync(FILE, "utf8");
  } catch {
    // An image without the file knows no service names; the literal is then reported as unrecognised.
    return found;
  }
  for (const line of text.split("\n")) {
    const [name, port, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const number = Number.parseInt(port ?? "", 10);
    if (!name || Number.isNaN(number)) continue;
    for (const word of [name, ...aliases]) if (!found.has(word)) found.set(word, number);
  }
  return found;
}

/** The port of a service by its name in the system's database, or nothing. */
export function servicePort(name: string): number | undefined {
  ports ??= read();
  return ports.get(name);
}
