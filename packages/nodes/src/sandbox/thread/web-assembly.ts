/** Memory of an instance. */
interface WebAssemblyMemoryValue {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The parts of WebAssembly that the sandboxes use, which the types of Node.js leave out. */
interface WebAssemblyValues {
  compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WebAssemblyMemoryValue;
}

export const { compile: compileWebAssembly, Memory: WebAssemblyMemory } = (
  globalThis as unknown as { readonly WebAssembly: WebAssemblyValues }
).WebAssembly;
