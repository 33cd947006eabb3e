// Vectors and documents that are read as text, in Node and in browsers alike.

declare module '*?raw' {
  const text: string
  export default text
}
