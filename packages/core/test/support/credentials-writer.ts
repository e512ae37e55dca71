/** Writes credentials of its own into a file that others write too: `file key writer count`. */
import { encryptedFileSecrets } from "../../src/index.js";

const [file = "", key = "", writer = "", count = ""] = process.argv.slice(2);
const secrets = encryptedFileSecrets({ file, key });
for (let number = 0; number < Number(count); number++) {
  await secrets.set(`${writer}-${number}`, { token: `${writer} ${number}` });
  if (number % 3 === 2) await secrets.delete(`${writer}-${number}`);
}
