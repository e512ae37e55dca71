import { loadOptionalModule } from "../loading/load-optional-module.js";

/** The parts of the MCP SDK that are used. */
export interface McpSdk {
  readonly client: typeof import("@modelcontextprotocol/sdk/client/index.js");
  readonly streamableHttp: typeof import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  readonly sse: typeof import("@modelcontextprotocol/sdk/client/sse.js");
  readonly stdio: typeof import("@modelcontextprotocol/sdk/shared/stdio.js");
  readonly types: typeof import("@modelcontextprotocol/sdk/types.js");
}

/**
 * Loads the optional MCP SDK at its first use.
 * @throws FatalNodeError `not_configured` when the package is not installed
 */
export function loadMcpSdk(): McpSdk {
  return {
    client: load("client/index.js"),
    streamableHttp: load("client/streamableHttp.js"),
    sse: load("client/sse.js"),
    stdio: load("shared/stdio.js"),
    types: load("types.js"),
  };
}

function load<Module>(path: string): Module {
  return loadOptionalModule<Module>(`@modelcontextprotocol/sdk/${path}`, "MCP");
}
