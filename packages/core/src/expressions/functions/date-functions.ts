/* Dates are ISO 8601 texts in UTC; only formatDate knows time zones. */
import { numberOf, textOf } from "./arguments.js";
import { addToDate, type DateUnit, differenceOf, partOf, startOf, unitOf } from "./calendar.js";
import { formatInstant } from "./date-format.js";
import { defineFunction, type FunctionDefinition, type FunctionTable } from "./function-table.js";
import { instantOf, parseInstant, toIso } from "./instant.js";

const WITHOUT_ARGUMENTS = { volatile: "without_arguments" } as const;

/** Functions of dates. */
export const dateFunctions: FunctionTable = {
  date: defineFunction(
    "date(value?)",
    (values, context) => toIso(values.length === 0 ? context.now() : instantOf(values[0], context), context),
    WITHOUT_ARGUMENTS,
  ),
  timestamp: defineFunction(
    "timestamp(date?)",
    (values, context) => (values.length === 0 ? context.now() : instantOf(values[0], context)),
    WITHOUT_ARGUMENTS,
  ),
  isDate: defineFunction("isDate(value)", ([value]) => typeof value !== "number" && parseInstant(value) !== undefined),
  formatDate: defineFunction("formatDate(date, format?, timeZone?)", ([date, format, timeZone], context) =>
    formatInstant(
      instantOf(date, context),
      {
        format: format === undefined || format === null ? "yyyy-MM-dd" : textOf(format, context),
        timeZone: timeZone === undefined || timeZone === null ? "UTC" : textOf(timeZone, context),
      },
      context,
    ),
  ),
  addMilliseconds: addUnits("addMilliseconds", "millisecond"),
  addSeconds: addUnits("addSeconds", "second"),
  addMinutes: addUnits("addMinutes", "minute"),
  addHours: addUnits("addHours", "hour"),
  addDays: addUnits("addDays", "day"),
  addWeeks: addUnits("addWeeks", "week"),
  addMonths: addUnits("addMonths", "month"),
  addYears: addUnits("addYears", "year"),
  dateDiff: defineFunction("dateDiff(from, to, unit?)", ([from, to, unit], context) =>
    differenceOf(instantOf(from, context), instantOf(to, context), unitOf(unit === undefined ? "day" : unit, context)),
  ),
  startOf: defineFunction("startOf(date, unit)", ([date, unit], context) =>
    toIso(startOf(instantOf(date, context), unitOf(unit, context)), context),
  ),
  endOf: defineFunction("endOf(date, unit)", ([date, unit], context) => {
    const wanted = unitOf(unit, context);
    return toIso(addToDate(startOf(instantOf(date, context), wanted), 1, wanted) - 1, context);
  }),
  datePart: defineFunction("datePart(date, part)", ([date, part], context) =>
    partOf(instantOf(date, context), textOf(part, context), context),
  ),
};

function addUnits(name: string, unit: DateUnit): FunctionDefinition {
  return defineFunction(`${name}(date, count)`, ([date, count], context) =>
    toIso(addToDate(instantOf(date, context), numberOf(count, context, `${name}()`), unit), context),
  );
}
