/** Threads that run JavaScript and JSONata at one time, unless the machine has fewer processors than that. */
export const MAX_SCRIPT_THREADS = 4;
/** Fewest threads for JavaScript and JSONata, so that one endless loop does not hold up everything else. */
export const MIN_SCRIPT_THREADS = 2;
/** Threads that run Python: each holds an interpreter of some 100 MB. */
export const PYTHON_THREADS = 2;
/** Runs that wait for a thread of one pool; one more is refused with `sandbox_busy`. */
export const MAX_QUEUED_RUNS = 1_000;
/** How long a thread stays without work before it ends. */
export const THREAD_IDLE_MS = 30_000;
/** How long a thread may take to get ready for a run. */
export const THREAD_START_LIMIT_MS = 60_000;
/** How long code that was told to stop may take to do so before its thread is ended. */
export const STOP_GRACE_MS = 250;
/** Heap of a thread outside WebAssembly, in megabytes. */
export const THREAD_HEAP_MB = 256;

/** Memory of a JSONata program with its interpreter, in megabytes. */
export const JSONATA_MEMORY_MB = 128;

/** Characters of JSON that one run is given. */
export const MAX_SCOPE_CHARACTERS = 16 * 1024 * 1024;
/** Characters of JSON that one run gives back. */
export const MAX_RESULT_CHARACTERS = 4 * 1024 * 1024;
/** Lines that one run writes to the log; the rest is left out. */
export const MAX_LOG_LINES = 200;
/** Characters of one line of the log; the rest is cut off. */
export const MAX_LOG_LINE_CHARACTERS = 2_000;
/** Characters of an error's message. */
export const MAX_MESSAGE_CHARACTERS = 1_000;

/** Longest program in characters. */
export const MAX_CODE_CHARACTERS = 200_000;
/** Range and default of `timeoutMs`. */
export const DEFAULT_TIMEOUT_MS = 5_000;
export const MAX_TIMEOUT_MS = 300_000;
/** Range and default of `memoryMb`. */
export const DEFAULT_MEMORY_MB = 64;
export const MIN_MEMORY_MB = 1;
export const MAX_MEMORY_MB = 1_024;
