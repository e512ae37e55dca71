import { type NodeType, z } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import * as nodes from "./index.js";
import { standardNodes } from "./standard-nodes.js";

describe("standardNodes", () => {
  it("holds every node of the catalogue, with its aliases", () => {
    const names = standardNodes().flatMap(({ type, aliases = [] }) => [type, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.sort()).toEqual(
      (
        "start manual_trigger schedule_trigger webhook_trigger event_trigger error_trigger " +
        "end condition conditional if switch merge for_each while_loop try delay wait_for_signal approval sub_workflow fail respond_to_webhook " +
        "set_variables data_transform filter sort aggregate split limit remove_duplicates json_schema_validate parse format date_time crypto compress " +
        "code_javascript code_python http_request http graphql_request database_query redis_command file_read file_write s3_object " +
        "email_send sms_send slack_message push_notify ai_process ai_chat ai_extract ai_classify ai_agent agent ai_agent_setup ai_agent_turn " +
        "ai_embedding ai_image ai_moderate mcp_tool vector_upsert vector_search web_search web_read " +
        "hubspot salesforce dms_request crm_upsert openapi_request integration"
      )
        .split(" ")
        .sort(),
    );
  });

  it("exports each node that needs no options by name too", () => {
    const exported = new Set<unknown>(Object.values(nodes));
    const again = new Set(standardNodes());
    for (const node of standardNodes()) if (again.has(node)) expect(exported, node.type).toContain(node);
  });

  it.each(standardNodes().map((node) => [node.type, node] as const))(
    "%s describes itself and its parameters",
    (_, node) => {
      expect(node.label).not.toBe(node.type);
      expect(node.description).toBeTruthy();
      expect(node.example).toBeDefined();
      expect(undescribed(node)).toEqual([]);
    },
  );

  it.each(standardNodes().map((node) => [node.type, node] as const))(
    "%s accepts the parameters of its example",
    (_, node) => {
      const templated = JSON.stringify(node.example?.parameters).includes("{{");
      const result = node.parameterSchema?.safeParse(node.example?.parameters);
      if (!templated) expect(result?.error?.issues ?? []).toEqual([]);
    },
  );
});

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function undescribed(node: NodeType): readonly string[] {
  const schema = z.toJSONSchema(node.parameterSchema as z.ZodType, { io: "input" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    property.description === undefined ? [name] : [],
  );
}
