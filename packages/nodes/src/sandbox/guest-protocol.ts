/** What the engine's thread and a sandbox thread say to each other. Values travel as JSON text. */

/** Values by name, each as JSON text. A name that the code does not mention is left out. */
export type ScopeTexts = Readonly<Record<string, string>>;

/** Time and chance as the code sees them. */
export interface GuestWorld {
  /** Milliseconds since the epoch when the run begins. */
  readonly nowMs: number;
  /** False: the clock stands still. */
  readonly clockMoves: boolean;
  /** From 0 to 2³² − 1. */
  readonly seed: number;
}

export interface JavaScriptRequest {
  readonly language: "javascript";
  readonly code: string;
  readonly scope: ScopeTexts;
  readonly memoryMb: number;
  readonly world: GuestWorld;
}

export interface PythonRequest extends Omit<JavaScriptRequest, "language"> {
  readonly language: "python";
}

export interface JsonataRequest {
  readonly language: "jsonata";
  readonly code: string;
  readonly scope: ScopeTexts;
  readonly world: GuestWorld;
}

export type GuestRequest = JavaScriptRequest | PythonRequest | JsonataRequest;

/** What became of a run. `stopped`: the code gave way because it was told to. */
export type GuestAnswer =
  | { readonly outcome: "result"; readonly json: string }
  | { readonly outcome: "stopped" }
  | {
      readonly outcome: "failure";
      readonly code: string;
      readonly message: string;
      readonly details?: Readonly<Record<string, unknown>>;
    };

export type LogLevel = "debug" | "info" | "warn" | "error";

export type MessageToThread = { readonly type: "run"; readonly request: GuestRequest };

export type MessageFromThread =
  /** Everything is loaded, the code begins: its time counts from here. */
  | { readonly type: "started" }
  | { readonly type: "log"; readonly level: LogLevel; readonly text: string }
  /** `retire`: the thread is not to be used again. */
  | { readonly type: "answer"; readonly answer: GuestAnswer; readonly retire: boolean };

/** What a thread is created with. */
export interface ThreadData {
  /** Two 32-bit numbers, not 0 when the code is to stop: one to look at, one that Python's interpreter takes back. */
  readonly stopFlag: SharedArrayBuffer;
}

/** Writes a line to the log. False when no further line is wanted. */
export type GuestLog = (level: LogLevel, text: string) => boolean;

/** What a language does for its thread. */
export interface Guest<Request extends GuestRequest = GuestRequest> {
  /** Loads what the run needs. */
  prepare(request: Request): Promise<void>;
  run(request: Request, log: GuestLog): Promise<GuestOutcome> | GuestOutcome;
  /** Gets ready for the next run, once the answer is on its way. */
  afterRun?(): void;
}

export interface GuestOutcome {
  readonly answer: GuestAnswer;
  readonly retire?: boolean;
}
