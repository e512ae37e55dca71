import { conformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { compress } from "../compress/compress.js";
import { crypto } from "../crypto/crypto.js";
import { dateTime } from "../date-time/date-time.js";
import { format } from "../format/format.js";
import { parse } from "../parse/parse.js";

for (const node of [parse, format, dateTime, crypto, compress]) conformance(node, { describe, it });

describe("with a key", () => {
  conformance(crypto, {
    describe,
    it,
    parameters: { operation: "hmac", credential: "key" },
    input: "text",
    credentials: { key: { secret: "a secret of the test" } },
  });
});
