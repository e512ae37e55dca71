/** One of several processes that open a database nobody has migrated yet; creates one execution and says how many there are. */

import { creation } from "@automatrix/core/testing";
import { postgresStorage } from "@automatrix/storage-postgres";

const [connectionString = "", schema = "", id = ""] = process.argv.slice(2);

const storage = postgresStorage({ connectionString, schema, pool: { max: 2 } });
await storage.open();
const outcomes = await storage.commit([creation(id, { idempotencyKey: "the same" })]);
process.stdout.write(JSON.stringify(outcomes[0]));
await storage.close();
