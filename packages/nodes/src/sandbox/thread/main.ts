import { parentPort, workerData } from "node:worker_threads";
import type {
  Guest,
  GuestOutcome,
  GuestRequest,
  LogLevel,
  MessageFromThread,
  MessageToThread,
  ThreadData,
} from "../guest-protocol.js";
import { MissingPackageError } from "./missing-package.js";
import { RunLog } from "./run-log.js";

/** The program of a sandbox thread: runs one request after the other, each by its language. */

const stopFlag = new Int32Array((workerData as ThreadData).stopFlag);
const guests = new Map<GuestRequest["language"], Promise<Guest>>();

parentPort?.on("message", (message: MessageToThread) => void serve(message.request));

async function serve(request: GuestRequest): Promise<void> {
  const { answer, retire = false, guest } = await answerTo(request);
  send({ type: "answer", answer, retire });
  if (!retire) guest?.afterRun?.();
}

async function answerTo(request: GuestRequest): Promise<GuestOutcome & { readonly guest?: Guest }> {
  try {
    const guest = await guestFor(request.language);
    await guest.prepare(request);
    send({ type: "started" });
    if (Atomics.load(stopFlag, 0) !== 0) return { answer: { outcome: "stopped" } };
    const log = new RunLog((level: LogLevel, text: string) => send({ type: "log", level, text }));
    const outcome = await guest.run(request, (level, text) => log.write(level, text));
    return { ...outcome, guest };
  } catch (error) {
    if (!(error instanceof MissingPackageError)) throw error;
    return { answer: { outcome: "failure", code: "not_configured", message: error.message }, retire: true };
  }
}

function guestFor(language: GuestRequest["language"]): Promise<Guest> {
  let guest = guests.get(language);
  if (guest === undefined) {
    guest = createGuest(language) as Promise<Guest>;
    guests.set(language, guest);
  }
  return guest;
}

async function createGuest(language: GuestRequest["language"]): Promise<unknown> {
  switch (language) {
    case "javascript":
      return new (await import("./javascript/javascript-guest.js")).JavaScriptGuest(stopFlag);
    case "python":
      return new (await import("./python/python-guest.js")).PythonGuest(stopFlag);
    case "jsonata":
      return new (await import("./jsonata/jsonata-guest.js")).JsonataGuest(stopFlag);
  }
}

function send(message: MessageFromThread): void {
  parentPort?.postMessage(message);
}
