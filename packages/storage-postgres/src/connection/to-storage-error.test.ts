import { describe, expect, it } from "vitest";
import { isConnectionLost, toStorageError } from "./to-storage-error.js";

const databaseError = (code: string, message = "Key (id)=(payload) is bad.") =>
  Object.assign(new Error(message), { code, detail: "payload" });

describe("errors of the driver", () => {
  it.each([
    ["08006", "storage_unavailable"],
    ["40001", "storage_unavailable"],
    ["40P01", "storage_unavailable"],
    ["53300", "storage_unavailable"],
    ["57P01", "storage_unavailable"],
    ["57014", "storage_unavailable"],
    ["25006", "storage_unavailable"],
    ["28P01", "invalid_configuration"],
    ["3D000", "invalid_configuration"],
    ["42501", "invalid_configuration"],
    ["42P01", "migration_failed"],
    ["22P02", "invalid_input"],
    ["23505", "invalid_input"],
    ["54000", "invalid_input"],
    ["42601", "internal"],
  ])("%s becomes %s", (sqlState, code) => {
    expect(toStorageError(databaseError(sqlState))).toMatchObject({ code, details: { sqlState } });
  });

  it("do not repeat values, and are not handed on", () => {
    const error = toStorageError(databaseError("22P02"));
    expect(error.message).not.toContain("payload");
    expect(error.cause).toBeUndefined();
  });

  it("without a state mean that there is no connection", () => {
    const refused = new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:1")]);
    expect(toStorageError(refused)).toMatchObject({ code: "storage_unavailable" });
    expect(toStorageError(refused).message).toContain("ECONNREFUSED");
    expect(isConnectionLost(new Error("Connection terminated unexpectedly"))).toBe(true);
    expect(isConnectionLost(databaseError("57P01"))).toBe(true);
    expect(isConnectionLost(databaseError("23505"))).toBe(false);
  });

  it("with a system call mean the same, though EPIPE looks like a state", () => {
    const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
    expect(toStorageError(broken)).toMatchObject({ code: "storage_unavailable" });
    expect(isConnectionLost(broken)).toBe(true);
  });
});
