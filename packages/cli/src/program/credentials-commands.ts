import { type Command, Option } from "commander";
import {
  type CredentialOptions,
  type CredentialsOptions,
  deleteCredentialCommand,
  generateCredentialsKeyCommand,
  type ListCredentialsOptions,
  listCredentialsCommand,
  rotateCredentialsCommand,
  type SetCredentialOptions,
  setCredentialCommand,
} from "../commands/credentials.js";
import { FILE_VARIABLE, KEY_VARIABLE } from "../commands/credentials-file.js";
import type { Streams } from "../streams.js";
import { examples, type Finish } from "./command-options.js";

const NAME = "name of the credential, as nodes ask for it";
const TENANT = "the credential of this tenant; without it, the one that all tenants share";

/** Commands about the encrypted file of credentials: `credentials set`, `list`, `delete`, `rotate`, `generate-key`. */
export function addCredentialsCommands(program: Command, streams: Streams, finish: Finish): void {
  const credentials = program
    .command("credentials")
    .description("keep the credentials of nodes in an encrypted file")
    .addHelpText(
      "after",
      `${examples(
        "credentials generate-key",
        "credentials set mailer --file credentials.json < mailer.json",
        "credentials list --file credentials.json",
      )}

The key is read from ${KEY_VARIABLE}: 32 bytes in base64, or passphrase:TEXT. Several, with commas, are for changing
it: the first encrypts, all decrypt. Commands that run nodes use the file that ${FILE_VARIABLE} names.`,
    );
  addSet(credentials, streams, finish);
  addList(credentials, streams, finish);

  credentials
    .command("delete")
    .description("remove a credential")
    .argument("<name>", NAME)
    .option("--tenant <tenant>", TENANT)
    .addOption(fileOption())
    .addHelpText(
      "after",
      `${examples("credentials delete mailer", "credentials delete mailer --tenant north")}

Exit code: 0 removed, 1 there is none, 2 usage.`,
    )
    .action((name: string, options: CredentialOptions) => finish(deleteCredentialCommand(name, options, streams)));

  credentials
    .command("rotate")
    .description("encrypt every credential with the first key")
    .addOption(fileOption())
    .addHelpText(
      "after",
      `${examples("credentials rotate --file credentials.json")}

To change the key: set ${KEY_VARIABLE} to NEW,OLD everywhere, rotate, then take OLD away.`,
    )
    .action((options: CredentialsOptions) => finish(rotateCredentialsCommand(options, streams)));

  credentials
    .command("generate-key")
    .description("print a new random key; keep it apart from the file")
    .addHelpText("after", examples("credentials generate-key"))
    .action(() => finish(generateCredentialsKeyCommand(streams)));
}

function addSet(credentials: Command, streams: Streams, finish: Finish): void {
  credentials
    .command("set")
    .description("store a credential, in place of the one of the same name and tenant")
    .argument("<name>", NAME)
    .option("--tenant <tenant>", TENANT)
    .option("--value-file <path>", "file with the value, a JSON object; without it standard input is read")
    .addOption(fileOption())
    .addHelpText(
      "after",
      `${examples(
        "credentials set mailer < mailer.json",
        "credentials set crm --tenant north --value-file crm.json --file credentials.json",
      )}

The value is never an argument: everybody on the machine could see it there.
Exit code: 0 stored, 1 the file cannot be used, 2 usage.`,
    )
    .action((name: string, options: SetCredentialOptions) => finish(setCredentialCommand(name, options, streams)));
}

function addList(credentials: Command, streams: Streams, finish: Finish): void {
  credentials
    .command("list")
    .description("print names and tenants, without values")
    .addOption(fileOption())
    .option("--json", "print one JSON document: file, credentials")
    .addHelpText("after", examples("credentials list", "credentials list --json"))
    .action((options: ListCredentialsOptions) => finish(listCredentialsCommand(options, streams)));
}

function fileOption(): Option {
  return new Option("--file <path>", `the credentials file (default: ${FILE_VARIABLE})`);
}
