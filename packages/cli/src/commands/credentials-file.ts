import { type EncryptedFileSecrets, type EngineOptions, encryptedFileSecrets } from "@automatrix/core";
import { usageError } from "../command-error.js";

export const FILE_VARIABLE = "AUTOMATRIX_CREDENTIALS_FILE";
export const KEY_VARIABLE = "AUTOMATRIX_CREDENTIALS_KEY";

/** A credentials file and where it is. */
export interface OpenedCredentials {
  readonly file: string;
  readonly secrets: EncryptedFileSecrets;
}

/**
 * The file that an option or the environment names, with the keys of the environment: an option would show them to
 * everybody who lists the processes of this machine.
 * @throws ConfigurationError `invalid_configuration`
 */
export function openCredentialsFile(file = process.env[FILE_VARIABLE]): OpenedCredentials {
  if (file === undefined || file === "")
    throw usageError(`Name the credentials file with --file, or in ${FILE_VARIABLE}.`);
  const keys = (process.env[KEY_VARIABLE] ?? "").split(",").filter((key) => key.trim() !== "");
  if (keys.length === 0)
    throw usageError(
      `Put the key of the credentials file into ${KEY_VARIABLE}; automatrix credentials generate-key makes one.`,
    );
  return { file, secrets: encryptedFileSecrets({ file, keys }) };
}

/** Where an engine of the command line gets credentials: the file, if the environment names one. */
export function credentialsOption(): Pick<EngineOptions, "secrets"> {
  return (process.env[FILE_VARIABLE] ?? "") === "" ? {} : { secrets: openCredentialsFile().secrets };
}
