import type { Alert } from "./alert.ts";

/** Fills `<priority>`, `<rule>`, `<source>` and `<hostname>` into a subject or tag; other letters become `_`. */
export function addressOf(template: string, alert: Alert): string {
  if (!template.includes("<")) return template;
  return template.replace(
    /<(priority|rule|source|hostname)>/g,
    (_, name: "priority" | "rule" | "source" | "hostname") =>
      alert[name].toLowerCase().replace(/[^a-z0-9-]+/g, "_"),
  );
}
