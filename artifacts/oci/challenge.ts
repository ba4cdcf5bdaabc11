/** One way a server offers to be authenticated to (RFC 9110, 11.6.1). Scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * Reads a WWW-Authenticate header, which may hold several challenges. A single pass: what doesn't parse ends the
 * reading, and what was read up to there counts.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const skip = (pattern: RegExp): void => {
    while (at < header.length && pattern.test(header[at]!)) at++;
  };
  const word = (): string => {
    const start = at;
    skip(token);
    return header.slice(start, at).toLowerCase();
  };
  const value = (): string => {
    if (header[at] !== '"') {
      const start = at;
      skip(/[^,\s]/);
      return header.slice(start, at);
    }
    let text = "";
    for (at++; at < header.length && header[at] !== '"'; at++) {
      if (header[at] === "\\") at++;
      text += header[at] ?? "";
    }
    at++;
    return text;
  };
  while (at < header.length) {
    skip(/[\s,]/);
    const name = word();
    if (name === "") break;
    skip(/\s/);
    const current = challenges.at(-1);
    if (header[at] === "=" && current) {
      at++;
      skip(/\s/);
      current.parameters[name] = value();
    } else {
      challenges.push({ scheme: name, parameters: {} });
    }
  }
  return challenges;
}
