/** Files that are no code, as the bundler makes modules of them. */

declare module '*.proto' {
  const text: string;
  export default text;
}
