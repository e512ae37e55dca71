/**
 * An arrow function of an expression, handed to a function such as `map`. Only the compiler makes them, so a
 * JavaScript function that came in as data is never called.
 */
export class Arrow {
  /** How many parameters it names. */
  readonly parameterCount: number;
  readonly #run: (values: readonly unknown[]) => unknown;

  constructor(parameterCount: number, run: (values: readonly unknown[]) => unknown) {
    this.parameterCount = parameterCount;
    this.#run = run;
  }

  call(...values: readonly unknown[]): unknown {
    return this.#run(values);
  }
}
