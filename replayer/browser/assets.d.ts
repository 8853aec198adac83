/** Types of the asset files that the bundler turns into modules. */

declare module '*.proto' {
  const text: string;
  export default text;
}
