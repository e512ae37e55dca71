import { arrowFunctions } from "./arrow-functions.js";
import { dateFunctions } from "./date-functions.js";
import { type FunctionTable, mergeFunctionTables } from "./function-table.js";
import { listFunctions } from "./list-functions.js";
import { logicFunctions } from "./logic-functions.js";
import { numberFunctions } from "./number-functions.js";
import { objectFunctions } from "./object-functions.js";
import { patternFunctions } from "./pattern-functions.js";
import { textFunctions } from "./text-functions.js";
import { volatileFunctions } from "./volatile-functions.js";

/** The functions every expression may call. Add a plugin's with `mergeFunctionTables(standardFunctions, own)`. */
export const standardFunctions: FunctionTable = mergeFunctionTables(
  textFunctions,
  patternFunctions,
  numberFunctions,
  listFunctions,
  arrowFunctions,
  objectFunctions,
  logicFunctions,
  dateFunctions,
  volatileFunctions,
);
