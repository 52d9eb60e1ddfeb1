// From the protocol's OpenRPC document on standard input to TypeScript types on standard output.

import { text } from "node:stream/consumers";
import { compile } from "json-schema-to-typescript";

const bannerComment = "// Made by `make types` from the server's own descriptions: change those, not this file.\n";
const SAYS_WHAT_FITS = ["$ref", "allOf", "anyOf", "const", "enum", "oneOf", "properties", "type"];

function part(description, schema) {
  const anything = !SAYS_WHAT_FITS.some((key) => key in schema);
  return { ...schema, ...(anything && { tsType: "unknown" }), ...(description && { description }) };
}

function record(entries, required = entries.map(([name]) => name)) {
  return { type: "object", properties: Object.fromEntries(entries), required, additionalProperties: false };
}

function given(params) {
  const entries = params.map(({ name, description, schema }) => [name, part(description, schema)]);
  return record(entries, params.filter(({ required }) => required).map(({ name }) => name));
}

function read(key, value) {
  if (key === "$ref") return value.replace("#/components/schemas/", "#/$defs/");
  if (key !== "properties") return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, part("", schema)]));
}

const protocol = JSON.parse(await text(process.stdin), read);
const methods = protocol.methods.map(({ name, description, params, result }) => [
  name,
  part(description, record([["params", given(params)], ["result", result.schema]])),
]);
const notifications = protocol["x-notifications"].map(({ name, params }) => [name, given(params)]);
const parts = {
  Methods: part("Every call: what it takes and what it gives.", record(methods)),
  Notifications: part("What the server tells unasked, by the name of the notification.", record(notifications)),
  ErrorCode: {
    description: "The codes of the errors that a call may be answered with.",
    enum: Object.keys(protocol.components.errors).map(Number),
  },
};
const root = {
  ...record(Object.keys(parts).map((name) => [name, { $ref: `#/$defs/${name}` }])),
  $defs: { ...protocol.components.schemas, ...parts },
};
process.stdout.write(await compile(root, "Protocol", { bannerComment, printWidth: 120 }));
