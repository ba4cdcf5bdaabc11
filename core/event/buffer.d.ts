// Bun and Node have these fast paths of toString(); their type packages leave them out.
interface Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  utf8Write(text: string, offset?: number, length?: number): number;
}
