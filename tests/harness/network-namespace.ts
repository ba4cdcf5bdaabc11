/** Why network namespaces can't be made here, or undefined where they can. */
export function namespaceMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!Bun.which("ip")) return "ip is not installed (Debian: apt-get install iproute2)";
  const probe = new NetworkNamespace();
  try {
    return probe.connect();
  } finally {
    probe.remove();
  }
}

/** A network namespace behind a cable of its own to this one, which can be pulled. */
export class NetworkNamespace {
  readonly name = `falco-${process.pid}`;
  /** Addresses of this side and the other, of a network that documentation alone uses (RFC 5737). */
  readonly here = "198.51.100.1";
  readonly there = "198.51.100.2";
  readonly #inner = `falco${process.pid}i`;
  readonly #outer = `falco${process.pid}o`;

  /** Makes it; says why where it can't. */
  connect(): string | undefined {
    const inside = ["-n", this.name];
    const steps = [
      ["netns", "add", this.name],
      ["link", "add", this.#outer, "type", "veth", "peer", "name", this.#inner],
      ["link", "set", this.#inner, "netns", this.name],
      ["addr", "add", `${this.here}/30`, "dev", this.#outer],
      ["link", "set", this.#outer, "up"],
      [...inside, "addr", "add", `${this.there}/30`, "dev", this.#inner],
      [...inside, "link", "set", this.#inner, "up"],
    ];
    for (const step of steps) {
      const { exitCode, stderr } = Bun.spawnSync(["ip", ...step]);
      if (exitCode !== 0) return `ip ${step.join(" ")}: ${stderr.toString().trim()}`;
    }
    return undefined;
  }

  /** The words that run a command in it. */
  command(...words: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...words];
  }

  /** From here on nothing passes either way, and neither side is told. */
  pull(): void {
    Bun.spawnSync(["ip", "-n", this.name, "link", "set", this.#inner, "down"]);
  }

  remove(): void {
    for (const words of [
      ["link", "del", this.#outer],
      ["netns", "del", this.name],
    ])
      Bun.spawnSync(["ip", ...words], { stderr: "ignore" });
  }
}
