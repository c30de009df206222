import * as z from "zod";
import { schema } from "./schema.ts";

/** The JSON Schema of tpi.yaml for editors; wherever a pattern is asked for, a `${VARIABLE}` will do as well. */
export function editorSchema(): object {
  const json = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => loosen(jsonSchema),
  });
  const properties = { ...json.properties, extends: { anyOf: [text, { type: "array", items: text }] } };
  return { title: "tpi.yaml", ...json, properties };
}

const text = { type: "string", description: "a file, or a list of files, that this one is laid over" };
const variable = { type: "string", pattern: "\\$\\{" };

type JsonSchema = Parameters<
  NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"] & {}
>[0]["jsonSchema"];

function loosen(json: JsonSchema): void {
  const strict =
    json.pattern !== undefined ||
    json.format !== undefined ||
    json.enum !== undefined ||
    json.type === "integer";
  if (!strict) return;
  const { description, ...own } = json;
  for (const key of Object.keys(json)) delete json[key as keyof JsonSchema];
  Object.assign(json, { ...(description ? { description } : {}), anyOf: [own, variable] });
}
