/** Exit codes of every command. */
export const EXIT_OK = 0;
/** The execution failed or was cancelled, a check did not pass, or something unexpected happened. */
export const EXIT_FAILED = 1;
/** The command line or the definition cannot be used. */
export const EXIT_USAGE = 2;
