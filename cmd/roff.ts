// Man pages are written in the macros of man(7): https://man7.org/linux/man-pages/man7/man.7.html

/** Text as roff: backslashes, hyphens that are to be copied as such, and lines that would be read as requests. */
export const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replace(/^\./gm, "\\&.")
    .replace(
      /[^\n -~]/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );

/** The first lines of a page: `section` is that of the manual. */
export const head = (name: string, section: number, version: string): string =>
  `.TH ${name.toUpperCase().replaceAll("-", "\\-")} ${section} "" "falco ${version}" "falco"\n.nh\n.ad l\n`;

export const heading = (text: string): string => `.SH ${roff(text.toUpperCase())}\n`;
export const subheading = (text: string): string => `.SS ${roff(text)}\n`;

/** Paragraphs; a line end within one is a blank. */
export const paragraphs = (text: string): string =>
  text
    .split("\n\n")
    .map((paragraph) => `.PP\n${roff(paragraph)}\n`)
    .join("");

/** A term in bold and what it means below. */
export const term = (name: string, meaning: string): string => `.TP\n.B ${roff(name)}\n${roff(meaning)}\n`;

/** Lines as they are. */
export const verbatim = (lines: readonly string[]): string =>
  `.PP\n.RS 4\n.nf\n${lines.map((line) => `${roff(line)}\n`).join("")}.fi\n.RE\n`;
