/** Definitions are bundled as the text they are. */
declare module "*.cfg" {
  const text: string;
  export default text;
}
